use std::time::Instant;

use phalanx_engine::Engine;

use crate::resident_bytes;
use crate::stats::{Slope, slope};

/// Looks at memory: enough for the slope of the second half, few enough to cost nothing.
pub(super) const POINTS: usize = 120;

/// Memory over time.
pub(super) struct Trace {
    begin: Instant,
    pub(super) points: Vec<Point>,
}

/// One look at memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Requests answered so far.
    pub(super) answered: u64,
    /// Time since the first look.
    pub(super) hours: f64,
    /// Memory of the process.
    pub(super) resident_bytes: Option<u64>,
    /// Memory on the device, where the backend tells.
    pub(super) device_bytes: Option<u64>,
}

impl Trace {
    /// An empty one, in which looks at memory do not move what they look at.
    pub(super) fn new() -> Self {
        Self { begin: Instant::now(), points: Vec::with_capacity(POINTS + 1) }
    }

    /// Takes a look.
    pub(super) fn look(&mut self, engine: &Engine, answered: u64) {
        self.points.push(Point {
            answered,
            hours: self.begin.elapsed().as_secs_f64() / 3600.0,
            resident_bytes: resident_bytes(),
            device_bytes: engine.metrics().device_bytes,
        });
    }

    /// Bytes grown from the first look to the last, of what `memory` looks at.
    pub(super) fn growth(&self, memory: impl Fn(&Point) -> Option<u64>) -> Option<f64> {
        let bytes = |point: Option<&Point>| Some(memory(point?)? as f64);
        Some(bytes(self.points.last())? - bytes(self.points.first())?)
    }

    /// How fast it grows over the second half, for each unit of `x`.
    pub(super) fn slope(
        &self,
        x: impl Fn(&Point) -> f64,
        memory: impl Fn(&Point) -> Option<u64>,
    ) -> Option<Slope> {
        let points = self.second_half().iter().map(|point| Some((x(point), memory(point)? as f64)));
        slope(&points.collect::<Option<Vec<_>>>()?)
    }

    /// The looks of the second half.
    pub(super) fn second_half(&self) -> &[Point] {
        &self.points[self.points.len() / 2..]
    }
}
