use phalanx_batch::{LeaveReason, Options, PolicyKind, Refusal, Take};

use crate::fixture::{Fixture, options};

const DELAY: PolicyKind = PolicyKind::Delay { timeout_ns: 1000 };

#[test]
fn the_delay_counts_from_the_first_request() {
    let mut fixture = Fixture::new(options(DELAY));
    fixture.now_ns = 300;
    fixture.arrive('a');
    fixture.now_ns = 1100;
    fixture.arrive('b');
    assert_eq!(fixture.take(0), Take::WaitUntil(1300), "whenever a lane asks");
    fixture.now_ns = 1300;
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("ab", LeaveReason::Deadline));
    // What waited while the lane was busy does not wait again.
    fixture.now_ns = 1350;
    fixture.arrive('c');
    fixture.now_ns = 9000;
    assert_eq!(fixture.run_members(), "c");
}

#[test]
fn a_full_batch_does_not_wait_for_the_delay() {
    let mut fixture = Fixture::new(options(DELAY));
    assert_eq!(fixture.take(0), Take::Wait);
    assert!(fixture.arrive('a').wake.is_some(), "somebody has to watch the timer");
    assert_eq!(fixture.take(0), Take::WaitUntil(1000));
    for name in "bcdefg".chars() {
        assert_eq!(fixture.arrive(name).wake, None);
    }
    assert!(fixture.arrive('h').wake.is_some(), "now it is full");
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("abcdefgh", LeaveReason::Full));
}

#[test]
fn requests_join_a_batch_that_waits_for_its_delay() {
    let mut fixture = Fixture::new(options(DELAY));
    fixture.arrive('a');
    fixture.take(0);
    let first = fixture.arrive('b').key;
    fixture.scheduler.cancel(first);
    fixture.arrive('c');
    fixture.now_ns = 1000;
    assert_eq!(fixture.run_members(), "ac");
}

#[test]
fn an_adaptive_batch_is_full_at_its_present_size() {
    let mut fixture = Fixture::new(options(PolicyKind::Adaptive { target_ns: 0 }));
    fixture.arrive_all("abcdefghijk");
    let mut batches = Vec::new();
    while fixture.take(0) == Take::Run {
        assert_eq!(fixture.taken.reason, LeaveReason::Full);
        batches.push(fixture.taken.rows);
        fixture.end();
    }
    assert_eq!(batches, [1, 2, 4, 4], "it doubles while more than twice as many wait");
}

#[test]
fn a_device_that_works_by_itself_is_handed_the_next_batch_late() {
    let mut fixture = Fixture::new(Options { lead_ns: 30, depth: 4, ..options(PolicyKind::Immediate) });
    fixture.arrive('a');
    fixture.run();
    let first = fixture.taken.batch;
    assert_eq!(fixture.take(0), Take::Wait, "nothing to do");
    let woken = fixture.arrive('b').wake;
    assert!(woken.is_some(), "the lane has to learn when it is due");
    assert_eq!(fixture.take(0), Take::WaitUntil(80), "the first ends at 110");
    fixture.now_ns = 79;
    fixture.arrive('c');
    fixture.now_ns = 80;
    assert_eq!(fixture.run_members(), "bc");
    // Behind the two that are in flight the same again: 110 + 120 - 30.
    fixture.arrive('d');
    assert_eq!(fixture.take(0), Take::WaitUntil(200));
    fixture.scheduler.complete(115, phalanx_batch::LaneId(0), first, Some(115));
    fixture.scheduler.release(115, first);
    // A full batch has no reason to wait, as long as the depth allows it.
    fixture.arrive_all("efghijk");
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("defghijk", LeaveReason::Full));
}

#[test]
fn a_stopping_engine_waits_for_no_timer_and_admits_nothing() {
    let mut fixture = Fixture::new(options(DELAY));
    fixture.arrive('a');
    assert_eq!(fixture.take(0), Take::WaitUntil(1000));
    fixture.scheduler.stop();
    let arrival = fixture.arrival(1);
    assert_eq!(fixture.scheduler.check(0, &arrival), Err(Refusal::ShuttingDown));
    assert!(fixture.scheduler.admit(0, &arrival, 'b').is_none());
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("a", LeaveReason::Drain));
    fixture.end();
    assert_eq!(fixture.take(0), Take::Wait);
    assert!(fixture.scheduler.is_idle());
}
