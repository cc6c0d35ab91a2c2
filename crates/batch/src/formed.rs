use crate::scheduler::RequestKey;
use crate::{BatchRef, GroupId, LeaveReason, Nanos};

/// A batch that has been opened and not yet taken by a lane.
pub(crate) struct Formed {
    pub(crate) batch: BatchRef,
    pub(crate) group: GroupId,
    pub(crate) members: Vec<Place>,
    /// Rows of all members, those that left included: the next member's first row.
    pub(crate) rows: usize,
    /// Rows of the members that are still there.
    pub(crate) live_rows: usize,
    pub(crate) rows_cap: usize,
    /// Set once nothing may join any more, with the reason.
    pub(crate) closed: Option<LeaveReason>,
    pub(crate) oldest_arrival_ns: Nanos,
    pub(crate) earliest_deadline_ns: Nanos,
}

/// A member's rows in the batch; no key once it has left.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) key: Option<RequestKey>,
    pub(crate) offset: usize,
}

/// What of a request matters to the batch it joins.
#[derive(Clone, Copy)]
pub(crate) struct Joining {
    pub(crate) key: RequestKey,
    pub(crate) rows: usize,
    pub(crate) arrival_ns: Nanos,
    pub(crate) deadline_ns: Nanos,
}

impl Formed {
    /// An empty batch. `members` is a list to be used again.
    pub(crate) fn open(batch: BatchRef, group: GroupId, rows_cap: usize, mut members: Vec<Place>) -> Self {
        members.clear();
        Self {
            batch,
            group,
            members,
            rows: 0,
            live_rows: 0,
            rows_cap,
            closed: None,
            oldest_arrival_ns: Nanos::MAX,
            earliest_deadline_ns: Nanos::MAX,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Adds a request; its position among the members comes back.
    pub(crate) fn join(&mut self, request: &Joining) -> usize {
        self.members.push(Place { key: Some(request.key), offset: self.rows });
        self.rows += request.rows;
        self.live_rows += request.rows;
        self.oldest_arrival_ns = self.oldest_arrival_ns.min(request.arrival_ns);
        self.earliest_deadline_ns = self.earliest_deadline_ns.min(request.deadline_ns);
        self.members.len() - 1
    }

    /// A member left; its rows stay unused until the batch is taken.
    pub(crate) fn leave(&mut self, member: usize, rows: usize) {
        self.members[member].key = None;
        self.live_rows -= rows;
    }
}
