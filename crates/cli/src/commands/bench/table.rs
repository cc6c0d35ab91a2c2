use phalanx_measure::report::{BenchReport, COLUMNS, Column, Row, Table, cells, figure, thousands};

use crate::failure::Failure;
use crate::terminal;

const MIB: f64 = (1 << 20) as f64;

/// The widths that columns have from the first row on: rows are printed as they are measured.
const WIDTHS: [usize; COLUMNS.len()] = [12, 36, 4, 9, 11, 11, 11, 9, 9, 7, 8, 8, 9, 10, 10, 20, 12];

fn columns() -> Vec<(Column, usize)> {
    COLUMNS.into_iter().zip(WIDTHS).collect()
}

/// What was measured and on what, and the titles of the columns.
pub(super) fn heading(report: &BenchReport) -> String {
    let machine = &report.machine;
    let model = report.model.as_ref().map(|model| format!("{}, ", model.name));
    let backend = report
        .backend
        .as_ref()
        .map(|backend| format!("{} {} on {}, ", backend.name, backend.version, backend.device));
    let dims = report.options.iter().filter(|(name, _)| name.starts_with("dim "));
    let dims: String = dims.map(|(name, size)| format!(", {} {size}", &name[4..])).collect();
    let title = format!("{}{}{}", model.unwrap_or_default(), backend.unwrap_or_default(), machine.cpu);
    let titles = Table::titles(&columns());
    format!("{}\n{} CPUs{dims}\n\n{titles}", terminal::title(&title), machine.cpus)
}

/// A row.
pub(super) fn line(row: &Row) -> String {
    Table::line(&columns(), &cells(row))
}

/// What has to be said below the rows.
pub(super) fn remarks(report: &BenchReport) -> Result<(), Failure> {
    let mut text = String::new();
    let cost: Vec<&Row> = report.rows.iter().filter(|row| row.strategy == "null").collect();
    cost.iter().for_each(|row| text.push_str(&costs(row)));
    report.rows.iter().filter_map(growth).for_each(|line| text.push_str(&line));
    text.push('\n');
    report.notes().iter().for_each(|note| text.push_str(&format!("{note}\n")));
    terminal::data(&text)
}

fn costs(row: &Row) -> String {
    let allocations = match row.allocations_per_request {
        None => "allocations are not counted (a build with --features count-allocations does)".to_owned(),
        counted => format!(
            "{} allocations a request, of which {} are the callers' own",
            figure(counted),
            figure(row.allocations_per_request_callers)
        ),
    };
    let (callers, cpu) = (row.callers.unwrap_or(0), figure(row.cpu_us_per_request));
    format!("\nnull, {callers} callers: {cpu} µs of CPU a request, {allocations}\n")
}

fn growth(row: &Row) -> Option<String> {
    let ([early, late], [first, last]) = (row.resident_after_requests?, row.resident_bytes?);
    Some(format!(
        "\nsoak: {:.1} MiB resident after {} requests, {:.1} MiB after {}: {:+.1} MiB\n",
        first as f64 / MIB,
        thousands(early),
        last as f64 / MIB,
        thousands(late),
        row.resident_growth_bytes? as f64 / MIB,
    ))
}
