use compact_str::CompactString;

use crate::ShmError;
use crate::object::Object;

/// A stretch of a shared-memory object, by a name of the client's.
#[derive(Debug)]
pub struct Region {
    name: CompactString,
    object: Object,
    offset: u64,
    byte_size: u64,
}

impl Region {
    /// Opens the object with this key, as shm_open(3) names it, of which `byte_size` bytes from `offset` on are meant.
    ///
    /// # Errors
    /// [`ShmError::Key`], [`ShmError::Object`], [`ShmError::Empty`], [`ShmError::BeyondObject`].
    pub fn open(name: &str, key: &str, offset: u64, byte_size: u64) -> Result<Self, ShmError> {
        if byte_size == 0 {
            return Err(ShmError::Empty { name: name.into() });
        }
        let region = Self { name: name.into(), object: Object::open(key)?, offset, byte_size };
        region.check_object()?;
        Ok(region)
    }

    /// The name it was registered by.
    #[must_use]
    pub fn name(&self) -> &CompactString {
        &self.name
    }

    /// The object's key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.object.key()
    }

    /// Its first byte within the object.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Its bytes.
    #[must_use]
    pub fn byte_size(&self) -> u64 {
        self.byte_size
    }

    /// Whether `byte_size` bytes from `offset` on are all inside the region.
    ///
    /// # Errors
    /// [`ShmError::BeyondRegion`] where they are not.
    pub fn check(&self, offset: u64, byte_size: u64) -> Result<(), ShmError> {
        match offset.checked_add(byte_size) {
            Some(end) if end <= self.byte_size => Ok(()),
            _ => {
                let (name, size) = (self.name.clone(), self.byte_size);
                Err(ShmError::BeyondRegion { name, size, offset, byte_size })
            }
        }
    }

    /// A copy of `byte_size` bytes from `offset` of the region on.
    ///
    /// # Errors
    /// [`ShmError::BeyondRegion`]; [`ShmError::BeyondObject`] or [`ShmError::Object`] where the object has shrunk.
    pub fn read(&self, offset: u64, byte_size: u64) -> Result<Vec<u8>, ShmError> {
        self.check(offset, byte_size)?;
        // Before memory is set aside for bytes that are not there.
        self.check_object()?;
        let mut bytes = vec![0; usize::try_from(byte_size).unwrap_or(usize::MAX)];
        self.object.read(self.offset + offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Puts `bytes` at `offset` of the region.
    ///
    /// # Errors
    /// As [`Region::read`].
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), ShmError> {
        self.check(offset, bytes.len() as u64)?;
        self.check_object()?;
        self.object.write(self.offset + offset, bytes)
    }

    /// Whether the object still holds the region.
    fn check_object(&self) -> Result<(), ShmError> {
        let size = self.object.size()?;
        match self.offset.checked_add(self.byte_size) {
            Some(end) if end <= size => Ok(()),
            _ => {
                let (key, offset, byte_size) = (self.key().to_owned(), self.offset, self.byte_size);
                Err(ShmError::BeyondObject { key, size, offset, byte_size })
            }
        }
    }
}
