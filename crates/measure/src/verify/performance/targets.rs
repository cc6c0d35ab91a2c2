use super::Figures;
use crate::report::grouped;
use crate::stats::median;
use crate::verify::finding::Finding;

/// The rate that callers reach, against the one they have to.
pub(super) fn throughput(figures: &Figures, wanted: Option<f64>) -> Finding {
    let Some(wanted) = wanted else { return Finding::skipped("no --min-throughput was given") };
    let got = median(&figures.samples_per_s).unwrap_or(0.0);
    let says = format!("{} samples/s, expected at least {}", grouped(got), grouped(wanted));
    if got >= wanted { Finding::passed(says) } else { Finding::failed(says) }
}

/// The time that 99 % of the answers take, against the one they may.
pub(super) fn p99(figures: &Figures, wanted: Option<f64>) -> Finding {
    let Some(wanted) = wanted else { return Finding::skipped("no --max-p99 was given") };
    let got = median(&figures.p99_ms).unwrap_or(f64::INFINITY);
    let says = format!("{} ms, expected at most {}", grouped(got), grouped(wanted));
    if got <= wanted { Finding::passed(says) } else { Finding::failed(says) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_met_or_not_or_not_there() {
        let figures =
            Figures { samples_per_s: vec![90.0, 100.0, 500.0], p99_ms: vec![2.0], ..Figures::default() };
        let names = [
            throughput(&figures, Some(100.0)),
            throughput(&figures, Some(101.0)),
            throughput(&figures, None),
        ]
        .map(|finding| finding.outcome.name());
        assert_eq!(names, ["passed", "failed", "skipped"]);
        let names = [p99(&figures, Some(2.0)), p99(&figures, Some(1.9)), p99(&figures, None)]
            .map(|finding| finding.outcome.name());
        assert_eq!(names, ["passed", "failed", "skipped"]);
        assert_eq!(p99(&Figures::default(), Some(1.0)).outcome.name(), "failed");
    }
}
