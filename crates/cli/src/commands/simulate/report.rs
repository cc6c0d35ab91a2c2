use phalanx_simulate::{Outcome, bound_per_s, oracle_per_s};
use serde::Serialize;

use super::question::{Answer, Question};

/// What was simulated, for programs.
#[derive(Serialize)]
pub(super) struct Report {
    phalanx: &'static str,
    pub(super) cases: Vec<Case>,
    pub(super) policies: Vec<String>,
    pub(super) arrivals: Vec<String>,
    devices: usize,
    depth: usize,
    max_batch: usize,
    noise: f64,
    requests: u32,
    seeds: u32,
    seed: u64,
    share_min: f64,
    /// Policy by policy, of each case by case, of each by the ways of arriving.
    pub(super) cells: Vec<Shown>,
    #[serde(skip)]
    pub(super) simulated: u64,
}

/// Devices with what they serve.
#[derive(Serialize)]
pub(super) struct Case {
    pub(super) name: String,
    /// b*/l(b*), in requests a second.
    pub(super) bound_per_s: f64,
    /// What no policy can exceed.
    pub(super) oracle_per_s: f64,
}

/// One simulation.
#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) policy: String,
    pub(super) case: String,
    pub(super) arrivals: String,
    /// Requests a second: the goodput, or the rate that was given.
    pub(super) rate_per_s: f64,
    /// It as a fraction of the bound; none where the rate was given.
    pub(super) of_bound: Option<f64>,
    pub(super) of_oracle: Option<f64>,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

impl Report {
    pub(super) fn new(question: &Question<'_>, answers: Vec<Answer>) -> Self {
        let args = question.args;
        let mut simulated = 0;
        let cells: Vec<Shown> = question
            .cells()
            .into_iter()
            .zip(answers)
            .map(|(cell, answer)| {
                let (rate_per_s, of_bound, of_oracle, outcome) = match answer {
                    Answer::Goodput(found) => {
                        simulated += found.simulated;
                        (found.per_s, Some(found.of_bound), Some(found.of_oracle), found.outcome)
                    }
                    Answer::At(outcome) => {
                        simulated += outcome.requests;
                        (args.rate.unwrap_or_default(), None, None, outcome)
                    }
                };
                Shown {
                    policy: question.rules[cell.rule].to_string(),
                    case: question.cases[cell.case].name.clone(),
                    arrivals: question.arrivals[cell.arrivals].0.clone(),
                    rate_per_s,
                    of_bound,
                    of_oracle,
                    outcome,
                }
            })
            .collect();
        let cases = question.cells().into_iter().filter(|cell| cell.rule == 0 && cell.arrivals == 0);
        let case = |cell| {
            let setup = question.setup(&cell);
            let name = question.cases[cell.case].name.clone();
            Case { name, bound_per_s: bound_per_s(&setup), oracle_per_s: oracle_per_s(&setup) }
        };
        Self {
            phalanx: env!("CARGO_PKG_VERSION"),
            cases: cases.map(case).collect(),
            policies: question.rules.iter().map(ToString::to_string).collect(),
            arrivals: question.arrivals.iter().map(|(name, _)| name.clone()).collect(),
            devices: args.devices.get(),
            depth: args.depth.get(),
            max_batch: args.max_batch.get(),
            noise: args.noise,
            requests: args.requests,
            seeds: args.seeds,
            seed: args.seed,
            share_min: args.inside,
            cells,
            simulated,
        }
    }

    /// Whether the goodput was searched for.
    pub(super) fn searched(&self) -> bool {
        self.cells.iter().all(|cell| cell.of_bound.is_some())
    }
}
