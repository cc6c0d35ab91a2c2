//! Lanes: asking, running batches, being lost and coming back.

use phalanx_batch::{BatchRef, LeaveReason, PolicyKind, Take, Taken};

use super::lanes::State;
use super::model::Model;
use super::requests::check_batch;
use super::step::keeps_slo;

impl Model {
    pub(super) fn ask(&mut self, lane: usize) {
        let mut taken = std::mem::take(&mut self.taken);
        let (id, state) = self.lanes.get(lane);
        state.state = State::Asking;
        let room = state.running.len() < self.options.depth;
        let take = self.scheduler.take(self.now_ns, id, &mut taken);
        for (number, refusal) in taken.refused.drain(..) {
            self.refused(number, refusal);
        }
        let state = match take {
            Take::Run => {
                assert!(room, "more batches than the lane can have");
                self.run(lane, &mut taken);
                State::Asking
            }
            Take::WaitUntil(time_ns) => {
                assert!(time_ns > self.now_ns, "waits for what has passed");
                assert!(!self.stopped, "waits for a timer while stopping");
                State::Idle(Some(time_ns))
            }
            Take::Wait if room => State::Idle(None),
            Take::Wait => State::Busy,
        };
        self.lanes.get(lane).1.state = state;
        assert_eq!(taken.more_waiting, take == Take::Run && self.scheduler.wants_forming());
        self.lanes.wake(taken.wake);
        self.taken = taken;
    }

    fn run(&mut self, lane: usize, taken: &mut Taken<usize>) {
        assert!(self.batches_seen.insert(taken.batch.id), "a batch left twice");
        assert!(self.out.insert(taken.batch.place, taken.batch).is_none(), "two batches in one place");
        assert!(self.out.len() <= self.scheduler.places());
        let latency = self.scheduler.latency(taken.group).expect("the group exists").clone();
        let members: Vec<_> = taken
            .members
            .drain(..)
            .map(|member| {
                let request = self.requests.leave(member.payload);
                let ends_ns = self.now_ns.saturating_add(latency.estimate_ns(request.rows));
                assert!(ends_ns <= request.deadline_ns, "taken though it must be late: {request:?}");
                (member, request)
            })
            .collect();
        check_batch(taken, &members, self.options.rows_max, taken.group == self.groups[2]);
        if !self.has_timers() {
            let unheard = members.iter().filter(|(_, request)| request.joined.is_none());
            let is_late = |rows, deadline_ns| {
                self.now_ns.saturating_add(latency.estimate_ns(taken.rows + rows)) > deadline_ns
            };
            unheard.for_each(|(_, request)| self.requests.check_urgency(request, &self.options, is_late));
        }
        self.check_reason(taken.reason);
        self.lanes.get(lane).1.running.push((taken.batch, taken.rows));
    }

    fn check_reason(&self, reason: LeaveReason) {
        let policy = self.options.policy;
        match reason {
            LeaveReason::Full => {}
            LeaveReason::Window => assert!(keeps_slo(policy)),
            LeaveReason::Deadline => {
                assert!(matches!(policy, PolicyKind::Delay { .. } | PolicyKind::Deferred));
            }
            LeaveReason::Idle => assert!(!matches!(policy, PolicyKind::Delay { .. })),
            LeaveReason::Drain => assert!(self.stopped),
        }
    }

    pub(super) fn complete(&mut self, lane: usize, pick: usize, noise: u64, ok: bool) {
        let (id, lane) = self.lanes.get(lane);
        let Some(position) = pick.checked_rem(lane.running.len()) else { return };
        let (batch, rows) = lane.running.remove(position);
        if lane.state == State::Busy {
            lane.state = State::Idle(None);
        }
        assert!(self.scheduler.flight_ends_ns(id, batch).is_some());
        let took_ns = self.setup.run_ns(rows) + noise;
        let woken = self.scheduler.complete(self.now_ns, id, batch, ok.then_some(took_ns));
        assert_eq!(self.scheduler.complete(self.now_ns, id, batch, None), None, "a batch that has ended");
        self.lanes.wake(woken);
    }

    pub(super) fn release(&mut self, pick: usize) {
        let running: Vec<BatchRef> = self
            .lanes
            .running()
            .iter()
            .flat_map(|&lane| self.lanes.get(lane).1.running.clone())
            .map(|(batch, _)| batch)
            .collect();
        let ended: Vec<BatchRef> =
            self.out.values().filter(|batch| !running.contains(batch)).copied().collect();
        let Some(position) = pick.checked_rem(ended.len()) else { return };
        let batch = ended[position];
        self.out.remove(&batch.place);
        let woken = self.scheduler.release(self.now_ns, batch);
        self.lanes.wake(woken);
        let woken = self.scheduler.release(self.now_ns, batch);
        self.lanes.wake(woken);
    }

    pub(super) fn lose(&mut self, lane: usize) {
        let (id, lane) = self.lanes.get(lane);
        lane.state = State::Lost;
        lane.running.clear();
        let woken = self.scheduler.lane_lost(id);
        self.lanes.wake(woken);
    }

    pub(super) fn restore(&mut self, lane: usize) {
        let (id, lane) = self.lanes.get(lane);
        if lane.state == State::Lost {
            lane.state = State::Asking;
            self.scheduler.lane_restored(id);
        }
    }

    /// Every lane that has reason to ask does. Then no other could have got anything: no wake-up was lost.
    pub(super) fn settle(&mut self) {
        let mut rounds = 0;
        while let Some(&lane) = self.lanes.asking(self.now_ns).first() {
            self.ask(lane);
            rounds += 1;
            assert!(rounds < 10_000, "lanes ask for ever");
        }
        for lane in self.lanes.idle() {
            let before = self.batches_seen.len();
            self.ask(lane);
            assert_eq!(self.batches_seen.len(), before, "a batch could have left, and nobody was woken");
        }
    }
}
