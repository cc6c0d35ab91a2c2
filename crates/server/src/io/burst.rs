use std::cell::RefCell;
use std::time::{Duration, Instant};

use phalanx_engine::{Burst, Engine, Infer, Request};

/// A burst is let go after this many requests, or this long after its first one, also where the thread has still more
/// to read.
const REQUESTS_MAX: usize = 64;
const AGE_MAX: Duration = Duration::from_micros(200);

thread_local! {
    static OPEN: RefCell<Open> = const { RefCell::new(Open { burst: None, requests: 0, since: None }) };
}

/// What this I/O thread has handed in since it last slept.
struct Open {
    burst: Option<Burst>,
    requests: usize,
    since: Option<Instant>,
}

/// Hands a request in, together with what else the thread finds to read before it sleeps.
pub(crate) fn infer(engine: &Engine, request: Request, now: Instant) -> Infer {
    OPEN.with_borrow_mut(|open| {
        let answer = engine.infer_in(open.burst.get_or_insert_default(), request);
        open.requests += 1;
        let since = *open.since.get_or_insert(now);
        if open.requests >= REQUESTS_MAX || now.saturating_duration_since(since) >= AGE_MAX {
            open.go();
        }
        answer
    })
}

/// Wakes the lanes for what was handed in. Called whenever the thread is about to sleep.
pub(crate) fn go() {
    OPEN.with_borrow_mut(Open::go);
}

impl Open {
    fn go(&mut self) {
        self.requests = 0;
        self.since = None;
        self.burst.iter_mut().for_each(Burst::go);
    }
}
