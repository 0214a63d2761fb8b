//! `vouch lookup`: what the reference tables know about an address, a card prefix or a mailbox, and
//! of an address from which source.

use super::state::ConfigArgs;
use super::tables;
use crate::clock;
use crate::reference::{BinFacts, EmailClass, EmailFacts, Funding, IpFacts, Location, Reference};
use anyhow::bail;
use serde_json::json;
use std::collections::BTreeMap;
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
    /// Configuration whose tables and files are asked; what is given beside comes first
    #[command(flatten)]
    config: ConfigArgs,
}

/// Exit code 1 when nothing is known about the subject.
pub(super) fn run(args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let subject = Subject::parse(&args.subject)?;
    let config = args.config.load()?;
    let reference = tables::load(&config, args.tables.as_deref(), &args.mmdb);
    let answer = Answer::find(&reference, &subject);
    let mut stdout = std::io::stdout().lock();
    if args.json {
        let versions = reference.versions();
        let json = match &answer {
            Answer::Ip(facts, sources) => {
                json!({ "ip": facts, "sources": sources, "tables": versions })
            }
            Answer::Bin(facts) => json!({ "bin": facts, "tables": versions }),
            Answer::Email(facts) => json!({ "email": facts, "tables": versions }),
        };
        writeln!(stdout, "{json:#}")?;
    } else {
        stdout.write_all(answer.text().as_bytes())?;
        if matches!(answer, Answer::Ip(..)) {
            writeln!(stdout)?;
            tables::write(&reference, clock::now(), config.reference.stale_days, &mut stdout)?;
        }
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
            bail!("`{text}` is no network address, card prefix or e-mail address");
        }
        match text.len() {
            6..=8 => Ok(Self::Bin(text)),
            // Not quoted back: it may be a card number.
            digits => bail!("a card prefix has 6 to 8 digits, not {digits}"),
        }
    }
}

enum Answer<'r> {
    /// The facts, and for each that is known the source it comes from.
    Ip(Box<IpFacts<'r>>, BTreeMap<&'static str, String>),
    Bin(Option<BinFacts<'r>>),
    Email(EmailFacts),
}

impl<'r> Answer<'r> {
    fn find(reference: &'r Reference, subject: &Subject<'_>) -> Self {
        match subject {
            Subject::Ip(ip) => {
                let facts = reference.ip(*ip);
                Self::Ip(Box::new(facts), sources(reference, &facts))
            }
            Subject::Bin(digits) => Self::Bin(reference.bin(digits)),
            Subject::Email(address) => Self::Email(reference.email(address)),
        }
    }

    /// One fact a line; a dash for what is missing.
    fn text(&self) -> String {
        let lines = match self {
            Self::Ip(facts, sources) => {
                let line = |(name, value): (&str, String)| match sources.get(name) {
                    Some(source) => format!("{name:<22} {value:<40} {source}\n"),
                    None => format!("{name:<22} {value}\n"),
                };
                return ip_lines(facts).into_iter().map(line).collect();
            }
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
        ("postal_code", shown(facts.postal_code)),
        ("time_zone", shown(facts.time_zone)),
        ("network", shown(facts.asn.map(|asn| format!("AS{asn}")))),
        ("organisation", shown(facts.organisation)),
        ("isp", shown(facts.isp)),
        ("user_type", shown(facts.user_type)),
        ("connection_type", shown(facts.connection_type)),
        ("provider", shown(facts.provider)),
        ("hosting", yes_or_no(facts.hosting)),
        ("cdn", yes_or_no(facts.cdn)),
        ("vpn", yes_or_no(facts.vpn)),
        ("tor", yes_or_no(facts.tor)),
        ("relay", yes_or_no(facts.relay)),
        ("bot", yes_or_no(facts.bot)),
        ("proxy", yes_or_no(facts.proxy)),
        ("residential_proxy", yes_or_no(facts.residential_proxy)),
        ("anonymizer", shown(facts.anonymizer)),
        ("anonymizer_confidence", shown(facts.anonymizer_confidence)),
        ("anonymizer_last_seen", shown(facts.anonymizer_last_seen)),
        ("ip_risk", shown(facts.ip_risk)),
    ]);
    lines
}

/// The first source that states each fact as it stands. A `no` may be the agreement of several; the
/// first of them is named.
fn sources(reference: &Reference, facts: &IpFacts<'_>) -> BTreeMap<&'static str, String> {
    let by_source: Vec<_> = reference
        .ip_by_source(facts.ip)
        .into_iter()
        .map(|(source, facts)| (source, ip_lines(&facts)))
        .collect();
    let stated =
        |(name, value): &(&str, String)| !matches!(*name, "address" | "reserved") && value != "-";
    let known = ip_lines(facts).into_iter().filter(stated);
    known
        .filter_map(|fact| {
            let (source, _) = by_source.iter().find(|(_, lines)| lines.contains(&fact))?;
            Some((fact.0, source.clone()))
        })
        .collect()
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
            address                8.8.8.8
            country                -
            city                   -
            location               -
            postal_code            -
            time_zone              -
            network                -
            organisation           -
            isp                    -
            user_type              -
            connection_type        -
            provider               -
            hosting                -
            cdn                    -
            vpn                    -
            tor                    -
            relay                  -
            bot                    -
            proxy                  -
            residential_proxy      -
            anonymizer             -
            anonymizer_confidence  -
            anonymizer_last_seen   -
            ip_risk                -
        "]]
        .assert_eq(&text("::ffff:8.8.8.8"));
        expect![[r"
            address                10.1.2.3
            reserved               yes
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
