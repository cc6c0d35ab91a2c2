use phalanx_batch::{Arrival, Options, Placed, PolicyKind, Refusal, Take};

use crate::fixture::{Fixture, joined, latency, options};

/// A lane that runs, and a full batch behind it: whoever comes now waits.
fn busy() -> Fixture {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    fixture.arrive('x');
    fixture.run();
    fixture.admit('y', fixture.arrival(8));
    fixture
}

/// Who is in the batches that leave from now on.
fn rest(fixture: &mut Fixture) -> Vec<String> {
    let mut batches = Vec::new();
    fixture.end();
    while fixture.take(0) == Take::Run {
        batches.push(fixture.taken.members.iter().map(|member| member.payload).collect());
        fixture.end();
    }
    batches
}

#[test]
fn the_queue_is_ordered_by_priority_then_deadline_then_arrival() {
    let mut fixture = busy();
    let arrival = fixture.arrival(1);
    fixture.admit('a', arrival);
    fixture.admit('b', Arrival { deadline_ns: Some(90_000), ..arrival });
    fixture.admit('c', Arrival { deadline_ns: Some(80_000), ..arrival });
    fixture.admit('d', Arrival { priority: 2, ..arrival });
    fixture.admit('e', Arrival { priority: 2, deadline_ns: Some(99_000), ..arrival });
    fixture.admit('f', arrival);
    fixture.admit('g', Arrival { priority: -1, deadline_ns: Some(50_000), ..arrival });
    assert_eq!(rest(&mut fixture), ["y", "edcbafg"]);
}

#[test]
fn an_arrival_does_not_overtake_those_who_wait() {
    let mut fixture = busy();
    fixture.arrive('a');
    fixture.end();
    fixture.run();
    assert!(
        matches!(fixture.arrive('b').placed, Placed::Queued),
        "a batch may be opened again, but not by b"
    );
    assert_eq!(rest(&mut fixture), ["ab"]);
}

#[test]
fn groups_never_mix_and_the_most_urgent_goes_first() {
    let mut fixture = busy();
    let other = fixture.scheduler.add_group(latency(8), false);
    let arrival = fixture.arrival(1);
    fixture.admit('a', arrival);
    fixture.admit('b', Arrival { group: other, ..arrival });
    fixture.admit('c', arrival);
    fixture.admit('d', Arrival { group: other, priority: 1, ..arrival });
    assert_eq!(rest(&mut fixture), ["y", "db", "ac"]);
}

#[test]
fn while_one_group_has_an_open_batch_another_waits() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let other = fixture.scheduler.add_group(latency(8), false);
    joined(&fixture.arrive('a'));
    assert!(matches!(
        fixture.admit('b', Arrival { group: other, ..fixture.arrival(1) }).placed,
        Placed::Queued
    ));
    joined(&fixture.arrive('c'));
    assert_eq!(fixture.run_members(), "ac");
    assert!(matches!(fixture.arrive('d').placed, Placed::Queued), "b came first");
    assert_eq!(fixture.form_ahead().1, "b");
}

#[test]
fn the_queue_holds_rows_up_to_its_limit() {
    let mut fixture = Fixture::new(Options { queue_rows_max: 12, ..options(PolicyKind::Immediate) });
    fixture.arrive('x');
    fixture.run();
    fixture.admit('a', fixture.arrival(7));
    fixture.admit('b', fixture.arrival(5));
    let refused = fixture.scheduler.check(0, &fixture.arrival(1));
    let Err(Refusal::QueueFull { retry_after_ns }) = refused else { panic!("{refused:?}") };
    assert!(
        retry_after_ns >= 1_000_000,
        "a caller that tries again at once is refused again: {retry_after_ns}"
    );
    fixture.end();
    fixture.run();
    assert_eq!(fixture.scheduler.check(0, &fixture.arrival(7)), Ok(()), "what runs does not count");
}

#[test]
fn a_group_is_removed_once_nothing_of_it_is_left() {
    let mut fixture = Fixture::new(options(PolicyKind::Immediate));
    let group = fixture.group;
    fixture.arrive('a');
    assert!(!fixture.scheduler.remove_group(group), "formed");
    fixture.run();
    assert!(!fixture.scheduler.remove_group(group), "running");
    fixture.arrive('b');
    fixture.end();
    assert_eq!(fixture.scheduler.drain_all(), ['b']);
    assert!(fixture.scheduler.remove_group(group));
    assert!(!fixture.scheduler.remove_group(group));
    assert!(fixture.scheduler.latency(group).is_none());
    assert_eq!(fixture.scheduler.add_group(latency(8), false), group, "its number is used again");
}
