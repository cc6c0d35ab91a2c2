//! A folder of models in Triton's layout, kept in service.
//!
//! ```text
//! ROOT/NAME/config.pbtxt          what is said of the model; may be left out
//! ROOT/NAME/warmup.npz            requests to run before it is ready; may be left out
//! ROOT/NAME/VERSION/model.onnx    VERSION is a whole number from 1 without leading zeros
//! ```
//!
//! [`Server::open_repository`](crate::Server::open_repository) takes [`RepositoryOptions`] and returns when every model
//! that is wanted at start was loaded or has failed. Which models those are, and when that changes, is the
//! [`ModelControlMode`]:
//!
//! - `None`: all, once;
//! - `Explicit`: those named, then whatever clients load and unload;
//! - `Poll`: all, and the folders are looked at again after each interval.
//!   [`Server::poll_repository`](crate::Server::poll_repository) looks at once.
//!
//! How a model runs is decided by [`RepositoryOptions::overrides`], then its `config.pbtxt`, then
//! [`RepositoryOptions::defaults`], each where those before it say nothing.
//!
//! A version is replaced, and a new one put into service, once it is loaded and warmed up; what answered before is
//! let go when its last request is answered. Where loading fails, it goes on answering, and the index says why.
//!
//! Other files and folders are passed over: files beside the models' folders, folders whose names begin with a dot,
//! and folders in a model's that are no version. Links are followed.
//!
//! # `config.pbtxt`
//!
//! These fields are honoured, and a load may bring them as JSON; anything else is refused by its name and line.
//!
//! | field | what it does |
//! | --- | --- |
//! | `name` | must be the folder's |
//! | `platform`, `backend` | the backend: `onnxruntime_onnx` or `tract_onnx`, `onnxruntime` or `tract` |
//! | `max_batch_size` | rows of the largest batch; 0 where requests are not to share runs, and dims are whole |
//! | `input`, `output` | `name`, `data_type`, `dims`: checked against the model |
//! | `version_policy` | `latest`, `all` or `specific` |
//! | `instance_group` | one: `count` lanes on each device that `kind` and `gpus` name |
//! | `dynamic_batching` | `max_queue_delay_microseconds`: how long the first request of a batch waits for others; without it none waits while a lane is free |
//! | | `preferred_batch_size`: only as `max_batch_size`, which is what batches are filled up to |
//! | | `priority_levels`, `default_priority_level`: only with the last level as the default |
//! | | `default_queue_policy`: `max_queue_size`, counted in rows; `timeout_action` only as `REJECT`, `allow_timeout_override` |
//! | `default_model_filename` | only as `model.onnx` |

mod config;
mod control;
mod error;
mod keeper;
mod kept;
mod load;
mod names;
mod options;
mod overrides;
mod plan;
mod scan;
mod wanted;
mod worker;

pub(crate) use control::Repository;
pub use error::RepositoryError;
pub use options::{ModelControlMode, ModelOverrides, RepositoryLimits, RepositoryOptions, WarmupReader};

/// The model of a version, in its folder.
const MODEL_FILE: &str = "model.onnx";
/// What is said of a model, in its folder.
const CONFIG_FILE: &str = "config.pbtxt";
/// Requests to run before a model is ready, in its folder.
const WARMUP_FILE: &str = "warmup.npz";
