use super::{Column, Row, grouped};

const MIB: f64 = (1 << 20) as f64;

/// What a table of rows shows.
pub const COLUMNS: [Column; 17] = [
    Column::Left("strategy"),
    Column::Left("parameters"),
    Column::Right("n"),
    Column::Left("wait"),
    Column::Right("samples/s"),
    Column::Right("low"),
    Column::Right("high"),
    Column::Right("p50 µs"),
    Column::Right("p99 µs"),
    Column::Right("MiB"),
    Column::Right("of own"),
    Column::Right("of base"),
    Column::Right("of FLOP/s"),
    Column::Right("of bytes/s"),
    Column::Right("mean batch"),
    Column::Right("of raw, sizes formed"),
    Column::Right("of raw, best"),
];

/// A row, column by column.
#[must_use]
pub fn cells(row: &Row) -> [String; COLUMNS.len()] {
    [
        row.strategy.to_owned(),
        parameters(row),
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
    ]
}

fn parameters(row: &Row) -> String {
    let known = row.parameters.to_string();
    match (row.batch, row.callers) {
        _ if !known.is_empty() => known,
        (Some(batch), _) => format!("batch {batch}"),
        (None, Some(callers)) => format!("callers {callers}"),
        (None, None) => String::new(),
    }
}

/// A figure, or a dash where there is none.
#[must_use]
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(dash, grouped)
}

/// A share in percent, or a dash.
#[must_use]
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(dash, |share| format!("{:.1} %", 100.0 * share))
}

fn dash() -> String {
    "-".to_owned()
}
