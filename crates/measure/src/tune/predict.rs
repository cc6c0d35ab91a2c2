use phalanx_engine::Policy;
use phalanx_simulate::{Load, Noise, Rule, Run, Search, Served, Setup, goodput, in_parallel, run};

use super::{Knobs, Objective, Timed, TunePlan, Variant, space};

/// Requests of a simulation: enough to tell configurations apart that a measurement could.
const REQUESTS: usize = 10_000;
const PRECISION: f64 = 0.01;
const DEPTH_USUAL: usize = 2;

/// What the simulator says of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Which.
    pub knobs: Knobs,
    /// What it reaches of the objective: the higher the better.
    pub value: f64,
}

/// What every configuration of these variants would reach, the best first.
pub(super) fn predict(plan: &TunePlan, timed: &[(&Variant, &Timed)]) -> Vec<Prediction> {
    let mut candidates = Vec::new();
    for (variant, timed) in timed {
        let Some(&(timed_max, _)) = timed.points.last() else { continue };
        for max_batch in space::largest_batches(plan, timed_max) {
            for policy in space::policies(plan) {
                let depth = plan.fixed.depth.unwrap_or(DEPTH_USUAL);
                let policy_name = policy.to_string();
                let knobs = Knobs { variant: (*variant).clone(), max_batch, depth, policy: policy_name };
                candidates.push((knobs, policy, *timed));
            }
        }
    }
    let load = Load::draw(plan.arrivals, REQUESTS, plan.seed);
    let values = in_parallel(&candidates, |(knobs, policy, timed)| value(plan, &load, knobs, *policy, timed));
    let predictions = candidates.into_iter().zip(values);
    let mut predictions: Vec<Prediction> =
        predictions.filter_map(|((knobs, ..), value)| Some(Prediction { knobs, value: value? })).collect();
    // Of equal ones the first stays first: the policies are in order of preference, batches grow.
    predictions.sort_by(|one, other| other.value.total_cmp(&one.value));
    predictions
}

fn value(plan: &TunePlan, load: &Load, knobs: &Knobs, policy: Policy, timed: &Timed) -> Option<f64> {
    let times = timed.times().ok()?;
    let lanes = knobs.variant.lanes;
    let slo_ns = plan.slo.map(|slo| slo.as_nanos() as u64);
    let setup = |slo_ns: u64| {
        let served = Served {
            noise: Noise::Measured(timed.factors.as_slice().into()),
            slo_ns,
            rule: Rule::Engine(policy),
            depth: knobs.depth,
            rows_max: knobs.max_batch,
            ..Served::new("model", times.clone())
        };
        Setup { devices: lanes, served: vec![served] }
    };
    match plan.objective {
        Objective::Goodput => {
            let search = Search { precision: PRECISION, seed: plan.seed, ..Search::default() };
            goodput(&setup(slo_ns?), std::slice::from_ref(load), &search).ok().map(|found| found.per_s)
        }
        Objective::Throughput => {
            Some(lanes as f64 * knobs.max_batch as f64 * 1e9 / times.run_ns(knobs.max_batch))
        }
        Objective::Latency => {
            let slo_ns = slo_ns.unwrap_or(u64::MAX / 4);
            let one_by_one = lanes as f64 * 1e9 / times.run_ns(1);
            let rate_per_s = plan.rate.unwrap_or(one_by_one / 10.0);
            let run = run(
                &setup(slo_ns),
                std::slice::from_ref(load),
                &Run { rate_per_s, warm_up: 0.3, seed: plan.seed },
            );
            // Those who are refused are worse off than those who wait.
            run.ok()
                .map(|outcome| if outcome.inside < 0.99 { 0.0 } else { 1e9 / outcome.p99_ns.max(1) as f64 })
        }
        Objective::Streams(streams) => {
            // The callers' rows are shared out over one batch more than there are lanes.
            let rows = streams.div_ceil(lanes + 1).clamp(1, knobs.max_batch);
            let through_ns = times.run_ns(rows) * (streams as f64 / (rows * lanes) as f64).max(1.0);
            let late = slo_ns.is_some_and(|slo_ns| through_ns > slo_ns as f64);
            Some(if late { 0.0 } else { streams.min(rows * lanes) as f64 * 1e9 / times.run_ns(rows) })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tune::Fixed;

    fn plan(objective: Objective) -> TunePlan {
        TunePlan {
            slo: Some(Duration::from_millis(50)),
            rate: Some(50.0),
            objective,
            arrivals: Default::default(),
            memory_limit: None,
            budget: Duration::from_secs(60),
            fixed: Fixed::default(),
            rows_max: 128,
            cores: 2,
            trials_max: 4,
            seed: 1,
        }
    }

    fn variant(lanes: usize) -> Variant {
        Variant {
            backend: "tract".to_owned(),
            device: "cpu".to_owned(),
            isolation: "thread".to_owned(),
            precision: "fp32".to_owned(),
            lanes,
            threads: 2 / lanes,
        }
    }

    /// l(b) = α·b + β in milliseconds.
    fn timed(alpha_ms: f64, beta_ms: f64) -> Timed {
        let points =
            [1, 2, 4, 8, 16, 32, 64, 128].map(|rows| (rows, (alpha_ms * rows as f64 + beta_ms) * 1e6));
        Timed { points: points.to_vec(), ..Timed::default() }
    }

    fn best(objective: Objective) -> Prediction {
        let (two, one) = (variant(2), variant(1));
        // One lane of two threads runs a batch in 0.6 of the time.
        let (slow, fast) = (timed(0.5, 4.0), timed(0.3, 2.4));
        predict(&plan(objective), &[(&two, &slow), (&one, &fast)]).remove(0)
    }

    #[test]
    fn each_objective_has_a_best_of_its_own() {
        let goodput = best(Objective::Goodput);
        assert_eq!(goodput.knobs.variant.lanes, 2, "{goodput:?}");
        assert!(goodput.knobs.max_batch >= 32 && goodput.value > 2500.0, "{goodput:?}");
        let throughput = best(Objective::Throughput);
        assert_eq!((throughput.knobs.variant.lanes, throughput.knobs.max_batch), (2, 128));
        let latency = best(Objective::Latency);
        assert_eq!(latency.knobs.variant.lanes, 1, "{latency:?}");
        assert_eq!(best(Objective::Streams(1)).knobs.variant.lanes, 1);
    }

    #[test]
    fn without_an_slo_there_is_no_goodput() {
        let plan = TunePlan { slo: None, ..plan(Objective::Goodput) };
        assert!(predict(&plan, &[(&variant(1), &timed(1.0, 1.0))]).is_empty());
    }
}
