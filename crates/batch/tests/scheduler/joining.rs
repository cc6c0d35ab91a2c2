use phalanx_batch::{Arrival, LeaveReason, Placed, PolicyKind, Take};

use crate::fixture::{Fixture, joined, latency, options};

#[test]
fn requests_join_until_a_lane_takes_the_batch() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let first = joined(&fixture.arrive('a'));
    let second = joined(&fixture.admit('b', fixture.arrival(3)));
    let third = joined(&fixture.arrive('c'));
    assert_eq!((first.0, first.0), (second.0, third.0), "one batch");
    assert_eq!([(first.1, first.2), (second.1, second.2), (third.1, third.2)], [(0, 0), (1, 1), (2, 4)]);
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.offsets, left.reason), ("abc", vec![0, 1, 4], LeaveReason::Idle));
    assert_eq!((fixture.taken.batch, fixture.taken.group, fixture.taken.rows), (first.0, fixture.group, 5));
    let next = joined(&fixture.arrive('d'));
    assert_ne!(next.0.id, first.0.id);
    assert_ne!(next.0.place, first.0.place, "the first still runs");
}

#[test]
fn behind_the_batch_that_runs_one_more_is_formed() {
    let mut fixture = Fixture::new(phalanx_batch::Options { depth: 8, ..options(PolicyKind::Immediate) });
    fixture.arrive('a');
    assert_eq!(fixture.run_members(), "a");
    fixture.arrive_all("bcdefghi");
    assert!(
        matches!(fixture.arrive('j').placed, Placed::Queued),
        "the batch behind is full, and depth adds no other"
    );
    assert!(!fixture.scheduler.wants_forming());
    fixture.end();
    assert_eq!(fixture.run_members(), "bcdefghi");
    assert!(fixture.taken.more_waiting);
    let (batch, members, _) = fixture.form_ahead();
    assert_eq!((batch.is_some(), members.as_str()), (true, "j"));
    joined(&fixture.arrive('k'));
    assert_eq!(fixture.form_ahead().0, None, "one is open already");
    fixture.end();
    assert_eq!(fixture.run_members(), "jk");
}

#[test]
fn a_depth_of_one_forms_nothing_ahead() {
    let mut fixture = Fixture::new(phalanx_batch::Options { depth: 1, ..options(PolicyKind::Immediate) });
    fixture.arrive('a');
    assert_eq!(fixture.run_members(), "a");
    assert_eq!(fixture.take(0), Take::Wait, "it has as many as it can have");
    assert!(matches!(fixture.arrive('b').placed, Placed::Queued));
    assert_eq!(fixture.form_ahead().0, None);
    fixture.end();
    assert_eq!(fixture.run_members(), "b");
}

#[test]
fn a_request_that_does_not_fit_closes_the_batch_and_is_not_overtaken() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    fixture.admit('a', fixture.arrival(5));
    assert!(matches!(fixture.admit('b', fixture.arrival(4)).placed, Placed::Queued));
    assert!(matches!(fixture.arrive('c').placed, Placed::Queued), "though it would have fitted");
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.reason), ("a", LeaveReason::Full));
    assert_eq!(fixture.form_ahead().1, "bc");
}

#[test]
fn those_who_leave_are_not_run_and_the_others_move_up() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let first = fixture.admit('a', fixture.arrival(2));
    fixture.admit('b', fixture.arrival(3));
    let third = fixture.arrive('c');
    fixture.arrive('d');
    assert_eq!(fixture.scheduler.cancel(first.key), Some('a'));
    assert_eq!(fixture.scheduler.cancel(third.key), Some('c'));
    assert_eq!(fixture.scheduler.queued_rows(), 4);
    let left = fixture.run();
    assert_eq!((left.members.as_str(), left.offsets), ("bd", vec![0, 3]));
    let members = &fixture.taken.members;
    assert_eq!([members[0].index, members[1].index], [1, 3], "where they were when they joined");
    assert_eq!([members[0].joined_at, members[1].joined_at], [2, 6]);
}

#[test]
fn a_batch_that_all_have_left_is_never_taken() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let keys = ['a', 'b'].map(|name| fixture.arrive(name).key);
    assert_eq!(keys.map(|key| fixture.scheduler.cancel(key)), [Some('a'), Some('b')]);
    assert_eq!(fixture.take(0), Take::Wait);
    assert!(fixture.scheduler.is_idle());
}

#[test]
fn the_place_of_a_batch_that_is_not_taken_is_used_again() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    for round in 0..20 {
        let admitted = fixture.arrive('a');
        let batch = joined(&admitted).0;
        assert!(batch.place < fixture.scheduler.places());
        if round % 2 == 0 {
            fixture.scheduler.cancel(admitted.key);
            assert_eq!(fixture.take(0), Take::Wait);
        } else {
            assert_eq!(fixture.scheduler.drain_all(), ['a']);
        }
    }
    fixture.arrive('b');
    assert_eq!(fixture.run_members(), "b");
}

#[test]
fn a_batch_of_several_rows_each_is_held_to_what_the_policy_allows() {
    let mut fixture = Fixture::new(options(PolicyKind::Adaptive { target_ns: 0 }));
    for name in "abcdefgh".chars() {
        fixture.admit(name, fixture.arrival(3));
    }
    let mut batches = Vec::new();
    while fixture.take(0) == Take::Run {
        batches.push(fixture.taken.rows);
        fixture.end();
    }
    // One request always rides; from then on at most 2, 4, 8 and 8 rows.
    assert_eq!(batches, [3, 3, 3, 6, 6, 3]);
}

#[test]
fn a_batch_that_some_have_left_is_filled_up_from_the_queue() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    fixture.arrive('x');
    fixture.run();
    let first = fixture.admit('a', fixture.arrival(4)).key;
    fixture.admit('b', fixture.arrival(3));
    fixture.admit('c', fixture.arrival(2));
    fixture.admit('d', fixture.arrival(1));
    fixture.scheduler.cancel(first);
    fixture.end();
    // Row 7 is free until the rows move up; two more are not.
    assert_eq!(fixture.run_members(), "b");
    fixture.end();
    let third = fixture.scheduler.queued_rows();
    assert_eq!((fixture.run_members().as_str(), third), ("cd", 3));
}

#[test]
fn exclusive_requests_run_alone_whatever_their_rows() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let exclusive = fixture.scheduler.add_group(latency(8), true);
    let arrival = Arrival { group: exclusive, ..fixture.arrival(90) };
    fixture.admit('a', arrival);
    fixture.scheduler.admit(0, &Arrival { rows: 1, ..arrival }, 'b').unwrap();
    fixture.scheduler.admit(0, &Arrival { rows: 1, ..arrival }, 'c').unwrap();
    for name in ["a", "b", "c"] {
        let left = fixture.run();
        assert_eq!((left.members.as_str(), left.reason), (name, LeaveReason::Full));
        fixture.end();
    }
}

#[test]
fn what_no_batch_can_take_is_not_admitted() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let mut none = |arrival: Arrival| fixture.scheduler.admit(0, &arrival, 'a').is_none();
    let arrival = Arrival { group: phalanx_batch::GroupId(0), rows: 8, deadline_ns: None, priority: 0 };
    assert!(none(Arrival { rows: 0, ..arrival }));
    assert!(none(Arrival { rows: 9, ..arrival }));
    assert!(none(Arrival { group: phalanx_batch::GroupId(7), ..arrival }));
    assert!(!none(arrival));
}
