//! The program `phalanx`: runs a trained model for many callers at once, and shows what that brings.

mod args;
mod bug_report;
mod commands;
mod dataset;
mod failure;
mod interrupt;
mod listing;
mod measuring;
mod npy;
mod panics;
mod progress;
mod session;
mod settings;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use phalanx_engine::choice;

use crate::args::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    if phalanx_engine::is_worker() {
        return phalanx_engine::worker_main(&[]);
    }
    if choice::is_trial() {
        return choice::trial_main();
    }
    panics::silence();
    interrupt::listen();
    let cli = Cli::parse();
    let result = panics::catch(|| commands::execute(&cli.command));
    let code = match result {
        Ok(()) | Err(Failure::BrokenPipe) => 0,
        Err(Failure::Failed { message, hint }) => {
            report(cli.command.json(), &message, hint.as_deref());
            1
        }
        Err(Failure::Checks { message }) => {
            terminal::error(&message);
            1
        }
        Err(Failure::Usage(error)) => error.exit(),
    };
    if matches!(cli.command, Command::Serve(_)) {
        // Models that were replaced, were still loading or did not answer in time may yet be at work.
        interrupt::exit(code.into());
    }
    ExitCode::from(code)
}

/// Says what went wrong; to a program that asked for JSON also as JSON.
fn report(json: bool, message: &str, hint: Option<&str>) {
    terminal::error(message);
    if let Some(hint) = hint {
        terminal::hint(hint);
    }
    if json {
        let document = serde_json::json!({ "error": { "message": message, "hint": hint } });
        // The exit code says the same to whoever does not read it.
        let _ = terminal::json(&document);
    }
}
