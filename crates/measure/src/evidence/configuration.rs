use serde::Serialize;

use super::secrets::shown;

/// What the names of variables begin with that decide how models run. Others are nobody's business.
const PREFIXES: [&str; 16] = [
    "PHALANX_",
    "ORT_",
    "ONNXRUNTIME_",
    "CUDA_",
    "NVIDIA_",
    "CUBLAS_",
    "CUDNN_",
    "VK_",
    "MESA_",
    "LIBGL_",
    "MTL_",
    "METAL_",
    "OMP_",
    "RUST_",
    "LD_",
    "DYLD_",
];

/// A variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, without secrets.
    pub value: String,
}

/// The variables of this process that decide how models run, by name, with secrets hidden.
#[must_use]
pub fn environment() -> Vec<Variable> {
    let texts = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    chosen(texts)
}

fn chosen(variables: impl Iterator<Item = (String, String)>) -> Vec<Variable> {
    let ours = variables.filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
    let mut shown: Vec<Variable> =
        ours.map(|(name, value)| Variable { value: shown(&name, &value), name }).collect();
    shown.sort_by(|one, other| one.name.cmp(&other.name));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_decides_how_models_run_is_taken() {
        let variables = [
            ("PHALANX_LANES", "2"),
            ("HOME", "/home/me"),
            ("PHALANX_TOKEN", "abc"),
            ("LD_LIBRARY_PATH", "/x"),
        ];
        let taken = chosen(variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        let taken: Vec<(&str, &str)> = taken.iter().map(|one| (&*one.name, &*one.value)).collect();
        assert_eq!(taken, [("LD_LIBRARY_PATH", "/x"), ("PHALANX_LANES", "2"), ("PHALANX_TOKEN", "(hidden)")]);
    }
}
