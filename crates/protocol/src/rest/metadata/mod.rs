//! What REST says besides inference, named exactly as Triton names it. These only have to be (de)serialised.

mod config;
mod error;
mod logging;
mod model;
mod repository;
mod server;
mod shared_memory;
mod statistics;
mod trace;

pub use config::{
    DynamicBatching, InstanceGroup, ModelConfig, ModelInput, ModelOutput, ModelParameter, ModelWarmup,
    VersionPolicy, VersionsAll, VersionsLatest, VersionsSpecific, WarmupInput,
};
pub use error::ErrorBody;
pub use logging::{LogSettings, LogSettingsUpdate};
pub use model::{ModelMetadata, TensorMetadata};
pub use repository::{LoadRequest, ModelIndex, RepositoryIndexRequest, UnloadParameters, UnloadRequest};
pub use server::ServerMetadata;
pub use shared_memory::{CudaRegion, CudaRegistration, RawHandle, SystemRegion, SystemRegistration};
pub use statistics::{
    BatchStatistics, Duration, InferenceStatistics, MemoryUsage, ModelStatistics, ResponseStatistics,
    Statistics,
};
pub use trace::{TraceSettings, TraceValue};
