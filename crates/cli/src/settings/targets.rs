use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::file::File;
use super::layers::Layers;
use super::table;
use crate::args::TargetArgs;
use crate::failure::Failure;

/// What a model has to reach, by the command line, the environment and the configuration file, in this order.
///
/// # Errors
/// A failure that names the place, the option and what was expected.
pub(crate) fn targets(config: Option<&Path>, given: &TargetArgs) -> Result<TargetArgs, Failure> {
    let environment = Environment::here();
    let path = config.map(PathBuf::from).or_else(|| environment.config().map(PathBuf::from));
    let file = path.as_deref().map(File::read).transpose()?.unwrap_or_default();
    let layers = Layers { given: None, environment: Some(&environment), tables: [Some(&file.verify), None] };
    let said: TargetArgs = layers.scope(table::verify())?.typed()?;
    Ok(TargetArgs {
        min_throughput: given.min_throughput.or(said.min_throughput),
        max_p99: given.max_p99.or(said.max_p99),
    })
}
