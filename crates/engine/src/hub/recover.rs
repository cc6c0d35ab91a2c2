//! What becomes of the requests of a batch that came to a bad end.
//!
//! A batch fails as a whole, but often for the sake of one request, and a request must neither take others down with it
//! nor pay for a fault of the backend. So its requests are run again: on the next backend where the lane is still good,
//! apart from all others where the batch may have been what killed the lane. Those that come to a bad end again are
//! halved until the one at fault is alone.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use phalanx_backend::BackendError;
use phalanx_batch::{LaneId, Member, Nanos, Returning, Turn};
use smallvec::SmallVec;

use super::Hub;
use super::deliver::Batch;
use crate::EngineError;
use crate::call::Part;
use crate::fallback::Change;
use crate::groups::{Apart, Group};

/// A request that has taken its lane down this many times while it ran alone is never run again.
const DEATHS_ALONE_MAX: u32 = 2;

/// After this many batches in a row that no backend could run, those that fail are answered with the error and not
/// taken apart any more: it is not a request's fault then.
const FAILURES_IN_A_ROW_MAX: usize = 8;

/// How a batch ended badly.
#[derive(Clone, Debug)]
pub(super) enum BadEnd {
    /// The lane is still good.
    Failed(BackendError),
    /// The lane is lost; whether the batch may be the cause.
    Lost { error: BackendError, suspect: bool },
}

impl BadEnd {
    pub(super) fn error(&self) -> &BackendError {
        match self {
            Self::Failed(error) | Self::Lost { error, .. } => error,
        }
    }
}

/// What is done about it.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    /// They run again as they were.
    Again,
    /// They run again together, apart from all others.
    Apart(Apart),
    /// They run again in two halves.
    Halves(Apart),
    /// They are answered with the error.
    Answer,
    /// The only one is refused, now and for good.
    Poison,
}

/// What is known of the batch and its surroundings.
struct Case<'a> {
    apart: Option<&'a Apart>,
    members: usize,
    level: usize,
    below: Option<usize>,
    failures_in_a_row: usize,
}

fn judge(case: &Case<'_>, end: &BadEnd) -> Verdict {
    let before = case.apart.cloned().unwrap_or_default();
    match end {
        BadEnd::Lost { suspect: false, .. } => Verdict::Again,
        BadEnd::Lost { .. } if case.members == 1 => {
            let deaths_alone = before.deaths_alone + 1;
            if deaths_alone >= DEATHS_ALONE_MAX {
                return Verdict::Poison;
            }
            Verdict::Apart(Apart { deaths: before.deaths + 1, deaths_alone, ..before })
        }
        BadEnd::Lost { .. } => {
            let apart = Apart { deaths: before.deaths + 1, ..before };
            if before.deaths == 0 { Verdict::Apart(apart) } else { Verdict::Halves(apart) }
        }
        BadEnd::Failed(BackendError::Input { .. }) if case.members == 1 => Verdict::Answer,
        BadEnd::Failed(error) => match case.below {
            Some(below) if before.level.is_none_or(|level| level < below) => {
                let error = before.error.unwrap_or_else(|| error.clone());
                Verdict::Apart(Apart { level: Some(below), from: case.level, error: Some(error), ..before })
            }
            _ if case.members > 1 && case.failures_in_a_row < FAILURES_IN_A_ROW_MAX => {
                Verdict::Halves(Apart { level: None, ..before })
            }
            _ => Verdict::Answer,
        },
    }
}

impl Hub {
    /// Runs the members of a batch again, or answers them with the error.
    pub(super) fn recover(
        &self,
        batch: &Batch,
        members: &mut Vec<Member<Part>>,
        end: &BadEnd,
        now_ns: Nanos,
    ) {
        let failures_in_a_row = match end {
            BadEnd::Failed(_) => self.failures_in_a_row.fetch_add(1, Ordering::Relaxed),
            BadEnd::Lost { .. } => 0,
        };
        let apart = batch.group.apart();
        let case = Case {
            apart,
            members: members.len(),
            level: batch.level,
            below: self.stack.below(batch.level),
            failures_in_a_row,
        };
        let verdict = if self.settings.recovers { judge(&case, end) } else { Verdict::Answer };
        match verdict {
            Verdict::Again => {
                let apart = apart.cloned().unwrap_or_default();
                self.run_apart(&batch.group, apart, Turn::First, members.drain(..), now_ns);
            }
            // Those that are suspect wait behind those that have done nothing wrong, who would otherwise die with them
            // at every turn.
            Verdict::Apart(apart) => {
                self.run_apart(&batch.group, apart, Turn::Last, members.drain(..), now_ns);
            }
            Verdict::Halves(apart) => {
                let second = members.split_off(members.len() / 2);
                self.run_apart(&batch.group, apart.clone(), Turn::Last, members.drain(..), now_ns);
                self.run_apart(&batch.group, apart, Turn::Last, second.into_iter(), now_ns);
            }
            Verdict::Answer => {
                let first = apart.and_then(|apart| apart.error.clone());
                let error = first.unwrap_or_else(|| end.error().clone());
                for member in members.drain(..) {
                    self.fail_part(member.payload, EngineError::BackendFailed(error.clone()));
                }
            }
            Verdict::Poison => {
                let error =
                    EngineError::PoisonRequest { deaths: DEATHS_ALONE_MAX, last: end.error().clone() };
                members.drain(..).for_each(|member| self.fail_part(member.payload, error.clone()));
            }
        }
    }

    /// A batch has ended well: what that says about the backend that should have run it.
    pub(super) fn ran_well(&self, batch: &Batch, now_ns: Nanos) {
        self.failures_in_a_row.store(0, Ordering::Relaxed);
        batch.group.sizes.ran(batch.rows_run());
        if let Some(Apart { level: Some(level), from, error: Some(error), .. }) = batch.group.apart()
            && *level == batch.level
        {
            let change = self.stack.failed(*from, error, now_ns);
            self.moved(change);
        }
    }

    /// Lanes that have to open another program are told so.
    pub(crate) fn moved(&self, change: Option<Change>) {
        let Some(change) = change else { return };
        self.recorder.count_move();
        match (change, self.stack.degraded()) {
            (Change::Down { from }, Some((to, reason))) => {
                let from = self.stack.candidate(from);
                let reason = reason.map(|error| error.to_string());
                tracing::warn!(?from, ?to, reason, "another backend takes over");
            }
            (_, Some((to, _))) => tracing::info!(?to, "a preferred backend takes over again"),
            (_, None) => tracing::info!("the preferred backend takes over again"),
        }
        self.wake_all();
    }

    /// Drops the groups of requests that ran apart and are through.
    pub(super) fn clear_apart(&self) {
        self.groups.clear_apart(|group| self.scheduler().remove_group(group));
    }

    /// Puts members back into the queue in a group of their own. Their old one may be gone by now: it has had no request
    /// since they left it, and its number may be another's.
    fn run_apart(
        &self,
        from: &Arc<Group>,
        apart: Apart,
        turn: Turn,
        members: impl Iterator<Item = Member<Part>>,
        now_ns: Nanos,
    ) {
        self.recorder.count_rerun();
        let still = self.groups.by_id(from.id).filter(|group| Arc::ptr_eq(group, from));
        let id = {
            let mut scheduler = self.scheduler();
            let latency =
                still.and_then(|group| scheduler.latency(group.id)).unwrap_or(&self.settings.latency);
            let latency = latency.clone();
            scheduler.add_group(latency, from.is_single())
        };
        let group = self.groups.insert_apart(from.apart_as(id, apart));
        let mut woken = SmallVec::<[LaneId; 4]>::new();
        for member in members {
            let Member { payload: part, rows, arrival_ns, deadline_ns, priority, .. } = member;
            let returning = Returning { group: id, rows, arrival_ns, deadline_ns, priority, turn };
            match self.put_back(part, &returning, now_ns) {
                Ok(lane) => woken.extend(lane),
                Err((part, error)) => self.fail_part(part, error),
            }
        }
        group.is_filled();
        woken.into_iter().for_each(|lane| self.wake(Some(lane)));
    }

    /// Puts a part back into the queue, unless nobody waits for it any more. A lane that has something to do comes back.
    fn put_back(
        &self,
        part: Part,
        returning: &Returning,
        now_ns: Nanos,
    ) -> Result<Option<LaneId>, (Part, EngineError)> {
        let mut body = part.call.body();
        if body.generation != part.generation || body.parts_left == 0 {
            drop(body);
            self.calls.release(part.call);
            return Ok(None);
        }
        let mut scheduler = self.scheduler();
        // Both are set under this lock, by those who then take everything out of the scheduler.
        let closed = match self.broken.get() {
            Some(error) => Some(EngineError::BackendFailed(error.clone())),
            None => self.refusing.load(Ordering::Relaxed).then_some(EngineError::ShuttingDown),
        };
        let back = if closed.is_none() { scheduler.readmit(now_ns, returning, part.clone()) } else { None };
        drop(scheduler);
        let Some((key, lane)) = back else {
            drop(body);
            return Err((part, closed.unwrap_or(EngineError::ShuttingDown)));
        };
        let index = part.first_row / self.settings.rows_max;
        if let Some(own) = body.keys.get_mut(index) {
            *own = key;
        }
        Ok(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(suspect: bool) -> BadEnd {
        let error = BackendError::Run { backend: "test", message: "lost".to_owned() };
        BadEnd::Lost { error, suspect }
    }

    fn failed() -> BadEnd {
        BadEnd::Failed(BackendError::Run { backend: "test", message: "failed".to_owned() })
    }

    fn case(apart: Option<&Apart>, members: usize, below: Option<usize>) -> Case<'_> {
        Case { apart, members, level: 0, below, failures_in_a_row: 0 }
    }

    #[test]
    fn who_only_stood_by_goes_on_as_before() {
        assert_eq!(judge(&case(None, 4, None), &lost(false)), Verdict::Again);
        let apart = Apart { deaths: 5, deaths_alone: 1, ..Apart::default() };
        assert_eq!(judge(&case(Some(&apart), 1, None), &lost(false)), Verdict::Again);
    }

    #[test]
    fn a_batch_that_kills_twice_is_halved() {
        let Verdict::Apart(once) = judge(&case(None, 4, None), &lost(true)) else { panic!("apart at first") };
        assert_eq!((once.deaths, once.deaths_alone), (1, 0));
        let Verdict::Halves(twice) = judge(&case(Some(&once), 4, None), &lost(true)) else {
            panic!("halves")
        };
        assert_eq!(twice.deaths, 2);
        assert!(matches!(judge(&case(Some(&twice), 2, None), &lost(true)), Verdict::Halves(_)));
    }

    #[test]
    fn only_who_kills_twice_alone_is_refused() {
        let company = Apart { deaths: 7, ..Apart::default() };
        let Verdict::Apart(alone) = judge(&case(Some(&company), 1, None), &lost(true)) else {
            panic!("one more chance")
        };
        assert_eq!(alone.deaths_alone, 1);
        assert_eq!(judge(&case(Some(&alone), 1, None), &lost(true)), Verdict::Poison);
    }

    #[test]
    fn what_fails_is_tried_on_the_next_backend_before_it_is_halved() {
        let Verdict::Apart(below) = judge(&case(None, 4, Some(1)), &failed()) else {
            panic!("the next backend")
        };
        assert_eq!((below.level, below.from), (Some(1), 0));
        let there = Case { level: 1, ..case(Some(&below), 4, None) };
        let Verdict::Halves(half) = judge(&there, &failed()) else { panic!("halves") };
        assert_eq!(half.level, None, "which begin on the preferred backend");
    }

    #[test]
    fn a_request_that_no_backend_runs_is_answered_with_the_first_error() {
        let Verdict::Apart(below) = judge(&case(None, 1, Some(1)), &failed()) else {
            panic!("the next backend")
        };
        assert!(below.error.is_some());
        assert_eq!(judge(&Case { level: 1, ..case(Some(&below), 1, None) }, &failed()), Verdict::Answer);
        assert_eq!(judge(&case(None, 1, None), &failed()), Verdict::Answer);
    }

    #[test]
    fn a_backend_that_fails_always_costs_no_bisection() {
        let case = Case { failures_in_a_row: FAILURES_IN_A_ROW_MAX, ..case(None, 64, None) };
        assert_eq!(judge(&case, &failed()), Verdict::Answer);
    }
}
