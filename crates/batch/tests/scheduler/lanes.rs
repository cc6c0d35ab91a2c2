use phalanx_batch::{LaneId, Options, PolicyKind, Take};

use crate::fixture::{Fixture, options};

fn idle(lanes: usize, policy: PolicyKind) -> Fixture {
    let mut fixture = Fixture::new(Options { lanes, ..options(policy) });
    for lane in 0..lanes {
        assert_eq!(fixture.take(lane), Take::Wait);
    }
    fixture
}

#[test]
fn one_lane_is_woken_for_one_batch() {
    let mut fixture = idle(3, PolicyKind::Immediate);
    assert_eq!(fixture.arrive('a').wake, Some(LaneId(2)), "the one that fell idle last");
    assert_eq!(fixture.arrive('b').wake, None);
    assert_eq!(fixture.admit('c', fixture.arrival(7)).wake, Some(LaneId(1)), "a batch of its own");
    assert_eq!(fixture.take(2), Take::Run);
    assert_eq!(fixture.taken.wake, None, "lane 1 is on its way");
    assert_eq!(fixture.take(1), Take::Run);
    assert_eq!(fixture.taken.wake, None);
    assert_eq!(fixture.take(0), Take::Wait);
}

#[test]
fn a_lane_that_takes_a_batch_wakes_one_for_the_next() {
    let mut fixture = idle(2, PolicyKind::Immediate);
    fixture.arrive('a');
    let other = fixture.scheduler.add_group(crate::fixture::latency(8), false);
    let arrival = phalanx_batch::Arrival { group: other, ..fixture.arrival(1) };
    assert_eq!(fixture.admit('b', arrival).wake, None, "its batch is not opened before the other's is taken");
    assert_eq!(fixture.take(1), Take::Run);
    assert_eq!(fixture.taken.wake, Some(LaneId(0)));
    assert_eq!(fixture.run_members(), "b");
}

#[test]
fn a_lane_that_waits_for_a_place_is_woken_by_its_release() {
    let mut fixture = Fixture::new(Options { depth: 1, ..options(PolicyKind::Immediate) });
    let mut out = Vec::new();
    for name in ['a', 'b'] {
        fixture.arrive(name);
        fixture.run();
        out.push(fixture.taken.batch);
        fixture.scheduler.complete(fixture.now_ns, LaneId(0), fixture.taken.batch, None);
    }
    assert_eq!(fixture.scheduler.places(), 2);
    fixture.arrive('c');
    assert_eq!(fixture.take(0), Take::Wait, "the answers of two batches are still being handed out");
    assert_eq!(fixture.scheduler.release(0, out[0]), Some(LaneId(0)));
    assert_eq!(fixture.scheduler.release(0, out[0]), None, "released twice");
    assert_eq!(fixture.run_members(), "c");
    assert_eq!(fixture.taken.batch.place, out[0].place);
}

#[test]
fn a_batch_that_ends_wakes_its_lane_only_where_there_is_something_to_do() {
    let mut fixture = Fixture::new(Options { lead_ns: 1_000_000, ..options(PolicyKind::Immediate) });
    let end = |fixture: &mut Fixture, batch| {
        let woken = fixture.scheduler.complete(0, LaneId(0), batch, Some(100));
        fixture.scheduler.release(0, batch);
        woken
    };
    let batches: Vec<_> = ['a', 'b']
        .into_iter()
        .map(|name| {
            fixture.arrive(name);
            fixture.run();
            fixture.taken.batch
        })
        .collect();
    assert_eq!(fixture.take(0), Take::Wait, "it has as many as it can have");
    assert_eq!(fixture.arrive('c').wake, None);
    assert_eq!(end(&mut fixture, batches[0]), Some(LaneId(0)), "there is room for the one that waits");
    assert_eq!(fixture.run_members(), "c");
    assert_eq!(fixture.take(0), Take::Wait);
    assert_eq!(end(&mut fixture, batches[1]), None, "nobody waits");
    let last = fixture.taken.batch;
    assert_eq!(end(&mut fixture, last), None);
    assert_eq!(fixture.arrive('d').wake, Some(LaneId(0)));
}

#[test]
fn what_is_in_flight_is_foreseen_from_the_end_of_what_ran_before_it() {
    let mut fixture = Fixture::new(Options { lead_ns: 1_000_000, ..options(PolicyKind::Immediate) });
    let batches: Vec<_> = ['a', 'b']
        .into_iter()
        .map(|name| {
            fixture.arrive(name);
            fixture.run();
            fixture.taken.batch
        })
        .collect();
    let ends_ns = |fixture: &Fixture| fixture.scheduler.flight_ends_ns(LaneId(0), batches[1]);
    assert_eq!(ends_ns(&fixture), Some(220));
    fixture.scheduler.complete(50, LaneId(0), batches[0], None);
    assert_eq!(ends_ns(&fixture), Some(160), "it began when the first had ended, earlier than expected");
}

#[test]
fn a_lost_lane_is_stood_in_for() {
    let mut fixture = idle(2, PolicyKind::Delay { timeout_ns: 1000 });
    assert_eq!(fixture.arrive('a').wake, Some(LaneId(1)));
    assert_eq!(fixture.scheduler.lane_lost(LaneId(1)), Some(LaneId(0)), "the woken one will not come");
    assert_eq!(fixture.take(0), Take::WaitUntil(1000));
    fixture.scheduler.lane_restored(LaneId(1));
    assert_eq!(fixture.take(1), Take::WaitUntil(1000));
    assert_eq!(fixture.scheduler.lane_lost(LaneId(0)), None, "lane 1 watches the timer too");
    assert_eq!(fixture.scheduler.lane_lost(LaneId(0)), None);
    assert!(!fixture.scheduler.all_lanes_lost());
    fixture.now_ns = 1000;
    assert_eq!(fixture.take(0), Take::Wait, "a lost lane gets nothing");
    assert_eq!(fixture.take(1), Take::Run);
    assert_eq!(fixture.scheduler.lane_lost(LaneId(1)), None);
    assert!(fixture.scheduler.all_lanes_lost() && fixture.scheduler.is_idle());
    let batch = fixture.taken.batch;
    assert_eq!(fixture.scheduler.complete(1100, LaneId(1), batch, Some(100)), None, "it ended too late");
}

#[test]
fn a_batch_that_all_have_left_does_not_keep_others_waiting() {
    let mut fixture = idle(1, PolicyKind::Delay { timeout_ns: 1000 });
    let first = fixture.arrive('a').key;
    assert_eq!(fixture.take(0), Take::WaitUntil(1000));
    let other = fixture.scheduler.add_group(crate::fixture::latency(8), false);
    let arrival = phalanx_batch::Arrival { group: other, ..fixture.arrival(8) };
    assert_eq!(fixture.admit('b', arrival).wake, None);
    fixture.scheduler.cancel(first);
    assert_eq!(fixture.scheduler.wake(0), Some(LaneId(0)));
    assert_eq!(fixture.run_members(), "b");
}

#[test]
fn a_lane_that_does_not_exist_gets_nothing() {
    let mut fixture = idle(1, PolicyKind::Immediate);
    fixture.arrive('a');
    assert_eq!(fixture.take(7), Take::Wait);
    assert_eq!(fixture.scheduler.lane_lost(LaneId(7)), None);
    fixture.scheduler.lane_restored(LaneId(7));
    assert_eq!(fixture.run_members(), "a");
}
