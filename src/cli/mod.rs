//! The command line: arguments to the library.

mod events;
mod listing;
mod output;
mod progress;
mod rows;
mod rules;
mod score;
