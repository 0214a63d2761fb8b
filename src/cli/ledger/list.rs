//! `vouch ledger list`: entries by whom they are about, by time, kind and action, page by page.

use super::{Place, columns, ensure_range, index, kind, print, tenant, time};
use crate::domain::{Action, EventKind, TenantId, Timestamp, TransactionKind};
use crate::engine::{Act, Changed, lookup};
use crate::ledger::{EntryKind, LookupField, LookupHash, MAX_ROWS, Query, Reader, Row};
use crate::reference::canonical;
use anyhow::{Context, Result, ensure};
use clap::builder::{NonEmptyStringValueParser as Text, PossibleValuesParser as Words};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Whose entries
    #[arg(long, default_value = "default", value_parser = tenant)]
    tenant: TenantId,
    #[command(flatten)]
    who: Who,
    /// Beside what names them, what is about the same transactions and orders: refunds, disputes
    #[arg(long)]
    related: bool,
    /// decision, event, dispute, label or admin
    #[arg(long, value_parser = kind)]
    kind: Option<EntryKind>,
    /// Of this type: purchase, renewal, auth.result, refund, …
    #[arg(long = "type", value_name = "TYPE", value_parser = types(), hide_possible_values = true)]
    entry_type: Option<String>,
    /// Decided so
    #[arg(long, value_parser = Words::new(Action::WORDS.to_vec()))]
    action: Option<String>,
    /// Happened at or after: a date, or a time like 2026-11-20T10:15:00Z
    #[arg(long, alias = "since", value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Happened before
    #[arg(long, alias = "until", value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// About this transaction
    #[arg(long, value_name = "ID", value_parser = Text::new())]
    transaction: Option<String>,
    /// Most entries
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// The page behind this entry number, the last one of the page before
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
}

/// Types of transactions, events, acts of people and changes of the service.
fn types() -> Words {
    let admin = [Act::WORDS.as_slice(), Changed::WORDS.as_slice()].concat();
    Words::new([TransactionKind::WORDS, EventKind::WORDS, admin.as_slice()].concat())
}

/// A network address, which may be written in several ways.
fn address(text: &str) -> Result<String, std::net::AddrParseError> {
    text.parse().map(|_: IpAddr| text.to_owned())
}

fn mailbox(text: &str) -> Result<String, &'static str> {
    canonical(text).map(|_| text.to_owned()).ok_or("not an e-mail address")
}

/// Whom entries are about. The ledger knows these values as keyed hashes only, so the master key is
/// needed to ask.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Who {
    /// Account of the buyer
    #[arg(long, value_name = "ID", value_parser = Text::new())]
    pub(super) account: Option<String>,
    /// Card fingerprint
    #[arg(long, value_name = "FINGERPRINT", value_parser = Text::new())]
    pub(super) card: Option<String>,
    /// Mailbox; `J.Doe+shop@gmail.com` finds `jdoe@gmail.com`
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    pub(super) email: Option<String>,
    /// Device
    #[arg(long, value_name = "ID", value_parser = Text::new())]
    pub(super) device: Option<String>,
    /// Network address
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(super) ip: Option<String>,
    /// Licence key
    #[arg(long, value_name = "KEY", value_parser = Text::new())]
    pub(super) licence: Option<String>,
    /// Subscription
    #[arg(long, value_name = "ID", value_parser = Text::new())]
    pub(super) subscription: Option<String>,
    /// Order
    #[arg(long, value_name = "ID", value_parser = Text::new())]
    pub(super) order: Option<String>,
    /// Seller
    #[arg(long, value_name = "ID", value_parser = Text::new())]
    pub(super) seller: Option<String>,
}

impl Who {
    /// The look-up values given; all of them must hold.
    pub(super) fn lookups(
        &self,
        data_dir: &Path,
        tenant: &TenantId,
    ) -> Result<Vec<(LookupField, LookupHash)>> {
        let given = [
            (LookupField::Account, &self.account),
            (LookupField::Card, &self.card),
            (LookupField::Email, &self.email),
            (LookupField::Device, &self.device),
            (LookupField::Ip, &self.ip),
            (LookupField::Licence, &self.licence),
            (LookupField::Subscription, &self.subscription),
            (LookupField::Order, &self.order),
            (LookupField::Seller, &self.seller),
        ];
        let given: Vec<_> =
            given.into_iter().filter_map(|(field, value)| Some((field, value.as_ref()?))).collect();
        if given.is_empty() {
            return Ok(Vec::new());
        }
        let reader = Reader::open(data_dir, super::master_key()?)?;
        let keys = reader.hasher().context("people are found with the ledger's master key only")?;
        let hashed =
            given.into_iter().map(|(field, value)| (field, lookup(keys, tenant, field, value)));
        Ok(hashed.collect())
    }
}

pub(super) fn run(args: &ListArgs) -> Result<ExitCode> {
    ensure_range(args.from, args.to)?;
    let data_dir = &args.place.data_dir;
    let lookups = args.who.lookups(data_dir, &args.tenant)?;
    let to_somebody = !args.related || !lookups.is_empty();
    ensure!(to_somebody, "related to whom? give --account, --email, --card or another of them");
    let index = index(data_dir)?;
    let query = Query {
        kind: args.kind,
        since: args.from,
        until: args.to,
        entry_type: args.entry_type.clone(),
        action: args.action.clone(),
        transaction_id: args.transaction.clone(),
        lookups,
        related: args.related,
        limit: args.limit,
        after: args.after,
        ..Query::new(args.tenant.clone())
    };
    let rows = index.list(&query)?;
    if args.place.json {
        let lines = rows.iter().map(|row| Ok(serde_json::to_string(row)? + "\n"));
        print(&lines.collect::<Result<String>>()?)?;
    } else {
        print(&table(&rows))?;
    }
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= args.limit.min(MAX_ROWS));
    if let Some(last) = rows.last().filter(|_| full) {
        eprintln!("more: --after {}", last.sequence);
    }
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[Row]) -> String {
    let head = ["number", "time", "kind", "type", "action", "score", "amount", "transaction", "id"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    columns(&lines)
}

fn cells(row: &Row) -> [String; 9] {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    [
        row.sequence.to_string(),
        row.event_time.to_string(),
        row.kind.clone(),
        text(&row.entry_type),
        text(&row.action),
        row.risk_score.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}")),
        text(&row.price()),
        text(&row.transaction_id),
        row.id.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::tests::written;
    use super::*;
    use crate::ledger::Order;

    #[test]
    fn the_table_is_as_wide_as_its_cells() {
        let dir = written();
        let rows = index(dir.path())
            .unwrap()
            .list(&Query { order: Order::OldestFirst, ..Query::new(TenantId::default_tenant()) });
        expect_test::expect![[r"
            number  time                  kind      type      action   score  amount     transaction  id
            1       2026-11-20T10:15:00Z  decision  purchase  approve  3.50   49.00 EUR  tx-1         tx-1
            2       2026-11-20T10:15:00Z  decision  purchase  approve  88.25  49.00 EUR  7            7
            3       2026-11-20T10:15:00Z  decision  purchase  approve  12.00  49.00 EUR  tx-3         tx-3
        "]]
        .assert_eq(&table(&rows.unwrap()));
    }
}
