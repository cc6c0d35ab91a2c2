use super::Row;

/// Fills in how much each row makes of what it has, beside what it would if doing n times as much took no longer: of its
/// own strategy at its smallest n, and of a baseline that all rows share.
///
/// Rows lie on one curve where they are of one strategy and rule, and share the parameters that do not grow with n.
pub fn fill_efficiency(rows: &mut [Row]) {
    let curve = |row: &Row| (row.strategy, row.parameters.fixed(), row.rule.to_string());
    let firsts: Vec<Option<(usize, f64)>> = rows
        .iter()
        .map(|row| {
            let same = rows.iter().filter(|other| curve(other) == curve(row));
            let rates =
                same.filter_map(|other| Some((other.n, other.samples_per_s.filter(|rate| *rate > 0.0)?)));
            rates.min_by_key(|&(n, _)| n)
        })
        .collect();
    for (row, first) in rows.iter_mut().zip(firsts) {
        let Some(rate) = row.samples_per_s else { continue };
        row.of_own = first
            .filter(|&(n, _)| n > 0 && row.n > 0)
            .map(|(n, least)| rate / (least * row.n as f64 / n as f64));
        let under_way = row.in_flight.map(|samples| samples as f64);
        row.of_baseline =
            under_way.zip(row.baseline_samples_per_s).map(|(samples, baseline)| rate / (samples * baseline));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Parameters;

    fn row(threads: usize, batch: usize, rate: f64) -> Row {
        Row {
            strategy: "threads",
            parameters: Parameters::default().scaled("threads", threads).with("batch", batch),
            n: threads,
            in_flight: Some(threads * batch),
            samples_per_s: Some(rate),
            baseline_samples_per_s: Some(50.0),
            ..Row::default()
        }
    }

    #[test]
    fn each_curve_has_its_own_beginning() {
        let mut rows = [row(1, 1, 100.0), row(4, 1, 200.0), row(2, 32, 800.0), row(4, 32, 800.0)];
        fill_efficiency(&mut rows);
        assert_eq!(rows.each_ref().map(|row| row.of_own), [Some(1.0), Some(0.5), Some(1.0), Some(0.5)]);
        assert_eq!(rows[1].of_baseline, Some(1.0));
        assert_eq!(rows[2].of_baseline, Some(800.0 / (64.0 * 50.0)));
    }
}
