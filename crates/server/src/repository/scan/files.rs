use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What tells whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::repository) struct Stamp {
    pub(in crate::repository) bytes: u64,
    pub(in crate::repository) modified: Option<SystemTime>,
}

/// The files of a folder and the folders in it, by their paths from there.
pub(in crate::repository) type Files = BTreeMap<PathBuf, Stamp>;

/// Folders within folders; a link to a folder above itself ends here.
const DEPTH_MAX: usize = 8;

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// All files within `folder`.
pub(super) fn list(folder: &Path, files_max: usize) -> Result<Files, String> {
    let mut files = Files::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    let mut entries_seen = 0;
    while let Some((path, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&path).map_err(|error| failed(&path, &error))? {
            let entry = entry.map_err(|error| failed(&path, &error))?.path();
            entries_seen += 1;
            if entries_seen > files_max {
                return Err(format!("{}: expected at most {files_max} files, got more", folder.display()));
            }
            match metadata(&entry)? {
                Some(metadata) if metadata.is_dir() && depth < DEPTH_MAX => folders.push((entry, depth + 1)),
                Some(metadata) if metadata.is_file() => {
                    let relative = entry.strip_prefix(folder).unwrap_or(&entry).to_owned();
                    files.insert(relative, Stamp::of(&metadata));
                }
                _ => {}
            }
        }
    }
    Ok(files)
}

/// What is at `path`, links followed; nothing where they lead nowhere.
pub(super) fn metadata(path: &Path) -> Result<Option<Metadata>, String> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

pub(super) fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("failed to read {}: {error}", path.display())
}
