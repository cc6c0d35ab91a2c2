use super::chart::{Chart, SERIES_MAX, Series};
use crate::report::Row;

/// The rows of one strategy, rule and fixed parameters, by their n.
struct Curve<'a> {
    name: String,
    strategy: &'a str,
    rows: Vec<&'a Row>,
}

/// The charts of all rows: one of the strategies beside each other, then each with all its curves.
pub(super) fn charts(rows: &[Row]) -> Vec<Chart> {
    let curves = curves(rows);
    let mut strategies: Vec<&str> = curves.iter().map(|curve| curve.strategy).collect();
    strategies.dedup();
    let grows = |curve: &&Curve<'_>| curve.rows.len() > 1;
    let first = |strategy: &&str| curves.iter().filter(grows).find(|curve| curve.strategy == *strategy);
    let overview: Vec<&Curve<'_>> = strategies.iter().filter_map(first).take(SERIES_MAX).collect();
    let mut charts = three("strategies beside each other, the first curve of each", &overview);
    for strategy in strategies {
        let own: Vec<&Curve<'_>> = curves.iter().filter(|curve| curve.strategy == strategy).collect();
        for part in own.chunks(SERIES_MAX) {
            charts.extend(three(strategy, part));
        }
    }
    charts
}

fn curves(rows: &[Row]) -> Vec<Curve<'_>> {
    let mut curves: Vec<Curve<'_>> = Vec::new();
    for row in rows.iter().filter(|row| row.n > 0 && row.samples_per_s.is_some()) {
        let name = name(row);
        match curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.rows.push(row),
            None => curves.push(Curve { name, strategy: row.strategy, rows: vec![row] }),
        }
    }
    curves.iter_mut().for_each(|curve| curve.rows.sort_by_key(|row| row.n));
    curves
}

fn name(row: &Row) -> String {
    let fixed = row.parameters.fixed();
    let rule = if row.rule.batches() > 1 { format!(", one wait {}", row.rule) } else { String::new() };
    if fixed.is_empty() {
        format!("{}{rule}", row.strategy)
    } else {
        format!("{}: {fixed}{rule}", row.strategy)
    }
}

/// Throughput and efficiency against n, and latency against throughput.
fn three(about: &str, curves: &[&Curve<'_>]) -> Vec<Chart> {
    let series = |point: &dyn Fn(&Row) -> Option<(f64, f64)>, is_curve: bool| -> Vec<Series> {
        let of = |curve: &&Curve<'_>| {
            let points = curve.rows.iter().filter_map(|row| point(row));
            Series { name: curve.name.clone(), points: points.collect(), is_curve }
        };
        curves.iter().map(of).collect()
    };
    let chart = |what: &str, x, y, is_share, series| Chart {
        title: format!("{what}: {about}"),
        x,
        y,
        is_share,
        series,
    };
    let n = |row: &Row| row.n as f64;
    vec![
        chart(
            "Throughput against N",
            "N",
            "samples/s",
            false,
            series(&|row| Some((n(row), row.samples_per_s?)), true),
        ),
        chart(
            "Efficiency against N",
            "N",
            "of N times N = 1",
            true,
            series(&|row| Some((n(row), row.of_own?)), true),
        ),
        chart(
            "Latency against throughput",
            "samples/s",
            "p50, µs",
            false,
            series(&|row| Some((row.samples_per_s?, row.p50_us?)), false),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Parameters;

    fn row(strategy: &'static str, n: usize, batch: usize) -> Row {
        Row {
            strategy,
            parameters: Parameters::default().scaled("threads", n).with("batch", batch),
            n,
            samples_per_s: Some(100.0 * n as f64),
            of_own: Some(1.0),
            p50_us: Some(10.0),
            ..Row::default()
        }
    }

    #[test]
    fn rows_of_one_curve_are_joined_in_the_order_of_n() {
        let rows = [row("threads", 4, 1), row("threads", 1, 1), row("threads", 1, 32), row("lanes", 2, 1)];
        let charts = charts(&rows);
        let own: Vec<&Chart> = charts.iter().filter(|chart| chart.title.ends_with(": threads")).collect();
        assert_eq!(own.len(), 3);
        let names: Vec<&str> = own[0].series.iter().map(|series| &*series.name).collect();
        assert_eq!(names, ["threads: batch 1", "threads: batch 32"]);
        assert_eq!(own[0].series[0].points, [(1.0, 100.0), (4.0, 400.0)]);
        // A single point is no curve to be laid beside others.
        assert_eq!(charts[0].series.len(), 1);
    }
}
