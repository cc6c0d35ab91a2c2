use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line of `GET v2/systemsharedmemory[/region/{name}]/status`, which is an array of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemRegion {
    /// The name it was registered by.
    pub name: String,
    /// The shared-memory object's key, such as `/region`.
    pub key: String,
    /// First byte within the object.
    pub offset: u64,
    /// Bytes.
    pub byte_size: u64,
}

/// `POST v2/systemsharedmemory/region/{name}/register`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemRegistration {
    /// The shared-memory object's key, such as `/region`.
    pub key: String,
    /// First byte within the object.
    #[serde(default)]
    pub offset: u64,
    /// Bytes.
    pub byte_size: u64,
}

/// One line of `GET v2/cudasharedmemory[/region/{name}]/status`, which is an array of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CudaRegion {
    /// The name it was registered by.
    pub name: String,
    /// Which GPU.
    pub device_id: u64,
    /// Bytes.
    pub byte_size: u64,
}

/// `POST v2/cudasharedmemory/region/{name}/register`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CudaRegistration {
    /// The memory's handle.
    pub raw_handle: RawHandle,
    /// Which GPU.
    pub device_id: i64,
    /// Bytes.
    pub byte_size: u64,
}

/// A `cudaIpcMemHandle_t`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RawHandle {
    /// Its bytes in base64.
    pub b64: String,
}
