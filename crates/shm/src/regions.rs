use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use compact_str::CompactString;

use crate::{Region, ShmError};

/// All regions that are registered, by name.
#[derive(Debug, Default)]
pub struct Regions {
    limits: Limits,
    regions: RwLock<BTreeMap<CompactString, Arc<Region>>>,
}

/// How much may be registered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Regions: each keeps a file descriptor open.
    pub regions_max: usize,
    /// Bytes of all regions together.
    pub bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { regions_max: 256, bytes_max: 64 << 30 }
    }
}

impl Regions {
    /// No regions yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, regions: RwLock::default() }
    }

    /// Opens a region and knows it by `name` from now on.
    ///
    /// # Errors
    /// As [`Region::open`], [`ShmError::Registered`], [`ShmError::TooMany`].
    pub fn register(&self, name: &str, key: &str, offset: u64, byte_size: u64) -> Result<(), ShmError> {
        let region = Region::open(name, key, offset, byte_size)?;
        let mut regions = self.write();
        if regions.contains_key(name) {
            return Err(ShmError::Registered { name: name.into() });
        }
        if regions.len() >= self.limits.regions_max {
            return Err(ShmError::TooMany { what: "regions", max: self.limits.regions_max as u64 });
        }
        let bytes = regions.values().map(|region| region.byte_size()).fold(byte_size, u64::saturating_add);
        if bytes > self.limits.bytes_max {
            return Err(ShmError::TooMany { what: "bytes", max: self.limits.bytes_max });
        }
        regions.insert(name.into(), Arc::new(region));
        Ok(())
    }

    /// Forgets a region; requests that are using it still do.
    ///
    /// # Errors
    /// [`ShmError::Unknown`].
    pub fn unregister(&self, name: &str) -> Result<(), ShmError> {
        let forgotten = self.write().remove(name);
        forgotten.map(drop).ok_or_else(|| ShmError::Unknown { name: name.into() })
    }

    /// Forgets all.
    pub fn unregister_all(&self) {
        self.write().clear();
    }

    /// The region of this name.
    ///
    /// # Errors
    /// [`ShmError::Unknown`].
    pub fn get(&self, name: &str) -> Result<Arc<Region>, ShmError> {
        let region = self.read().get(name).map(Arc::clone);
        region.ok_or_else(|| ShmError::Unknown { name: name.into() })
    }

    /// All regions, in the order of their names.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Region>> {
        self.read().values().map(Arc::clone).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<CompactString, Arc<Region>>> {
        self.regions.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<CompactString, Arc<Region>>> {
        self.regions.write().unwrap_or_else(PoisonError::into_inner)
    }
}
