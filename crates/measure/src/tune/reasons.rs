use serde::{Deserialize, Serialize};

use super::{Knobs, Objective, Prediction, State, Timed, TunePlan, Variant};
use crate::report::grouped;

/// Why each value is what it is, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// Of the backend.
    pub backend: String,
    /// Of the isolation.
    pub isolation: String,
    /// Of the arithmetic.
    pub precision: String,
    /// Of lanes and threads.
    pub lanes: String,
    /// Of the largest batch.
    pub max_batch: String,
    /// Of the depth.
    pub depth: String,
    /// Of the policy.
    pub policy: String,
}

const GIVEN: &str = "as it was given";

/// Explains the knobs by what was measured and predicted.
pub(super) fn explain(
    plan: &TunePlan,
    state: &State,
    timed: &[(&Variant, &Timed)],
    predictions: &[Prediction],
    knobs: &Knobs,
) -> Reasons {
    let chosen = &knobs.variant;
    let fixed = &plan.fixed;
    let said = |given: bool, reason: String| if given { GIVEN.to_owned() } else { reason };
    Reasons {
        backend: said(
            fixed.backend.is_some(),
            compared(timed, chosen, |variant| format!("{} on {}", variant.backend, variant.device)),
        ),
        isolation: said(
            fixed.isolation.is_some(),
            match fixed.try_processes {
                true => compared(timed, chosen, |variant| variant.isolation.clone()),
                false => "worker processes were not tried; --try-processes does".to_owned(),
            },
        ),
        precision: said(
            fixed.precisions.len() < 2,
            compared(timed, chosen, |variant| variant.precision.clone()),
        ),
        lanes: said(
            fixed.lanes.is_some() && fixed.threads.is_some(),
            best_by(
                plan,
                predictions,
                |knobs| format!("{}x{}", knobs.variant.lanes, knobs.variant.threads),
                |knobs| {
                    knobs.variant.backend == chosen.backend
                        && knobs.variant.isolation == chosen.isolation
                        && knobs.variant.precision == chosen.precision
                },
            ),
        ),
        max_batch: said(
            fixed.max_batch.is_some(),
            best_by(
                plan,
                predictions,
                |knobs| knobs.max_batch.to_string(),
                |other| other.variant == *chosen && other.policy == knobs.policy,
            ),
        ),
        depth: said(fixed.depth.is_some(), tried_depths(state, knobs)),
        policy: said(
            fixed.policy.is_some(),
            best_by(plan, predictions, |knobs| knobs.policy.clone(), |other| other.variant == *chosen),
        ),
    }
}

/// The best rates of what is told apart by `name`, the best first.
fn compared(timed: &[(&Variant, &Timed)], chosen: &Variant, name: impl Fn(&Variant) -> String) -> String {
    let mut rates: Vec<(String, f64)> = Vec::new();
    for (variant, timed) in timed {
        let (name, rate) = (name(variant), rate(variant, timed));
        match rates.iter_mut().find(|(other, _)| *other == name) {
            Some((_, best)) => *best = best.max(rate),
            None => rates.push((name, rate)),
        }
    }
    if rates.len() < 2 {
        return format!("{} was the only one to be tried", name(chosen));
    }
    rates.sort_by(|one, other| other.1.total_cmp(&one.1));
    let texts: Vec<String> = rates.iter().map(|(name, rate)| format!("{name}: {}", grouped(*rate))).collect();
    format!("rows/s with all lanes busy, {}", texts.join(", "))
}

/// Rows a second at the best batch, with all lanes busy.
pub(super) fn rate(variant: &Variant, timed: &Timed) -> f64 {
    let rates = timed.points.iter().map(|(rows, took_ns)| *rows as f64 * 1e9 / took_ns);
    variant.lanes as f64 * rates.fold(0.0, f64::max)
}

/// The best predictions of what is told apart by `name`, among those that `like` accepts, the best first.
fn best_by(
    plan: &TunePlan,
    predictions: &[Prediction],
    name: impl Fn(&Knobs) -> String,
    like: impl Fn(&Knobs) -> bool,
) -> String {
    let mut best: Vec<(String, f64)> = Vec::new();
    for prediction in predictions.iter().filter(|prediction| like(&prediction.knobs)) {
        let name = name(&prediction.knobs);
        if !best.iter().any(|(other, _)| *other == name) {
            best.push((name, prediction.value));
        }
    }
    let texts: Vec<String> =
        best.iter().map(|(name, value)| format!("{name}: {}", shown(plan, *value))).collect();
    match texts.is_empty() {
        true => "what the engine takes by itself".to_owned(),
        false => format!("{} simulated, {}", plan.objective, texts.join(", ")),
    }
}

/// A value of the objective, in words.
pub(super) fn shown(plan: &TunePlan, value: f64) -> String {
    match plan.objective {
        Objective::Latency if value > 0.0 => format!("{} ms", grouped(1e3 / value)),
        _ => format!("{}/s", grouped(value)),
    }
}

fn tried_depths(state: &State, knobs: &Knobs) -> String {
    let mut texts = Vec::new();
    for depth in 1..=8 {
        let other = Knobs { depth, ..knobs.clone() };
        let score = state.tried.get(&other.to_string()).and_then(|tried| tried.score.as_ref());
        match score {
            Some(score) if score.value > 0.0 => texts.push(format!("{depth}: {}", grouped(score.value))),
            Some(_) => texts.push(format!("{depth}: less")),
            None => {}
        }
    }
    if texts.len() < 2 {
        "others were not tried".to_owned()
    } else {
        format!("measured, {}", texts.join(", "))
    }
}
