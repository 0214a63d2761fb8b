//! What a user agent says it is: class, operating system, browser and its version.
//!
//! One pass of an automaton over tokens of our own; no table, since the tokens are few and change
//! with the code that reads them. Rejected: the list of a thousand regular expressions other programs
//! use, 8 µs a request and 25 MB, to tell models of phones apart; and `woothee`, which takes headless
//! Chrome for Chrome and knows no HTTP library of Python. Everything here is what the client claims.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Serialize;
use std::sync::LazyLock;

/// Bytes of a user agent that are read; a browser's ends well before.
const READ: usize = 512;

/// What kind of program sends the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentClass {
    /// A crawler, monitor or preview that names itself.
    Bot,
    /// A browser without a window, or driven by a test tool.
    Headless,
    /// A library or command-line tool (`curl`, `python-requests`).
    Library,
    /// A native app's own client (`okhttp`, `CFNetwork`, `Dart`), or a browser inside an app.
    App,
    /// A browser with a window.
    Browser,
    /// None of these, or nothing readable.
    Other,
}

impl AgentClass {
    /// The name in rules and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Headless => "headless",
            Self::Library => "library",
            Self::App => "app",
            Self::Browser => "browser",
            Self::Other => "other",
        }
    }

    /// True for what no buyer sits before.
    pub fn is_automated(self) -> bool {
        matches!(self, Self::Bot | Self::Headless | Self::Library)
    }
}

/// What a user agent says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AgentFacts {
    /// What kind of program it is.
    pub class: AgentClass,
    /// `windows`, `macos`, `linux`, `chromeos`, `android`, `ios`; missing when it names none.
    pub os: Option<&'static str>,
    /// `chrome`, `edge`, `firefox`, `opera`, `safari`, `samsung`, `yandex`; missing for none.
    pub browser: Option<&'static str>,
    /// The browser's major version.
    pub version: Option<u32>,
    /// A phone or a tablet; missing when neither it nor a system is named.
    pub mobile: Option<bool>,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bot,
    /// `bot` and the like: only at the end of a word, `Cubot` is a phone.
    BotWord,
    Headless,
    Library,
    App,
    Mobile,
    Os(&'static str),
    /// A browser, heavier where its user agent also claims to be the lighter ones.
    Browser(&'static str, u8),
    /// Where Safari writes its version.
    Version,
}

/// Tokens in lower case, matched in any case; of tokens at one place the longest counts.
const TOKENS: &[(&str, Mark)] = &[
    ("bot", Mark::BotWord),
    ("crawler", Mark::Bot),
    ("spider", Mark::Bot),
    ("slurp", Mark::Bot),
    ("facebookexternalhit", Mark::Bot),
    ("bingpreview", Mark::Bot),
    ("mediapartners-google", Mark::Bot),
    ("google-inspectiontool", Mark::Bot),
    ("lighthouse", Mark::Bot),
    ("pingdom", Mark::Bot),
    ("uptimerobot", Mark::Bot),
    ("gptbot", Mark::Bot),
    ("chatgpt-user", Mark::Bot),
    ("perplexity", Mark::Bot),
    ("headless", Mark::Headless),
    ("phantomjs", Mark::Headless),
    ("puppeteer", Mark::Headless),
    ("playwright", Mark::Headless),
    ("selenium", Mark::Headless),
    ("webdriver", Mark::Headless),
    ("electron/", Mark::App),
    ("cypress/", Mark::Headless),
    ("jsdom/", Mark::Headless),
    ("curl/", Mark::Library),
    ("wget/", Mark::Library),
    ("libwww-perl", Mark::Library),
    ("python-requests", Mark::Library),
    ("python-urllib", Mark::Library),
    ("python-httpx", Mark::Library),
    ("python/", Mark::Library),
    ("aiohttp/", Mark::Library),
    ("scrapy/", Mark::Library),
    ("go-http-client", Mark::Library),
    ("java/", Mark::Library),
    ("apache-httpclient", Mark::Library),
    ("axios/", Mark::Library),
    ("node-fetch", Mark::Library),
    ("undici", Mark::Library),
    ("got (", Mark::Library),
    ("guzzlehttp", Mark::Library),
    ("php/", Mark::Library),
    ("ruby", Mark::Library),
    ("faraday", Mark::Library),
    ("reqwest/", Mark::Library),
    ("hyper/", Mark::Library),
    ("postmanruntime", Mark::Library),
    ("insomnia/", Mark::Library),
    ("powershell", Mark::Library),
    ("httpie/", Mark::Library),
    ("restsharp", Mark::Library),
    ("okhttp", Mark::App),
    ("cfnetwork", Mark::App),
    ("dart/", Mark::App),
    ("dalvik/", Mark::App),
    ("; wv)", Mark::App),
    ("fban/", Mark::App),
    ("fbav/", Mark::App),
    ("instagram", Mark::App),
    ("micromessenger", Mark::App),
    ("unityplayer", Mark::App),
    ("unrealengine", Mark::App),
    ("valve steam", Mark::App),
    ("mobile", Mark::Mobile),
    ("tablet", Mark::Mobile),
    ("windows phone", Mark::Os("windows")),
    ("windows", Mark::Os("windows")),
    ("iphone", Mark::Os("ios")),
    ("ipad", Mark::Os("ios")),
    ("ipod", Mark::Os("ios")),
    ("android", Mark::Os("android")),
    ("x11; cros", Mark::Os("chromeos")),
    ("macintosh", Mark::Os("macos")), // `Darwin/` says nothing: apps of iPhone and Mac send it alike
    ("linux", Mark::Os("linux")),
    ("x11", Mark::Os("linux")),
    ("version/", Mark::Version),
    ("safari/", Mark::Browser("safari", 1)),
    ("chrome/", Mark::Browser("chrome", 2)),
    ("crios/", Mark::Browser("chrome", 3)),
    ("firefox/", Mark::Browser("firefox", 3)),
    ("fxios/", Mark::Browser("firefox", 3)),
    ("edg/", Mark::Browser("edge", 4)),
    ("edga/", Mark::Browser("edge", 4)),
    ("edgios/", Mark::Browser("edge", 4)),
    ("edge/", Mark::Browser("edge", 4)),
    ("opr/", Mark::Browser("opera", 4)),
    ("opera", Mark::Browser("opera", 4)),
    ("samsungbrowser/", Mark::Browser("samsung", 4)),
    ("yabrowser/", Mark::Browser("yandex", 4)),
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(TOKENS.iter().map(|token| token.0))
        .ok()
});

/// What has been found so far.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent findings, ranked at the end")]
struct Findings {
    bot: bool,
    headless: bool,
    library: bool,
    app: bool,
    mobile: bool,
    os: Option<&'static str>,
    browser: Option<(&'static str, u8)>,
    browser_version: Option<u32>,
    stated_version: Option<u32>, // after `Version/`
}

/// Reads a user agent. Cost: one pass over at most 512 bytes, no allocation. Case does not matter.
pub fn agent(text: &str) -> AgentFacts {
    let mut found = Findings::default();
    let read = text.len().min(READ);
    let bytes = text.as_bytes().get(..read).unwrap_or_default();
    for hit in AUTOMATON.iter().flat_map(|automaton| automaton.find_iter(bytes)) {
        if let Some((_, mark)) = TOKENS.get(hit.pattern().as_usize()) {
            found.take(*mark, bytes.get(hit.end()..).unwrap_or_default());
        }
    }
    found.facts()
}

impl Findings {
    /// `rest` is what follows the token.
    fn take(&mut self, mark: Mark, rest: &[u8]) {
        let ends_word = !rest.first().is_some_and(u8::is_ascii_alphanumeric);
        match mark {
            Mark::Bot => self.bot = true,
            // `Cubot X30` is a phone; `Googlebot/2.1`, `bot;` and `bot)` are none.
            Mark::BotWord => self.bot |= ends_word && rest.first() != Some(&b' '),
            Mark::Headless => self.headless = true,
            Mark::Library => self.library = true,
            Mark::App => self.app = true,
            Mark::Mobile => self.mobile = true,
            // Windows before Phone, Android before Linux: what comes first is the finer word, but
            // Android writes `Linux; Android`.
            Mark::Os("android") => self.os = Some("android"),
            Mark::Os(os) => self.os = self.os.or(Some(os)),
            Mark::Version => self.stated_version = number(rest),
            Mark::Browser(name, weight) => {
                if self.browser.is_none_or(|before| before.1 < weight) {
                    self.browser = Some((name, weight));
                    self.browser_version = number(rest);
                }
            }
        }
    }

    fn facts(self) -> AgentFacts {
        let class = if self.bot {
            AgentClass::Bot
        } else if self.headless {
            AgentClass::Headless
        } else if self.library && self.browser.is_none() {
            AgentClass::Library
        } else if self.app {
            AgentClass::App
        } else if self.browser.is_some() {
            AgentClass::Browser
        } else {
            AgentClass::Other
        };
        let browser = self.browser.map(|browser| browser.0);
        // Safari's own number is that of its engine.
        let version = match browser {
            Some("safari") => self.stated_version,
            _ => self.browser_version,
        };
        let handheld = matches!(self.os, Some("android" | "ios"));
        let mobile = (self.mobile || self.os.is_some()).then_some(self.mobile || handheld);
        AgentFacts { class, os: self.os, browser, version, mobile }
    }
}

/// The digits at the beginning, at most six.
fn number(text: &[u8]) -> Option<u32> {
    let digits = text.iter().take(6).take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(None, |number: Option<u32>, byte| {
        Some(number.unwrap_or(0) * 10 + u32::from(byte - b'0'))
    });
    number.filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Class, system, browser with version, mobile, as one line.
    fn line(text: &str) -> String {
        let facts = agent(text);
        let version = facts.version.map_or("-".to_owned(), |version| version.to_string());
        let mobile = facts.mobile.map_or("-", |mobile| if mobile { "mobile" } else { "desk" });
        let (os, browser) = (facts.os.unwrap_or("-"), facts.browser.unwrap_or("-"));
        format!("{} {os} {browser} {version} {mobile}", facts.class.name())
    }

    #[test]
    fn user_agents_of_today() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (text, expected) in [
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36"), "browser windows chrome 142 desk"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "browser windows edge 142 desk"),
            (format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36"), "browser chromeos chrome 141 desk"),
            (format!("Mozilla/5.0 (Linux; Android 15; Pixel 9) {WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36"), "browser android chrome 142 mobile"),
            (format!("Mozilla/5.0 (Linux; Android 14; CUBOT X30) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36"), "browser android chrome 130 mobile"),
            (format!("Mozilla/5.0 (Linux; Android 15; SM-S921B; wv) {WEBKIT} Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36"), "app android chrome 142 mobile"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/142.0.0.0 Safari/537.36"), "headless linux chrome 142 desk"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15".to_owned(), "browser macos safari 18 desk"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1".to_owned(), "browser ios safari 18 mobile"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(), "browser linux firefox 145 desk"),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)".to_owned(), "bot - - - -"),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)".to_owned(), "bot - - - -"),
            ("facebookexternalhit/1.1".to_owned(), "bot - - - -"),
            ("python-requests/2.32.3".to_owned(), "library - - - -"),
            ("curl/8.10.1".to_owned(), "library - - - -"),
            ("Go-http-client/2.0".to_owned(), "library - - - -"),
            ("okhttp/4.12.0".to_owned(), "app - - - -"),
            ("MyGame/1.0 CFNetwork/1568 Darwin/24.0.0".to_owned(), "app - - - -"),
            ("Mozilla/5.0".to_owned(), "other - - - -"),
            (String::new(), "other - - - -"),
            ("CURL/8".to_owned(), "library - - - -"),
        ] {
            assert_eq!(line(&text), expected, "{text}");
        }
    }

    #[test]
    fn tokens_are_lower_case() {
        assert!(TOKENS.iter().all(|(token, _)| *token == token.to_lowercase()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_whatever_its_case(text in ".{0,700}", ascii in "[ -~]{0,700}") {
            agent(&text);
            prop_assert_eq!(agent(&ascii), agent(&ascii.to_ascii_uppercase()));
        }
    }
}
