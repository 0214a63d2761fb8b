//! What history costs: memory by the number of keys, CPU beside a Valkey or Redis server, and a start.
//!
//! ```sh
//! cargo bench --bench history -- memory            # to 10 million keys; needs 2 GB
//! cargo bench --bench history -- memory 1000000
//! cargo bench --bench history -- server            # needs valkey-server or redis-server in PATH
//! cargo bench --bench history -- recovery          # a checkpoint and a million entries; needs 10 GB of disk
//! cargo bench --bench history -- recovery 100000
//! ```
//!
//! Without an argument, and as a test, all run on a small scale; without a server the second says so.
//! Linux only: resident memory and CPU time are read from `/proc`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is a table")]

mod memory;
mod process;
mod recovery;
mod resp;
mod server;
mod stream;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.iter().filter(|word| !word.starts_with("--")).collect::<Vec<_>>()[..] {
        [&"memory", ref keys @ ..] => {
            let keys = keys.first().map_or(Ok(10_000_000), |keys| keys.parse());
            memory::run(keys.expect("a number of keys"));
        }
        [&"server"] => server::run(20_000),
        [&"recovery", ref entries @ ..] => {
            let entries = entries.first().map_or(Ok(1_000_000), |entries| entries.parse());
            recovery::run(entries.expect("a number of entries"));
        }
        [] => {
            recovery::run(200);
            memory::run(20_000);
            server::run(100);
        }
        _ => eprintln!(
            "usage: cargo bench --bench history -- [memory [KEYS] | server | recovery [ENTRIES]]"
        ),
    }
}
