//! Bytes and foreign files → domain values, each with its place.
//!
//! One way in for every surface: the JSON of a request, the lines of a file, the rows of somebody
//! else's table by a map. What cannot become a value is an error that names its place; nothing is
//! guessed, skipped in silence or read whole into memory.

#[cfg(test)]
pub(crate) mod arbitrary;
mod error;
pub(crate) mod fields;
pub mod files;
mod json;
mod map;
mod near;
mod place;
mod same;
mod warnings;
mod watch;

pub use error::{InputError, MAX_DEPTH};
pub use files::{FileError, Format, Item, Line, Lines, Position, Progress, RowError, RowProblem};
pub use json::{push_open_step, read_array, read_event, read_object, read_transaction};
pub use map::{CellError, Label, Map, MapError, MapFault};
pub use same::{canonical_digest, event_digest, first_difference, first_event_difference};
pub use warnings::MAX_UNKNOWN;
