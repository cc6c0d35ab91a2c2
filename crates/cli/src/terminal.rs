//! Where a command says things: data and tables on standard output, words on standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::Failure;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const TITLE: Style = Style::new().bold();

/// Writes a text to standard output.
///
/// # Errors
/// [`Failure::BrokenPipe`] where nobody reads it any more, and what the system says.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
}

/// Writes one JSON document to standard output.
///
/// # Errors
/// As [`data`].
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(document).map_err(Failure::new)?;
    text.push('\n');
    data(&text)
}

/// What a failed write to standard output means.
pub(crate) fn stdout_failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::BrokenPipe
    } else {
        Failure::new(format_args!("failed to write to standard output: {error}"))
    }
}

/// A line of words. Where even standard error is gone there is nobody to tell.
pub(crate) fn words(text: &str) {
    line(format_args!("{text}\n"));
}

/// A line on what went wrong.
pub(crate) fn error(text: &str) {
    labelled(ERROR, "error", text);
}

/// A line on what the user should know.
pub(crate) fn warning(text: &str) {
    labelled(WARNING, "warning", text);
}

/// A line on what the user can do.
pub(crate) fn hint(text: &str) {
    labelled(HINT, "hint", text);
}

/// `text` in bold, where the terminal has bold.
pub(crate) fn title(text: &str) -> String {
    format!("{TITLE}{text}{TITLE:#}")
}

/// Whether someone watches standard error.
pub(crate) fn watched() -> bool {
    io::stderr().is_terminal()
}

fn labelled(style: Style, label: &str, text: &str) {
    // Messages of runtimes may have several lines: an error is one.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line(format_args!("{style}{label}{style:#}: {text}\n"));
}

fn line(text: std::fmt::Arguments<'_>) {
    let _ = anstream::stderr().lock().write_fmt(text);
}
