/// Who of those that share the devices goes next: the one that has used them least, as among the engines of a process
/// (start-time fair queueing, after Goyal, Vin and Cheng, SIGCOMM 1996).
pub(super) struct Turns {
    free: usize,
    used_ns: Vec<u64>,
    /// Engine and lane, the one that came first before the others.
    waiting: Vec<(usize, usize)>,
    /// What the engine that was last let in had used then.
    floor_ns: u64,
}

impl Turns {
    pub(super) fn new(places: usize, engines: usize) -> Self {
        Self { free: places, used_ns: vec![0; engines], waiting: Vec::new(), floor_ns: 0 }
    }

    /// A turn, if nobody has to wait for one.
    pub(super) fn try_take(&mut self, engine: usize) -> bool {
        let free = self.free > 0 && self.waiting.is_empty();
        if free {
            self.let_in(engine);
        }
        free
    }

    /// The lane waits for its turn.
    pub(super) fn wait(&mut self, engine: usize, lane: usize) {
        if !self.waiting.contains(&(engine, lane)) {
            self.catch_up(engine);
            self.waiting.push((engine, lane));
        }
    }

    /// The next lane that has its turn now.
    pub(super) fn next(&mut self) -> Option<(usize, usize)> {
        if self.free == 0 {
            return None;
        }
        let waiting = self.waiting.iter().enumerate();
        let (position, _) =
            waiting.min_by_key(|(position, (engine, _))| (self.used_ns[*engine], *position))?;
        let (engine, lane) = self.waiting.remove(position);
        self.let_in(engine);
        Some((engine, lane))
    }

    /// A turn is over.
    pub(super) fn end(&mut self, engine: usize, used_ns: u64) {
        self.used_ns[engine] += used_ns;
        self.free += 1;
    }

    fn let_in(&mut self, engine: usize) {
        self.free -= 1;
        self.catch_up(engine);
        self.floor_ns = self.used_ns[engine];
    }

    /// An engine that rested saves nothing.
    fn catch_up(&mut self, engine: usize) {
        self.used_ns[engine] = self.used_ns[engine].max(self.floor_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_turn_goes_to_who_has_used_least() {
        let mut turns = Turns::new(1, 2);
        assert!(turns.try_take(0) && !turns.try_take(1));
        turns.wait(0, 1);
        turns.wait(1, 0);
        turns.wait(1, 0);
        assert_eq!(turns.next(), None);
        turns.end(0, 50);
        assert_eq!(turns.next(), Some((1, 0)));
        turns.end(1, 10);
        assert_eq!(turns.next(), Some((0, 1)), "nobody else waits");
        assert_eq!((turns.next(), turns.free), (None, 0));
    }
}
