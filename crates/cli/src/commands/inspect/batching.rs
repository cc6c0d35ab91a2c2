use phalanx_engine::Batching;
use phalanx_model::Model;
use phalanx_tensor::BatchAxis;
use serde::Serialize;

use super::verdict::Verdict;
use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::session;

/// Whether and why requests can share runs of the model.
#[derive(Debug, Serialize)]
pub(super) struct BatchingReport {
    /// `batched`, `fixed` or `unbatched`.
    pub(super) mode: &'static str,
    /// Rows of a run, where they are fixed.
    pub(super) rows: Option<usize>,
    /// Why.
    pub(super) reason: String,
    /// Whether rows were run alone and in a batch, and compared.
    pub(super) checked: bool,
}

impl BatchingReport {
    /// Builds an engine to have the rows checked, where a backend can run the model.
    pub(super) fn new(model: &Model, args: &InspectArgs, verdicts: &[Verdict]) -> Self {
        if !verdicts.iter().any(|verdict| verdict.runs) {
            let why = if args.quick { "--quick was given" } else { "no backend here can run the model" };
            return Self::declared(model, why);
        }
        let built = session::builder(&args.engine, model).and_then(|builder| Ok(builder.build()?));
        match built {
            Ok(engine) => Self::found(&engine.info().batching),
            Err(Failure::Failed { message, .. }) => {
                Self::declared(model, &format!("the model did not run: {message}"))
            }
            Err(_) => Self::declared(model, "the model did not run"),
        }
    }

    fn found(batching: &Batching) -> Self {
        match batching {
            Batching::Batched => Self {
                mode: "batched",
                rows: None,
                reason:
                    "axis 0 is open in every input and output, and a row alone gives what it gives in a batch"
                        .to_owned(),
                checked: true,
            },
            Batching::Fixed(rows) => Self {
                mode: "fixed",
                rows: Some(*rows),
                reason: format!(
                    "axis 0 is {rows} in every input and output, and a row gives the same whatever the others are; \
                     fewer rows are padded"
                ),
                checked: true,
            },
            Batching::Unbatched { reason } => {
                Self { mode: "unbatched", rows: None, reason: reason.clone(), checked: true }
            }
        }
    }

    fn declared(model: &Model, unchecked: &str) -> Self {
        let unchecked = format!("whether rows are independent was not checked, since {unchecked}");
        match model.signature().batch_axis() {
            BatchAxis::Dynamic => Self {
                mode: "batched",
                rows: None,
                reason: format!("axis 0 is open in every input and output; {unchecked}"),
                checked: false,
            },
            BatchAxis::Fixed(rows) => Self {
                mode: "fixed",
                rows: Some(rows),
                reason: format!("axis 0 is {rows} in every input and output; {unchecked}"),
                checked: false,
            },
            BatchAxis::None(reason) => Self { mode: "unbatched", rows: None, reason, checked: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_model::samples;

    #[test]
    fn what_the_file_declares_is_said_to_be_unchecked() {
        let report = BatchingReport::declared(&samples::tiny(), "of a reason");
        assert!(!report.checked && report.reason.contains("not checked, since of a reason"), "{report:?}");
        assert_eq!(report.mode, "batched");
        let report = BatchingReport::declared(&samples::no_batch_axis(), "of a reason");
        assert_eq!(report.mode, "unbatched");
    }

    #[test]
    fn what_an_engine_found_is_said_to_be_checked() {
        let report = BatchingReport::found(&Batching::Fixed(4));
        assert_eq!((report.mode, report.rows, report.checked), ("fixed", Some(4), true));
    }
}
