//! `rates` from the ECB's `eurofxref-hist.csv`: a header `Date,USD,…,` and one row a day, newest
//! first, `N/A` for none.

use super::super::rates::{Quotations, write};
use super::{CompileError, File, Input, Output};
use crate::domain::{Currency, Timestamp};
use rust_decimal::Decimal;

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let file = input.read("rates")?;
    let mut reader = file.csv(true);
    let header = reader.headers().map_err(|error| file.bad_csv(error))?.clone();
    let mut columns = Vec::new();
    for name in header.iter().skip(1).filter(|name| !name.is_empty()) {
        let currency: Currency = name
            .parse()
            .map_err(|_| file.line(&header, "a column that is no ISO 4217 currency"))?;
        columns.push((currency, Vec::new()));
    }
    let mut days = Vec::new();
    for row in
        reader.records().collect::<Result<Vec<_>, _>>().map_err(|e| file.bad_csv(e))?.iter().rev()
    {
        let date = row.get(0).unwrap_or_default();
        let midnight: Timestamp = format!("{date}T00:00:00Z")
            .parse()
            .map_err(|_| file.line(row, "no date like `2026-10-30`"))?;
        if days.last().is_some_and(|before| *before >= midnight.day()) {
            return Err(file.line(row, "a date that is not before the row above"));
        }
        days.push(midnight.day());
        for ((_, rates), text) in columns.iter_mut().zip(row.iter().skip(1)) {
            rates.push(match text {
                "N/A" | "" => None,
                text => {
                    let rate = text.parse().ok().filter(|rate| *rate > Decimal::ZERO);
                    Some(rate.ok_or_else(|| file.line(row, "a rate that is not above zero"))?)
                }
            });
        }
    }
    let series: Result<Vec<_>, _> =
        columns.into_iter().map(|(currency, rates)| quotations(&file, currency, &rates)).collect();
    Ok((days.len(), write(&days, &series?)))
}

/// One scale for all rates of a currency, so that they are exact whole numbers.
fn quotations(
    file: &File,
    currency: Currency,
    rates: &[Option<Decimal>],
) -> Result<Quotations, CompileError> {
    let scale = rates.iter().flatten().map(|rate| rate.normalize().scale()).max().unwrap_or(0);
    let values: Option<Vec<u32>> = rates
        .iter()
        .map(|rate| {
            let mut rate = rate.unwrap_or_default();
            rate.rescale(scale);
            u32::try_from(rate.mantissa()).ok()
        })
        .collect();
    let values = values.ok_or_else(|| file.format(0, "a rate over 32 bits somewhere after"))?;
    Ok(Quotations { currency, scale, values })
}
