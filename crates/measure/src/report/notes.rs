use super::columns::{figure, percent};
use super::{BenchReport, Row, grouped};

impl BenchReport {
    /// What has to be said of the figures: what was waited for, what shares are of, and what could not be measured.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.rows.iter().filter_map(open_loop).collect();
        notes.extend(waiting(&self.rows));
        notes.extend(confidence(&self.rows));
        if self.rows.iter().any(|row| row.of_own.is_some()) {
            notes.push(
                "of own: of n times what the same strategy reached with the smallest n, for each of that"
                    .to_owned(),
            );
            notes.push(
                "of base: of what one lane that runs one row at a time, measured in turn with the row, would reach \
                 times the samples under way"
                    .to_owned(),
            );
        }
        if self.options.get("io").is_some_and(|io| io == "resident") {
            notes.push(
                "io resident: an engine copies the rows of its requests all the same, so that callers, dataset, \
                 batch-queue, lanes and policy start in host memory"
                    .to_owned(),
            );
        }
        notes.extend(self.ceiling());
        let skipped = self.skipped.iter();
        notes.extend(skipped.map(|skipped| {
            format!("not measured: {}, {}: {}", skipped.strategy, skipped.rows, skipped.reason)
        }));
        notes
    }

    fn ceiling(&self) -> Option<String> {
        let ceilings = self.ceilings.as_ref()?;
        let moved = ceilings.moved.iter().map(|moved| moved.bytes_per_s).fold(0.0, f64::max);
        Some(format!(
            "of FLOP/s and bytes/s: of the most that this device was seen to compute ({} GFLOP/s, {}) and to move (up \
             to {} GB/s)",
            grouped(ceilings.flop_per_s / 1e9),
            ceilings.flop_by,
            grouped(moved / 1e9)
        ))
    }
}

fn open_loop(row: &Row) -> Option<String> {
    row.offered_per_s?;
    let (offered, refused, late) = (figure(row.offered_per_s), percent(row.refused), percent(row.late));
    Some(format!("{}: {offered} offered a second, {refused} refused, {late} late", row.name()))
}

/// What each strategy waited for.
fn waiting(rows: &[Row]) -> Vec<String> {
    let mut named: Vec<(&str, &str)> = Vec::new();
    for rule in rows.iter().map(|row| (row.strategy, row.waiting)) {
        if !named.contains(&rule) {
            named.push(rule);
        }
    }
    named.iter().map(|(strategy, waiting)| format!("{strategy}: {waiting}")).collect()
}

fn confidence(rows: &[Row]) -> Option<String> {
    let (row, confidence) = rows.iter().find_map(|row| Some((row, row.confidence?)))?;
    Some(format!(
        "low and high: where the median of the {} windows lies with a confidence of {:.1} %",
        row.windows,
        100.0 * confidence
    ))
}
