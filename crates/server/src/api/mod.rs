//! What the protocol's calls mean besides inference: one function each, for both transports.

mod config;
mod control;
mod health;
mod logging;
mod metadata;
mod repository;
mod settings;
mod shared_memory;
mod statistics;
mod trace;

pub(crate) use config::model_config;
pub use control::{LoadOverrides, ModelControl};
pub(crate) use health::{backends, model_ready, server_ready};
pub(crate) use logging::{log_settings, update_log_settings};
pub(crate) use metadata::{model_metadata, server_metadata};
pub(crate) use settings::Settings;
pub(crate) use statistics::statistics;
pub(crate) use trace::{trace_settings, update_trace_settings};

pub(crate) mod models {
    pub(crate) use super::repository::{index, load, unload};
}
pub(crate) mod regions {
    pub(crate) use super::shared_memory::{
        check_allowed, cuda_status, cuda_unsupported, register, status, unregister,
    };
}
