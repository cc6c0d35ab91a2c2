use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::{CONFIG_FILE, RepositoryLimits, WARMUP_FILE};
use super::files::{self, Files, Stamp};

/// What lies in a model's folder. Two looks that are equal found nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::repository) struct Folder {
    pub(in crate::repository) path: PathBuf,
    /// The text of `config.pbtxt`, or why it cannot be read.
    pub(in crate::repository) config: Option<Result<Arc<str>, String>>,
    pub(in crate::repository) warmup: Option<Stamp>,
    /// Each version's files, or why they cannot be read.
    pub(in crate::repository) versions: BTreeMap<u64, Result<Files, String>>,
}

impl Folder {
    pub(super) fn read(path: &Path, limits: &RepositoryLimits) -> Result<Self, String> {
        let mut versions = BTreeMap::new();
        for entry in std::fs::read_dir(path).map_err(|error| files::failed(path, &error))? {
            let entry = entry.map_err(|error| files::failed(path, &error))?;
            let Some(version) = entry.file_name().to_str().and_then(version) else { continue };
            if !entry.path().is_dir() {
                continue;
            }
            if versions.len() == limits.versions_max {
                let max = limits.versions_max;
                return Err(format!("{}: expected at most {max} versions, got more", path.display()));
            }
            versions.insert(version, files::list(&entry.path(), limits.files_max));
        }
        let warmup = files::metadata(&path.join(WARMUP_FILE))?.filter(std::fs::Metadata::is_file);
        Ok(Self {
            path: path.to_owned(),
            config: config(&path.join(CONFIG_FILE), limits.config_bytes_max).transpose(),
            warmup: warmup.as_ref().map(Stamp::of),
            versions,
        })
    }
}

/// The number of a version's folder. As in Triton, no name that begins with a zero is one.
pub(in crate::repository) fn version(name: &str) -> Option<u64> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
    digits.then(|| name.parse().ok()).flatten()
}

/// The text of a configuration, where there is one.
fn config(path: &Path, bytes_max: usize) -> Result<Option<Arc<str>>, String> {
    match files::metadata(path)? {
        None => return Ok(None),
        Some(metadata) if metadata.is_file() => {}
        Some(_) => return Err(format!("{CONFIG_FILE}: expected a file, got something else")),
    }
    let file = std::fs::File::open(path).map_err(|error| files::failed(path, &error))?;
    let mut bytes = Vec::new();
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(|error| files::failed(path, &error))?;
    if bytes.len() > bytes_max {
        return Err(format!("{CONFIG_FILE}: expected at most {bytes_max} bytes, got more"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("{CONFIG_FILE}: expected text in UTF-8, got other bytes"));
    text.map(|text| Some(text.into()))
}
