//! What lies in the roots, without a judgement of it.

mod files;
mod folder;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use compact_str::CompactString;

pub(super) use self::files::{Files, Stamp};
pub(super) use self::folder::{Folder, version};
use super::{RepositoryError, RepositoryLimits};

/// Every model's folder by its name, or why it cannot be read.
pub(super) type Scan = BTreeMap<CompactString, Found>;

/// A model's folder, or why it cannot be read.
pub(super) type Found = Result<Folder, String>;

/// Looks at everything.
///
/// # Errors
/// [`RepositoryError::Root`], [`RepositoryError::TooManyModels`].
pub(super) fn scan(roots: &[PathBuf], limits: &RepositoryLimits) -> Result<Scan, RepositoryError> {
    let mut folders: BTreeMap<CompactString, Vec<PathBuf>> = BTreeMap::new();
    for root in roots {
        let failed =
            |error: std::io::Error| RepositoryError::Root { path: root.clone(), message: error.to_string() };
        for entry in std::fs::read_dir(root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(name) = entry.file_name().to_str().map(CompactString::from) else { continue };
            if is_model_name(&name) && entry.path().is_dir() {
                folders.entry(name).or_default().push(entry.path());
            }
            if folders.len() > limits.models_max {
                return Err(RepositoryError::TooManyModels { max: limits.models_max });
            }
        }
    }
    Ok(folders.into_iter().map(|(name, paths)| (name, one(&paths, limits))).collect())
}

/// Looks at one model's folder; nothing where no root has it.
pub(super) fn find(roots: &[PathBuf], name: &str, limits: &RepositoryLimits) -> Option<Found> {
    if !is_model_name(name) {
        return None;
    }
    let paths = roots.iter().map(|root| root.join(name)).filter(|path| path.is_dir());
    let paths: Vec<PathBuf> = paths.collect();
    (!paths.is_empty()).then(|| one(&paths, limits))
}

/// Whether a folder of this name is a model's: one name, and not one that hides.
pub(super) fn is_model_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let single = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
    single && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn one(paths: &[PathBuf], limits: &RepositoryLimits) -> Found {
    match paths {
        [path] => Folder::read(path, limits),
        several => {
            let shown: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(format!("expected it in one root, got {}", shown.join(" and ")))
        }
    }
}

#[cfg(test)]
mod tests;
