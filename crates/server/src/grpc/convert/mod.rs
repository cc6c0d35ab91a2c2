//! Between the structures that are shared with REST and gRPC's own messages.

mod config;
mod metadata;
mod repository;
mod settings;
mod shared_memory;
mod statistics;

pub(super) use config::model_config;
pub(super) use metadata::{model_metadata, server_metadata};
pub(super) use repository::{index, overrides};
pub(super) use settings::{log_settings, log_update, trace_settings, trace_update};
pub(super) use shared_memory::{cuda_regions, registration, system_regions};
pub(super) use statistics::statistics;
