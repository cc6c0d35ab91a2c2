use phalanx_batch::Nanos;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, StandardUniform};

use crate::machine::Machine;
use crate::subject::{Arriving, Left, Subject, Worked};
use crate::tally::Tally;
use crate::textbook::Plain;
use crate::{ClassOutcome, Load, Outcome, Rule, Setup, SimulateError};

/// How a load is run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Requests a second, of all models together.
    pub rate_per_s: f64,
    /// The share of the requests, at the beginning, that do not count.
    pub warm_up: f64,
    /// Decides which request is for whom, and how batch times vary.
    pub seed: u64,
}

/// Simulates these loads, one after the other, each on a machine of its own.
///
/// # Errors
/// [`SimulateError`] for a setup or a rate that makes no sense.
pub fn run(setup: &Setup, loads: &[Load], run: &Run) -> Result<Outcome, SimulateError> {
    setup.check()?;
    check(loads, run)?;
    let kinds = Kinds::new(setup);
    let mut sum = Ran::new(kinds.count());
    for (index, load) in loads.iter().enumerate() {
        let run = Run { seed: run.seed.wrapping_add(index as u64), ..*run };
        sum.merge(&simulate(setup, &kinds, load, &run, None, true));
    }
    Ok(sum.outcome(setup, &kinds))
}

pub(crate) fn check(loads: &[Load], run: &Run) -> Result<(), SimulateError> {
    if !(run.rate_per_s.is_finite() && run.rate_per_s > 0.0) {
        return Err(SimulateError::option("rate", "a number above 0", run.rate_per_s));
    }
    if !(0.0..1.0).contains(&run.warm_up) {
        return Err(SimulateError::option("warm_up", "a share from 0 to 1", run.warm_up));
    }
    match loads.iter().map(Load::requests).max() {
        None | Some(0) => Err(SimulateError::option("requests", "at least one", 0)),
        Some(requests) if u32::try_from(requests).is_err() => {
            Err(SimulateError::option("requests", "fewer than 2^32", requests))
        }
        Some(_) => Ok(()),
    }
}

/// The kinds of requests there are: models and their classes.
pub(crate) struct Kinds {
    /// Model, class, and when its requests have to be answered after they arrived.
    kinds: Vec<(u16, u16, Nanos)>,
    /// The shares of all kinds up to each of them, of all requests.
    up_to: Vec<f64>,
}

impl Kinds {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut kinds = Vec::new();
        let mut weights = Vec::new();
        for (model, served) in (0..).zip(&setup.served) {
            let total: f64 = served.classes.iter().map(|class| class.share).sum();
            for (index, class) in (0..).zip(&served.classes) {
                kinds.push((model, index, class.deadline_ns.unwrap_or(served.slo_ns)));
                weights.push(served.share * class.share / total);
            }
        }
        let total: f64 = weights.iter().sum();
        let up_to = weights.iter().scan(0.0, |sum, weight| {
            *sum += weight / total;
            Some(*sum)
        });
        Self { kinds, up_to: up_to.collect() }
    }

    fn count(&self) -> usize {
        self.kinds.len()
    }

    /// The kind of the next request.
    fn draw(&self, random: &mut Xoshiro256PlusPlus) -> usize {
        if self.kinds.len() == 1 {
            return 0;
        }
        let uniform: f64 = StandardUniform.sample(random);
        self.up_to.partition_point(|up_to| *up_to <= uniform).min(self.kinds.len() - 1)
    }
}

/// What one simulation gave.
pub(crate) struct Ran {
    tallies: Vec<Tally>,
    /// Requests that came.
    arrived: u64,
    worked: Worked,
    /// Time of all devices together.
    span_ns: f64,
}

impl Ran {
    pub(crate) fn new(kinds: usize) -> Self {
        Self { tallies: vec![Tally::default(); kinds], arrived: 0, worked: Worked::default(), span_ns: 0.0 }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.tallies.iter_mut().zip(&other.tallies).for_each(|(tally, other)| tally.merge(other));
        self.worked.batches += other.worked.batches;
        self.worked.rows += other.worked.rows;
        self.worked.busy_ns += other.worked.busy_ns;
        self.span_ns += other.span_ns;
    }

    /// Requests that came, whether or not they counted.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived
    }

    pub(crate) fn missed(&self) -> u64 {
        self.tallies.iter().map(Tally::missed).sum()
    }

    fn outcome(mut self, setup: &Setup, kinds: &Kinds) -> Outcome {
        let mut all = Tally::default();
        self.tallies.iter().for_each(|tally| all.merge(tally));
        let mut classes = Vec::new();
        if kinds.count() > 1 {
            for (tally, &(model, class, _)) in self.tallies.iter_mut().zip(&kinds.kinds) {
                classes.push(ClassOutcome {
                    model: setup.served[usize::from(model)].name.clone(),
                    class: usize::from(class),
                    requests: tally.requests(),
                    inside: tally.share(tally.inside),
                    refused: tally.share(tally.refused),
                    p99_ns: tally.quantile_ns(0.99),
                });
            }
        }
        Outcome {
            requests: all.requests(),
            inside: all.share(all.inside),
            late: all.share(all.late),
            refused: all.share(all.refused),
            p50_ns: all.quantile_ns(0.5),
            p99_ns: all.quantile_ns(0.99),
            rows_mean: self.worked.rows as f64 / self.worked.batches.max(1) as f64,
            busy: self.worked.busy_ns as f64 / self.span_ns.max(1.0),
            classes,
        }
    }
}

/// Simulates one load. Ends early once more than `missed_max` requests have missed their deadlines; `keeps` latencies.
pub(crate) fn simulate(
    setup: &Setup,
    kinds: &Kinds,
    load: &Load,
    run: &Run,
    missed_max: Option<u64>,
    keeps: bool,
) -> Ran {
    match setup.served.as_slice() {
        [served] => match served.rule {
            Rule::Textbook(rule) => {
                let subject = Plain::new(rule, served, setup.devices);
                drive(subject, setup, kinds, load, run, missed_max, keeps)
            }
            Rule::Engine(_) => {
                drive(Machine::new(setup, run.seed), setup, kinds, load, run, missed_max, keeps)
            }
        },
        _ => drive(Machine::new(setup, run.seed), setup, kinds, load, run, missed_max, keeps),
    }
}

fn drive(
    mut subject: impl Subject,
    setup: &Setup,
    kinds: &Kinds,
    load: &Load,
    run: &Run,
    missed_max: Option<u64>,
    keeps: bool,
) -> Ran {
    let counted_from = (load.requests() as f64 * run.warm_up) as u32;
    let mut ran = Ran::new(kinds.count());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(run.seed);
    let mut arrived: Vec<(Nanos, u16)> = Vec::with_capacity(load.requests());
    let mut left: Vec<Left> = Vec::new();
    let mut settle = |now_ns: Nanos, left: &mut Vec<Left>, arrived: &[(Nanos, u16)]| {
        for Left { request, answered } in left.drain(..).filter(|left| left.request >= counted_from) {
            let (arrival_ns, kind) = arrived[request as usize];
            let allowed_ns = kinds.kinds[usize::from(kind)].2;
            ran.tallies[usize::from(kind)].count(answered, now_ns - arrival_ns, allowed_ns, keeps);
        }
        missed_max.is_none_or(|most| ran.missed() <= most)
    };
    let mut last_ns = 0;
    for (request, now_ns) in (0..).zip(load.at_rate(run.rate_per_s)) {
        while subject.next_ns() <= now_ns {
            let happens_ns = subject.next_ns();
            subject.happen(&mut left);
            settle(happens_ns, &mut left, &arrived);
        }
        let kind = kinds.draw(&mut random);
        let (model, class, _) = kinds.kinds[kind];
        arrived.push((now_ns, kind as u16));
        subject.arrive(now_ns, Arriving { request, model, class }, &mut left);
        if !settle(now_ns, &mut left, &arrived) {
            break;
        }
        last_ns = now_ns;
    }
    while subject.next_ns() < Nanos::MAX {
        last_ns = subject.next_ns();
        subject.happen(&mut left);
        settle(last_ns, &mut left, &arrived);
    }
    ran.arrived = arrived.len() as u64;
    ran.worked = subject.worked();
    ran.span_ns = last_ns as f64 * setup.devices as f64;
    ran
}
