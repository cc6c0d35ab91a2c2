use std::sync::{Arc, Mutex, PoisonError};

use phalanx_tensor::HostBuffer;

/// Size classes are powers of two, from the smallest buffer worth keeping.
const CLASS_BYTES_MIN: usize = 64;
const CLASSES: usize = 32;

/// Buffers for answers, by size class.
pub(crate) struct BufferPool {
    classes: [Mutex<Vec<HostBuffer>>; CLASSES],
    class_bytes_max: usize,
}

impl BufferPool {
    /// Keeps at most `class_bytes_max` bytes of unused buffers in each of its size classes, but one buffer in any case;
    /// none at all where it is 0.
    pub(crate) fn new(class_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { classes: std::array::from_fn(|_| Mutex::default()), class_bytes_max })
    }

    /// A buffer of at least `len` bytes, of which the first `len` are this answer's. Their content is arbitrary.
    pub(crate) fn acquire(self: &Arc<Self>, len: usize) -> PooledBuffer {
        let class = class_of(len);
        let reused = self.classes.get(class).and_then(|list| lock(list).pop());
        let buffer = reused.unwrap_or_else(|| HostBuffer::heap(bytes_of(class).unwrap_or(len).max(len)));
        PooledBuffer { buffer: Some(buffer), len, pool: Arc::clone(self) }
    }

    /// Bytes of the buffers that wait to be used again.
    pub(crate) fn idle_bytes(&self) -> usize {
        self.classes.iter().map(|list| lock(list).iter().map(HostBuffer::len).sum::<usize>()).sum()
    }

    fn give_back(&self, buffer: HostBuffer) {
        let class = class_of(buffer.len());
        let Some(list) = self.classes.get(class) else { return };
        let kept_max = match self.class_bytes_max {
            0 => 0,
            bytes_max => (bytes_max / buffer.len().max(1)).max(1),
        };
        let mut list = lock(list);
        if list.len() < kept_max {
            list.push(buffer);
        }
    }
}

/// A buffer that goes back to its pool when it is dropped.
pub(crate) struct PooledBuffer {
    buffer: Option<HostBuffer>,
    len: usize,
    pool: Arc<BufferPool>,
}

impl PooledBuffer {
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer.as_slice()[..self.len])
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        let len = self.len;
        self.buffer.as_mut().map_or(&mut [], |buffer| &mut buffer.as_mut_slice()[..len])
    }
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.pool.give_back(buffer);
        }
    }
}

fn class_of(len: usize) -> usize {
    (len.max(CLASS_BYTES_MIN).next_power_of_two() / CLASS_BYTES_MIN).trailing_zeros() as usize
}

fn bytes_of(class: usize) -> Option<usize> {
    if class < CLASSES { CLASS_BYTES_MIN.checked_shl(class as u32) } else { None }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_within_their_class_and_bound() {
        let pool = BufferPool::new(256);
        let first = pool.acquire(100);
        let address = first.as_slice().as_ptr();
        drop(first);
        assert_eq!(pool.idle_bytes(), 128);
        let again = pool.acquire(128);
        assert_eq!(again.as_slice().as_ptr(), address);
        let others: Vec<_> = (0..10).map(|_| pool.acquire(65)).collect();
        drop((again, others));
        assert_eq!(pool.idle_bytes(), 256);
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let pool = BufferPool::new(0);
        drop(pool.acquire(64));
        assert_eq!(pool.idle_bytes(), 0);
    }

    #[test]
    fn every_size_gets_a_buffer() {
        let pool = BufferPool::new(1 << 20);
        for len in [0, 1, 64, 65, 4096, 1_000_000] {
            assert_eq!(pool.acquire(len).as_mut_slice().len(), len);
        }
    }
}
