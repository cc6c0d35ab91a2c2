use std::path::Path;

use phalanx_measure::evidence::{environment, hide};
use serde_json::{Value, json};

use crate::args::ServeArgs;
use crate::commands::config::document::document;
use crate::settings::{self, Given};

/// What a server would be told here by the file and the environment, without secrets; or what is wrong with it.
pub(super) fn configuration(file: Option<&Path>) -> Value {
    let config = file.map(Path::to_owned);
    let args = ServeArgs { models: Vec::new(), name: None, config, tune: false, given: Given::default() };
    let settings = settings::resolve(&args)
        .and_then(|settings| serde_json::to_value(document(&settings)).map_err(crate::failure::Failure::new));
    let mut settings = settings.unwrap_or_else(|failure| json!({ "error": failure.message() }));
    hide(&mut settings);
    json!({ "server": settings, "environment": environment() })
}
