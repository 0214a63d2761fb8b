//! Tests of the whole of `rules`: what authors read, what conditions mean, what always holds.

mod diagnostics;
mod limits;
mod packs;
mod properties;
mod semantics;
