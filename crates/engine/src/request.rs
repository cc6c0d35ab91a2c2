use std::time::{Duration, Instant};

use phalanx_tensor::{Signature, Tensor};

use crate::EngineError;

/// One caller's rows, answered together and exactly once.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) priority: i32,
}

impl Request {
    /// A request with one tensor per input, in the signature's order. Axis 0 of each is the request's rows.
    #[must_use]
    pub fn new(inputs: Vec<Tensor>) -> Self {
        Self { inputs, deadline: None, priority: 0 }
    }

    /// A request whose tensors are given by the inputs' names.
    ///
    /// # Errors
    /// [`EngineError::InvalidInput`] for a name that is unknown, missing or given twice.
    pub fn named<N: AsRef<str>>(
        inputs: impl IntoIterator<Item = (N, Tensor)>,
        signature: &Signature,
    ) -> Result<Self, EngineError> {
        let mut ordered: Vec<Option<Tensor>> = vec![None; signature.inputs.len()];
        for (name, tensor) in inputs {
            let name = name.as_ref();
            let index = signature.input_index(name).ok_or_else(|| {
                EngineError::invalid_input("input name", names(signature), format!("{name:?}"))
            })?;
            if ordered[index].replace(tensor).is_some() {
                return Err(EngineError::invalid_input(format!("input {name:?}"), "one tensor", "two"));
            }
        }
        let inputs = ordered.into_iter().zip(&signature.inputs).map(|(tensor, info)| {
            tensor
                .ok_or_else(|| EngineError::invalid_input(format!("input {:?}", info.name), info, "nothing"))
        });
        Ok(Self::new(inputs.collect::<Result<_, _>>()?))
    }

    /// Has to be answered by then, whatever the SLO; refused as soon as that is out of reach.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Has to be answered within this time from now.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let now = Instant::now();
        match now.checked_add(timeout) {
            Some(deadline) => self.deadline(deadline),
            None => self,
        }
    }

    /// The higher goes first; 0 where nothing was said.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }
}

fn names(signature: &Signature) -> String {
    let names: Vec<String> = signature.inputs.iter().map(|info| format!("{:?}", info.name)).collect();
    format!("one of {}", names.join(", "))
}

impl From<Vec<Tensor>> for Request {
    fn from(inputs: Vec<Tensor>) -> Self {
        Self::new(inputs)
    }
}
