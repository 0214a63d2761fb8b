//! `vouch lookup`: what the reference tables know about an address, a card prefix, a mailbox, a phone
//! number, a country or a user agent; of an address also from which source. And what the ledger knows
//! of the people around an account.

mod people;

use super::state::ConfigArgs;
use super::tables;
use crate::clock;
use crate::domain::{Country, excerpt};
use crate::reference::{
    AgentFacts, BinFacts, CountryFacts, EmailClass, EmailFacts, Funding, IpFacts, Location,
    Reference, Table, agent,
};
use anyhow::bail;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look up a network address, a card prefix of 6 to 8 digits, an e-mail address, a phone number with
/// `+`, a country code, or a user agent.
///
/// Countries and networks: IP Geolocation by DB-IP, <https://db-ip.com>.
#[derive(Debug, clap::Args)]
pub(super) struct LookupArgs {
    /// What to look up; never a whole card number.
    #[arg(value_name = "IP|BIN|EMAIL|PHONE|COUNTRY|USER-AGENT")]
    #[arg(required_unless_present = "account")]
    subject: Option<String>,
    /// Look up who is tied to an account, by the ledger of a data directory
    #[arg(long, value_name = "ID", conflicts_with = "subject")]
    account: Option<String>,
    /// The data directory of `--account`
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// The tenant of `--account`
    #[arg(long, default_value = "default")]
    tenant: String,
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
    let config = args.config.load()?;
    if let Some(account) = &args.account {
        return people::run(args, account, &config);
    }
    let subject = Subject::parse(args.subject.as_deref().unwrap_or_default())?;
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
            Answer::Country(facts) => json!({ "country": facts, "tables": versions }),
            Answer::Agent(facts) => json!({ "user_agent": facts }),
        };
        writeln!(stdout, "{json:#}")?;
    } else {
        stdout.write_all(answer.text().as_bytes())?;
        if matches!(answer, Answer::Ip(..)) {
            writeln!(stdout)?;
            tables::write(&reference, clock::now(), config.reference.stale_days, &mut stdout)?;
        } else {
            stdout.write_all(sources(&reference, subject.tables()).as_bytes())?;
        }
    }
    let known = !matches!(answer, Answer::Bin(None) | Answer::Country(None));
    Ok(if known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

enum Subject<'a> {
    Ip(IpAddr),
    Bin(&'a str),
    Email(&'a str),
    Phone(&'a str),
    Country(Country),
    Agent(&'a str),
}

/// The tables behind an answer, each with the day its data was built.
fn sources(reference: &Reference, tables: &[Table]) -> String {
    let of = |table: &&Table| reference.versions().iter().find(|v| v.name == table.name());
    let built: Vec<String> = tables
        .iter()
        .filter_map(|table| of(&table).map(|v| format!("{} {}", v.name, v.built.date_text())))
        .collect();
    if built.is_empty() {
        String::new()
    } else {
        format!("{:<12} {}\n", "tables", built.join(", "))
    }
}

impl<'a> Subject<'a> {
    /// The tables that can say something about it.
    fn tables(&self) -> &'static [Table] {
        match self {
            Self::Ip(_) => &[Table::Country, Table::Asn, Table::Provider],
            Self::Bin(_) => &[Table::Bin],
            Self::Email(_) => &[Table::Email],
            Self::Phone(_) | Self::Country(_) => &[Table::Places],
            Self::Agent(_) => &[], // the words are in the program
        }
    }

    fn parse(text: &'a str) -> anyhow::Result<Self> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        if text.contains('@') {
            return Ok(Self::Email(text));
        }
        if text.starts_with('+') {
            return Ok(Self::Phone(text));
        }
        if let Ok(country) = text.parse() {
            return Ok(Self::Country(country));
        }
        if text.contains(['/', ' ']) && !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Self::Agent(text));
        }
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            bail!(
                "`{}` is no network address, card prefix, e-mail address, phone number with `+`, \
                 country code or user agent",
                excerpt(text, 80)
            );
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
    Country(Option<&'r CountryFacts>),
    Agent(AgentFacts),
}

impl<'r> Answer<'r> {
    fn find(reference: &'r Reference, subject: &Subject<'_>) -> Self {
        match subject {
            Subject::Ip(ip) => {
                let facts = reference.ip(*ip);
                Self::Ip(Box::new(facts), origins(reference, &facts))
            }
            Subject::Bin(digits) => Self::Bin(reference.bin(digits)),
            Subject::Email(address) => Self::Email(reference.email(address)),
            Subject::Phone(number) => {
                let places = reference.places();
                let country = places.and_then(|places| places.phone_country(number));
                Self::Country(places.zip(country).and_then(|(places, code)| places.country(code)))
            }
            Subject::Country(code) => {
                Self::Country(reference.places().and_then(|places| places.country(*code)))
            }
            Subject::Agent(text) => Self::Agent(agent(text)),
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
            Self::Bin(None) | Self::Country(None) => return "nothing known\n".to_owned(),
            Self::Country(Some(facts)) => country_lines(facts),
            Self::Agent(facts) => vec![
                ("class", facts.class.name().to_owned()),
                ("system", shown(facts.os)),
                ("browser", shown(facts.browser)),
                ("version", shown(facts.version)),
                ("mobile", yes_or_no(facts.mobile)),
            ],
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
fn origins(reference: &Reference, facts: &IpFacts<'_>) -> BTreeMap<&'static str, String> {
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

fn country_lines(facts: &CountryFacts) -> Vec<(&'static str, String)> {
    let currencies: Vec<&str> = facts.currencies.iter().map(|currency| currency.code()).collect();
    let (latitude, longitude) = facts.centre;
    vec![
        ("country", format!("{} {}", facts.country, facts.name)),
        ("continent", facts.continent.to_string()),
        ("currencies", currencies.join(", ")),
        ("languages", facts.languages.join(", ")),
        ("centre", format!("{latitude}, {longitude}")),
        ("radius", format!("{} km", facts.radius_km)),
        ("time zones", facts.time_zones.join(", ")),
    ]
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
    fn an_account_is_looked_up_where_servers_keep_their_data() {
        let command = <LookupArgs as clap::Args>::augment_args(clap::Command::new("lookup"));
        let given = command.try_get_matches_from(["lookup", "--account", "acc-7"]).unwrap();
        let data_dir = given.get_one::<PathBuf>("data_dir").unwrap();
        assert_eq!(data_dir, &PathBuf::from("vouch-data"));
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
        let error = "error: `example.com` is no network address, card prefix, e-mail address, phone \
                     number with `+`, country code or user agent\n";
        assert_eq!(text("example.com"), error);
    }

    #[test]
    fn a_user_agent_needs_no_table() {
        expect![[r"
            class        library
            system       -
            browser      -
            version      -
            mobile       -
        "]]
        .assert_eq(&text("curl/8.10.1"));
        assert_eq!(text("+44 20 7183 8750"), "nothing known\n"); // without tables
        assert_eq!(text("gb"), "nothing known\n");
    }
}
