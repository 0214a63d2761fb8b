//! The command line: arguments to the library.

mod rules;
