use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use super::entry::Entry;
use super::{CachedChoice, Key, Verdict};

/// Below the folder that is given, so that it may also hold other things.
const FOLDER: &str = "choice";
/// Outcomes that are kept; of more, the oldest go.
const ENTRIES_MAX: usize = 256;
/// Larger files are none of this crate's.
const ENTRY_BYTES_MAX: u64 = 1 << 20;

/// What is known of `key`.
///
/// # Errors
/// In words, where there is a file that cannot be read or holds something else.
pub(crate) fn load(folder: &Path, key: &Key) -> Result<Option<Verdict>, String> {
    let name = key.file_name().map_err(|error| error.to_string())?;
    let path = folder.join(FOLDER).join(name);
    match read(&path) {
        Ok(entry) => Ok((entry.key == *key && entry.is_current()).then_some(entry.verdict)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Keeps what was found out of `key` for a model of this name.
///
/// # Errors
/// In words, where it cannot be written.
pub(crate) fn store(folder: &Path, key: Key, model: &str, verdict: Verdict) -> Result<(), String> {
    let folder = folder.join(FOLDER);
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    let path = folder.join(key.file_name().map_err(|error| error.to_string())?);
    let entry = serde_json::to_vec_pretty(&Entry::new(key, model.to_owned(), verdict));
    let entry = entry.map_err(|error| error.to_string())?;
    write(&folder, &path, &entry).map_err(failed)?;
    drop_oldest(&folder).map_err(failed)
}

/// What the program has found out so far and keeps in `folder`, the newest first.
#[must_use]
pub fn cached(folder: &Path) -> Vec<CachedChoice> {
    let entries = entries(&folder.join(FOLDER)).unwrap_or_default();
    let mut choices: Vec<CachedChoice> =
        entries.iter().filter_map(|(_, path)| read(path).ok()?.choice()).collect();
    choices.sort_by_key(|choice| std::cmp::Reverse(choice.decided_s));
    choices
}

fn read(path: &Path) -> io::Result<Entry> {
    let bytes = fs::metadata(path)?.len();
    if bytes > ENTRY_BYTES_MAX {
        let message = format!("expected at most {ENTRY_BYTES_MAX} bytes, got {bytes}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn write(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".choice-").tempfile_in(folder)?;
    io::Write::write_all(&mut file, content)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn drop_oldest(folder: &Path) -> io::Result<()> {
    let mut entries = entries(folder)?;
    entries.sort();
    let surplus = entries.len().saturating_sub(ENTRIES_MAX);
    for (_, path) in entries.drain(..surplus) {
        match fs::remove_file(path) {
            // Another process was faster.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The files of entries, with the time at which each was written.
fn entries(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() != Some(OsStr::new("json")) {
            continue;
        }
        // One that is gone by now was dropped by another process.
        if let Ok(written) = fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            entries.push((written, path));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::cache::key::Machine;
    use crate::choice::{Candidate, Reference, Timed, Trial, Tried};
    use phalanx_backend::{Device, PrepareOptions};

    fn key(model: &str) -> Key {
        let options = PrepareOptions::default();
        Key {
            phalanx: "1".to_owned(),
            machine: Machine::here(),
            model: model.to_owned(),
            inputs: String::new(),
            threads: options.threads,
            optimize: options.optimize,
            precision: options.precision,
            rows_max: 32,
            candidates: vec![(candidate("tract"), None)],
        }
    }

    fn candidate(backend: &str) -> Candidate {
        Candidate { backend: backend.to_owned(), version: "1".to_owned(), device: Device::Cpu }
    }

    fn verdict() -> Verdict {
        let timed = Timed { rows: 1, ns: 5 };
        let trial = Trial::Agreed { error_max: Some(3e-7), small: timed, large: timed };
        Verdict {
            trials: vec![Tried { candidate: candidate("tract"), trial }],
            reference: Some(Reference { candidate: candidate("tract"), apart: false }),
        }
    }

    #[test]
    fn what_is_kept_comes_back_for_the_same_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path(), &key("a")), Ok(None));
        store(folder.path(), key("a"), "mlp", verdict()).unwrap();
        assert_eq!(load(folder.path(), &key("a")), Ok(Some(verdict())));
        assert_eq!(load(folder.path(), &key("b")), Ok(None));
        let other = Key { candidates: vec![(candidate("tract"), Some("driver 2".to_owned()))], ..key("a") };
        assert_eq!(load(folder.path(), &other), Ok(None));
        let choices = cached(folder.path());
        assert_eq!((choices.len(), &*choices[0].model, &choices[0].chosen), (1, "mlp", &candidate("tract")));
    }

    #[test]
    fn a_file_that_was_tampered_with_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path(), key("a"), "mlp", verdict()).unwrap();
        let path = folder.path().join(FOLDER).join(key("a").file_name().unwrap());
        for content in [&b""[..], b"{", b"[1, 2]", &[0xff; 9]] {
            fs::write(&path, content).unwrap();
            assert!(load(folder.path(), &key("a")).is_err());
            assert!(cached(folder.path()).is_empty());
        }
        store(folder.path(), key("a"), "mlp", verdict()).unwrap();
        assert_eq!(load(folder.path(), &key("a")), Ok(Some(verdict())));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_in_words() {
        let folder = tempfile::NamedTempFile::new().unwrap();
        let error = store(folder.path(), key("a"), "mlp", verdict()).unwrap_err();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let entries_in = |folder: &Path| entries(&folder.join(FOLDER)).unwrap().len();
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
        for index in 0..ENTRIES_MAX {
            let path = folder.path().join(FOLDER).join(format!("{index}.json"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap().set_modified(long_ago).unwrap();
        }
        store(folder.path(), key("a"), "mlp", verdict()).unwrap();
        assert_eq!(entries_in(folder.path()), ENTRIES_MAX);
        assert_eq!(load(folder.path(), &key("a")), Ok(Some(verdict())));
    }

    #[test]
    fn what_ran_out_of_time_is_tried_again_the_next_day() {
        let mut entry = Entry::new(key("a"), String::new(), verdict());
        entry.decided_s = 1;
        assert!(entry.is_current());
        let candidate = candidate("onnxruntime");
        entry.verdict.trials.push(Tried { candidate, trial: Trial::TimedOut { after_ms: 9 } });
        assert!(!entry.is_current());
    }
}
