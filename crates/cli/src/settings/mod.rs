//! What can be configured, and where each value came from.
//!
//! `ServerArgs` and `EngineArgs`, as clap sees them, are the one list of options ([`table`]). A value is looked for
//! in four places, the first of which wins: the command line, the environment, a configuration file (there in
//! `[models.NAME]` before `[defaults]`), and what is usual. Whatever a place says is checked by the option's own
//! parser, so all of them take the same words. What `phalanx verify` is to find, `TargetArgs`, is looked up likewise, in
//! `[verify]`.

mod conflicts;
mod environment;
mod file;
mod given;
mod layers;
mod models;
mod nearest;
mod resolve;
mod source;
mod table;
mod targets;
mod toml_value;

pub(crate) use given::Given;
pub(crate) use layers::{Scope, Setting};
pub(crate) use models::ModelSettings;
pub(crate) use resolve::{Settings, resolve};
pub(crate) use source::Source;
pub(crate) use targets::targets;
