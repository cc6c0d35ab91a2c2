use phalanx_batch::{Arrival, LaneId, Options, PolicyKind, Refusal};

use crate::fixture::{Fixture, joined, options, run_ns};

fn slo(slo_ns: u64) -> Options {
    Options { slo_ns: Some(slo_ns), ..options(PolicyKind::SloWindow) }
}

fn check(fixture: &mut Fixture, deadline_ns: u64, priority: i32) -> Result<(), u64> {
    let arrival = Arrival { deadline_ns: Some(deadline_ns), priority, ..fixture.arrival(1) };
    match fixture.scheduler.check(fixture.now_ns, &arrival) {
        Ok(()) => Ok(()),
        Err(Refusal::DeadlineExceeded { retry_after_ns }) => Err(retry_after_ns),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_deadline_too_short_for_an_idle_engine_is_refused_under_every_policy() {
    for policy in [PolicyKind::SloWindow, PolicyKind::Immediate, PolicyKind::Delay { timeout_ns: 1000 }] {
        let mut fixture = Fixture::new(options(policy));
        assert_eq!(check(&mut fixture, run_ns(1), 0), Ok(()));
        assert_eq!(check(&mut fixture, run_ns(1) - 1, 0), Err(0), "no use in trying again");
    }
}

#[test]
fn a_request_that_would_be_late_behind_the_others_is_refused_at_once() {
    let mut fixture = Fixture::new(options(PolicyKind::SloWindow));
    fixture.admit('a', fixture.arrival(8));
    fixture.run();
    fixture.admit('b', fixture.arrival(8));
    fixture.admit('c', fixture.arrival(3));
    // The lane is free after a and b.
    let without_c_ns = 180 + 180 + run_ns(1);
    assert_eq!(check(&mut fixture, without_c_ns, 0), Ok(()), "it goes before c, which has no deadline");
    assert_eq!(check(&mut fixture, without_c_ns - 100, 0), Err(100), "but not before b");
    assert_eq!(check(&mut fixture, 100, 0), Err(0));
}

#[test]
fn the_more_urgent_is_not_refused_for_those_behind_it() {
    let mut fixture = Fixture::new(slo(1000));
    fixture.admit('a', fixture.arrival(8));
    fixture.run();
    for name in "bcde".chars() {
        fixture.admit(name, fixture.arrival(8));
    }
    assert!(fixture.scheduler.check(0, &fixture.arrival(1)).is_err(), "behind them it is late");
    assert_eq!(check(&mut fixture, 1000, 1), Ok(()));
    assert_eq!(check(&mut fixture, 180 + 180 + run_ns(1), 1), Ok(()), "one batch is formed already");
}

#[test]
fn who_became_hopeless_while_waiting_is_refused_and_not_run() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    fixture.admit('a', fixture.arrival(8));
    fixture.run();
    let arrival = fixture.arrival(1);
    let batch = joined(&fixture.admit('b', Arrival { deadline_ns: Some(400), ..arrival }));
    fixture.admit('c', arrival);
    // The first batch takes twice as long as expected.
    fixture.now_ns = 360;
    fixture.scheduler.complete(360, LaneId(0), fixture.taken.batch, Some(360));
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.offsets), ("c", vec![0]));
    assert_eq!((fixture.taken.batch, fixture.taken.members[0].joined_at), (batch.0, 1));
    assert_eq!(fixture.refused(), "b");
}

#[test]
fn the_slo_counts_from_the_arrival_and_a_deadline_of_ones_own_comes_first() {
    let mut fixture = Fixture::new(slo(500));
    fixture.now_ns = 1000;
    fixture.admit('a', fixture.arrival(8));
    fixture.run();
    fixture.arrive('b');
    fixture.admit('c', Arrival { deadline_ns: Some(9000), ..fixture.arrival(1) });
    fixture.now_ns = 1500 - run_ns(1) + 1;
    fixture.scheduler.complete(fixture.now_ns, LaneId(0), fixture.taken.batch, None);
    assert_eq!((fixture.run_members().as_str(), fixture.refused().as_str()), ("c", "b"));
}

#[test]
fn an_slo_that_one_row_cannot_meet_makes_batches_of_one_and_refuses_nothing() {
    let mut fixture = Fixture::new(slo(run_ns(1) - 1));
    fixture.arrive_all("abc");
    for name in ["a", "b", "c"] {
        assert_eq!(fixture.run_members(), name);
        fixture.end();
    }
}

#[test]
fn without_an_slo_and_deadlines_the_default_policy_is_immediate() {
    let mut fixture = Fixture::new(options(PolicyKind::SloWindow));
    fixture.arrive_all("abcdefghijk");
    assert_eq!(fixture.run_members(), "abcdefgh");
}

#[test]
fn an_estimate_that_refuses_everything_is_put_to_the_test_again() {
    let mut fixture = Fixture::new(options(PolicyKind::SloWindow));
    // A hold-up makes batches seem slower than they are.
    for _ in 0..200 {
        fixture.arrive('a');
        fixture.run();
        fixture.end_after(2000);
    }
    let now_ns = fixture.now_ns;
    assert!(fixture.scheduler.latency(fixture.group).unwrap().estimate_ns(1) > 1500);
    assert_eq!(check(&mut fixture, now_ns + 1000, 0), Err(0));
    fixture.now_ns += 2_000_000_000;
    let deadline_ns = Some(fixture.now_ns + 1000);
    let arrival = Arrival { deadline_ns, ..fixture.arrival(1) };
    fixture.admit('b', arrival);
    assert!(fixture.scheduler.check(fixture.now_ns, &arrival).is_err(), "one is enough to find out");
    assert_eq!(fixture.run_members(), "b");
    fixture.end_after(run_ns(1));
    let now_ns = fixture.now_ns;
    assert_eq!(check(&mut fixture, now_ns + 1000, 0), Ok(()));
}

#[test]
fn a_batch_that_ran_for_long_is_no_reason_for_doubt() {
    let mut fixture = Fixture::new(options(PolicyKind::SloWindow));
    fixture.arrive('a');
    fixture.run();
    fixture.end_after(3_000_000_000);
    let now_ns = fixture.now_ns;
    assert_eq!(check(&mut fixture, now_ns + run_ns(1) / 2, 0), Err(0));
}
