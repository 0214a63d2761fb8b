//! Benches per stage.

fn main() {}
