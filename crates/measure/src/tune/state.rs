use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use phalanx_simulate::{SimulateError, Times};
use serde::{Deserialize, Serialize};

use super::{Found, Score};

/// A state file larger than this is not one of ours.
const BYTES_MAX: u64 = 16 << 20;

/// What has been measured so far, kept so that a search that was stopped goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// All that the figures depend on: the machine, the model, the program's version and what was asked for.
    pub key: String,
    /// How long batches take, by variant.
    pub times: BTreeMap<String, Timed>,
    /// What configurations reached, by their words.
    pub tried: BTreeMap<String, Tried>,
    /// The end, once it is reached.
    pub found: Option<Found>,
}

/// How long batches of a variant take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Rows of a batch, and the median of its time in nanoseconds, with all lanes busy.
    pub points: Vec<(usize, f64)>,
    /// Whether batches are padded to these sizes.
    #[serde(default)]
    pub padded: bool,
    /// Quantiles of that time as a multiple of the median, evenly spaced.
    pub factors: Vec<f64>,
    /// Memory that the program had resident, its workers included, in bytes.
    pub resident_bytes: u64,
    /// Why it cannot be used, where it cannot.
    pub unusable: Option<String>,
}

/// What a configuration reached on the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// What it reached; none where it could not be used.
    pub score: Option<Score>,
    /// Why it could not.
    pub unusable: Option<String>,
}

impl Timed {
    /// The times of batches of any size.
    ///
    /// # Errors
    /// [`SimulateError::Times`] where nothing was measured.
    pub fn times(&self) -> Result<Times, SimulateError> {
        let times = Times::measured(&self.points)?;
        Ok(if self.padded { times.padded() } else { times })
    }
}

impl State {
    /// Where the state for this key is kept in `folder`.
    #[must_use]
    pub fn path(folder: &Path, key: &str) -> PathBuf {
        folder.join("tune").join(format!("{:016x}.json", fnv(key.as_bytes())))
    }

    /// What was kept for this key; nothing where there is none, or none that can be read.
    #[must_use]
    pub fn load(path: &Path, key: &str) -> Self {
        let fresh = || Self { key: key.to_owned(), ..Self::default() };
        if fs::metadata(path).map_or(true, |file| file.len() > BYTES_MAX) {
            return fresh();
        }
        let kept = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        kept.filter(|kept| kept.key == key).unwrap_or_else(fresh)
    }

    /// Keeps it. The file appears under its name only when it is complete.
    ///
    /// # Errors
    /// What the system says.
    pub fn store(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let unfinished = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = fs::File::create(&unfinished)?;
        let written = serde_json::to_writer_pretty(&mut file, self).map_err(io::Error::from);
        written.and_then(|()| file.flush()).and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| {
            // What is left of it is of no use.
            let _ = fs::remove_file(&unfinished);
        })
    }

    /// Steps that need not be measured again.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.times.len() + self.tried.len()
    }
}

/// FNV-1a: names a file; the key itself is compared when it is read.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_again_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = State::path(folder.path(), "a key");
        assert_eq!(State::load(&path, "a key").steps(), 0);
        let timed = Timed { points: vec![(1, 5.0)], ..Timed::default() };
        let state =
            State { key: "a key".to_owned(), times: [("x".to_owned(), timed)].into(), ..State::default() };
        state.store(&path).unwrap();
        assert_eq!(State::load(&path, "a key"), state);
        assert_eq!(State::load(&path, "another").steps(), 0);
        fs::write(&path, "{").unwrap();
        assert_eq!(State::load(&path, "a key").steps(), 0);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
    }
}
