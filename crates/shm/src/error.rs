use compact_str::CompactString;

/// Every way in which a shared-memory region can fail to be registered or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShmError {
    /// No shared-memory object can have this key.
    #[error("shared-memory key {key:?}: expected a slash and 1 to 254 bytes without another one")]
    Key {
        /// The key.
        key: String,
    },
    /// The object cannot be opened or read.
    #[error("shared-memory object {key:?}: failed to {what}: {message}")]
    Object {
        /// Its key.
        key: String,
        /// What was tried.
        what: &'static str,
        /// The system's words.
        message: String,
    },
    /// The object holds less than the region or the tensor needs.
    #[error(
        "shared-memory object {key:?} has {size} bytes: {byte_size} bytes at offset {offset} are not all in it"
    )]
    BeyondObject {
        /// Its key.
        key: String,
        /// Its size now.
        size: u64,
        /// The first byte needed.
        offset: u64,
        /// How many are needed.
        byte_size: u64,
    },
    /// A tensor would be outside its region.
    #[error(
        "shared-memory region {name:?} has {size} bytes: {byte_size} bytes at offset {offset} are not all in it"
    )]
    BeyondRegion {
        /// The region's name.
        name: CompactString,
        /// Its size.
        size: u64,
        /// The tensor's first byte in it.
        offset: u64,
        /// The tensor's bytes.
        byte_size: u64,
    },
    /// A region without bytes.
    #[error("shared-memory region {name:?}: expected at least 1 byte, got 0")]
    Empty {
        /// Its name.
        name: CompactString,
    },
    /// The name is taken.
    #[error("shared-memory region {name:?} is registered already")]
    Registered {
        /// The name.
        name: CompactString,
    },
    /// The name is not known.
    #[error("there is no shared-memory region {name:?}")]
    Unknown {
        /// The name.
        name: CompactString,
    },
    /// As much is registered as may be.
    #[error("{what} of shared memory: at most {max} may be registered")]
    TooMany {
        /// Regions or bytes.
        what: &'static str,
        /// The limit.
        max: u64,
    },
}
