//! The catalogue of fields and the record that holds them.
//!
//! A field is documented once, here: name, type, unit, window, when it is known, what a missing
//! value means. `docs/features.md`, the rule checker and the model loader all read this list.
//! Computing a derived field is `engine`'s work; this module only says what it is.

mod catalogue;
mod compact;
mod reading;
mod record;
mod value;

pub use catalogue::{FIELDS, Field, FieldId, Origin, Stage, fields, markdown};
pub use compact::{CompactError, compact_value};
pub use record::{Record, RecordError, custom_value, is_list_question, read_value};
pub use value::{Kind, Value};
