use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use phalanx_engine::{EngineError, Infer, Response};

/// Requests under way, by the place that each has until it is answered. Places and wakers are used again.
pub(super) struct Flights {
    places: Vec<Place>,
    free: Vec<usize>,
    woken: Arc<Woken>,
    /// Those that were woken, as they were taken last.
    taken: Vec<usize>,
}

struct Place {
    infer: Option<Infer>,
    due_ns: u64,
    counts: bool,
    stamp: Arc<Stamp>,
    waker: Waker,
}

/// Where the engine's threads say whose answers are ready.
struct Woken {
    places: Mutex<Vec<usize>>,
    start: Instant,
}

/// Notes when the answer was ready, rather than when this thread came round to look.
struct Stamp {
    place: usize,
    woken_ns: AtomicU64,
    woken: Arc<Woken>,
}

impl Wake for Stamp {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let now_ns = self.woken.start.elapsed().as_nanos() as u64;
        self.woken_ns.store(now_ns, Ordering::Release);
        self.woken.places().push(self.place);
    }
}

impl Woken {
    fn places(&self) -> MutexGuard<'_, Vec<usize>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that has been answered or refused.
pub(super) struct Landed {
    pub(super) answer: Result<Response, EngineError>,
    /// When it was due, and when its answer was ready, in nanoseconds since the start.
    pub(super) due_ns: u64,
    pub(super) ready_ns: u64,
    pub(super) counts: bool,
}

impl Flights {
    pub(super) fn new(start: Instant) -> Self {
        let woken = Arc::new(Woken { places: Mutex::default(), start });
        Self { places: Vec::new(), free: Vec::new(), woken, taken: Vec::new() }
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// A request that was handed in; what was answered or refused at once comes back.
    pub(super) fn start(&mut self, infer: Infer, due_ns: u64, counts: bool) -> Option<Landed> {
        let index = self.free.pop().unwrap_or_else(|| self.add_place());
        let place = &mut self.places[index];
        place.stamp.woken_ns.store(u64::MAX, Ordering::Relaxed);
        (place.infer, place.due_ns, place.counts) = (Some(infer), due_ns, counts);
        self.look(index)
    }

    /// Those that have been answered since.
    pub(super) fn landed(&mut self, mut each: impl FnMut(Landed)) {
        let mut taken = std::mem::take(&mut self.taken);
        std::mem::swap(&mut *self.woken.places(), &mut taken);
        for index in taken.drain(..) {
            if let Some(landed) = self.look(index) {
                each(landed);
            }
        }
        self.taken = taken;
    }

    fn look(&mut self, index: usize) -> Option<Landed> {
        let place = &mut self.places[index];
        let infer = place.infer.as_mut()?;
        match Pin::new(infer).poll(&mut Context::from_waker(&place.waker)) {
            Poll::Pending => None,
            Poll::Ready(answer) => {
                place.infer = None;
                let woken_ns = place.stamp.woken_ns.load(Ordering::Acquire);
                // Nobody is woken for what is ready at once.
                let ready_ns = match woken_ns {
                    u64::MAX => self.woken.start.elapsed().as_nanos() as u64,
                    woken_ns => woken_ns,
                };
                let landed = Landed { answer, due_ns: place.due_ns, ready_ns, counts: place.counts };
                self.free.push(index);
                Some(landed)
            }
        }
    }

    fn add_place(&mut self) -> usize {
        let place = self.places.len();
        let stamp =
            Arc::new(Stamp { place, woken_ns: AtomicU64::new(u64::MAX), woken: Arc::clone(&self.woken) });
        let waker = Waker::from(Arc::clone(&stamp));
        self.places.push(Place { infer: None, due_ns: 0, counts: false, stamp, waker });
        place
    }
}
