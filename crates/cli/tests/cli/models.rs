use std::path::PathBuf;

use phalanx_model::{Model, samples};
use tempfile::TempDir;

/// A folder of the test's own.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Writes a model into it.
    pub(crate) fn model(&self, model: &Model) -> String {
        let path = self.path("model.onnx");
        model.write(&path).unwrap();
        path
    }

    /// What is in it, by name.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().to_owned()
    }
}

/// A folder with a model that gives `y = 2x + 1`, both f32 `[batch, 4]`.
pub(crate) fn tiny() -> (Folder, String) {
    let folder = Folder::new();
    let model = folder.model(&samples::tiny());
    (folder, model)
}
