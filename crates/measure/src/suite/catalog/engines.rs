use phalanx_engine::Policy;

use super::Rows;
use crate::MeasureError;
use crate::strategy::{Open, Parameters, Shape, Strategy};
use crate::suite::{Group, Subject};

/// Callers of the engine.
const CALLERS: [usize; 4] = [1, 8, 64, 256];

/// Lanes of one engine, the callers that keep them all busy, and the batches those ride in.
const LANES: [usize; 6] = [1, 2, 4, 8, 16, 32];
const LANES_CALLERS: usize = 256;
const LANES_BATCH: usize = 8;

/// How the seeds' timer and their target are set there.
const DELAY_NS: u64 = 10_000_000;
const TARGET_NS: u64 = 50_000_000;

/// Bursts and queues need longer than a loop does.
const POLICY_WEIGHT: f64 = 2.5;

pub(in crate::suite) fn batch_queue(subject: &Subject) -> Vec<Group<'_>> {
    let mut lanes = vec![1, subject.cpus.max(2)];
    lanes.dedup();
    let group = |lanes: usize| {
        Group::new("batch-queue", format!("lanes {lanes}"), CALLERS.len(), move || {
            let engine = subject.engine(|builder| builder.lanes(lanes).threads(1))?;
            let row = |&callers: &usize| -> Box<dyn Strategy + '_> {
                let parameters = Parameters::default().with("lanes", lanes);
                Box::new(subject.callers("batch-queue", &engine, callers).parameters(parameters))
            };
            Ok(CALLERS.iter().map(row).collect())
        })
    };
    lanes.into_iter().map(group).collect()
}

pub(in crate::suite) fn lanes(subject: &Subject) -> Vec<Group<'_>> {
    let most = subject.program.limits().lanes_max;
    let batch = subject.fitting(&[LANES_BATCH]).first().copied().unwrap_or(1);
    let group = |&lanes: &usize| {
        Group::new("lanes", format!("lanes {lanes}"), 1, move || -> Result<Rows<'_>, MeasureError> {
            let engine = subject.engine(|builder| builder.lanes(lanes).threads(1).max_batch(batch))?;
            let parameters = Parameters::default().scaled("lanes", lanes).with("max batch", batch);
            let callers = subject.callers("lanes", &engine, LANES_CALLERS);
            Ok(vec![Box::new(callers.parameters(parameters).n(lanes))])
        })
    };
    LANES.iter().filter(|&&lanes| lanes <= most).map(group).collect()
}

pub(in crate::suite) fn policy(subject: &Subject) -> Vec<Group<'_>> {
    let policies = [
        Policy::Immediate,
        Policy::Delay { timeout_ns: DELAY_NS },
        Policy::Adaptive { target_ns: TARGET_NS },
        Policy::SloWindow,
    ];
    let group = |policy: Policy| {
        let about = format!("policy {policy}");
        let group = Group::new("policy", about, 2, move || -> Result<Rows<'_>, MeasureError> {
            let engine = subject.engine(|builder| builder.policy(policy).slo(subject.slo))?;
            let rate = subject.capacity(&engine)?;
            let row = |shape: Shape| {
                let parameters = Parameters::default().with("policy", policy);
                let load = (shape, rate);
                Open::new(&engine, &subject.samples, &subject.answers, parameters, load, subject.slo)
            };
            Ok(vec![Box::new(row(Shape::Steps)), Box::new(row(Shape::Ramp))])
        });
        group.weight(POLICY_WEIGHT)
    };
    policies.into_iter().map(group).collect()
}
