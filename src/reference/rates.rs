//! The table `rates`: the European Central Bank's euro reference rates, one row a working day.
//!
//! A rate is never extrapolated: a currency the bank does not quote, or no longer, gives a missing
//! amount. Rates are exact decimals; cross rates go through the euro.

use super::error::ReferenceError;
use super::table::{Columns, Table, Writer};
use crate::domain::{Currency, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Days a rate is good for. The bank's longest pause, around Easter and Christmas, is five days.
pub const MAX_AGE_DAYS: i64 = 10;

/// Units of one currency for one euro, day by day.
struct Series {
    scale: u32,
    /// One per day of the table, in units of 10^-scale; 0 where the bank gave none.
    values: Vec<u32>,
}

/// The history of the reference rates.
pub struct Rates {
    days: Vec<i64>, // since 1970, ascending
    series: BTreeMap<Currency, Series>,
}

/// An exchange rate and how old it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units of the source currency for one euro.
    pub from_per_euro: Decimal,
    /// Units of the target currency for one euro.
    pub to_per_euro: Decimal,
    /// Days between the older quotation and the day asked for.
    pub age_days: i64,
}

impl Rate {
    /// `amount` at this rate, not rounded to a minor unit; `None` when too large for a `Decimal`.
    pub fn apply(&self, amount: Decimal) -> Option<Decimal> {
        // Multiplied first: a quotient of the two rates would be rounded before its use.
        amount.checked_mul(self.to_per_euro)?.checked_div(self.from_per_euro)
    }
}

impl Rates {
    /// `amount` in the currency `to`, by the last rates on or before `on`; the same amount where
    /// both currencies are one.
    ///
    /// Missing: a currency without a rate in the [`MAX_AGE_DAYS`] days up to `on`, or an amount too
    /// large for a `Decimal`. Not rounded to the currency's minor unit.
    pub fn convert(
        &self,
        amount: Decimal,
        from: Currency,
        to: Currency,
        on: Timestamp,
    ) -> Option<Decimal> {
        if from == to {
            return Some(amount);
        }
        self.rate(from, to, on, MAX_AGE_DAYS)?.apply(amount)
    }

    /// The rate by the last quotations on or before `on` that are at most `max_age_days` old.
    pub fn rate(
        &self,
        from: Currency,
        to: Currency,
        on: Timestamp,
        max_age_days: i64,
    ) -> Option<Rate> {
        let (from_per_euro, from_age) = self.per_euro(from, on.day(), max_age_days)?;
        let (to_per_euro, to_age) = self.per_euro(to, on.day(), max_age_days)?;
        Some(Rate { from_per_euro, to_per_euro, age_days: from_age.max(to_age) })
    }

    /// Days since 1970 of the first and the last row.
    pub fn span(&self) -> Option<(i64, i64)> {
        Some((*self.days.first()?, *self.days.last()?))
    }

    /// Units of `currency` for one euro, and the age of the quotation in days.
    fn per_euro(&self, currency: Currency, day: i64, max_age: i64) -> Option<(Decimal, i64)> {
        if currency.code() == "EUR" {
            return Some((Decimal::ONE, 0));
        }
        let series = self.series.get(&currency)?;
        let until = self.days.partition_point(|quoted| *quoted <= day);
        let quoted = self.days.get(..until)?.iter().zip(&series.values).rev();
        quoted
            .map(|(quoted, value)| (day - quoted, *value))
            .take_while(|(age, _)| *age <= max_age)
            .find(|(_, value)| *value > 0)
            .map(|(age, value)| (Decimal::new(value.into(), series.scale), age))
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let mut day = 0_i64;
        let mut days = Vec::new();
        for step in columns.numbers()? {
            day =
                i64::try_from(step).ok().and_then(|step| day.checked_add(step)).unwrap_or(i64::MAX);
            days.push(day);
        }
        let mut series = BTreeMap::new();
        for _ in 0..columns.number()? {
            let code = columns.text()?;
            let scale = u32::try_from(columns.number()?).unwrap_or(u32::MAX);
            let values = columns.numbers()?;
            let currency = code.parse::<Currency>();
            let (Ok(currency), ..=9, true) = (currency, scale, values.len() == days.len()) else {
                return Err(columns.malformed("a series that does not fit before"));
            };
            let values =
                undelta(&values).ok_or_else(|| columns.malformed("a rate over 32 bits"))?;
            series.insert(currency, Series { scale, values });
        }
        columns.done()?;
        Ok(Self { days, series })
    }
}

/// One currency's column of a table to be written.
pub(super) struct Quotations {
    pub(super) currency: Currency,
    pub(super) scale: u32,
    pub(super) values: Vec<u32>,
}

/// Writes the table; `days` ascend, every series has one value a day.
pub(super) fn write(days: &[i64], series: &[Quotations]) -> std::io::Result<Vec<u8>> {
    let built_day = days.last().and_then(|day| u32::try_from(*day).ok()).unwrap_or(0);
    let mut writer = Writer::new(Table::Rates, built_day);
    let mut before = 0;
    let steps: Vec<u64> = days
        .iter()
        .map(|day| (day - std::mem::replace(&mut before, *day)).unsigned_abs())
        .collect();
    writer.numbers(&steps);
    writer.number(series.len() as u64);
    for quotations in series {
        writer.text(quotations.currency.code());
        writer.number(quotations.scale.into());
        writer.numbers(&delta(&quotations.values));
    }
    writer.finish()
}

/// Differences to the value before, the sign in the lowest bit.
fn delta(values: &[u32]) -> Vec<u64> {
    let mut before = 0;
    let steps = values.iter().map(|value| {
        let step = i64::from(*value) - i64::from(std::mem::replace(&mut before, *value));
        step.unsigned_abs() << 1 | u64::from(step < 0)
    });
    steps.collect()
}

fn undelta(steps: &[u64]) -> Option<Vec<u32>> {
    let mut value = 0_u64;
    let mut next = |step: &u64| {
        let size = step >> 1;
        value = if step & 1 == 0 { value.checked_add(size)? } else { value.checked_sub(size)? };
        u32::try_from(value).ok()
    };
    steps.iter().map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(day * crate::domain::DAY_MS + 1)
    }

    /// Days 100, 101 and 104; the yen is not quoted on day 104.
    fn rates() -> Rates {
        let quotations = |code: &str, scale, values: [u32; 3]| Quotations {
            currency: currency(code),
            scale,
            values: values.to_vec(),
        };
        let series =
            [quotations("JPY", 2, [16000, 16100, 0]), quotations("USD", 4, [11000, 12500, 10000])];
        let data = write(&[100, 101, 104], &series).unwrap();
        Rates::read(Columns::open(Table::Rates, "test", &data).unwrap()).unwrap()
    }

    #[test]
    fn the_last_rate_on_or_before_the_day_counts() {
        let rates = rates();
        let convert = |amount: &str, from: &str, to: &str, day| {
            let amount: Decimal = amount.parse().unwrap();
            rates.convert(amount, currency(from), currency(to), at(day)).map(|a| a.normalize())
        };
        let amount = |text: &str| Some(text.parse::<Decimal>().unwrap());
        assert_eq!(convert("10", "EUR", "USD", 100), amount("11"));
        assert_eq!(convert("10", "EUR", "USD", 103), amount("12.5"));
        assert_eq!(convert("12.50", "USD", "EUR", 101), amount("10"));
        assert_eq!(convert("12.50", "USD", "JPY", 101), amount("1610"));
        assert_eq!(convert("10", "EUR", "JPY", 105), amount("1610")); // four days old
        assert_eq!(convert("10", "EUR", "JPY", 111), amount("1610"));
        assert_eq!(convert("10", "EUR", "JPY", 112), None); // eleven days old
        assert_eq!(convert("10", "EUR", "USD", 99), None);
        assert_eq!(convert("10", "EUR", "BIF", 101), None);
        assert_eq!(convert("10", "BIF", "BIF", 101), amount("10"));
        assert_eq!(convert("79228162514264337593543950335", "EUR", "JPY", 101), None);
    }

    #[test]
    fn the_age_is_that_of_the_older_quotation() {
        let rate = rates().rate(currency("USD"), currency("JPY"), at(120), 30).unwrap();
        assert_eq!(rate.age_days, 19);
        assert_eq!(rates().span(), Some((100, 104)));
    }

    #[test]
    fn deltas_come_back_at_the_ends() {
        let values = [0, u32::MAX, 0, 1, u32::MAX - 1];
        assert_eq!(undelta(&delta(&values)).unwrap(), values);
        assert_eq!(undelta(&[1 << 34]), None);
        assert_eq!(undelta(&[3]), None);
    }
}
