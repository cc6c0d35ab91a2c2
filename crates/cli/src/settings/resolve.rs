use std::path::PathBuf;

use clap::error::ErrorKind;

use super::environment::Environment;
use super::file::File;
use super::models::Places;
use super::{ModelSettings, Scope, conflicts, layers::Layers, table};
use crate::args::{EngineArgs, ServeArgs, ServerArgs};
use crate::failure::Failure;

/// Everything `phalanx serve` was told, wherever.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The configuration file, if there is one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) server: ServerArgs,
    pub(crate) server_scope: Scope,
    /// What holds for a model of which nothing else is said.
    pub(crate) defaults: Scope,
    pub(crate) models: Vec<ModelSettings>,
    /// What goes before the configuration of a repository's model of which nothing else is said.
    pub(crate) before_repository: EngineArgs,
    /// What holds where that configuration says nothing.
    pub(crate) after_repository: EngineArgs,
    /// Whether models are tuned before they are served.
    pub(crate) tune: bool,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
}

/// Asks all places, and refuses what contradicts itself.
///
/// # Errors
/// A failure that names the place, the option and what was expected.
pub(crate) fn resolve(args: &ServeArgs) -> Result<Settings, Failure> {
    if args.name.is_some() && args.models.len() != 1 {
        let message = format_args!("--name is for one model, and {} were given", args.models.len());
        return Err(Failure::usage(ErrorKind::WrongNumberOfValues, message));
    }
    let environment = Environment::here();
    let path = args.config.clone().or_else(|| environment.config().map(PathBuf::from));
    let file = path.as_deref().map(File::read).transpose()?.unwrap_or_default();
    let places = Places { given: &args.given, environment: &environment, file: &file };
    let server_layers = Layers { tables: [Some(&file.server), None], ..places.usual() };
    let server_scope = server_layers.scope(table::server())?;
    let server: ServerArgs = server_scope.typed()?;
    let settings = Settings {
        file: path,
        models: places.models(&args.models, args.name.as_deref(), !server.repository.is_empty())?,
        defaults: places.usual().scope(table::engine())?,
        before_repository: places.before_repository().scope(table::engine())?.typed()?,
        after_repository: places.after_repository().scope(table::engine())?.typed()?,
        tune: args.tune,
        warnings: environment.misspelt(&[table::server(), table::engine()].concat()),
        server,
        server_scope,
    };
    conflicts::check(&settings)?;
    Ok(settings)
}
