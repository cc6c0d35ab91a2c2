use phalanx_measure::report::{BenchReport, Column, Row, Table, grouped, thousands};

use crate::failure::Failure;
use crate::terminal;

const MIB: f64 = (1 << 20) as f64;

/// The columns, and the widths that they have from the first row on: rows are printed as they are measured.
const COLUMNS: [(Column, usize); 17] = [
    (Column::Left("strategy"), 12),
    (Column::Left("parameters"), 36),
    (Column::Right("n"), 4),
    (Column::Left("wait"), 9),
    (Column::Right("samples/s"), 11),
    (Column::Right("low"), 11),
    (Column::Right("high"), 11),
    (Column::Right("p50 µs"), 9),
    (Column::Right("p99 µs"), 9),
    (Column::Right("MiB"), 7),
    (Column::Right("of own"), 8),
    (Column::Right("of base"), 8),
    (Column::Right("of FLOP/s"), 9),
    (Column::Right("of bytes/s"), 10),
    (Column::Right("mean batch"), 10),
    (Column::Right("of raw, sizes formed"), 20),
    (Column::Right("of raw, best"), 12),
];

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
    let titles = Table::titles(&COLUMNS);
    format!("{}\n{} CPUs{dims}\n\n{titles}", terminal::title(&title), machine.cpus)
}

/// A row.
pub(super) fn line(row: &Row) -> String {
    let known = row.parameters.to_string();
    let parameters = match (row.batch, row.callers) {
        _ if !known.is_empty() => known,
        (Some(batch), _) => format!("batch {batch}"),
        (None, Some(callers)) => format!("callers {callers}"),
        (None, None) => String::new(),
    };
    let cells = [
        row.strategy.to_owned(),
        parameters,
        row.n.to_string(),
        row.rule.to_string(),
        figure(row.samples_per_s),
        figure(row.samples_per_s_low),
        figure(row.samples_per_s_high),
        figure(row.p50_us),
        figure(row.p99_us),
        row.memory_bytes_max.map_or_else(dash, |bytes| grouped(bytes as f64 / MIB)),
        percent(row.of_own),
        percent(row.of_baseline),
        percent(row.of_flop_ceiling),
        percent(row.of_bytes_ceiling),
        figure(row.batch_mean),
        percent(row.of_raw_formed),
        percent(row.of_raw_best),
    ];
    Table::line(&COLUMNS, &cells)
}

/// What has to be said below the rows.
pub(super) fn remarks(report: &BenchReport) -> Result<(), Failure> {
    let mut text = String::new();
    let cost: Vec<&Row> = report.rows.iter().filter(|row| row.strategy == "null").collect();
    cost.iter().for_each(|row| text.push_str(&costs(row)));
    report.rows.iter().filter_map(growth).for_each(|line| text.push_str(&line));
    report.rows.iter().filter_map(open_loop).for_each(|line| text.push_str(&line));
    text.push_str(&waiting(&report.rows));
    text.push_str(&shares(report));
    for skipped in &report.skipped {
        text.push_str(&format!("not measured: {}, {}: {}\n", skipped.strategy, skipped.rows, skipped.reason));
    }
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

fn open_loop(row: &Row) -> Option<String> {
    let (offered, refused, late) = (figure(row.offered_per_s), percent(row.refused), percent(row.late));
    row.offered_per_s?;
    Some(format!("{}: {offered} offered a second, {refused} refused, {late} late\n", row.name()))
}

/// What each strategy waited for, and what its interval is.
fn waiting(rows: &[Row]) -> String {
    let mut text = "\n".to_owned();
    let mut named: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        let rule = (row.strategy, row.waiting);
        if !named.contains(&rule) {
            named.push(rule);
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

/// What the shares are of.
fn shares(report: &BenchReport) -> String {
    let mut text = String::new();
    if report.rows.iter().any(|row| row.of_own.is_some()) {
        text.push_str(
            "of own: of n times what the same strategy reached with the smallest n, for each of that\n\
             of base: of what one lane that runs one row at a time, measured in turn with the row, would reach times \
             the samples under way\n",
        );
    }
    if let Some(ceilings) = &report.ceilings {
        let moved = ceilings.moved.iter().map(|moved| moved.bytes_per_s).fold(0.0, f64::max);
        text.push_str(&format!(
            "of FLOP/s and bytes/s: of the most that this device was seen to compute ({} GFLOP/s, {}) and to move (up \
             to {} GB/s)\n",
            grouped(ceilings.flop_per_s / 1e9),
            ceilings.flop_by,
            grouped(moved / 1e9)
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
