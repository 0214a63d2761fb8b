//! `bin` from CSV rows `BIN,Brand,Type,Category,Issuer,…,isoCode2,…` with a header.

use super::super::bin::{Funding, Issuer, PREFIXES, write};
use super::{CompileError, File, Input, Output};
use std::collections::BTreeMap;

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let file = input.read("bin")?;
    let rows = rows(&file)?;
    let mut issuers: BTreeMap<Issuer, u32> =
        rows.iter().map(|(_, issuer)| (issuer.clone(), 0)).collect();
    for (position, value) in (1..).zip(issuers.values_mut()) {
        *value = position;
    }
    if issuers.len() > usize::from(u16::MAX) {
        return Err(file.format(0, "more than 65535 kinds of issuer"));
    }
    let mut index = vec![0; PREFIXES];
    for (prefix, issuer) in &rows {
        if let (Some(slot), Some(position)) = (index.get_mut(*prefix), issuers.get(issuer)) {
            *slot = *position;
        }
    }
    let issuers: Vec<Issuer> = issuers.into_keys().collect();
    Ok((rows.len(), write(file.built_day, &issuers, &index)))
}

fn rows(file: &File) -> Result<Vec<(usize, Issuer)>, CompileError> {
    let mut reader = file.csv(true);
    let header = reader.headers().map_err(|error| file.bad_csv(error))?.clone();
    let column = |name: &str| {
        let at = header.iter().position(|column| column == name);
        at.ok_or_else(|| {
            file.line(&header, "a column of BIN, Brand, Type, Category, isoCode2 is missing")
        })
    };
    let (bin, brand, kind) = (column("BIN")?, column("Brand")?, column("Type")?);
    let (category, country) = (column("Category")?, column("isoCode2")?);
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| file.bad_csv(error))?;
        let field = |at: usize| row.get(at).unwrap_or_default().trim();
        let prefix = field(bin);
        let digits = prefix.len() == 6 && prefix.bytes().all(|b| b.is_ascii_digit());
        let Some(prefix) = prefix.parse().ok().filter(|_| digits) else {
            return Err(file.line(&row, "a BIN that is not six digits"));
        };
        let funding = match field(kind) {
            "DEBIT" => Some(Funding::Debit),
            "CREDIT" => Some(Funding::Credit),
            "CHARGE CARD" => Some(Funding::Charge),
            _ => None,
        };
        let category = field(category);
        let holds = |words: &[&str]| {
            (!category.is_empty()).then(|| words.iter().any(|word| category.contains(word)))
        };
        rows.push((
            prefix,
            Issuer {
                brand: brand_name(field(brand)),
                country: field(country).to_owned(),
                funding,
                prepaid: holds(&["PREPAID", "GIFT", "RELOADABLE"]),
                business: holds(&["BUSINESS", "CORPORATE", "COMMERCIAL", "PURCHASING"]),
            },
        ));
    }
    Ok(rows)
}

/// One lower-case word; of a card with two brands the first.
fn brand_name(brand: &str) -> String {
    let first = brand.split(['/', '(']).next().unwrap_or_default().trim();
    match first {
        "AMERICAN EXPRESS" => "amex".to_owned(),
        "CHINA UNION PAY" => "unionpay".to_owned(),
        "DINERS CLUB INTERNATIONAL" => "diners".to_owned(),
        "NSPK MIR" => "mir".to_owned(),
        "" => "unknown".to_owned(),
        other => other.to_ascii_lowercase().replace(' ', "_"),
    }
}
