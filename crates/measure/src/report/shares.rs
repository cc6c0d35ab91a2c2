use std::collections::BTreeMap;

use super::Row;

/// Fills in each row's share of what `raw` reached beside it: at the batch sizes the row formed, and at its best.
///
/// The time of a batch whose size was not measured lies on the line between its neighbours; beyond the largest
/// measured size it grows in proportion, below the smallest it is that one's.
pub fn fill_shares(rows: &mut [Row]) {
    let rate = |row: &Row| Some((row.batch?, row.samples_per_s?)).filter(|&(_, rate)| rate > 0.0);
    let raw: BTreeMap<usize, f64> =
        rows.iter().filter(|row| row.strategy == "raw").filter_map(rate).collect();
    let Some(best) = raw.values().copied().reduce(f64::max) else { return };
    for row in rows.iter_mut().filter(|row| row.strategy != "raw") {
        row.of_raw_best = row.samples_per_s.map(|rate| rate / best);
        row.of_raw_formed =
            ceiling(&raw, &row.batch_sizes).and_then(|ceiling| Some(row.samples_per_s? / ceiling));
    }
}

/// What one lane would reach in a loop over batches of these sizes.
fn ceiling(raw: &BTreeMap<usize, f64>, batch_sizes: &BTreeMap<usize, u64>) -> Option<f64> {
    let mut rows = 0.0;
    let mut seconds = 0.0;
    for (&size, &count) in batch_sizes {
        rows += size as f64 * count as f64;
        seconds += batch_seconds(raw, size)? * count as f64;
    }
    (seconds > 0.0).then(|| rows / seconds)
}

fn batch_seconds(raw: &BTreeMap<usize, f64>, size: usize) -> Option<f64> {
    let seconds = |(&rows, rate): (&usize, &f64)| (rows as f64, rows as f64 / rate);
    let below = raw.range(..=size).next_back().map(seconds);
    let above = raw.range(size..).next().map(seconds);
    match (below, above) {
        (Some((low, low_s)), Some((high, high_s))) if high > low => {
            Some(low_s + (high_s - low_s) * (size as f64 - low) / (high - low))
        }
        (Some((rows, seconds)), None) => Some(seconds * size as f64 / rows),
        (_, Some((_, seconds))) => Some(seconds),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(strategy: &'static str, batch: Option<usize>, rate: f64, sizes: &[(usize, u64)]) -> Row {
        let batch_sizes = sizes.iter().copied().collect();
        Row { strategy, batch, samples_per_s: Some(rate), batch_sizes, ..Row::default() }
    }

    #[test]
    fn shares_are_of_the_sizes_formed_and_of_the_best() {
        // One row takes 1 s, three take 2 s: two lie at 1.5 s.
        let mut rows = [
            row("raw", Some(1), 1.0, &[(1, 1)]),
            row("raw", Some(3), 1.5, &[(3, 1)]),
            row("callers", None, 1.2, &[(2, 7)]),
            row("callers", None, 1.0, &[(1, 1), (3, 1)]),
            row("callers", None, 0.75, &[(6, 1)]),
        ];
        fill_shares(&mut rows);
        let near = |got: Option<f64>, wanted: f64| (got.unwrap() - wanted).abs() < 1e-9;
        assert!(near(rows[2].of_raw_formed, 1.2 / (2.0 / 1.5)), "{:?}", rows[2]);
        assert!(near(rows[2].of_raw_best, 0.8), "{:?}", rows[2]);
        assert!(near(rows[3].of_raw_formed, 1.0 / (4.0 / 3.0)), "{:?}", rows[3]);
        assert!(near(rows[4].of_raw_formed, 0.5), "{:?}", rows[4]);
        assert_eq!(rows[0].of_raw_best, None);
    }

    #[test]
    fn without_raw_there_is_nothing_to_share() {
        let mut rows = [row("callers", None, 1.0, &[(1, 1)])];
        fill_shares(&mut rows);
        assert_eq!((rows[0].of_raw_formed, rows[0].of_raw_best), (None, None));
    }
}
