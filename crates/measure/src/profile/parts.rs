use std::collections::BTreeMap;

use phalanx_engine::Stage;
use serde::Serialize;

use super::Noted;
use crate::stats::{median, quantile};

/// What a batch spends its time on, one after the other, but for gathering, which goes on while the batch before runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Copying its rows into the slot, and making that ready.
    Gather,
    /// Handing it to the device.
    Submit,
    /// The computation; on a device that works by itself also the wait for its end.
    Compute,
    /// From its end until somebody hands out its rows.
    Wait,
    /// Handing out its rows.
    Scatter,
}

impl Part {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gather => "gather",
            Self::Submit => "submit",
            Self::Compute => "compute",
            Self::Wait => "wait",
            Self::Scatter => "scatter",
        }
    }
}

/// The time of one part over all batches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parts {
    /// Which part.
    pub part: Part,
    /// Its median, in microseconds.
    pub p50_us: f64,
    /// What one in a hundred exceeds.
    pub p99_us: f64,
    /// Its share of the mean time of a batch.
    pub share: f64,
}

/// What is known of one batch.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    gather_ns: u64,
    sealed_ns: Option<u64>,
    submit_ns: u64,
    run: Option<(u64, u64)>,
    scatter: Option<(u64, u64)>,
}

/// The parts of all batches that were traced from their submission to their answers.
#[must_use]
pub fn parts(spans: &[Noted]) -> Vec<Parts> {
    let mut batches: BTreeMap<u64, Batch> = BTreeMap::new();
    for Noted { span, .. } in spans {
        let batch = batches.entry(span.batch).or_default();
        let took_ns = span.end_ns.saturating_sub(span.begin_ns);
        match span.stage {
            Stage::Gather => batch.gather_ns += took_ns,
            Stage::Seal => {
                batch.gather_ns += took_ns;
                batch.sealed_ns = Some(span.end_ns);
            }
            Stage::Submit => batch.submit_ns += took_ns,
            Stage::Run => batch.run = Some((span.begin_ns, span.end_ns)),
            Stage::Scatter => batch.scatter = Some((span.begin_ns, span.end_ns)),
        }
    }
    let complete: Vec<[(Part, f64); 5]> = batches.values().filter_map(Batch::parts).collect();
    let total: f64 = complete.iter().flatten().map(|(_, us)| us).sum();
    let part = |index: usize| {
        let mut times: Vec<f64> = complete.iter().map(|parts| parts[index].1).collect();
        times.sort_by(f64::total_cmp);
        Some(Parts {
            part: complete.first()?[index].0,
            p50_us: median(&times)?,
            p99_us: quantile(&times, 0.99)?,
            share: times.iter().sum::<f64>() / total.max(f64::MIN_POSITIVE),
        })
    };
    (0..5).filter_map(part).collect()
}

impl Batch {
    fn parts(&self) -> Option<[(Part, f64); 5]> {
        let ((run_begin, run_end), (scatter_begin, scatter_end)) = self.run.zip(self.scatter)?;
        let us = |ns: u64| ns as f64 / 1e3;
        // Of a blocking lane the way from the sealed slot to the run, of another the call that hands it over.
        let handed_ns = self.sealed_ns.map_or(0, |sealed| run_begin.saturating_sub(sealed));
        Some([
            (Part::Gather, us(self.gather_ns)),
            (Part::Submit, us(handed_ns + self.submit_ns)),
            (Part::Compute, us(run_end.saturating_sub(run_begin).saturating_sub(self.submit_ns))),
            (Part::Wait, us(scatter_begin.saturating_sub(run_end))),
            (Part::Scatter, us(scatter_end.saturating_sub(scatter_begin))),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_engine::Span;

    fn noted(stage: Stage, begin_ns: u64, end_ns: u64) -> Noted {
        let span = Span { batch: 1, stage, lane: Some(0), rows: 4, begin_ns, end_ns };
        Noted { span, thread: "lane".to_owned() }
    }

    #[test]
    fn the_parts_of_a_batch_add_up() {
        let spans = [
            noted(Stage::Gather, 0, 1000),
            noted(Stage::Gather, 500, 2500),
            noted(Stage::Seal, 3000, 4000),
            noted(Stage::Submit, 6000, 9000),
            noted(Stage::Run, 6000, 26_000),
            noted(Stage::Scatter, 30_000, 31_000),
        ];
        let parts = parts(&spans);
        let times: Vec<(&str, f64)> = parts.iter().map(|parts| (parts.part.name(), parts.p50_us)).collect();
        let expected = [("gather", 4.0), ("submit", 5.0), ("compute", 17.0), ("wait", 4.0), ("scatter", 1.0)];
        assert_eq!(times, expected);
        assert!((parts.iter().map(|parts| parts.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_batch_that_is_still_under_way_is_left_out() {
        assert!(parts(&[noted(Stage::Run, 0, 5)]).is_empty());
    }
}
