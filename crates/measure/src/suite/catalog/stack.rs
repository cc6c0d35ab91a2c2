use std::sync::Arc;

use phalanx_backend::{BackendError, Optimize, Precision};

use crate::MeasureError;
use crate::strategy::{Crew, Direct, Order, Parameters};
use crate::suite::{Group, Subject};

use super::Rows;

/// What the seeds put on top of each other, in their order.
const STEPS: [&str; 4] = ["batch", "depth", "precision", "optimize"];

/// Threads and rows before and after the first step, and the batches under way after the second.
const NAIVE: (usize, usize) = (8, 1);
const BATCHED: (usize, usize) = (2, 32);
const DEPTH: usize = 8;

/// Which of the steps are taken.
type Taken = [bool; STEPS.len()];

/// The naive way, each step added to those before, and each left out of all.
pub(in crate::suite) fn stack(subject: &Subject) -> Vec<Group<'_>> {
    let added = (0..=STEPS.len()).map(|count| {
        let name = count.checked_sub(1).map_or("naive".to_owned(), |last| format!("+{}", STEPS[last]));
        (name, std::array::from_fn(|step| step < count))
    });
    let left_out = (0..STEPS.len()).map(|out| {
        let name = format!("all -{}", STEPS[out]);
        (name, std::array::from_fn(|step| step != out))
    });
    added.chain(left_out).map(|(name, taken)| group(subject, name, taken)).collect()
}

fn group(subject: &Subject, name: String, taken: Taken) -> Group<'_> {
    let [is_batched, is_deep, is_half, is_optimized] = taken;
    let is_last = name == format!("+{}", STEPS[2]);
    Group::new("stack", name.clone(), 1, move || -> Result<Rows<'_>, MeasureError> {
        let mut options = subject.single_threaded();
        options.precision = if is_half { Precision::Fp16 } else { Precision::Fp32 };
        options.optimize = if is_optimized { Optimize::Full } else { Optimize::None };
        let (threads, rows) = if is_batched { BATCHED } else { NAIVE };
        let rows = subject.fitting(&[rows]).first().copied().unwrap_or(1);
        let program = match subject.prepare(&options) {
            // Where there is no half precision, what else the stack brings is measured without it.
            Err(MeasureError::Backend(BackendError::UnsupportedOption { .. })) if is_half && !is_last => {
                options.precision = Precision::Fp32;
                subject.prepare(&options)?
            }
            prepared => prepared?,
        };
        let answers = Arc::new(subject.answers.in_precision(options.precision));
        let crew = Crew::open(&[program], threads, &subject.samples, &answers)?;
        let order = Order { depth: if is_deep { DEPTH } else { 1 }, ..subject.order("stack", rows) };
        let parameters = Parameters::default().with("step", name).with("precision", options.precision);
        Ok(vec![Box::new(Direct::new(&crew, order, 1, parameters))])
    })
}
