use phalanx_measure::report::{BenchReport, Column, Row, Table, grouped, thousands};

use crate::failure::Failure;
use crate::terminal;

const MIB: f64 = (1 << 20) as f64;

/// Prints a benchmark for people: figures on standard output, remarks below them.
pub(super) fn print(report: &BenchReport) -> Result<(), Failure> {
    let mut text = String::new();
    text.push_str(&heading(report));
    text.push_str(&figures(&report.rows).to_string());
    let cost: Vec<&Row> = report.rows.iter().filter(|row| row.strategy == "null").collect();
    cost.iter().for_each(|row| text.push_str(&costs(row)));
    report.rows.iter().filter_map(growth).for_each(|line| text.push_str(&line));
    text.push_str(&waiting(&report.rows));
    terminal::data(&text)
}

fn heading(report: &BenchReport) -> String {
    let machine = &report.machine;
    let model = report.model.as_ref().map(|model| format!("{}, ", model.name));
    let backend = report
        .backend
        .as_ref()
        .map(|backend| format!("{} {} on {}, ", backend.name, backend.version, backend.device));
    let dims = report.options.iter().filter(|(name, _)| name.starts_with("dim "));
    let dims: String = dims.map(|(name, size)| format!(", {} {size}", &name[4..])).collect();
    let title = format!("{}{}{}", model.unwrap_or_default(), backend.unwrap_or_default(), machine.cpu);
    format!("{}\n{} CPUs{dims}\n\n", terminal::title(&title), machine.cpus)
}

fn figures(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        Column::Left("strategy"),
        Column::Right("batch"),
        Column::Right("callers"),
        Column::Right("samples/s"),
        Column::Right("low"),
        Column::Right("high"),
        Column::Right("p50 µs"),
        Column::Right("p99 µs"),
        Column::Right("mean batch"),
        Column::Right("of raw, sizes formed"),
        Column::Right("of raw, best"),
    ]);
    for row in rows {
        table.row([
            row.strategy.to_owned(),
            row.batch.map_or_else(dash, |batch| batch.to_string()),
            row.callers.map_or_else(dash, |callers| callers.to_string()),
            figure(row.samples_per_s),
            figure(row.samples_per_s_low),
            figure(row.samples_per_s_high),
            figure(row.p50_us),
            figure(row.p99_us),
            figure(row.batch_mean),
            percent(row.of_raw_formed),
            percent(row.of_raw_best),
        ]);
    }
    table
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

/// What each strategy waited for, and what its interval is.
fn waiting(rows: &[Row]) -> String {
    let mut text = "\n".to_owned();
    let mut named: Vec<&str> = Vec::new();
    for row in rows {
        if !named.contains(&row.strategy) {
            named.push(row.strategy);
            text.push_str(&format!("{}: {}\n", row.strategy, row.waiting));
        }
    }
    if let Some((row, confidence)) = rows.iter().find_map(|row| Some((row, row.confidence?))) {
        text.push_str(&format!(
            "low and high: where the median of the {} windows lies with a confidence of {:.1} %\n",
            row.windows,
            100.0 * confidence
        ));
    }
    text
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(dash, grouped)
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(dash, |share| format!("{:.1} %", 100.0 * share))
}

fn dash() -> String {
    "-".to_owned()
}
