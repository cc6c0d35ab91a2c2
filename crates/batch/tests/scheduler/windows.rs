use phalanx_batch::{Arrival, LaneId, LatencyModel, LeaveReason, Options, Placed, PolicyKind};

use crate::fixture::{Fixture, options, run_ns};

fn slo(slo_ns: u64, rows_max: usize) -> Options {
    Options { slo_ns: Some(slo_ns), rows_max, ..options(PolicyKind::SloWindow) }
}

#[test]
fn a_batch_takes_what_one_and_a_half_of_it_leave_time_for() {
    // 1.5·(10·b + 100) is within 270 up to 8 rows.
    let mut fixture = Fixture::new(slo(270, 64));
    for name in 'a'..='l' {
        fixture.admit(name, Arrival { deadline_ns: Some(9000), ..fixture.arrival(1) });
    }
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("abcdefgh", LeaveReason::Window));
}

#[test]
fn fixed_buckets_are_filled_as_far_as_the_largest_that_is_in_time() {
    let mut fixture = Fixture::new(slo(600, 32));
    let mut latency = LatencyModel::buckets(&[1, 8, 32]);
    for (index, time_ns) in [150, 300, 900].into_iter().enumerate() {
        latency.calibrate(index, time_ns);
    }
    fixture.group = fixture.scheduler.add_group(latency, false);
    fixture.arrive_all("abcdefghijkl");
    assert_eq!(fixture.run_members(), "abcdefgh", "nine rows would take as long as 32");
}

#[test]
fn a_batch_is_closed_before_it_makes_its_first_member_late() {
    let mut fixture = Fixture::new(slo(100_000, 64));
    fixture.arrive('x');
    fixture.run();
    let arrival = Arrival { deadline_ns: Some(run_ns(1) + run_ns(3)), ..fixture.arrival(1) };
    fixture.admit('a', arrival);
    fixture.arrive_all("bcd");
    fixture.end();
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("abc", LeaveReason::Window));
    fixture.end();
    assert_eq!(fixture.run_members(), "d");
}

/// A batch runs until 110; `urgent` are in the one formed behind it and have to be answered 120 later, so that they
/// leave room for two rows; `others` wait.
fn hold_up(urgent: &str, others: usize, priority: i32) -> Fixture {
    let mut fixture = Fixture::new(slo(100_000, 64));
    fixture.arrive('x');
    fixture.run();
    let arrival = Arrival { deadline_ns: Some(run_ns(1) + run_ns(2)), ..fixture.arrival(1) };
    for name in urgent.chars() {
        fixture.admit(name, Arrival { priority, ..arrival });
    }
    for name in ('c'..).take(others) {
        fixture.arrive(name);
    }
    fixture.end();
    fixture
}

#[test]
fn the_oldest_are_passed_over_where_more_ride_without_them() {
    let mut fixture = hold_up("ab", 5, 0);
    assert_eq!((fixture.run_members().as_str(), fixture.refused().as_str()), ("cdefg", "ab"));
    assert_eq!(fixture.taken.members[0].joined_at, 2, "their rows stay empty until the batch leaves");
}

#[test]
fn nobody_is_passed_over_for_as_many_as_it_costs() {
    let mut fixture = hold_up("ab", 4, 0);
    assert_eq!((fixture.run_members().as_str(), fixture.refused().as_str()), ("ab", ""));
    fixture.end();
    assert_eq!(fixture.run_members(), "cdef");
}

#[test]
fn nobody_is_passed_over_for_a_lower_priority() {
    let mut fixture = hold_up("ab", 9, 1);
    assert_eq!((fixture.run_members().as_str(), fixture.refused().as_str()), ("ab", ""));
}

#[test]
fn a_hold_up_is_made_good_at_the_last_look() {
    let mut fixture = Fixture::new(slo(400, 64));
    fixture.arrive('x');
    fixture.run();
    fixture.now_ns = 50;
    fixture.arrive_all("ab");
    fixture.now_ns = 250;
    fixture.arrive_all("cdefgh");
    // The first takes until 320 instead of 110: now a and b have 130 left, the others 330.
    fixture.now_ns = 0;
    fixture.end_after(320);
    assert_eq!((fixture.run_members().as_str(), fixture.refused().as_str()), ("cdefgh", "ab"));
}

#[test]
fn a_batch_closed_too_early_is_filled_up_at_the_last_look() {
    let mut fixture = Fixture::new(slo(600, 64));
    fixture.admit('x', fixture.arrival(30));
    fixture.run();
    let arrival = Arrival { deadline_ns: Some(540), ..fixture.arrival(1) };
    for name in "abcd".chars() {
        fixture.admit(name, arrival);
    }
    assert!(matches!(fixture.arrive('e').placed, Placed::Queued), "from 400 there is time for four rows");
    // But the lane is free at 300 already.
    fixture.scheduler.complete(300, LaneId(0), fixture.taken.batch, None);
    fixture.now_ns = 300;
    assert_eq!(fixture.run_members(), "abcde");
}
