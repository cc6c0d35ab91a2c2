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
fn those_who_wait_are_passed_over_too() {
    let mut fixture = Fixture::new(slo(100_000, 64));
    fixture.admit('x', Arrival { deadline_ns: Some(9000), ..fixture.arrival(1) });
    fixture.run();
    // The batch of another group is formed behind it, so all of them wait.
    let other = fixture.scheduler.add_group(crate::fixture::latency(64), false);
    fixture.admit('y', Arrival { group: other, ..fixture.arrival(1) });
    let urgent = Arrival { deadline_ns: Some(run_ns(1) + run_ns(1) + run_ns(2)), ..fixture.arrival(1) };
    fixture.admit('a', urgent);
    fixture.admit('b', urgent);
    fixture.arrive_all("cdefg");
    fixture.end();
    assert_eq!(fixture.run_members(), "y");
    let (_, members, refused) = fixture.form_ahead();
    assert_eq!((members.as_str(), refused.as_str()), ("cdefg", "ab"));
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

#[test]
fn nobody_is_passed_over_where_there_is_no_room_for_others() {
    let mut fixture = Fixture::new(slo(100_000, 8));
    fixture.arrive('x');
    fixture.run();
    let arrival = Arrival { deadline_ns: Some(9000), ..fixture.arrival(1) };
    let left = fixture.admit('b', Arrival { rows: 6, ..arrival }).key;
    fixture.scheduler.cancel(left);
    fixture.admit('a', Arrival { deadline_ns: Some(run_ns(1) + run_ns(2)), ..arrival });
    fixture.arrive_all("cdefg");
    fixture.end();
    assert_eq!((fixture.run_members().as_str(), fixture.refused().as_str()), ("ac", ""), "row 7 is the last");
}

#[test]
fn who_is_too_late_for_the_open_batch_does_not_close_it() {
    let mut fixture = Fixture::new(slo(100_000, 64));
    fixture.arrive('x');
    fixture.run();
    fixture.admit('a', fixture.arrival(10));
    let arrival = Arrival { deadline_ns: Some(run_ns(1) + run_ns(5)), ..fixture.arrival(1) };
    let tight = fixture.scheduler.admit(0, &arrival, 'b').unwrap();
    assert!(matches!(tight.placed, Placed::Queued));
    assert!(matches!(fixture.arrive('c').placed, Placed::Queued), "behind b");
    fixture.end();
    assert_eq!(fixture.run_members(), "ac");
    fixture.end();
    assert_eq!(fixture.take(0), phalanx_batch::Take::Wait);
    assert_eq!(fixture.refused(), "b");
}

#[test]
fn batches_are_smaller_where_more_of_them_are_in_flight() {
    let options = Options { depth: 4, lead_ns: 10_000, ..slo(500, 64) };
    let mut fixture = Fixture::new(options);
    let mut batches = Vec::new();
    for _ in 0..3 {
        for _ in 0..40 {
            fixture.scheduler.admit(0, &Arrival { deadline_ns: Some(90_000), ..fixture.arrival(1) }, 'a');
        }
        assert_eq!(fixture.take(0), phalanx_batch::Take::Run);
        batches.push(fixture.taken.rows);
    }
    // 10·b + 100 is within 500/1.5, 500/1.5 and 500/2.5.
    assert_eq!(batches, [23, 23, 10]);
}

#[test]
fn the_time_that_handing_out_takes_is_left_to_it() {
    const HANDED_OUT_NS: u64 = 30;
    let mut fixture = Fixture::new(slo(100_000, 64));
    for _ in 0..64 {
        fixture.arrive('x');
        fixture.run();
        let batch = fixture.taken.batch;
        fixture.now_ns += run_ns(1);
        fixture.scheduler.complete(fixture.now_ns, LaneId(0), batch, Some(run_ns(1)));
        fixture.now_ns += HANDED_OUT_NS;
        fixture.scheduler.release(fixture.now_ns, batch);
    }
    fixture.arrive('x');
    fixture.run();
    let answered_ns = fixture.now_ns + run_ns(1) + run_ns(3) + HANDED_OUT_NS;
    fixture.admit('a', Arrival { deadline_ns: Some(answered_ns), ..fixture.arrival(1) });
    fixture.arrive_all("bcd");
    fixture.end();
    assert_eq!(fixture.run_members(), "abc");
}
