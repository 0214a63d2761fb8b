//! `vouch lookup`: what the reference tables know about an address, a card prefix or a mailbox.

use crate::domain::excerpt;
use crate::reference::{BinFacts, EmailClass, EmailFacts, Funding, IpFacts, Location, Reference};
use anyhow::bail;
use serde_json::json;
use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look up a network address, a card prefix of 6 to 8 digits, or an e-mail address.
///
/// Countries and networks: IP Geolocation by DB-IP, <https://db-ip.com>.
#[derive(Debug, clap::Args)]
pub(super) struct LookupArgs {
    /// Network address, card prefix or e-mail address; never a whole card number.
    #[arg(value_name = "IP|BIN|EMAIL")]
    subject: String,
    /// Print JSON, with the versions of the tables.
    #[arg(long)]
    json: bool,
    /// MaxMind-format file to ask before the bundled tables; may be repeated, the first one wins.
    #[arg(long, value_name = "FILE")]
    mmdb: Vec<PathBuf>,
    /// Directory of compiled tables to use in place of the bundled ones.
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
}

/// Exit code 1 when nothing is known about the subject.
pub(super) fn run(args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let subject = Subject::parse(&args.subject)?;
    let (reference, refused) = Reference::load(args.tables.as_deref(), &args.mmdb);
    let mut stderr = std::io::stderr().lock();
    for error in refused {
        writeln!(stderr, "warning: {:#}", anyhow::Error::new(error))?;
    }
    let answer = Answer::find(&reference, &subject);
    let mut stdout = std::io::stdout().lock();
    if args.json {
        let json = match &answer {
            Answer::Ip(facts) => json!({ "ip": facts, "tables": reference.versions() }),
            Answer::Bin(facts) => json!({ "bin": facts, "tables": reference.versions() }),
            Answer::Email(facts) => json!({ "email": facts, "tables": reference.versions() }),
        };
        writeln!(stdout, "{json:#}")?;
    } else {
        stdout.write_all(answer.text().as_bytes())?;
    }
    let known = !matches!(answer, Answer::Bin(None));
    Ok(if known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

enum Subject<'a> {
    Ip(IpAddr),
    Bin(&'a str),
    Email(&'a str),
}

impl<'a> Subject<'a> {
    fn parse(text: &'a str) -> anyhow::Result<Self> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        if text.contains('@') {
            return Ok(Self::Email(text));
        }
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            bail!("`{}` is no network address, card prefix or e-mail address", excerpt(text, 80));
        }
        match text.len() {
            6..=8 => Ok(Self::Bin(text)),
            // Not quoted back: it may be a card number.
            digits => bail!("a card prefix has 6 to 8 digits, not {digits}"),
        }
    }
}

enum Answer<'r> {
    Ip(Box<IpFacts<'r>>),
    Bin(Option<BinFacts<'r>>),
    Email(EmailFacts),
}

impl<'r> Answer<'r> {
    fn find(reference: &'r Reference, subject: &Subject<'_>) -> Self {
        match subject {
            Subject::Ip(ip) => Self::Ip(Box::new(reference.ip(*ip))),
            Subject::Bin(digits) => Self::Bin(reference.bin(digits)),
            Subject::Email(address) => Self::Email(reference.email(address)),
        }
    }

    /// One fact a line; a dash for what is missing.
    fn text(&self) -> String {
        let lines = match self {
            Self::Ip(facts) => ip_lines(facts),
            Self::Bin(None) => return "nothing known\n".to_owned(),
            Self::Bin(Some(facts)) => vec![
                ("brand", facts.brand.to_owned()),
                ("country", shown(facts.country)),
                ("funding", shown(facts.funding.map(Funding::name))),
                ("prepaid", yes_or_no(facts.prepaid)),
                ("business", yes_or_no(facts.business)),
                ("test card", yes_or_no(Some(facts.test))),
            ],
            Self::Email(facts) => vec![
                ("domain", shown(facts.domain.as_deref())),
                ("registrable", shown(facts.registrable.as_deref())),
                ("class", shown(facts.class.map(EmailClass::name))),
                ("role", yes_or_no(facts.role)),
                ("canonical", shown(facts.canonical.as_ref())),
            ],
        };
        let line = |(name, value)| format!("{name:<12} {value}\n");
        lines.into_iter().map(line).collect::<Vec<_>>().concat()
    }
}

fn ip_lines(facts: &IpFacts<'_>) -> Vec<(&'static str, String)> {
    let mut lines = vec![("address", facts.ip.to_string())];
    if facts.reserved {
        lines.push(("reserved", "yes".to_owned()));
        return lines;
    }
    lines.extend([
        ("country", shown(facts.country)),
        ("city", shown(facts.city)),
        ("location", shown(facts.location.map(place))),
        ("network", shown(facts.asn.map(|asn| format!("AS{asn}")))),
        ("organisation", shown(facts.organisation)),
        ("provider", shown(facts.provider)),
        ("hosting", yes_or_no(facts.hosting)),
        ("cdn", yes_or_no(facts.cdn)),
        ("vpn", yes_or_no(facts.vpn)),
        ("tor", yes_or_no(facts.tor)),
        ("relay", yes_or_no(facts.relay)),
        ("bot", yes_or_no(facts.bot)),
        ("proxy", yes_or_no(facts.proxy)),
    ]);
    lines
}

fn place(at: Location) -> String {
    let accuracy = at.accuracy_km.map(|km| format!(", within {km} km")).unwrap_or_default();
    format!("{}, {}{accuracy}", at.latitude, at.longitude)
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

fn yes_or_no(flag: Option<bool>) -> String {
    flag.map_or("-", |set| if set { "yes" } else { "no" }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn text(subject: &str) -> String {
        match Subject::parse(subject) {
            Ok(subject) => Answer::find(&Reference::empty(), &subject).text(),
            Err(error) => format!("error: {error}\n"),
        }
    }

    #[test]
    fn missing_facts_are_dashes() {
        expect![[r"
            address      8.8.8.8
            country      -
            city         -
            location     -
            network      -
            organisation -
            provider     -
            hosting      -
            cdn          -
            vpn          -
            tor          -
            relay        -
            bot          -
            proxy        -
        "]]
        .assert_eq(&text("::ffff:8.8.8.8"));
        expect![[r"
            address      10.1.2.3
            reserved     yes
        "]]
        .assert_eq(&text("10.1.2.3"));
        expect![[r"
            domain       mail.example.co.uk
            registrable  example.co.uk
            class        -
            role         -
            canonical    jane@mail.example.co.uk
        "]]
        .assert_eq(&text("Jane+x@mail.example.co.uk"));
        assert_eq!(text("457173"), "nothing known\n");
    }

    #[test]
    fn what_can_not_be_looked_up_is_said() {
        assert_eq!(text("4111111111111111"), "error: a card prefix has 6 to 8 digits, not 16\n");
        assert_eq!(text("12345"), "error: a card prefix has 6 to 8 digits, not 5\n");
        let error = "error: `example.com` is no network address, card prefix or e-mail address\n";
        assert_eq!(text("example.com"), error);
    }
}
