//! One value as bytes. What it is, its column's kind says; a value that is missing takes none.

use crate::domain::{Amount, Timestamp};
use crate::features::{FieldId, Kind, Record, Value};
use rust_decimal::Decimal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Appends a whole number, seven bits a byte, the lowest first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(low_byte(number) | 0x80);
        number >>= 7;
    }
    out.push(low_byte(number));
}

fn low_byte(number: u64) -> u8 {
    number.to_le_bytes().first().copied().unwrap_or(0) & 0x7f
}

/// Appends a text with its length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Small numbers of either sign become small numbers.
fn zigzag(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Appends a value that is not missing.
pub(super) fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing => {}
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::Int(value) => put_varint(out, zigzag(*value)),
        Value::Decimal(value) => out.extend_from_slice(&value.serialize()),
        Value::Float(value) => out.extend_from_slice(&value.to_bits().to_le_bytes()),
        Value::Money(amount) => {
            out.extend_from_slice(&amount.value().serialize());
            put_text(out, amount.currency().code());
        }
        Value::Text(text) => put_text(out, text),
        Value::Country(country) => put_text(out, country.code()),
        Value::Currency(currency) => put_text(out, currency.code()),
        Value::Ip(IpAddr::V4(address)) => {
            out.push(4);
            out.extend_from_slice(&address.octets());
        }
        Value::Ip(IpAddr::V6(address)) => {
            out.push(6);
            out.extend_from_slice(&address.octets());
        }
        Value::Time(time) => put_varint(out, time.millis().cast_unsigned()),
    }
}

/// Bytes being read; every reading gives `None` where they end too soon or make no sense.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl<'b> Bytes<'b> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    pub(super) fn text(&mut self) -> Option<&'b str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        Some(Timestamp::from_millis(self.varint()?.cast_signed()))
    }

    fn decimal(&mut self) -> Option<Decimal> {
        Some(Decimal::deserialize(self.array()?))
    }

    fn ip(&mut self) -> Option<IpAddr> {
        Some(match self.byte()? {
            4 => Ipv4Addr::from(self.array::<4>()?).into(),
            6 => Ipv6Addr::from(self.array::<16>()?).into(),
            _ => return None,
        })
    }

    /// Reads a value into its field.
    pub(super) fn read_into(&mut self, field: FieldId, record: &mut Record) -> Option<()> {
        let value = match field.field().kind {
            Kind::Text | Kind::Word(_) => {
                record.set_text(field, self.text()?);
                return Some(());
            }
            Kind::Bool => Value::Bool(self.byte()? != 0),
            Kind::Int => Value::Int(unzigzag(self.varint()?)),
            Kind::Decimal => Value::Decimal(self.decimal()?),
            Kind::Float => Value::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            Kind::Money => {
                let value = self.decimal()?;
                Value::Money(Amount::new(value, self.text()?.parse().ok()?).ok()?)
            }
            Kind::Country => Value::Country(self.text()?.parse().ok()?),
            Kind::Currency => Value::Currency(self.text()?.parse().ok()?),
            Kind::Ip => Value::Ip(self.ip()?),
            Kind::Time => Value::Time(self.time()?),
        };
        record.set(field, value);
        Some(())
    }
}

/// Appends the members of `custom`: their number, then name, kind and value of each.
pub(super) fn put_custom(out: &mut Vec<u8>, record: &Record) {
    let members: Vec<_> = record.custom_values().collect();
    put_varint(out, members.len() as u64);
    for (name, value) in members {
        put_text(out, name);
        let kind = match value {
            Value::Bool(_) => 1,
            Value::Int(_) => 2,
            Value::Float(_) => 3,
            Value::Text(_) => 4,
            _ => 0,
        };
        out.push(kind);
        if kind > 0 {
            put(out, value);
        }
    }
}

/// Reads the members of `custom`, in place of those there are.
pub(super) fn read_custom(bytes: &mut Bytes<'_>, record: &mut Record) -> Option<()> {
    record.clear_custom();
    for _ in 0..bytes.length()? {
        let name = bytes.text()?;
        let value = match bytes.byte()? {
            0 => Value::Missing,
            1 => Value::Bool(bytes.byte()? != 0),
            2 => Value::Int(unzigzag(bytes.varint()?)),
            3 => Value::Float(f64::from_bits(u64::from_le_bytes(bytes.array()?))),
            4 => Value::text(bytes.text()?),
            _ => return None,
        };
        record.set_custom(name, value);
    }
    Some(())
}
