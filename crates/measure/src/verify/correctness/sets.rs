use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Precision, Program};
use phalanx_tensor::Tensor;

use super::extremes::extremes;
use super::judge::{Judge, Miss, Row};
use super::rig::Rig;
use crate::verify::Setup;
use crate::{MeasureError, Samples};

/// Rows that are run together to see whether they depend on each other.
const ROWS_TOGETHER: usize = 4;

/// Inputs with the answers that they must have.
pub(super) struct Set {
    /// `random`, `file`, or the name of an extreme.
    pub(super) name: &'static str,
    pub(super) seed: Option<u64>,
    pub(super) samples: Samples,
    answers: Vec<Row>,
}

/// All inputs that are used, answered by one program.
pub(super) struct Sets {
    pub(super) ordinary: Set,
    pub(super) extremes: Vec<Set>,
    /// Why rows that share a batch are answered otherwise, where that lies in the model.
    dependent: Option<String>,
}

impl Set {
    /// Has each sample answered in a batch of its own, for about as long as `budget` allows, at least one.
    fn answer(
        rig: &mut Rig,
        setup: &Setup,
        name: &'static str,
        samples: &Samples,
        budget: Duration,
    ) -> Result<Self, MeasureError> {
        let end = Instant::now() + budget;
        let mut answers = Vec::new();
        while answers.len() < samples.len() && (answers.is_empty() || Instant::now() < end) {
            answers.push(rig.alone(samples.get(answers.len()))?);
        }
        let seed = setup.draw.as_ref().map(|draw| draw.seed);
        Ok(Self { name, seed, samples: samples.first(answers.len()), answers })
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// A sample's inputs, counted round and round.
    pub(super) fn inputs(&self, sample: usize) -> &[Tensor] {
        self.samples.get(sample)
    }

    /// What a sample must be answered with, counted round and round.
    pub(super) fn answer_to(&self, sample: usize) -> &[Vec<u8>] {
        &self.answers[sample % self.answers.len()]
    }
}

impl Sets {
    /// Ordinary and extreme inputs, answered by `program`.
    pub(super) fn of(
        program: Arc<dyn Program>,
        setup: &Setup,
        precision: Precision,
        budget: Duration,
    ) -> Result<Self, MeasureError> {
        let mut rig = Rig::open(program, &setup.samples)?;
        let name = if setup.draw.is_some() { "random" } else { "file" };
        let ordinary = Set::answer(&mut rig, setup, name, &setup.samples, budget)?;
        let extremes = extremes(setup)?
            .into_iter()
            .map(|(name, samples)| Set::answer(&mut rig, setup, name, &samples, budget))
            .collect::<Result<_, _>>()?;
        let dependent = dependence(&mut rig, &ordinary, precision)?;
        Ok(Self { ordinary, extremes, dependent })
    }

    /// Why rows cannot share a batch; `None` where they can.
    pub(super) fn apart(&self) -> Option<String> {
        if !self.ordinary.samples.batched() {
            return Some("the model has no batch axis".to_owned());
        }
        self.dependent.as_ref().map(|why| format!("rows of this model depend on each other: {why}"))
    }
}

/// Why rows are answered otherwise together than alone; `None` where they are not.
fn dependence(rig: &mut Rig, set: &Set, precision: Precision) -> Result<Option<String>, MeasureError> {
    let rows = rig.sizes().last().map_or(1, |&largest| largest.min(ROWS_TOGETHER));
    if rows < 2 {
        return Ok(None);
    }
    let inputs: Vec<&[Tensor]> = (0..rows).map(|sample| set.inputs(sample)).collect();
    let together = rig.together(&inputs)?;
    let mut judge = Judge::new(rig.program().signature(), precision, None).for_extremes();
    for (sample, row) in together.iter().enumerate() {
        if let Err(miss) = judge.row(set.answer_to(sample), row) {
            let why = match miss {
                Miss::Element { output, .. } => format!("output {output:?} of a row differs inside a batch"),
                Miss::Whole { what } => what,
            };
            return Ok(Some(why));
        }
    }
    Ok(None)
}
