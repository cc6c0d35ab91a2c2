use std::collections::BTreeMap;

use bytes::Bytes;

use super::config::ConfigError;
use super::scan::version;
use super::wanted::Given;
use super::{MODEL_FILE, RepositoryLimits};
use crate::{LoadOverrides, ServeError};

/// Checks what a load says: as in Triton, files replace the whole folder, and need a configuration with them.
pub(super) fn check(overrides: LoadOverrides, limits: &RepositoryLimits) -> Result<Given, ServeError> {
    if overrides.config.as_ref().is_some_and(|config| config.len() > limits.config_bytes_max) {
        return Err(ServeError::TooLarge { what: "parameters.config", max: limits.config_bytes_max });
    }
    let bytes = overrides.files.iter().fold(0_usize, |total, (_, bytes)| total.saturating_add(bytes.len()));
    if bytes > limits.load_bytes_max {
        return Err(ServeError::TooLarge { what: "parameters.file", max: limits.load_bytes_max });
    }
    if overrides.config.is_none() && !overrides.files.is_empty() {
        return Err(ServeError::invalid("parameters.config", "a configuration with the files", "none"));
    }
    Ok(Given { config: overrides.config.map(Into::into), models: models(overrides.files, limits)? })
}

fn models(
    files: Vec<(String, Bytes)>,
    limits: &RepositoryLimits,
) -> Result<BTreeMap<u64, Bytes>, ServeError> {
    let mut models = BTreeMap::new();
    for (path, bytes) in files {
        let version = match path.split_once('/') {
            Some((folder, MODEL_FILE)) => version(folder),
            _ => None,
        };
        let what = format!("parameters.file:{path}");
        let Some(version) = version else {
            return Err(ServeError::invalid(what, format!("file:VERSION/{MODEL_FILE}"), "another file"));
        };
        if models.insert(version, bytes).is_some() {
            return Err(ServeError::invalid(what, "it once", "it again"));
        }
        if models.len() > limits.versions_max {
            return Err(ServeError::invalid(
                what,
                format!("at most {} versions", limits.versions_max),
                "more",
            ));
        }
    }
    Ok(models)
}

impl From<ConfigError> for ServeError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Syntax { place, expected, got } => {
                Self::Invalid { what: place.to_string(), expected: expected.to_owned(), got }
            }
            ConfigError::Value { place, field, expected, got } => {
                Self::Invalid { what: format!("{place}: {field}"), expected, got }
            }
            ConfigError::Unsupported { place, field, .. } => {
                Self::Unsupported { what: format!("{place}: {field}") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: usize) -> (String, Bytes) {
        (path.to_owned(), Bytes::from(vec![0; bytes]))
    }

    fn refusal(config: Option<&str>, files: Vec<(String, Bytes)>) -> String {
        let limits = RepositoryLimits {
            config_bytes_max: 8,
            load_bytes_max: 10,
            versions_max: 2,
            ..RepositoryLimits::default()
        };
        let overrides = LoadOverrides { config: config.map(str::to_owned), files };
        check(overrides, &limits).unwrap_err().to_string()
    }

    #[test]
    fn files_are_model_files_of_versions() {
        let files = vec![file("2/model.onnx", 3), file("10/model.onnx", 4)];
        let overrides = LoadOverrides { config: Some("{}".to_owned()), files };
        let given = check(overrides, &RepositoryLimits::default()).unwrap();
        let lengths: Vec<_> = given.models.iter().map(|(version, bytes)| (*version, bytes.len())).collect();
        assert_eq!(lengths, [(2, 3), (10, 4)]);
    }

    #[test]
    fn what_does_not_do_is_refused() {
        assert!(
            refusal(None, vec![file("1/model.onnx", 1)]).contains("expected a configuration with the files")
        );
        assert!(refusal(Some("{       }"), vec![]).contains("parameters.config is larger than the 8 bytes"));
        let large = vec![file("1/model.onnx", 6), file("2/model.onnx", 5)];
        assert!(refusal(Some("{}"), large).contains("parameters.file is larger than the 10 bytes"));
        let twice = vec![file("1/model.onnx", 1), file("1/model.onnx", 1)];
        assert!(refusal(Some("{}"), twice).contains("parameters.file:1/model.onnx: expected it once"));
        let many = (1..=3).map(|version| file(&format!("{version}/model.onnx"), 1)).collect();
        assert!(refusal(Some("{}"), many).contains("at most 2 versions"));
        for path in [
            "model.onnx",
            "0/model.onnx",
            "1/weights.bin",
            "1/2/model.onnx",
            "../1/model.onnx",
            "-1/model.onnx",
        ] {
            let refusal = refusal(Some("{}"), vec![file(path, 1)]);
            assert!(refusal.contains("expected file:VERSION/model.onnx"), "{refusal}");
        }
    }
}
