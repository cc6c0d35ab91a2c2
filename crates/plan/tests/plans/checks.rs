use phalanx_model::samples;
use phalanx_plan::{Op, Place, Plan, PlanError, Precision, Source};

fn plan() -> Plan {
    Source::new(&samples::mlp(1)).unwrap().plan_rows(4, Precision::Fp32).unwrap()
}

/// What is found of a plan after it was broken.
fn broken(change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = plan();
    plan.check().unwrap();
    change(&mut plan);
    match plan.check() {
        Err(PlanError::Inconsistent { message }) => message,
        other => panic!("expected that it is found, got {other:?}"),
    }
}

fn product(plan: &mut Plan, step: usize) -> &mut phalanx_plan::Product {
    match &mut plan.steps[step].op {
        Op::Product(product) => product,
        other => panic!("expected a product, got {other:?}"),
    }
}

#[test]
fn broken_rules_are_found() {
    let message = broken(|plan| product(plan, 0).m = 5);
    assert!(message.contains("outside of its"), "{message}");
    let message = broken(|plan| plan.steps.swap(0, 1));
    assert!(message.contains("before it is written"), "{message}");
    let message = broken(|plan| {
        let output = plan.steps[1].output;
        let first = plan.value(plan.steps[0].output).place;
        plan.values[output.0].place = first;
    });
    assert!(message.contains("writes over"), "{message}");
    let message = broken(|plan| drop(plan.steps.pop()));
    assert!(message.contains("never written"), "{message}");
    let message = broken(|plan| {
        let output = plan.steps[0].output;
        plan.values[output.0].place = Place::Arena { offset_bytes: 8 };
    });
    assert!(message.contains("lies at 8"), "{message}");
}
