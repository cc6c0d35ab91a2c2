use std::collections::{BTreeMap, BTreeSet};

use phalanx_batch::{BatchRef, GroupId, Member, Nanos, Options, RequestKey, Taken};

use super::step::keeps_slo;

/// A request that has been admitted and has not left yet.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) key: RequestKey,
    pub(crate) group: GroupId,
    pub(crate) rows: usize,
    pub(crate) priority: i32,
    pub(crate) arrival_ns: Nanos,
    pub(crate) deadline_ns: Nanos,
    /// Where it was said to have joined.
    pub(crate) joined: Option<(BatchRef, usize, usize)>,
}

/// The requests that are in the scheduler, by the number they were admitted with.
#[derive(Default)]
pub(crate) struct Requests {
    inside: BTreeMap<usize, Request>,
    admitted: usize,
}

impl Requests {
    pub(crate) fn next_number(&self) -> usize {
        self.admitted
    }

    pub(crate) fn enter(&mut self, request: Request) {
        self.inside.insert(self.admitted, request);
        self.admitted += 1;
    }

    /// A payload came back: it must not have come back before.
    pub(crate) fn leave(&mut self, number: usize) -> Request {
        self.inside.remove(&number).unwrap_or_else(|| panic!("request {number} left twice"))
    }

    pub(crate) fn join(&mut self, number: usize, batch: BatchRef, index: usize, offset: usize) {
        let request = self.inside.get_mut(&number).expect("only who is inside joins");
        assert_eq!(request.joined, None, "request {number} joins twice");
        request.joined = Some((batch, index, offset));
        let told: Vec<_> = self.inside.values().filter_map(|other| other.joined).collect();
        let places: BTreeSet<_> = told.iter().map(|(batch, index, _)| (batch.id, *index)).collect();
        assert_eq!(places.len(), told.len(), "two members in one position");
    }

    pub(crate) fn rows(&self) -> usize {
        self.inside.values().map(|request| request.rows).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inside.is_empty()
    }

    pub(crate) fn pick(&self, pick: usize) -> Option<(usize, RequestKey)> {
        let position = pick.checked_rem(self.inside.len())?;
        self.inside.iter().nth(position).map(|(&number, request)| (number, request.key))
    }

    /// Nobody who waits in its group is more urgent than `member`, who has just been taken out of the queue; but for
    /// those whom the batch would not have answered in time, which `is_late` knows by their rows and deadline.
    pub(crate) fn check_urgency(
        &self,
        member: &Request,
        options: &Options,
        is_late: impl Fn(usize, Nanos) -> bool,
    ) {
        let passed = |other: &Request| keeps_slo(options.policy) && is_late(other.rows, other.deadline_ns);
        self.waiting()
            .filter(|other| other.group == member.group && !passed(other))
            .for_each(|other| check_order(member, other, options));
    }

    /// Nobody who waits, in whatever group, is more urgent than the first member of a batch that was just formed.
    pub(crate) fn check_most_urgent(&self, first: usize, options: &Options) {
        self.waiting().for_each(|other| check_order(&self.inside[&first], other, options));
    }

    /// Somebody of `group` joined a batch at once: nobody of it waits, and nobody at all where the batch was opened.
    pub(crate) fn check_not_overtaken(&self, group: GroupId, opened: bool) {
        if let Some(other) = self.waiting().find(|other| opened || other.group == group) {
            panic!("overtaken: {other:?}");
        }
    }

    fn waiting(&self) -> impl Iterator<Item = &Request> {
        self.inside.values().filter(|request| request.joined.is_none())
    }
}

fn check_order(first: &Request, other: &Request, options: &Options) {
    assert!(other.priority <= first.priority, "{other:?} waits behind {first:?}");
    // A window passes over the oldest, so only their ranks are in order.
    if other.priority == first.priority && !keeps_slo(options.policy) {
        let order = |request: &Request| (request.deadline_ns, request.arrival_ns);
        assert!(order(other) >= order(first), "{other:?} waits behind {first:?}");
    }
}

/// The batch is one that a slot of `rows_max` rows holds, and each member is where it was said to be.
pub(crate) fn check_batch(
    taken: &Taken<usize>,
    members: &[(Member<usize>, Request)],
    rows_max: usize,
    exclusive: bool,
) {
    assert!(!members.is_empty(), "a batch of nobody");
    assert!(!exclusive || members.len() == 1, "an exclusive request shares a batch");
    assert!(taken.rows <= rows_max || exclusive, "{} rows in a batch of {rows_max}", taken.rows);
    let (mut offset, mut joined_end, mut last_index) = (0, 0, None);
    for (member, request) in members {
        assert_eq!(request.group, taken.group, "two groups in one batch");
        assert_eq!((member.rows, member.arrival_ns), (request.rows, request.arrival_ns));
        assert_eq!(member.offset, offset, "rows are dense and in order");
        assert!(member.joined_at >= joined_end.max(offset), "members overlap");
        assert!(member.joined_at + member.rows <= rows_max || exclusive, "a row past the slot's end");
        assert!(last_index < Some(member.index), "members are in the order in which they joined");
        if let Some(told) = request.joined {
            assert_eq!((taken.batch, member.index, member.joined_at), told);
        }
        offset += member.rows;
        joined_end = member.joined_at + member.rows;
        last_index = Some(member.index);
    }
    assert_eq!(offset, taken.rows);
}
