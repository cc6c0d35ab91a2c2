use serde::Serialize;

/// The file system of POSIX shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedMemory {
    /// Where it is.
    pub path: &'static str,
    /// Its size, in bytes.
    pub total_bytes: u64,
    /// What is free of it, in bytes.
    pub free_bytes: u64,
}

impl SharedMemory {
    /// That of this system, where it has one.
    #[must_use]
    pub fn here() -> Option<Self> {
        const PATH: &str = "/dev/shm";
        let status = rustix::fs::statvfs(PATH).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(status.f_frsize);
        Some(Self { path: PATH, total_bytes: bytes(status.f_blocks), free_bytes: bytes(status.f_bavail) })
    }
}
