//! Everything that can be wrong with a rule file, as one table: code, fact, message, help.
//!
//! A code is stable: it never gets another meaning and is never used again. R0xx is about the file,
//! R1xx about how a condition is written, R2xx about what it says; R3xx are what
//! lint finds ([`super::lint`]). Messages are lower case with the
//! user's words in back-ticks; help is a separate sentence that says what to write instead.
//!
//! Rejected: an enum per stage with its own `code`, `message` and `help`; three lists drift apart.

macro_rules! problems {
    ($($code:literal $name:ident $({ $($field:ident: $type:ty),* })?
        => $message:literal $(, help: $help:expr)?;)*) => {
        /// One fact that keeps a rule set from loading.
        #[derive(Debug, Clone, PartialEq)]
        pub(super) enum Problem { $($name $({ $($field: $type),* })?),* }

        impl Problem {
            pub(super) fn code(&self) -> &'static str {
                match self { $(Self::$name { .. } => $code),* }
            }

            pub(super) fn message(&self) -> String {
                match self {
                    $(Self::$name $({ $($field),* })? => { $($(let _ = $field;)*)? format!($message) })*
                }
            }

            pub(super) fn help(&self) -> Option<String> {
                match self {
                    $(Self::$name $({ $($field),* })? => {
                        $($(let _ = $field;)*)?
                        let help: Option<String> = None;
                        $(let _ = help; let help = $help;)?
                        help
                    })*
                }
            }
        }
    };
}

fn did_you_mean(near: Option<&String>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

fn one_of(near: Option<&String>, all: &[&str]) -> Option<String> {
    did_you_mean(near).or_else(|| Some(format!("it is one of {}", quoted(all))))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn listed(calls: &[String]) -> String {
    calls.iter().map(|call| format!("`{call}`")).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::unnecessary_wraps, reason = "stands where other help is optional")]
fn say(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}

problems! {
    // The file
    "R001" Unreadable { path: String, reason: String } => "cannot read `{path}`: {reason}";
    "R002" NotUtf8 => "the file is not UTF-8 text";
    "R003" FileTooLarge { bytes: u64, limit: u64 }
        => "the file has {bytes} bytes, the limit is {limit}",
        help: say("split it into several groups");
    "R004" Toml { message: String } => "not valid TOML: {message}";
    "R005" UnknownKey { key: String, table: &'static str, near: Option<String>, all: Vec<&'static str> }
        => "{table} has no key `{key}`",
        help: one_of(near.as_ref(), all);
    "R006" MissingKey { key: &'static str, table: &'static str, example: &'static str }
        => "{table} has no `{key}`",
        help: say(format!("add `{key} = {example}`"));
    "R007" WrongType { key: String, want: &'static str, found: &'static str }
        => "`{key}` is {found}, it has to be {want}";
    "R008" UnknownChoice { key: String, given: String, near: Option<String>, all: Vec<&'static str> }
        => "`{given}` is no value of `{key}`",
        help: one_of(near.as_ref(), all);
    "R009" BadId { given: String } => "`{given}` is no rule id",
        help: say("an id is 1 to 64 lower-case letters, digits, `-` and `_`, and begins with a letter or digit");
    "R010" DuplicateId { id: String, first: String } => "the id `{id}` is taken by {first}",
        help: say("decisions name rules by id, so an id is used once in the whole set");
    "R011" BadReason { given: String } => "`{given}` is no reason code",
        help: say("a reason code is 1 to 64 capitals, digits and `_`, like `CARD_TESTING`");
    "R012" BadText { key: &'static str, limit: usize } => "`{key}` is empty or longer than {limit} characters";
    "R013" NotForAction { key: &'static str, action: &'static str }
        => "`{key}` does nothing in a rule whose action is `{action}`",
        help: say(format!("remove it, or write `action = \"{key}\"`"));
    "R014" NeededForAction { key: &'static str, example: &'static str }
        => "a rule whose action is `{key}` needs `{key}`",
        help: say(format!("add `{key} = {example}`"));
    "R015" AdjustRange { limit: f64 } => "`adjust` is finite, not 0, and between -{limit} and {limit}",
        help: say("it moves the log-odds of fraud: 0.7 about doubles the odds, -0.7 halves them");
    "R016" BadExpiry { given: String } => "`{given}` is no time a rule can expire at",
        help: say("write a date, `2027-03-01`, or a time with an offset, `2027-03-01T12:00:00Z`");
    "R017" TooManyRules { limit: usize } => "the set has more than {limit} rules";
    "R018" NoRules { place: String } => "{place} has no rules, so nothing would be checked",
        help: say("a rule file ends in `.toml` and holds `[[rule]]` tables");
    "R019" PriorityRange { limit: i64 } => "`priority` is a whole number between -{limit} and {limit}";
    "R020" TooManyFiles { limit: usize } => "the directory has more than {limit} rule files";

    "R021" CanaryMode { is_canary: bool } => "`canary` and `mode = \"canary\"` go together",
        help: if *is_canary { say("add `canary = { percent = 5, by = \"card\" }`") } else { say("add `mode = \"canary\"`, or remove `canary`") };
    "R022" CanaryShare => "`percent` is a number from 0.01 to 100",
        help: say("`canary = { percent = 5, by = \"card\" }` acts on the same twentieth of cards each time");

    // Tests beside a rule
    "R030" GivenUnknownField { name: String, near: Option<String> } => "no field is called `{name}`",
        help: did_you_mean(near.as_ref());
    "R031" GivenWrongType { message: String } => "{message}",
        help: say("write `\"missing\"` for a value that is not known");

    // How a condition is written
    "R101" UnexpectedCharacter { given: char } => "`{given}` means nothing in a condition",
        help: match given {
            '#' => say("a comment begins with `//`"),
            '“' | '”' | '‘' | '’' | '„' => say("a text stands between plain quotes, `\"` or `'`"),
            _ => None,
        };
    "R102" UnclosedText => "the text has no closing quote",
        help: say("a text ends on its own line with the quote it began with");
    "R103" BadEscape { given: char } => "`\\{given}` is no escape",
        help: say("a text knows `\\\\`, `\\\"`, `\\'`, `\\n` and `\\t`");
    "R104" BadNumber { given: String } => "`{given}` is no number",
        help: say("write digits with at most one point and 28 digits in all, like `10.00`; a window of time stands in quotes: `count(\"card\", \"1h\")`");
    "R105" ForeignWord { given: String, use_instead: &'static str } => "`{given}` is not used here",
        help: say(format!("write `{use_instead}`"));
    "R106" Expected { want: &'static str, found: String } => "expected {want}, found {found}";
    "R107" Unclosed { bracket: char } => "`{bracket}` is never closed";
    "R108" TooDeep { limit: usize } => "the condition is nested more than {limit} deep",
        help: say("split it into several rules");
    "R109" TooManyTerms { limit: usize } => "the condition has more than {limit} comparisons",
        help: say("split it into several rules, or use `in [..]`");
    "R110" Empty => "the condition is empty",
        help: say("write `true` for a rule that always matches");
    "R111" Arithmetic { given: String } => "a condition does not compute, so `{given}` is not used here",
        help: say("compare fields with values; a computed value has to be a field");
    "R112" EmptyList => "an empty list matches nothing";
    "R113" ListTooLong { limit: usize } => "the list has more than {limit} values";
    "R114" NotIn => "`not in` is not used here",
        help: say("write `!(x in [..])`");

    "R115" BadName { given: String, letter: char } => "`{given}` is no name, because of `{letter}`",
        help: say("a name has the letters `a` to `z`, digits and `_`; a member of `custom` by another name stands between back-ticks: custom.`any name`");

    // What it says
    "R201" UnknownField { name: String, near: Option<String> } => "no field is called `{name}`",
        help: did_you_mean(near.as_ref()).or_else(|| say("the fields are listed in docs/features.md; the merchant's own are `custom.<name>`"));
    "R202" UnknownFunction { name: String, near: Option<String>, all: Vec<&'static str> }
        => "no function is called `{name}`",
        help: one_of(near.as_ref(), all);
    "R203" UnknownTest { name: String, near: Option<String>, all: Vec<&'static str> }
        => "no test of a text is called `{name}`",
        help: one_of(near.as_ref(), all);
    "R204" Arguments { name: String, want: &'static str } => "`{name}` is written `{want}`";
    "R205" NotACondition { given: String, kind: &'static str }
        => "`{given}` ({kind}) is not a condition",
        help: say(format!("compare it with something, or ask whether it is known: `has({given})`"));
    "R206" NotABoolean { given: String, kind: &'static str } => "`!` needs a condition, not `{given}` ({kind})",
        help: say("`!` binds tighter than a comparison: write `!(x in [..])` or `!(x == y)`");
    "R207" Mismatch { left: String, left_kind: &'static str, right: String, right_kind: &'static str, fix: Option<String> }
        => "`{left}` ({left_kind}) never compares with `{right}` ({right_kind})",
        help: fix.as_ref().map(|fix| format!("write `{fix}`"));
    "R208" NoOrder { given: String, kind: &'static str } => "`{given}` ({kind}) has no order",
        help: say("use `==`, `!=` or `in [..]`");
    "R209" ComparedWithBoolean { given: String, fix: String } => "`{given}` compares with a boolean",
        help: say(format!("write `{fix}`"));
    "R210" UnknownWord { field: String, given: String, near: Option<String>, all: Vec<&'static str> }
        => "`{field}` is never `{given}`",
        help: one_of(near.as_ref(), all);
    "R211" UnknownCountry { given: String, hint: Option<String> } => "`{given}` is no ISO 3166-1 country code",
        help: did_you_mean(hint.as_ref()).or_else(|| say("write two letters, like `\"DE\"`"));
    "R212" UnknownCurrency { given: String, hint: Option<String> } => "`{given}` is no ISO 4217 currency code",
        help: did_you_mean(hint.as_ref()).or_else(|| say("write three capitals, like `\"EUR\"`"));
    "R213" MoneyWithNumber { money: String, number: String }
        => "`{money}` is money in any currency, so it never compares with the number `{number}`",
        help: say(format!("write `amount_eur` for the amount converted to euro, or `money(\"{number}\", \"EUR\")` to compare charges in euro only"));
    "R214" BadAmount { message: String } => "{message}";
    "R215" BadAddress { given: String } => "`{given}` is no IP address",
        help: if given.contains('/') { say(format!("write `device.ip in cidr(\"{given}\")` for a network")) } else { None };
    "R216" BadNetwork { given: String } => "`{given}` is no network",
        help: say("write an address and the length of its prefix, like `10.0.0.0/8` or `2001:db8::/32`, with no bit set after the prefix");
    "R217" BadTime { message: String } => "{message}";
    "R218" Chain => "comparisons do not chain",
        help: say("write `a < b && b < c`");
    "R219" NotAValue { given: String } => "`{given}` is a condition, not a value to compare",
        help: if given.starts_with('!') {
            say("`!` binds tighter than a comparison: write `!(x in [..])` or `!(x == y)`")
        } else {
            say("join conditions by `&&` and `||`")
        };
    "R220" NeedsField { name: &'static str } => "`{name}` asks about a field",
        help: say(format!("write it like `{name}(ip.country{})`", if *name == "default" { ", \"ZZ\"" } else { "" }));
    "R221" NeedsConstant { place: &'static str } => "{place} is a constant, written out here";
    "R222" NotText { given: String, kind: &'static str } => "`{given}` ({kind}) is no text, and only a text begins, ends or contains",
        help: if *kind == "IP address" { say("write `device.ip in cidr(\"10.0.0.0/8\")`") } else { None };
    "R223" NetworkOutsideIn => "`cidr(..)` stands only to the right of `in`",
        help: say("write `device.ip in cidr(\"10.0.0.0/8\")`");
    "R224" NeverEqual { field: String, number: String } => "`{field}` is a whole number, it is never `{number}`";
    "R225" EmptyPattern => "every text begins, ends and contains the empty text";
    "R226" BadCustom { given: String } => "`{given}` names no single member of `custom`",
        help: say("write `custom.name`, or custom.`any name` between back-ticks");
    "R227" NeedsList { given: String } => "`in` looks in a list, `{given}` is none",
        help: say("write `in [\"a\", \"b\"]`, or `in cidr(\"10.0.0.0/8\")` for an address; to look inside a text, `x.contains(\"a\")`");
    "R228" ListOutsideIn => "a list stands only to the right of `in`",
        help: say("write `x in [..]`");
    "R229" MixedList => "a list holds values of one type";
    "R230" UnknownEntity { given: String, near: Option<String>, all: Vec<&'static str> }
        => "history knows no entity `{given}`",
        help: one_of(near.as_ref(), all);
    "R231" BadWindow { given: String } => "`{given}` is no window of time",
        help: say("write a whole number and `m`, `h` or `d`: `10m`, `24h`, `7d`");
    "R232" NotKept { call: String, kept: Vec<String>, more: usize } => "history does not keep `{call}`",
        help: match (kept.is_empty(), more) {
            (true, _) => say("it keeps nothing of the kind; docs/features.md lists what it keeps"),
            (false, 0) => say(format!("it keeps {}", listed(kept))),
            (false, more) => say(format!("it keeps {} and {more} more", listed(kept))),
        };
    "R233" NoAverage { entity: String, instead: Option<String> } => "history keeps no averages",
        help: match instead {
            Some(field) => say(format!("`{field}` is this amount over the mean of the earlier ones")),
            None => say(format!("nothing of the kind is kept of `{entity}`; compare `count` or `sum`")),
        };
    "R234" UnknownZone { given: String, near: Option<String> } => "no time zone is called `{given}`",
        help: did_you_mean(near.as_ref()).or_else(|| say("write a zone of the IANA database, like `\"Europe/London\"` or `\"UTC\"`"));
    "R235" NoZone { given: String } => "`{given}` needs a time zone",
        help: say(format!("write `{given}(\"Europe/London\")`, or `{given}(\"UTC\")` where that is meant"));
    "R236" NotATime { given: String, kind: &'static str } => "`{given}` ({kind}) is no time, and only a time has parts",
        help: say("write it like `event_time.getHours(\"UTC\")`");
    "R237" OutsideRange { given: String, number: String, least: i64, most: i64, meaning: &'static str }
        => "`{given}` is {least} to {most}, so comparing it with `{number}` says nothing",
        help: say(meaning.to_owned());
    "R238" NeverLower { given: String } => "a text in lower case never holds `{given}`",
        help: say(format!("write `{}`", given.to_lowercase()));
    "R239" BadPattern { message: String } => "no regular expression: {message}",
        help: if message.contains("look-around") || message.contains("backreferences") {
            say("patterns are searched in linear time, which rules both out; join simpler tests by `&&`")
        } else if message.contains("unrecognized escape") {
            say("a text reads `\\` as one backslash: write `\\\\d` for the pattern `\\d`")
        } else {
            None
        };
    "R240" PatternTooLarge { limit: usize } => "the regular expression is too large",
        help: say(format!("a pattern has at most {limit} bytes and few large repetitions like `{{1000}}`; `[a-z0-9]` is far smaller than `\\w`"));
    "R241" TooManyPatterns { limit: usize } => "the condition has more than {limit} regular expressions",
        help: say("join them by `|` in one pattern, or use `endsWith` and `in [..]`");
    "R243" TooManyInSet { limit: usize } => "the rules have more than {limit} regular expressions together",
        help: say("join those of one field by `|`, or use `endsWith`, `in [..]` and named lists");
    "R244" NeverDomain { given: String, instead: Option<String> }
        => "`email.domain` is the registrable domain behind the `@`, never `{given}`",
        help: say(match instead {
            Some(domain) => format!("write `{domain}`; the whole address is `account.email`"),
            None => "the whole address is `account.email`".to_owned(),
        });
    "R245" NeverBin { given: String } => "`card.bin` is the first 6 to 8 digits of the card number, never `{given}`",
        help: if given.len() < 6 && given.bytes().all(|byte| byte.is_ascii_digit()) {
            say(format!("write `card.bin.startsWith(\"{given}\")`"))
        } else {
            say("write 6 to 8 digits and nothing else")
        };
    "R260" FailedTest { rule: String, expected: String, got: String }
        => "this test of `{rule}` must come to {expected}, and comes to {got}",
        help: say("`vouch rules test` shows the parts of the condition");
    "R242" PatternOfLower { given: String } => "`{given}` is searched as it stands, not in lower case",
        help: say("begin the pattern with `(?i)`");

    // Named lists
    "R250" UnknownList { name: String, near: Option<String> } => "there is no list `{name}`",
        help: did_you_mean(near.as_ref()).or_else(|| say(format!("a list is a file `{name}.txt` in the directory `lists.dir`, by default `lists` in the rules' directory")));
    "R251" ListOfOther { field: String, name: String, holds: &'static str }
        => "`{field}` is never in list `{name}`, which holds values of type `{holds}`",
        help: say("use a list of its own for each type, or state the type in its first line: `# type: text`");
    "R252" NeverListed { given: String, kind: &'static str } => "`{given}` ({kind}) is looked for in no list",
        help: say("to the left of `in list(..)` stands a field: a text, a word, a country or an address");
    "R253" NamedListOutsideIn => "`list(..)` stands only to the right of `in`",
        help: say("write `card.bin in list(\"blocked_bins\")`");
    "R254" BadListName { given: String } => "`{given}` is no name of a list",
        help: say("a name is 1 to 64 lower-case letters, digits, `-` and `_`");
}

#[cfg(test)]
impl Problem {
    /// Every code in table order.
    pub(super) fn codes() -> Vec<&'static str> {
        include_str!("problem.rs")
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.get(..4))
            .filter(|code| code.starts_with('R'))
            .collect()
    }
}
