use std::fmt::Write;

use phalanx_measure::report::{Column, Table, grouped};
use phalanx_simulate::ClassOutcome;

use super::report::{Report, Shown};
use crate::terminal;

/// For people: of several cases the goodputs side by side, of one all that is known.
pub(super) fn text(report: &Report) -> String {
    if report.searched() && report.cases.len() > 1 {
        let mut text = terminal::title(&caption(report));
        text.push_str("\n\n");
        let (titles, rows) = goodputs(report);
        let widths: Vec<usize> = (0..titles.len())
            .map(|column| {
                let cells = rows.iter().map(|row| &row[column]).chain([&titles[column]]);
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in [&titles].into_iter().chain(&rows) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        return text;
    }
    details(report)
}

/// The same table for a document.
pub(super) fn markdown(report: &Report) -> String {
    let (titles, rows) = goodputs(report);
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = vec!["---".to_owned(); titles.len()];
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}", line(&titles), line(&rule))
}

fn caption(report: &Report) -> String {
    format!("Goodput as a fraction of b*/l(b*): {}", report.arrivals.join(" / "))
}

/// A row a policy, a column a case; of each the ways of arriving.
fn goodputs(report: &Report) -> (Vec<String>, Vec<Vec<String>>) {
    let titles =
        std::iter::once("policy".to_owned()).chain(report.cases.iter().map(|case| case.name.clone()));
    let (cases, arrivals) = (report.cases.len(), report.arrivals.len());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (policy, row) in report.policies.iter().zip(report.cells.chunks(cases * arrivals)) {
        let cells = row.chunks(arrivals).map(|cell| {
            let figures: Vec<String> = cell.iter().map(|shown| fraction(shown.of_bound)).collect();
            figures.join(" / ")
        });
        rows.push(std::iter::once(policy.clone()).chain(cells).collect());
    }
    let oracle = report.cases.iter().map(|case| fraction(Some(case.oracle_per_s / case.bound_per_s)));
    rows.push(std::iter::once("(no policy can exceed)".to_owned()).chain(oracle).collect());
    (titles.collect(), rows)
}

fn fraction(of_bound: Option<f64>) -> String {
    of_bound.map_or_else(|| "-".to_owned(), |fraction| format!("{fraction:.2}"))
}

fn details(report: &Report) -> String {
    let mut text = String::new();
    for case in &report.cases {
        let title = terminal::title(&case.name);
        let (bound, oracle) = (grouped(case.bound_per_s), grouped(case.oracle_per_s));
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{title}\nb*/l(b*): {bound} requests/s; no policy can exceed {oracle}\n");
        let cells = report.cells.iter().filter(|cell| cell.case == case.name);
        let _ = writeln!(text, "{}", table(report, cells));
    }
    let kinds: Vec<(&Shown, &ClassOutcome)> = report
        .cells
        .iter()
        .flat_map(|cell| cell.outcome.classes.iter().map(move |kind| (cell, kind)))
        .collect();
    if !kinds.is_empty() {
        let _ = writeln!(text, "{}", classes(&kinds));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn table<'a>(report: &Report, cells: impl Iterator<Item = &'a Shown>) -> Table {
    let rate = if report.searched() { "goodput/s" } else { "rate/s" };
    let mut table = Table::new(&[
        Column::Left("policy"),
        Column::Left("arrivals"),
        Column::Right(rate),
        Column::Right("of bound"),
        Column::Right("inside"),
        Column::Right("late"),
        Column::Right("refused"),
        Column::Right("p50 ms"),
        Column::Right("p99 ms"),
        Column::Right("mean batch"),
        Column::Right("busy"),
    ]);
    for cell in cells {
        let outcome = &cell.outcome;
        table.row([
            cell.policy.clone(),
            cell.arrivals.clone(),
            grouped(cell.rate_per_s),
            fraction(cell.of_bound),
            percent(outcome.inside),
            percent(outcome.late),
            percent(outcome.refused),
            milliseconds(outcome.p50_ns),
            milliseconds(outcome.p99_ns),
            grouped(outcome.rows_mean),
            percent(outcome.busy),
        ]);
    }
    table
}

fn classes(kinds: &[(&Shown, &ClassOutcome)]) -> Table {
    let mut table = Table::new(&[
        Column::Left("policy"),
        Column::Left("arrivals"),
        Column::Left("model"),
        Column::Right("class"),
        Column::Right("requests"),
        Column::Right("inside"),
        Column::Right("refused"),
        Column::Right("p99 ms"),
    ]);
    for (cell, kind) in kinds {
        table.row([
            cell.policy.clone(),
            cell.arrivals.clone(),
            kind.model.clone(),
            (kind.class + 1).to_string(),
            grouped(kind.requests as f64),
            percent(kind.inside),
            percent(kind.refused),
            milliseconds(kind.p99_ns),
        ]);
    }
    table
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn milliseconds(ns: u64) -> String {
    grouped(ns as f64 / 1e6)
}
