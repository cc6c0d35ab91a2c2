use std::ops::ControlFlow;
use std::time::Duration;

use phalanx_engine::Policy;
use phalanx_measure::MeasureError;
use phalanx_measure::verify::{Config, Level, RoundEnd, Rounds, Step, Subject, round, run};

use crate::fake::{Fault, check, plan};

/// Rounds that end as they are told.
struct Told(Vec<RoundEnd>);

impl Rounds for Told {
    fn round(&mut self, _: &Subject, _: Option<&Config>, number: u32) -> Result<RoundEnd, MeasureError> {
        Ok(self.0[number as usize].clone())
    }
}

#[test]
fn crashes_are_counted_by_signal_with_what_is_known_of_them() {
    let crash = |signal: &str| RoundEnd::Crashed {
        signal: signal.to_owned(),
        evidence: vec!["its last words".to_owned()],
    };
    let mut plan = plan(Level::Stability, Fault::None);
    plan.stability.rounds = 6;
    let mut ends = Told(vec![
        RoundEnd::Done,
        crash("SIGSEGV"),
        RoundEnd::Failed { message: "exit code 1: wrong answer".to_owned() },
        crash("SIGSEGV"),
        RoundEnd::Stuck { limit: Duration::from_secs(2) },
        crash("SIGABRT"),
    ]);
    let report = run(&plan, &mut ends, &mut |_: Step<'_>| ControlFlow::Continue(())).unwrap();
    let rounds = check(&report, "rounds");
    assert_eq!(rounds.outcome.name(), "failed");
    for (kind, times) in [("crashed by SIGSEGV", 2.0), ("crashed by SIGABRT", 1.0), ("stuck", 1.0)] {
        assert_eq!(rounds.measured.get(kind), Some(&times), "{kind}");
    }
    let words = rounds.outcome.words();
    for part in ["5 of 6 rounds", "2 crashed by SIGSEGV", "round 1: ended by SIGSEGV, its last words"] {
        assert!(words.contains(part), "{part:?} is not in {words:?}");
    }
}

#[test]
fn a_round_loads_asks_and_stops() {
    let plan = plan(Level::Stability, Fault::None);
    // Even rounds let every caller finish, odd ones stop while they ask.
    for number in 0..4 {
        round(&plan.setup, &plan.subjects[0], None, number).unwrap();
    }
}

#[test]
fn a_round_with_wrong_answers_or_none_fails() {
    // Serially each row is alone; the callers' batches are made to be full.
    let mut lying = plan(Level::Stability, Fault::Lie { position: 5, element: 0, off: 1.0 });
    let delay = Policy::Delay { timeout_ns: 500_000_000 };
    lying.setup.builder = lying.setup.builder.max_batch(8).policy(delay);
    let error = round(&lying.setup, &lying.subjects[0], None, 0).unwrap_err();
    assert!(matches!(error, MeasureError::WrongAnswer { .. }), "{error}");
    let failing = plan(Level::Stability, Fault::Fail { every: 30 });
    let error = round(&failing.setup, &failing.subjects[0], None, 0).unwrap_err();
    assert!(error.to_string().contains("told to"), "{error}");
}
