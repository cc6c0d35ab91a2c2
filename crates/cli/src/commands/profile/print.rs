use phalanx_measure::report::{Column, Table, grouped};

use super::Report;
use super::operators::Operator;
use crate::terminal;

/// Operators that are shown; `--json` has all.
const OPERATORS_MAX: usize = 20;

pub(super) fn text(report: &Report) -> String {
    let (backend, machine) = (&report.backend, &report.machine);
    let title = format!(
        "{}, {} {} on {}, {}",
        report.model.name, backend.name, backend.version, backend.device, machine.cpu
    );
    let mut text = format!(
        "{}\n{} callers: {} samples/s in batches of {}\n\n{}",
        terminal::title(&title),
        report.callers,
        grouped(report.samples_per_s),
        grouped(report.batch_mean),
        parts(report)
    );
    text.push_str(
        "gather goes on while the batch before runs; wait is from a batch's end until its rows are handed out\n\n",
    );
    text.push_str(&waits(report).to_string());
    text.push_str("share: what of a batch that is waited for is only waiting and reading back\n\n");
    match &report.operators {
        Some(operators) => text.push_str(&of_operators(operators, report.operator_rows)),
        None => text.push_str(&format!("{} does not tell how long its operators take\n", backend.name)),
    }
    text
}

fn parts(report: &Report) -> Table {
    let mut table = Table::new(&[
        Column::Left("part of a batch"),
        Column::Right("p50 µs"),
        Column::Right("p99 µs"),
        Column::Right("share"),
    ]);
    for part in &report.parts {
        table.row([
            part.part.name().to_owned(),
            grouped(part.p50_us),
            grouped(part.p99_us),
            percent(part.share),
        ]);
    }
    table
}

fn waits(report: &Report) -> Table {
    let mut table = Table::new(&[
        Column::Right("rows"),
        Column::Right("each waited for, µs"),
        Column::Right("one wait for 64, µs"),
        Column::Right("share"),
    ]);
    for wait in &report.waits {
        table.row([
            wait.rows.to_string(),
            grouped(wait.each_us),
            grouped(wait.every_us),
            percent(wait.share),
        ]);
    }
    table
}

fn of_operators(operators: &[Operator], rows: usize) -> String {
    let mut table = Table::new(&[
        Column::Left("operator"),
        Column::Right("nodes"),
        Column::Right("µs"),
        Column::Right("share"),
        Column::Left("longest"),
    ]);
    for operator in operators.iter().take(OPERATORS_MAX) {
        table.row([
            operator.operator.clone(),
            operator.nodes.to_string(),
            grouped(operator.us),
            percent(operator.share),
            operator.longest.clone(),
        ]);
    }
    let left = operators.len().saturating_sub(OPERATORS_MAX);
    let more = if left == 0 { String::new() } else { format!("and {left} more kinds\n") };
    format!("{table}{more}of a batch of {rows}\n")
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
