//! Settings that contradict each other: refused, since one of them would silently not hold.

mod model;
mod server;

use super::{Setting, Settings};
use crate::failure::Failure;

/// Refuses what contradicts itself.
///
/// # Errors
/// A failure that names both settings, their values and where those came from.
pub(super) fn check(settings: &Settings) -> Result<(), Failure> {
    server::check(&settings.server_scope, &settings.server)?;
    let models = settings.models.iter().map(|model| &model.scope);
    for scope in models.chain([&settings.defaults]) {
        model::check(scope)?;
    }
    if settings.server.repository.is_empty() {
        return Ok(());
    }
    let in_repository = settings.models.iter().filter(|model| model.path.is_none());
    in_repository.map(|model| &model.scope).chain([&settings.defaults]).try_for_each(|scope| {
        clash_if(scope.get("warmup").is_some_and(Setting::is_given), || {
            let why = "a repository's model has its requests in a file warmup.npz in its own folder";
            clash(scope.get("warmup"), settings.server_scope.get("repository"), why)
        })
    })
}

fn clash_if(condition: bool, failure: impl FnOnce() -> Failure) -> Result<(), Failure> {
    if condition { Err(failure()) } else { Ok(()) }
}

/// Says that two settings do not go together, and why.
fn clash(one: Option<&Setting>, other: Option<&Setting>, why: &str) -> Failure {
    let settings: Vec<String> = [one, other].into_iter().flatten().map(described).collect();
    Failure::new(format_args!("{} contradict each other: {why}", settings.join(" and ")))
}

fn described(setting: &Setting) -> String {
    let key = setting.option.key();
    match (setting.text(), setting.is_given()) {
        (Some(value), true) => format!("{key} ({value}, from {})", setting.source),
        (Some(value), false) => format!("{key} ({value}, the default)"),
        (None, _) => format!("{key} (not given)"),
    }
}
