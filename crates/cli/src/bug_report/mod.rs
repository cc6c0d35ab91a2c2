//! One archive with what somebody needs who looks for the cause of a fault.

mod configuration;
mod destination;

use std::fmt::Write;
use std::path::Path;

use phalanx_measure::crash::CrashReport;
use phalanx_measure::evidence::{Bundle, hide_in_command, last_crash};
use serde::Serialize;

use crate::commands::doctor;
use crate::failure::Failure;

pub(crate) use destination::Destination;

/// The name that the system knows this program by.
const PROGRAM: &str = env!("CARGO_BIN_NAME");

/// What goes into the archive.
pub(crate) struct BugReport<'a> {
    pub(crate) doctor: &'a doctor::Report,
    /// A command that was checked for crashes.
    pub(crate) crash: Option<&'a CrashReport>,
    /// The configuration file, where it was named.
    pub(crate) config: Option<&'a Path>,
}

impl BugReport<'_> {
    fn bundle(&self) -> Result<Bundle, Failure> {
        let mut bundle = Bundle::default();
        let holds = "what phalanx doctor found: versions, devices and their proofs, drivers, limits";
        bundle.add("doctor.json", holds, json(self.doctor)?);
        let configuration = configuration::configuration(self.config);
        let holds = "the server's options and where they come from, and the environment's variables that decide how \
                     models run; without secrets";
        bundle.add("configuration.json", holds, json(&configuration)?);
        match self.crash {
            Some(crash) => add_crash(&mut bundle, crash)?,
            None => {
                if let Some(trace) = last_crash(PROGRAM) {
                    let holds =
                        format!("the last crash of {PROGRAM} that the system knows of: {}", trace.source);
                    bundle.add("last-crash.txt", holds, trace.text.unwrap_or_default());
                }
            }
        }
        Ok(bundle)
    }
}

fn add_crash(bundle: &mut Bundle, crash: &CrashReport) -> Result<(), Failure> {
    let shown = CrashReport { command: hide_in_command(&crash.command), ..crash.clone() };
    bundle.add("reproduce.txt", "how to see it again", reproduce(&shown));
    let holds =
        "how many rounds of the command crashed or hung and how, with the last lines of standard error";
    bundle.add("crash-check.json", holds, json(&shown)?);
    for crash in &shown.details {
        for (index, trace) in crash.traces.iter().enumerate() {
            let Some(text) = &trace.text else { continue };
            let name = format!("crashes/round-{}-{index}.txt", crash.round);
            let holds = format!("{} of round {}, by {}", trace.kind, crash.round, trace.source);
            bundle.add(name, holds, text.clone());
        }
    }
    Ok(())
}

fn reproduce(crash: &CrashReport) -> String {
    let words: Vec<String> = crash.command.iter().map(|word| quoted(word)).collect();
    let mut text = format!(
        "cd {}\n{PROGRAM} crash-check --rounds {} --timeout {}s -- {}\n",
        quoted(&crash.folder),
        crash.rounds,
        crash.timeout_s,
        words.join(" "),
    );
    let first = crash.details.first();
    let seen =
        first.map_or_else(String::new, |first| format!(", first in round {}: {}", first.round, first.ending));
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "\nOf {} rounds {} crashed and {} hung{seen}.",
        crash.rounds,
        crash.crash_count(),
        crash.hangs
    );
    text
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn json(document: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec_pretty(document).map_err(Failure::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!([quoted("a/b=1"), quoted(""), quoted("it's $x")], ["a/b=1", "''", r"'it'\''s $x'"]);
    }
}
