use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use cudarc::cublaslt::sys::cublasLtMatmulAlgo_t;

use super::key::Key;

/// Choices that are remembered; past it all are made again.
const CHOICES_MAX: usize = 16_384;

/// The algorithm that was fastest for each shape of product on one GPU.
#[derive(Default)]
pub(crate) struct Choices(Mutex<HashMap<Key, cublasLtMatmulAlgo_t>>);

impl Choices {
    pub(super) fn get(&self, key: &Key) -> Option<cublasLtMatmulAlgo_t> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    pub(super) fn insert(&self, key: Key, algorithm: cublasLtMatmulAlgo_t) {
        let mut choices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if choices.len() >= CHOICES_MAX {
            choices.clear();
        }
        choices.insert(key, algorithm);
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Choices")
    }
}
