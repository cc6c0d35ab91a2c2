use std::fmt::Write;

use phalanx_measure::crash::{Crash, CrashReport};
use phalanx_measure::report::{Column, Table};

use crate::failure::Failure;
use crate::terminal;

/// Lines of standard error that are shown of a crash.
const STDERR_LINES: usize = 5;

/// Crashes that are shown one by one.
const CRASHES: usize = 8;

/// For people: how rounds ended, and what is known of those that ended badly.
pub(super) fn print(report: &CrashReport) -> Result<(), Failure> {
    let mut table =
        Table::new(&[Column::Left("how rounds ended"), Column::Right("rounds"), Column::Right("share")]);
    let share = |rounds: u32| format!("{:.1} %", 100.0 * f64::from(rounds) / f64::from(report.rounds.max(1)));
    let mut row = |how: String, rounds: u32| table.row([how, rounds.to_string(), share(rounds)]);
    report.exits.iter().for_each(|(code, &rounds)| row(format!("exit code {code}"), rounds));
    report.crashes.iter().for_each(|(signal, &rounds)| row(format!("crash, {signal}"), rounds));
    if report.hangs > 0 {
        row(format!("hung for {} s", report.timeout_s), report.hangs);
    }
    let mut text = table.to_string();
    report.details.iter().take(CRASHES).for_each(|crash| describe(&mut text, crash));
    terminal::data(&text)?;
    let untraced =
        report.details.iter().any(|crash| crash.ending.signal().is_some() && crash.traces.is_empty());
    if let Some(hint) = report.system.hint.as_deref().filter(|_| untraced) {
        terminal::hint(&format!("the system kept nothing of a crash: {hint}"));
    }
    Ok(())
}

fn describe(text: &mut String, crash: &Crash) {
    let Crash { round, pid, ending, seconds, .. } = crash;
    // Writing to a text cannot fail.
    let _ = writeln!(text, "\nround {round}, process {pid}: {ending} after {seconds:.3} s");
    let first = crash.stderr.len().saturating_sub(STDERR_LINES);
    crash.stderr[first..].iter().for_each(|line| {
        let _ = writeln!(text, "    {line}");
    });
    for trace in &crash.traces {
        let size = trace.bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        let _ = writeln!(text, "  {}: {}{size}", trace.kind, trace.source);
    }
}

/// What went wrong, in few words: `3 crashed (SIGSEGV 2, SIGABRT 1) and 1 hung`.
pub(super) fn bad(report: &CrashReport) -> String {
    let mut parts = Vec::new();
    if report.crash_count() > 0 {
        let signals: Vec<String> =
            report.crashes.iter().map(|(signal, rounds)| format!("{signal} {rounds}")).collect();
        parts.push(format!("{} crashed ({})", report.crash_count(), signals.join(", ")));
    }
    if report.hangs > 0 {
        parts.push(format!("{} hung", report.hangs));
    }
    parts.join(" and ")
}
