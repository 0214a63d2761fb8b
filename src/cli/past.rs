//! Where past decisions come from: a ledger, a file of records, or labelled transactions that go
//! through the engine as a server would have seen them.

use super::ledger::time;
use super::output::Output;
use super::progress;
use super::rows::{count, for_each, map_at};
use super::state::{self, ConfigArgs};
use crate::archive::records::{MAGIC, RecordsHeader, RecordsOf, RecordsReader, over_records};
use crate::config::Config;
use crate::domain::{TenantId, Timestamp};
use crate::engine::past::{
    Aftermath, Count, Hindsight, LedgerOf, Maturity, PastSale, over_ledger, read_aftermath,
};
use crate::engine::{Engine, MAX_AHEAD_MS, ScoreRequest};
use crate::features::{FieldId, Record};
use crate::input::Map;
use crate::input::files::{Item, open};
use crate::ledger::{MasterKey, Reader};
use crate::rules::{FieldRef, RuleSet};
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Options of every command that looks at past decisions.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PastArgs {
    /// Use the decisions and labels of the ledger
    #[arg(long)]
    from_ledger: bool,
    /// Data directory of the server
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    /// Whose decisions of the ledger
    #[arg(long, value_name = "TENANT", default_value = "default", value_parser = TenantId::new)]
    tenant: TenantId,
    /// Mapping file for foreign data; only labelled rows then have an outcome
    #[arg(long, value_name = "MAP.toml")]
    map: Option<PathBuf>,
    /// Transactions at or after: a date, or a time like 2026-11-20T10:15:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Transactions before
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Age at which a sale nobody complained of counts as good, in days
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    mature_days: u32,
    /// Threads that count; 0: one for each core
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

/// Past decisions, ready to be counted as often as asked.
pub(super) struct Past<'a> {
    args: &'a PastArgs,
    config: Config,
    source: Source,
    hindsight: Hindsight,
}

enum Source {
    Ledger { reader: Box<Reader>, aftermath: Aftermath },
    Records { path: PathBuf },
    Rows { path: PathBuf, map: Option<Map>, aftermath: Aftermath },
}

/// What was passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Rows that can't be read.
    pub(super) bad: u64,
    /// Of erased persons.
    pub(super) erased: u64,
    /// Told after something later: their history knew the future.
    pub(super) late: u64,
}

impl Skipped {
    /// Says on standard error what was passed over.
    pub(super) fn tell(self) {
        if self.bad > 0 {
            eprintln!("{} left out", count(self.bad, "bad row"));
        }
        if self.erased > 0 {
            eprintln!("{} of erased persons left out", count(self.erased, "decision"));
        }
        if self.late > 0 {
            eprintln!(
                "{} after later ones left out: their history knew the future; sort the rows by \
                 event_time",
                count(self.late, "row")
            );
        }
    }
}

impl PastArgs {
    /// True where a file or the ledger is named.
    pub(super) fn names_something(&self, file: Option<&Path>) -> bool {
        self.from_ledger || file.is_some()
    }

    /// Data directory of the server.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The same; where no file is named, over the ledger.
    pub(super) fn or_ledger(self, file: Option<&Path>) -> Self {
        Self { from_ledger: self.from_ledger || file.is_none(), ..self }
    }

    /// Opens what is named and reads what was said of the sales.
    pub(super) fn open<'a>(&'a self, file: Option<&Path>) -> Result<Past<'a>> {
        let config = self.config.load()?;
        let silence_is_good = self.map.is_none();
        let (source, header) = match (file, self.from_ledger) {
            (Some(_), true) => bail!("a FILE and --from-ledger are two sources; give one"),
            (None, false) => {
                bail!("over what? give a FILE of records or transactions, or --from-ledger")
            }
            (None, true) => {
                let reader = Box::new(self.reader()?);
                let bar = progress::counter("reading labels");
                let aftermath =
                    read_aftermath(&reader, &self.tenant, &mut |entry| bar.set_position(entry))?;
                bar.finish_and_clear();
                let until = aftermath.until().unwrap_or_default();
                (Source::Ledger { reader, aftermath }, (until, silence_is_good))
            }
            (Some(path), false) if is_records(path)? => {
                ensure!(self.map.is_none(), "a file of records needs no map");
                let header = records(path)?.header().clone();
                let told = (header.until(), header.silence_is_good);
                (Source::Records { path: path.to_owned() }, told)
            }
            (Some(path), false) => {
                let map = map_at(self.map.as_deref())?;
                let aftermath = said(path, map.as_ref())?;
                let until = aftermath.until().unwrap_or_default();
                (Source::Rows { path: path.to_owned(), map, aftermath }, (until, silence_is_good))
            }
        };
        let (until, silence_is_good) = header;
        let maturity = Maturity { days: self.mature_days, until, silence_is_good };
        let hindsight = Hindsight { policy: config.policy.clone(), maturity };
        Ok(Past { args: self, config, source, hindsight })
    }

    fn reader(&self) -> Result<Reader> {
        let master = crate::config::master_key()?.map(MasterKey::from_bytes);
        Reader::open(&self.data_dir, master)
            .with_context(|| format!("no ledger in `{}`", self.data_dir.display()))
    }

    fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }

    fn within(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

impl Past<'_> {
    /// How its sales are judged.
    pub(super) fn hindsight(&self) -> &Hindsight {
        &self.hindsight
    }

    /// The rules in use by the configuration, where a command names none.
    pub(super) fn rules(&self) -> Result<RuleSet> {
        let loaded = match &self.config.rules.dir {
            Some(dir) => RuleSet::load(&[dir]),
            None => RuleSet::builtin(),
        };
        loaded.map_err(|found| anyhow!("the rules can not be used\n{found}"))
    }

    /// What a file made from these decisions says of itself.
    pub(super) fn header(&self) -> RecordsHeader {
        let Maturity { until, silence_is_good, .. } = self.hindsight.maturity;
        RecordsHeader::new(until, silence_is_good)
    }

    /// True where the decisions come from a ledger.
    pub(super) fn is_ledger(&self) -> bool {
        matches!(self.source, Source::Ledger { .. })
    }

    /// Counts every decision; `fields` is what the rules read.
    pub(super) fn over<C: Count>(
        &self,
        fields: &BTreeSet<FieldRef>,
        make: impl Fn() -> C,
    ) -> Result<(C, Skipped)> {
        let PastArgs { tenant, from, to, .. } = self.args;
        match &self.source {
            Source::Ledger { reader, aftermath } => {
                let threads = self.args.threads();
                let of = LedgerOf { tenant: tenant.clone(), from: *from, to: *to, threads };
                let bar = progress::counter("reading decisions");
                let (counted, passed) =
                    over_ledger(reader, &of, aftermath, make, &mut |at| bar.set_position(at))?;
                bar.finish_and_clear();
                Ok((counted, Skipped { erased: passed.erased, ..Skipped::default() }))
            }
            Source::Records { path } => {
                let bar = progress::bytes("reading records", std::fs::metadata(path)?.len());
                let of = self.records_of(fields);
                let counted = over_records(records(path)?, &of, make, &mut |bytes| bar.inc(bytes))
                    .with_context(|| format!("`{}`", path.display()))?;
                bar.finish_and_clear();
                Ok((counted, Skipped::default()))
            }
            Source::Rows { .. } => {
                let mut counted = make();
                let skipped = self.each(&mut |sale, record| {
                    counted.add(sale, record);
                    Ok(())
                })?;
                Ok((counted, skipped))
            }
        }
    }

    fn records_of(&self, fields: &BTreeSet<FieldRef>) -> RecordsOf {
        let catalogue = |field: &FieldRef| match field {
            FieldRef::Catalogue(id) => Some(*id),
            FieldRef::Custom(_) => None,
        };
        let own: BTreeSet<FieldId> = Hindsight::FIELDS.iter().copied().collect();
        RecordsOf {
            fields: fields.iter().filter_map(catalogue).chain(own).collect(),
            custom: fields.iter().any(|field| matches!(field, FieldRef::Custom(_))),
            from: self.args.from,
            to: self.args.to,
            threads: self.args.threads(),
        }
    }

    /// Hands over every decision in order, on one thread.
    pub(super) fn each(
        &self,
        each: &mut dyn FnMut(&PastSale, &Record) -> Result<()>,
    ) -> Result<Skipped> {
        match &self.source {
            Source::Rows { path, map, aftermath } => {
                self.scored(path, map.as_ref(), aftermath, each)
            }
            Source::Records { path } => bail!("`{}` is a file of records already", path.display()),
            Source::Ledger { reader, aftermath } => {
                let bar = progress::counter("reading decisions");
                let mut skipped = Skipped::default();
                for entry in reader.scan(None)? {
                    let entry = entry?;
                    bar.set_position(entry.sequence);
                    let is_ours = entry.tenant == self.args.tenant
                        && entry.kind == crate::ledger::EntryKind::Decision;
                    if !is_ours || !self.args.within(entry.event_time) {
                        continue;
                    }
                    let stored = crate::engine::read_decision(&entry)?;
                    if stored.erased {
                        skipped.erased += 1;
                        continue;
                    }
                    let (decision, record) = (&stored.decision, &stored.record);
                    each(&PastSale::of(entry.sequence, decision, record, aftermath), record)?;
                }
                bar.finish_and_clear();
                Ok(skipped)
            }
        }
    }

    /// Every payment and other transaction of a file, through an engine that keeps nothing.
    fn scored(
        &self,
        path: &Path,
        map: Option<&Map>,
        aftermath: &Aftermath,
        each: &mut dyn FnMut(&PastSale, &Record) -> Result<()>,
    ) -> Result<Skipped> {
        let engine = state::engine_in_memory(&self.config)?;
        let lines = open(path, map).with_context(|| format!("`{}`", path.display()))?;
        let (mut number, mut late, mut latest) = (0, 0, Timestamp::default());
        let bad = for_each(path, lines, true, |line| {
            number += 1;
            let Some((sale, record)) = self.score(&engine, line.item, (number, aftermath))? else {
                return Ok(());
            };
            latest = latest.max(sale.at);
            if latest.millis_since(sale.at) > MAX_AHEAD_MS {
                late += 1;
                return Ok(());
            }
            if self.args.within(sale.at) { each(&sale, &record) } else { Ok(()) }
        })?;
        Ok(Skipped { bad, late, erased: 0 })
    }

    fn score(
        &self,
        engine: &Engine,
        item: Item,
        (number, aftermath): (u64, &Aftermath),
    ) -> Result<Option<(PastSale, Box<Record>)>> {
        let tenant = self.args.tenant.clone();
        match item {
            Item::Event { event, .. } => {
                engine.record_event(&tenant, &event, None)?;
                Ok(None)
            }
            Item::Transaction { transaction, warnings, .. } => {
                let transaction = *transaction;
                let request = ScoreRequest { tenant, transaction, warnings, received_at: None };
                let begun = engine.begin(request)?;
                let (Some(record), Some(answer)) = (begun.record, begun.answer) else {
                    return Ok(None);
                };
                let sale = PastSale::of(number, &answer.0, &record, aftermath);
                Ok(Some((PastSale { recorded: None, ..sale }, record)))
            }
        }
    }
}

/// What a file says of its sales: its labels and events, before the first sale is looked at. Rows that
/// can't be read are told of when they are.
fn said(path: &Path, map: Option<&Map>) -> Result<Aftermath> {
    let lines = open(path, map).with_context(|| format!("`{}`", path.display()))?;
    ensure!(
        std::fs::metadata(path)?.is_file(),
        "`{}` is no file: its labels are read before its sales, and a pipe can't be read twice",
        path.display()
    );
    let bar = progress::counter("reading labels");
    let mut aftermath = Aftermath::default();
    for line in lines {
        bar.inc(1);
        match line.map(|line| line.item) {
            Ok(Item::Event { event, .. }) => aftermath.event(&event),
            Ok(Item::Transaction { transaction, label, .. }) => {
                aftermath.passes(transaction.event_time);
                if let Some(label) = label {
                    aftermath.label(transaction.transaction_id, label.class, label.known_at);
                }
            }
            Err(_) => {}
        }
    }
    bar.finish_and_clear();
    Ok(aftermath)
}

fn is_records(path: &Path) -> Result<bool> {
    let mut start = Vec::with_capacity(MAGIC.len());
    let file = File::open(path).with_context(|| format!("`{}`", path.display()))?;
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

fn records(path: &Path) -> Result<RecordsReader<BufReader<File>>> {
    let file = File::open(path).with_context(|| format!("`{}`", path.display()))?;
    RecordsReader::open(BufReader::new(file)).with_context(|| format!("`{}`", path.display()))
}

/// Rules named on a command line.
pub(super) fn load(paths: &[PathBuf]) -> Result<RuleSet> {
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        bail!("`{}` does not exist", missing.display());
    }
    RuleSet::load(paths).map_err(|found| anyhow!("the rules can not be used\n{found}"))
}

/// Writes a page to a file that appears whole, or to standard output for `-`.
pub(super) fn write(path: &Path, page: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let mut out = Output::open((path != Path::new("-")).then_some(path))?;
    out.write_all(page).with_context(|| format!("can't write `{}`", path.display()))?;
    out.finish()
}
