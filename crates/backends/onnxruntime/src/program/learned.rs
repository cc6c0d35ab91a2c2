use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use phalanx_backend::{BackendError, OutputSpec, RowSpec};

/// What probing has shown about the outputs, by the rows of the inputs. The oldest is forgotten first.
pub(super) struct Learned {
    entries: Mutex<VecDeque<(Vec<RowSpec>, Vec<OutputSpec>)>>,
    entries_max: usize,
}

impl Learned {
    pub(super) fn new(entries_max: usize) -> Self {
        Self { entries: Mutex::new(VecDeque::new()), entries_max }
    }

    /// What is known for `inputs`, from `learn` where nothing is. Two threads may learn the same at once.
    pub(super) fn get_or_learn(
        &self,
        inputs: &[RowSpec],
        learn: impl FnOnce() -> Result<Vec<OutputSpec>, BackendError>,
    ) -> Result<Vec<OutputSpec>, BackendError> {
        let lock = || self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, outputs)) = lock().iter().find(|(known, _)| known == inputs) {
            return Ok(outputs.clone());
        }
        let outputs = learn()?;
        let mut entries = lock();
        if entries.len() >= self.entries_max {
            entries.pop_front();
        }
        entries.push_back((inputs.to_vec(), outputs.clone()));
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::{DType, Shape};

    use super::*;

    #[test]
    fn is_asked_once_and_stays_bounded() {
        let learned = Learned::new(2);
        let rows = |size: usize| vec![RowSpec::new(DType::F32, Shape::from([size])).unwrap()];
        let outputs = vec![OutputSpec::Dynamic(DType::F32)];
        for size in [1, 2, 3] {
            learned.get_or_learn(&rows(size), || Ok(outputs.clone())).unwrap();
        }
        let unasked = || -> Result<Vec<OutputSpec>, BackendError> { panic!("it was known") };
        assert_eq!(learned.get_or_learn(&rows(3), unasked), Ok(outputs));
        assert_eq!(learned.entries.lock().unwrap().len(), 2);
        let failed = BackendError::Panicked { message: String::new() };
        assert_eq!(learned.get_or_learn(&rows(1), || Err(failed.clone())), Err(failed));
    }
}
