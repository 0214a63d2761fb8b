//! The command line: arguments to the library. Data goes to standard output, all else to standard
//! error. Exit codes: 0 done, 1 a finding or some bad rows, 2 bad usage or unusable input.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this module is what prints")]

mod backtest;
mod cases;
mod data;
mod desk;
mod diff;
mod dispute;
mod doctor;
mod events;
mod feed;
mod key;
mod ledger;
mod listing;
mod lookup;
mod model;
mod output;
mod past;
mod progress;
mod replay;
mod rows;
mod rules;
mod score;
mod serve;
mod settings;
mod simulate;
mod state;
mod tables;
mod train;
mod training;
mod webhook;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Fraud scoring and chargeback evidence for sellers of digital goods
#[derive(Debug, Parser)]
#[command(name = "vouch", version, about, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Score transactions over HTTP
    Serve(serve::ServeArgs),
    /// Score a file of transactions
    Score(score::ScoreArgs),
    /// Take events into the ledger
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Check, test, try and explain rules before they act
    Rules(rules::RulesArgs),
    /// Show and change the lists rules ask about
    #[command(subcommand)]
    Lists(desk::ListsCommand),
    /// Work the reviews that wait for a person
    #[command(subcommand)]
    Review(desk::ReviewCommand),
    /// Make, list, replace and take away access keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Show who is told what happened, what was given up, and send it again
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Let a buyer back in by card, mailbox, device and account, and name what still blocks
    Appeal(desk::AppealArgs),
    /// Write seeded commerce: honest buyers and attacks, as a server would see them
    Simulate(simulate::SimulateArgs),
    /// Train a model on labelled history
    Train(train::TrainArgs),
    /// List, show, verify, import and try models
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Take in, list, show and answer disputes
    Dispute(dispute::DisputeArgs),
    /// Read and verify the ledger
    Ledger(ledger::LedgerArgs),
    /// Make a stored decision again and compare it byte for byte
    Replay(replay::ReplayArgs),
    /// List the tables in use with their age, or compile the bundled ones from their public packages
    Data(data::DataArgs),
    /// Look up what the tables know of an address, a BIN or a mailbox
    Lookup(lookup::LookupArgs),
    /// List the fields rules and models can read
    Features(settings::FeaturesArgs),
    /// Look for whatever would keep a server from its work, and say what to do about it
    Doctor(doctor::DoctorArgs),
    /// Check or print the configuration
    #[command(subcommand)]
    Config(settings::ConfigCommand),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Score(args) => feed::score(&args),
        Command::Events(command) => feed::import(&command),
        Command::Rules(args) => rules::run(&args),
        Command::Lists(command) => desk::lists(&command),
        Command::Review(command) => desk::review(&command),
        Command::Key(command) => key::run(&command),
        Command::Webhook(command) => webhook::run(&command),
        Command::Appeal(args) => desk::appeal(&args),
        Command::Simulate(args) => simulate::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Train(args) => train::run(&args, training::collect),
        Command::Model(command) => model::run(&command),
        Command::Dispute(args) => cases::run(&args),
        Command::Ledger(args) => ledger::run(&args),
        Command::Data(args) => data::run(args),
        Command::Lookup(args) => lookup::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Features(args) => Ok(settings::features(&args)),
        Command::Doctor(args) => Ok(doctor::run(&args)),
        Command::Config(command) => settings::run(&command),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
