use std::fmt;

use memmap2::MmapMut;

/// Host-visible memory that a backend owns: heap, pinned, shared with a device or with another process.
pub trait HostMemory: Send + Sync {
    /// All of it.
    fn as_slice(&self) -> &[u8];
    /// All of it, to be written; empty where this process may only read it.
    fn as_mut_slice(&mut self) -> &mut [u8];
}

/// From this size on a buffer is memory of its own, which goes back to the system when the buffer is dropped. The heap
/// would keep it: buffers of many sizes that come and go leave holes there, several times as large as what is in use.
const MAPPED_BYTES_MIN: usize = 128 << 10;

/// One buffer of a slot. It is `Send`, owns its memory and does not move it.
pub struct HostBuffer {
    memory: Memory,
}

/// The heap needs no indirection, so that the common case costs no virtual call.
enum Memory {
    Heap { lines: Vec<Line>, len: usize },
    Mapped(MmapMut),
    Foreign(Box<dyn HostMemory>),
}

/// A cache line: the unit in which heap buffers are allocated, so that every buffer is aligned for any vector load.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

impl HostBuffer {
    /// Zeroed memory of `len` bytes, aligned to 64.
    #[must_use]
    pub fn heap(len: usize) -> Self {
        // What cannot be mapped is left to the heap, which knows what to do where there is no memory.
        if len >= MAPPED_BYTES_MIN
            && let Ok(map) = MmapMut::map_anon(len)
        {
            return Self { memory: Memory::Mapped(map) };
        }
        Self { memory: Memory::Heap { lines: vec![Line([0; 64]); len.div_ceil(64)], len } }
    }

    /// Memory that a backend allocated its own way.
    #[must_use]
    pub fn foreign(memory: Box<dyn HostMemory>) -> Self {
        Self { memory: Memory::Foreign(memory) }
    }

    /// Its size.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.memory {
            Memory::Heap { len, .. } => *len,
            Memory::Mapped(map) => map.len(),
            Memory::Foreign(memory) => memory.as_slice().len(),
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.memory {
            Memory::Heap { lines, len } => &bytemuck::cast_slice(lines)[..*len],
            Memory::Mapped(map) => map,
            Memory::Foreign(memory) => memory.as_slice(),
        }
    }

    /// Its bytes, to be written.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Heap { lines, len } => &mut bytemuck::cast_slice_mut(lines)[..*len],
            Memory::Mapped(map) => map,
            Memory::Foreign(memory) => memory.as_mut_slice(),
        }
    }
}

impl AsRef<[u8]> for HostBuffer {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for HostBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.memory {
            Memory::Heap { .. } => "heap",
            Memory::Mapped(_) => "mapped",
            Memory::Foreign(_) => "foreign",
        };
        write!(f, "HostBuffer({kind}, {} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heap_buffers_are_aligned_zeroed_and_exact() {
        for len in [0, 1, 63, 64, 65, 1000, MAPPED_BYTES_MIN - 1, MAPPED_BYTES_MIN, MAPPED_BYTES_MIN + 1] {
            let mut buffer = HostBuffer::heap(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.is_empty(), len == 0);
            assert!((buffer.as_slice().as_ptr() as usize).is_multiple_of(64));
            assert!(buffer.as_slice().iter().all(|&byte| byte == 0));
            buffer.as_mut_slice().fill(7);
            assert_eq!(buffer.as_slice().len(), len);
        }
    }
}
