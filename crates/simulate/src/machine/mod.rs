mod engine;
mod turns;

use phalanx_batch::{LaneId, Nanos};

use crate::Setup;
use crate::subject::{Arriving, Left, Subject, Worked};
use engine::{Asked, Engine};
use turns::Turns;

/// The engine's schedulers and the lanes that they feed, in virtual time, driven as the engine drives them: a lane that
/// blocks asks when it is free; one that works by itself asks again after every batch it was handed. Places are released
/// and the next batch is formed right after.
pub(crate) struct Machine {
    now_ns: Nanos,
    engines: Vec<Engine>,
    /// Where several models share the devices.
    turns: Option<Turns>,
    /// When the next thing happens, and on which lane of which engine.
    next: Option<(Nanos, usize, usize)>,
}

impl Machine {
    /// For a setup that was checked and whose rules are the engine's. `seed` decides how batch times vary.
    pub(crate) fn new(setup: &Setup, seed: u64) -> Self {
        let engines = setup.served.iter().enumerate();
        let engines: Vec<Engine> = engines
            .map(|(index, served)| Engine::new(served, setup.devices, seed.wrapping_add(index as u64)))
            .collect();
        let turns = (engines.len() > 1).then(|| Turns::new(setup.devices, engines.len()));
        let mut machine = Self { now_ns: 0, engines, turns, next: None };
        let mut left = Vec::new();
        for engine in 0..machine.engines.len() {
            for lane in 0..setup.devices {
                machine.ask_all(engine, Some(LaneId(lane)), &mut left);
            }
        }
        machine.let_in(&mut left);
        machine
    }

    fn find_next(&mut self) {
        let engines = self.engines.iter().enumerate();
        let times =
            engines.filter_map(|(index, engine)| engine.next().map(|(time_ns, lane)| (time_ns, index, lane)));
        self.next = times.min();
    }

    fn complete(&mut self, engine: usize, lane: usize, left: &mut Vec<Left>) {
        let Some(ended) = self.engines[engine].complete(self.now_ns, lane, left) else { return };
        if let Some(turns) = &mut self.turns {
            turns.end(engine, ended.took_ns);
        }
        self.ask_all(engine, Some(LaneId(lane)), left);
        self.ask_all(engine, ended.woken, left);
        let woken = self.engines[engine].release(self.now_ns, ended.batch, left);
        self.ask_all(engine, woken, left);
    }

    /// A lane asks, and whoever is woken by that.
    fn ask_all(&mut self, engine: usize, first: Option<LaneId>, left: &mut Vec<Left>) {
        let mut asking = first;
        while let Some(lane) = asking {
            asking = self.ask(engine, lane, left);
        }
    }

    fn ask(&mut self, engine: usize, lane: LaneId, left: &mut Vec<Left>) -> Option<LaneId> {
        if let Some(turns) = &mut self.turns
            && !turns.try_take(engine)
        {
            turns.wait(engine, lane.0);
            return None;
        }
        self.ask_now(engine, lane, left)
    }

    /// A lane that has its turn asks.
    fn ask_now(&mut self, engine: usize, lane: LaneId, left: &mut Vec<Left>) -> Option<LaneId> {
        let Asked { woken, runs } = self.engines[engine].ask(self.now_ns, lane, left);
        if let Some(turns) = self.turns.as_mut().filter(|_| !runs) {
            turns.end(engine, 0);
        }
        woken
    }

    /// Those who wait for a turn get those that are free.
    fn let_in(&mut self, left: &mut Vec<Left>) {
        while let Some((engine, lane)) = self.turns.as_mut().and_then(Turns::next) {
            let woken = self.ask_now(engine, LaneId(lane), left);
            self.ask_all(engine, woken, left);
        }
        self.find_next();
    }
}

impl Subject for Machine {
    fn arrive(&mut self, now_ns: Nanos, arriving: Arriving, left: &mut Vec<Left>) {
        self.now_ns = now_ns;
        let model = usize::from(arriving.model);
        if let Some(lane) = self.engines[model].arrive(now_ns, arriving, left) {
            self.ask_all(model, Some(lane), left);
            self.let_in(left);
        }
    }

    fn next_ns(&self) -> Nanos {
        self.next.map_or(Nanos::MAX, |(time_ns, ..)| time_ns)
    }

    fn happen(&mut self, left: &mut Vec<Left>) {
        let Some((time_ns, engine, lane)) = self.next else { return };
        self.now_ns = self.now_ns.max(time_ns);
        if self.engines[engine].has_ended(lane, self.now_ns) {
            self.complete(engine, lane, left);
        } else {
            self.engines[engine].timer_rang(lane);
            self.ask_all(engine, Some(LaneId(lane)), left);
        }
        self.let_in(left);
    }

    fn worked(&self) -> Worked {
        self.engines.iter().fold(Worked::default(), |sum, engine| Worked {
            batches: sum.batches + engine.worked.batches,
            rows: sum.rows + engine.worked.rows,
            busy_ns: sum.busy_ns + engine.worked.busy_ns,
        })
    }
}
