use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::key::Key;
use super::tune::Algorithm;

/// Choices that are remembered; past it all are made again.
const CHOICES_MAX: usize = 16_384;

/// What runs a product.
#[derive(Clone, Copy)]
pub(crate) enum Choice {
    /// The library, by this algorithm, and a kernel for what it cannot do behind the sums.
    Library(Algorithm),
    /// A kernel of ours that does all of it.
    Kernel,
}

/// What was fastest for each shape of product on one GPU.
#[derive(Default)]
pub(crate) struct Choices(Mutex<HashMap<Key, Choice>>);

impl Choices {
    pub(crate) fn get(&self, key: &Key) -> Option<Choice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    pub(crate) fn insert(&self, key: Key, choice: Choice) {
        let mut choices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if choices.len() >= CHOICES_MAX {
            choices.clear();
        }
        choices.insert(key, choice);
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Choices")
    }
}
