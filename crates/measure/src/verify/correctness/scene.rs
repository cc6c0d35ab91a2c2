use std::time::Duration;

use phalanx_backend::Precision;
use phalanx_engine::EngineInfo;
use phalanx_tensor::Signature;

use super::judge::{Judge, Miss, Row};
use super::sets::Set;
use crate::verify::Location;
use crate::verify::finding::Finding;

/// What all checks of one candidate have in common.
pub(super) struct Scene<'a> {
    pub(super) backend: &'static str,
    pub(super) device: String,
    pub(super) signature: &'a Signature,
    pub(super) precision: Precision,
    /// Instead of what the precision suggests.
    pub(super) tolerance: Option<f64>,
    /// How long one check may take.
    pub(super) budget: Duration,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        info: &EngineInfo,
        signature: &'a Signature,
        tolerance: Option<f64>,
        budget: Duration,
    ) -> Self {
        let (backend, device, precision) = (info.backend, info.device.to_string(), info.precision);
        Self { backend, device, signature, precision, tolerance, budget }
    }

    pub(super) fn judge(&self) -> Judge {
        Judge::new(self.signature, self.precision, self.tolerance)
    }

    /// Compares one answer: sample `sample` of `set`, at `position` of a batch of `batch` rows.
    pub(super) fn compare(
        &self,
        judge: &mut Judge,
        set: &Set,
        sample: usize,
        (position, batch): (usize, usize),
        got: &Row,
    ) -> Result<(), Finding> {
        let miss = match judge.row(set.answer_to(sample), got) {
            Ok(()) => return Ok(()),
            Err(miss) => miss,
        };
        let sample = sample % set.len();
        Err(match miss {
            Miss::Element { output, element, expected, got } => Finding::wrong(Location {
                backend: self.backend.to_owned(),
                device: self.device.clone(),
                input: set.name.to_owned(),
                seed: set.seed,
                sample,
                batch,
                position,
                output,
                element,
                expected,
                got,
            }),
            Miss::Whole { what } => Finding::failed(format!(
                "{} on {}, sample {sample}, batch of {batch}, position {position}: {what}",
                self.backend, self.device
            )),
        })
    }

    /// What follows from a judge that missed nothing: whether the differences are small on average too.
    pub(super) fn verdict(judge: &Judge, detail: impl Into<String>) -> Finding {
        let finding = match judge.mean_miss() {
            Some(what) => Finding::failed(what),
            None => Finding::passed(detail),
        };
        finding.with("error_max", judge.worst()).with("error_mean_relative", judge.mean())
    }
}
