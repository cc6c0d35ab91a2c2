use phalanx_batch::{LaneId, LeaveReason, PolicyKind, Take};

use crate::fixture::{Fixture, options};

fn fixture() -> Fixture {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    assert_eq!(fixture.take(0), Take::Wait);
    fixture
}

fn let_go(fixture: &mut Fixture, hold: phalanx_batch::HoldId) -> Vec<LaneId> {
    fixture.scheduler.let_go(fixture.now_ns, hold).collect()
}

#[test]
fn a_burst_leaves_together_and_wakes_its_lane_once() {
    let mut fixture = fixture();
    let hold = fixture.scheduler.hold(0);
    for name in "abc".chars() {
        assert_eq!(fixture.arrive(name).wake, None);
    }
    assert_eq!(let_go(&mut fixture, hold), [LaneId(0)]);
    assert_eq!(fixture.run().members, "abc");
}

#[test]
fn a_lane_that_asks_during_a_burst_waits_for_its_end() {
    let mut fixture = fixture();
    let hold = fixture.scheduler.hold(0);
    fixture.arrive('a');
    assert_eq!(fixture.take(0), Take::Wait);
    fixture.arrive('b');
    assert_eq!(let_go(&mut fixture, hold), [LaneId(0)]);
    assert_eq!(fixture.run().members, "ab");
}

#[test]
fn what_was_there_before_a_burst_does_not_wait_for_it() {
    let mut fixture = fixture();
    assert_eq!(fixture.arrive('a').wake, Some(LaneId(0)));
    fixture.now_ns += 1;
    let hold = fixture.scheduler.hold(fixture.now_ns);
    fixture.arrive('b');
    assert_eq!(fixture.run().members, "ab");
    fixture.arrive('c');
    assert!(let_go(&mut fixture, hold).is_empty(), "the lane asks when its batch ends");
    fixture.end();
    assert_eq!(fixture.run().members, "c");
}

#[test]
fn a_full_batch_leaves_in_the_middle_of_a_burst() {
    let mut fixture = fixture();
    let hold = fixture.scheduler.hold(0);
    fixture.arrive_all("abcdefg");
    assert_eq!(fixture.arrive('h').wake, Some(LaneId(0)));
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("abcdefgh", LeaveReason::Full));
    assert!(let_go(&mut fixture, hold).is_empty());
}

#[test]
fn stopping_waits_for_no_burst() {
    let mut fixture = fixture();
    fixture.scheduler.hold(0);
    fixture.arrive('a');
    fixture.scheduler.stop();
    assert_eq!(fixture.run().members, "a");
}

#[test]
fn bursts_of_two_threads_end_on_their_own() {
    let mut fixture = fixture();
    let first = fixture.scheduler.hold(0);
    fixture.arrive('a');
    fixture.now_ns += 10;
    let second = fixture.scheduler.hold(fixture.now_ns);
    fixture.arrive('b');
    assert_eq!(let_go(&mut fixture, first), [LaneId(0)], "the batch is older than the burst that goes on");
    assert_eq!(fixture.run().members, "ab");
    assert!(let_go(&mut fixture, second).is_empty());
}
