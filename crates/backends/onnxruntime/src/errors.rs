//! What the runtime says, as the errors of [`phalanx_backend`].

use phalanx_backend::BackendError;
use phalanx_model::Model;

use crate::NAME;
use crate::sys::Fault;

/// What the user can do where there is no library.
const INSTALL: &str = "pip install onnxruntime (1.2 to 6 times as fast as tract on x86 CPUs)";

/// Domains whose operators the runtime has, or takes from a model's own functions.
const KNOWN_DOMAINS: [&str; 8] = [
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.experimental",
    "com.microsoft.nchwc",
];

/// Words of CPU allocators, CUDA and Dawn for memory that could not be had.
const OUT_OF_MEMORY: [&str; 5] =
    ["failed to allocate memory", "bad_alloc", "out of memory", "out_of_memory", "insufficient memory"];

/// Words of CUDA and Dawn for a device that will not answer again: errors that stick to a CUDA context, and the loss
/// of a WebGPU device.
const DEVICE_LOST: [&str; 8] = [
    "device lost",
    "device is lost",
    "device was lost",
    "illegal memory access",
    "unspecified launch failure",
    "device-side assert",
    "uncorrectable ecc",
    "gpu has fallen off the bus",
];

/// The library, or what it needs, cannot be used.
pub(crate) fn unavailable(reason: String, hint: Option<String>) -> BackendError {
    BackendError::Unavailable { backend: NAME, reason, hint }
}

/// No library was found anywhere.
pub(crate) fn missing() -> BackendError {
    unavailable("its library was not found".to_owned(), Some(INSTALL.to_owned()))
}

/// A failure to prepare `model`.
pub(crate) fn prepare(fault: Fault, model: &Model) -> BackendError {
    let words = fault.message.to_lowercase();
    if contains(&words, &OUT_OF_MEMORY) {
        return BackendError::OutOfMemory { backend: NAME, message: fault.message };
    }
    if fault.code == Fault::DEVICE_RESET || contains(&words, &DEVICE_LOST) {
        return BackendError::DeviceLost { backend: NAME, message: fault.message };
    }
    match unknown_operator(&fault.message) {
        Some(operator) => BackendError::UnsupportedOperators {
            backend: NAME,
            operators: unsupported(&operator, &fault.message, model),
        },
        None => BackendError::Prepare { backend: NAME, message: fault.message },
    }
}

/// A failure of a run.
pub(crate) fn run(fault: Fault) -> BackendError {
    let words = fault.message.to_lowercase();
    if contains(&words, &OUT_OF_MEMORY) {
        BackendError::OutOfMemory { backend: NAME, message: fault.message }
    } else if fault.code == Fault::DEVICE_RESET || contains(&words, &DEVICE_LOST) {
        BackendError::DeviceLost { backend: NAME, message: fault.message }
    } else {
        BackendError::Run { backend: NAME, message: fault.message }
    }
}

fn contains(words: &str, any: &[&str]) -> bool {
    any.iter().any(|phrase| words.contains(phrase))
}

/// The operator in the runtime's three ways to say that it does not know one.
fn unknown_operator(message: &str) -> Option<String> {
    if let Some((before, _)) = message.split_once(" is not a registered function/op") {
        let name = before.rsplit(' ').next()?;
        let name = name.split('(').next().unwrap_or(name);
        return Some(name.trim_start_matches(':').replacen(':', ".", 1));
    }
    for phrase in ["No Op registered for ", "Could not find an implementation for "] {
        if let Some((_, after)) = message.split_once(phrase) {
            let name = after.split([' ', '(']).next()?;
            return Some(name.trim_start_matches("ai.onnx.").to_owned());
        }
    }
    None
}

/// The operator that the runtime stopped at, with its words, and all others of domains that it does not have.
fn unsupported(operator: &str, message: &str, model: &Model) -> Vec<String> {
    let domain = |name: &str| name.rsplit_once('.').map_or(String::new(), |(domain, _)| domain.to_owned());
    let foreign = model.operators().keys().filter(|name| !KNOWN_DOMAINS.contains(&domain(name).as_str()));
    let others: Vec<String> = foreign.filter(|name| *name != operator).cloned().collect();
    std::iter::once(format!("{operator} ({message})")).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn operators_are_read_out_of_the_runtimes_words() {
        for (message, operator) in [
            ("Fatal error: com.acme:Foo(-1) is not a registered function/op", "com.acme.Foo"),
            ("Error No Op registered for Foo with domain_version of 17", "Foo"),
            ("Could not find an implementation for Sin(7) node with name ''", "Sin"),
        ] {
            assert_eq!(unknown_operator(message).as_deref(), Some(operator));
        }
        assert_eq!(unknown_operator("Protobuf parsing failed."), None);
    }

    proptest! {
        #[test]
        fn any_words_are_survived(before in ".{0,20}", after in ".{0,20}") {
            for phrase in [" is not a registered function/op", "No Op registered for ", "implementation for "] {
                unknown_operator(&format!("{before}{phrase}{after}"));
            }
        }
    }

    #[test]
    fn memory_and_devices_are_told_from_other_failures() {
        let fault = |message: &str| run(Fault::new(message));
        let memory = "Failed to allocate memory for requested buffer of size 99";
        assert!(matches!(fault(memory), BackendError::OutOfMemory { .. }));
        assert!(matches!(fault("CUDA failure 2: out of memory ; GPU=0"), BackendError::OutOfMemory { .. }));
        let lost = "CUDA failure 700: an illegal memory access was encountered";
        assert!(matches!(fault(lost), BackendError::DeviceLost { .. }));
        let reset = Fault { code: Fault::DEVICE_RESET, message: "reset".to_owned() };
        assert!(matches!(run(reset), BackendError::DeviceLost { .. }));
        assert!(matches!(fault("Got invalid dimensions"), BackendError::Run { .. }));
    }
}
