use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use phalanx_tensor::Shape;

use crate::BackendError;

/// One value for each set of shapes, made once, the least recently used thrown away first: for backends that prepare a
/// model for each set of shapes.
pub struct Cache<T> {
    entries_max: usize,
    clock: AtomicU64,
    evictions: AtomicU64,
    entries: Mutex<HashMap<Vec<Shape>, Arc<Place<T>>>>,
}

/// Where a value is being made: those who want it wait here, and nobody else does.
struct Place<T>(OnceLock<Result<Arc<Entry<T>>, BackendError>>);

/// A value, and whether it is still in the cache.
pub struct Entry<T> {
    /// What was made.
    pub value: T,
    used_at: AtomicU64,
    evicted: AtomicBool,
}

impl<T> Entry<T> {
    /// Whether the cache has let go of it, so that its other holders should as well.
    #[must_use]
    pub fn is_evicted(&self) -> bool {
        self.evicted.load(Ordering::Relaxed)
    }
}

impl<T> Cache<T> {
    /// A cache of up to `entries_max` values.
    #[must_use]
    pub fn new(entries_max: usize) -> Self {
        let entries = Mutex::default();
        Self { entries_max, clock: AtomicU64::new(0), evictions: AtomicU64::new(0), entries }
    }

    /// The value for `shapes`, made by `make` if it is not there. Where several callers want the same value at once,
    /// one makes it and the others wait; callers of other shapes do not.
    ///
    /// # Errors
    /// Those of `make`, which are not kept: the next caller tries again.
    pub fn get(
        &self,
        shapes: &[Shape],
        make: impl FnOnce() -> Result<T, BackendError>,
    ) -> Result<Arc<Entry<T>>, BackendError> {
        let place = {
            let mut entries = self.lock();
            match entries.get(shapes) {
                Some(place) => Arc::clone(place),
                None => {
                    let place = Arc::new(Place(OnceLock::new()));
                    entries.insert(shapes.to_vec(), Arc::clone(&place));
                    place
                }
            }
        };
        let mut is_new = false;
        let result = place.0.get_or_init(|| {
            is_new = true;
            let value = make()?;
            Ok(Arc::new(Entry { value, used_at: self.tick().into(), evicted: false.into() }))
        });
        match result {
            Ok(entry) => {
                self.touch(entry);
                if is_new {
                    self.evict_down_to_limit();
                }
                Ok(Arc::clone(entry))
            }
            Err(error) => {
                if is_new {
                    self.forget(shapes, &place);
                }
                Err(error.clone())
            }
        }
    }

    /// Says that `entry` was used, so that it stays.
    pub fn touch(&self, entry: &Entry<T>) {
        entry.used_at.store(self.tick(), Ordering::Relaxed);
    }

    /// How many values were thrown away so far: when this changes, holders look at what they hold.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Acquire)
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn evict_down_to_limit(&self) {
        let mut entries = self.lock();
        // Values that are still being made are not counted: each belongs to a caller who is about to use it.
        let made = |place: &Place<T>| place.0.get().and_then(|made| made.as_ref().ok()).map(Arc::clone);
        while entries.values().filter(|place| made(place).is_some()).count() > self.entries_max {
            let oldest = entries
                .iter()
                .filter_map(|(shapes, place)| Some((made(place)?, shapes)))
                .min_by_key(|(entry, _)| entry.used_at.load(Ordering::Relaxed));
            let Some((entry, shapes)) = oldest else { break };
            let shapes = shapes.clone();
            entry.evicted.store(true, Ordering::Relaxed);
            entries.remove(&shapes);
            self.evictions.fetch_add(1, Ordering::Release);
        }
    }

    fn forget(&self, shapes: &[Shape], place: &Arc<Place<T>>) {
        let mut entries = self.lock();
        if entries.get(shapes).is_some_and(|current| Arc::ptr_eq(current, place)) {
            entries.remove(shapes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<Shape>, Arc<Place<T>>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn key(size: usize) -> [Shape; 1] {
        [Shape::from([size])]
    }

    fn unexpected() -> Result<usize, BackendError> {
        panic!("made twice");
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = Cache::new(2);
        let one = cache.get(&key(1), || Ok(1)).unwrap();
        let two = cache.get(&key(2), || Ok(2)).unwrap();
        cache.touch(&one);
        assert_eq!(cache.evictions(), 0);
        cache.get(&key(3), || Ok(3)).unwrap();
        assert_eq!(cache.evictions(), 1);
        assert!(two.is_evicted() && !one.is_evicted());
        assert_eq!(cache.get(&key(1), unexpected).unwrap().value, 1);
        assert_eq!(cache.get(&key(2), || Ok(20)).unwrap().value, 20);
    }

    #[test]
    fn callers_that_want_the_same_wait_for_one_of_them() {
        let cache = Cache::new(4);
        let made = AtomicUsize::new(0);
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let entry = cache.get(&key(1), || Ok(made.fetch_add(1, Ordering::SeqCst)));
                    assert_eq!(entry.unwrap().value, 0);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn making_one_value_does_not_hold_up_another() {
        let cache = Cache::new(1);
        let entry = cache.get(&key(1), || {
            // A second caller, for other shapes, comes and goes in the middle.
            Ok(cache.get(&key(2), || Ok(2))?.value + 1)
        });
        assert_eq!(entry.unwrap().value, 3);
    }

    #[test]
    fn errors_are_not_kept() {
        let cache = Cache::new(1);
        let failure = BackendError::Panicked { message: "once".to_owned() };
        assert_eq!(cache.get(&key(1), || Err::<i32, _>(failure.clone())).err(), Some(failure));
        assert_eq!(cache.get(&key(1), || Ok(1)).unwrap().value, 1);
    }
}
