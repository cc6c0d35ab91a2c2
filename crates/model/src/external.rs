//! Weights that lie in files beside the model.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::constants;
use crate::error::{ModelError, Origin, clip, clip_dims};
use crate::graphs;
use crate::proto::{DataLocation, ModelProto, TensorProto};
use crate::read;

/// A file of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalFile {
    /// As the model names it, relative to its folder.
    pub(crate) location: String,
    /// Its length.
    pub(crate) bytes: u64,
}

/// The files that a model's tensors lie in, in the order of their names. All are there, long enough, and named by
/// paths that stay within the model's folder. (A symbolic link may lead elsewhere: whoever can make one there can
/// also write there.)
pub(crate) fn files(model: &Origin, proto: &ModelProto) -> Result<Vec<ExternalFile>, ModelError> {
    let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in graphs::tensors(proto).filter(|tensor| tensor.data_location() == DataLocation::External) {
        let place = place(model, tensor)?;
        let Origin::File(path) = model else {
            return Err(ModelError::ExternalWithoutFolder {
                model: model.clone(),
                tensor: clip(&tensor.name),
                location: clip(place.location),
            });
        };
        let path = beside(path, place.location);
        let bytes = match lengths.get(place.location) {
            Some(&bytes) => bytes,
            None => *lengths.entry(place.location).insert_entry(length(model, tensor, &path)?).get(),
        };
        if place.bytes_min > bytes {
            return Err(ModelError::ExternalTooShort {
                model: model.clone(),
                tensor: clip(&tensor.name),
                path,
                bytes_min: place.bytes_min,
                bytes,
            });
        }
    }
    Ok(lengths
        .into_iter()
        .map(|(location, bytes)| ExternalFile { location: location.to_owned(), bytes })
        .collect())
}

/// The path of a file in the folder of the model at `model`.
pub(crate) fn beside(model: &Path, location: &str) -> PathBuf {
    model.parent().unwrap_or(Path::new("")).join(location)
}

/// Where a tensor says its elements are.
struct Place<'a> {
    location: &'a str,
    /// What the file must hold at least.
    bytes_min: u64,
}

fn place<'a>(model: &Origin, tensor: &'a TensorProto) -> Result<Place<'a>, ModelError> {
    let invalid = |expected: &str, got: String| ModelError::InvalidTensor {
        model: model.clone(),
        tensor: clip(&tensor.name),
        expected: expected.to_owned(),
        got,
    };
    let entry = |key: &str| {
        tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    };
    let number = |key: &'static str| {
        let parse = |text: &str| {
            text.parse::<u64>()
                .map_err(|_| invalid("a number of bytes", format!("{:?} as {key} of its data", clip(text))))
        };
        entry(key).map(parse).transpose()
    };
    let location = entry("location")
        .filter(|location| !location.is_empty())
        .ok_or_else(|| invalid("the location of its external data", "none".to_owned()))?;
    if !stays_inside(location) {
        let (model, tensor) = (model.clone(), clip(&tensor.name));
        return Err(ModelError::ExternalOutside { model, tensor, location: clip(location) });
    }
    let length = match (number("length")?, constants::raw_bytes(tensor)) {
        (Some(length), Some(needed)) if length != needed => {
            let expected = format!("{needed} bytes of external data for shape {}", clip_dims(&tensor.dims));
            return Err(invalid(&expected, length.to_string()));
        }
        (length, needed) => length.or(needed).unwrap_or(0),
    };
    let bytes_min = number("offset")?.unwrap_or(0).saturating_add(length);
    Ok(Place { location, bytes_min })
}

/// Models travel between systems, so a path must stay inside by the rules of each: no root, no drive, no `..`.
fn stays_inside(location: &str) -> bool {
    let drive = location.as_bytes().get(1) == Some(&b':');
    let climbs = location.split(['/', '\\']).any(|part| part == "..");
    let rooted = location.starts_with(['/', '\\']);
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    !drive && !climbs && !rooted && Path::new(location).components().all(plain)
}

fn length(model: &Origin, tensor: &TensorProto, path: &Path) -> Result<u64, ModelError> {
    match read::length(path) {
        Err(ModelError::NotFound { path }) => {
            Err(ModelError::ExternalMissing { model: model.clone(), tensor: clip(&tensor.name), path })
        }
        length => length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_the_folder_stay_inside() {
        for inside in ["weights.bin", "./weights.bin", "data/weights.bin", "a..b", "..weights"] {
            assert!(stays_inside(inside), "{inside}");
        }
        for outside in ["/etc/passwd", "../w", "a/../../w", "..\\w", "\\w", "C:w", "C:\\w", ".."] {
            assert!(!stays_inside(outside), "{outside}");
        }
    }
}
