//! All rows of a file of records into a count, on one core or on several.

use super::read::{Block, RecordsReader, RowReader};
use super::{RecordsError, RecordsHeader};
use crate::domain::Timestamp;
use crate::engine::past::Count;
use crate::features::FieldId;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Which rows, and what of them.
#[derive(Debug, Clone, Default)]
pub struct RecordsOf {
    /// Fields to read.
    pub fields: BTreeSet<FieldId>,
    /// Whether the members of `custom` are read too.
    pub custom: bool,
    /// Of transactions at or after.
    pub from: Option<Timestamp>,
    /// Of transactions before.
    pub to: Option<Timestamp>,
    /// Threads that count, at least 1; with one, nothing is handed over.
    pub threads: usize,
}

impl RecordsOf {
    fn count<C: Count>(
        &self,
        rows: &mut RowReader,
        block: &Block,
        count: &mut C,
    ) -> Result<(), RecordsError> {
        rows.each(block, &mut |sale, record| {
            let within = self.from.is_none_or(|from| sale.at >= from)
                && self.to.is_none_or(|to| sale.at < to);
            if within {
                count.add(sale, record);
            }
        })
    }
}

/// Counts the rows of a file. Memory: a block and a record a thread, and the counts. `progress` is told
/// the bytes of each block read.
///
/// # Errors
/// The file is cut or damaged.
pub fn over_records<C: Count>(
    mut reader: RecordsReader<impl Read>,
    of: &RecordsOf,
    make: impl Fn() -> C,
    progress: &mut dyn FnMut(u64),
) -> Result<C, RecordsError> {
    let header = reader.header().clone();
    if of.threads <= 1 {
        let mut rows = RowReader::new(&header, &of.fields, of.custom);
        let (mut block, mut whole) = (Block::default(), make());
        while reader.next_block(&mut block)? {
            progress(block.len() as u64);
            of.count(&mut rows, &block, &mut whole)?;
        }
        return Ok(whole);
    }
    let (send, receive) = sync_channel::<Block>(2 * of.threads);
    let receive = Mutex::new(receive);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..of.threads)
            .map(|_| {
                let (count, receive, header) = (make(), &receive, &header);
                scope.spawn(move || work(of, receive, header, count))
            })
            .collect();
        let mut read = || -> Result<(), RecordsError> {
            let mut block = Block::default();
            while reader.next_block(&mut block)? {
                progress(block.len() as u64);
                if send.send(std::mem::take(&mut block)).is_err() {
                    break;
                }
            }
            Ok(())
        };
        let outcome = read();
        // Without a sender left the threads end.
        drop(send);
        let mut whole = make();
        let mut failed = None;
        for worker in workers {
            match worker.join() {
                Ok(Ok(part)) => whole.merge(part),
                Ok(Err(error)) => failed = failed.or(Some(error)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        outcome?;
        failed.map_or(Ok(whole), Err)
    })
}

/// Counts blocks until there are no more; after an error the rest is taken and dropped, so that the
/// reading thread never waits for ever.
fn work<C: Count>(
    of: &RecordsOf,
    receive: &Mutex<Receiver<Block>>,
    header: &RecordsHeader,
    mut count: C,
) -> Result<C, RecordsError> {
    let mut rows = RowReader::new(header, &of.fields, of.custom);
    let mut failed = None;
    loop {
        let block = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = block else { break };
        if failed.is_none() {
            failed = of.count(&mut rows, &block, &mut count).err();
        }
    }
    failed.map_or(Ok(count), Err)
}
