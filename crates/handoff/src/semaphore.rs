use crate::sync::{Condvar, Mutex, lock};

/// Bounds how many threads hold a permit at once.
#[derive(Debug)]
pub struct Semaphore {
    free: Mutex<usize>,
    returned: Condvar,
    permits: usize,
}

/// Held by one of the threads that may go on; gives its place back when dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Semaphore {
    /// A semaphore of `permits` permits, at least one.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        let permits = permits.max(1);
        Self { free: Mutex::new(permits), returned: Condvar::new(), permits }
    }

    /// Permits there are.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Waits for a permit.
    pub fn acquire(&self) -> Permit<'_> {
        let mut free = lock(&self.free);
        while *free == 0 {
            free = self.returned.wait(free).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        *free -= 1;
        Permit { semaphore: self }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *lock(&self.semaphore.free) += 1;
        self.semaphore.returned.notify_one();
    }
}
