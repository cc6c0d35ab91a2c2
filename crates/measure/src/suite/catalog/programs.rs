use std::sync::Arc;

use phalanx_backend::{Optimize, Precision, PrepareOptions};

use super::BATCH;
use crate::strategy::{Crew, Direct, Parameters, Strategy};
use crate::suite::{Group, Subject};

/// One lane, in each precision. Where a backend or device has none of it, that is said.
pub(in crate::suite) fn precision(subject: &Subject) -> Vec<Group<'_>> {
    let group = |precision: Precision| {
        let options = PrepareOptions { precision, ..subject.options.clone() };
        one(subject, "precision", ("precision", precision.to_string()), options)
    };
    [Precision::Fp32, Precision::Fp16].map(group).into()
}

/// One lane, the model as exported and as the runtime rewrites it.
pub(in crate::suite) fn optimize(subject: &Subject) -> Vec<Group<'_>> {
    let group = |optimize: Optimize| {
        let options = PrepareOptions { optimize, ..subject.options.clone() };
        one(subject, "optimize", ("optimize", optimize.to_string()), options)
    };
    [Optimize::None, Optimize::Full].map(group).into()
}

fn one<'a>(
    subject: &'a Subject,
    strategy: &'static str,
    (name, value): (&'static str, String),
    options: PrepareOptions,
) -> Group<'a> {
    let sizes = subject.fitting(&[1, BATCH]);
    Group::new(strategy, format!("{name} {value}"), sizes.len(), move || {
        let program = subject.prepare(&options)?;
        let answers = Arc::new(subject.answers.in_precision(options.precision));
        let crew = Crew::open(&[program], 1, &subject.samples, &answers)?;
        let row = |&rows: &usize| -> Box<dyn Strategy + 'a> {
            let parameters = Parameters::default().with(name, &value).with("batch", rows);
            Box::new(Direct::new(&crew, subject.order(strategy, rows), 1, parameters))
        };
        Ok(sizes.iter().map(row).collect())
    })
}
