use std::sync::Arc;

use phalanx_backend::{OutputSpec, Slot, SlotOutput};
use phalanx_tensor::{BatchAxis, Shape, Signature, Tensor};

use crate::MeasureError;
use crate::draw::Draw;

/// Distinct requests, drawn or read beforehand, that load generators send in turn.
#[derive(Clone, Debug)]
pub struct Samples {
    requests: Arc<[Vec<Tensor>]>,
    batched: bool,
}

impl Samples {
    /// Draws `count` of them: rows of one drawn batch, or whole inputs where the model has no batch axis.
    ///
    /// # Errors
    /// As [`Draw::inputs`].
    pub fn draw(signature: &Signature, draw: &Draw, count: usize) -> Result<Self, MeasureError> {
        draw.check(signature)?;
        if matches!(signature.batch_axis(), BatchAxis::None(_)) {
            let whole = |index| {
                let draw = Draw { seed: draw.seed.wrapping_add(index as u64), ..draw.clone() };
                draw.inputs(signature, None)
            };
            let requests = (0..count).map(whole).collect::<Result<_, _>>()?;
            return Ok(Self { requests, batched: false });
        }
        Self::from_rows(&draw.inputs(signature, Some(count))?)
    }

    /// One sample a row of these tensors, one tensor an input.
    ///
    /// # Errors
    /// [`MeasureError::Samples`] where there are no rows, or not as many in each tensor.
    pub fn from_rows(inputs: &[Tensor]) -> Result<Self, MeasureError> {
        let rows = inputs.first().map_or(0, Tensor::rows);
        if rows == 0 || inputs.iter().any(|input| input.rows() != rows || input.shape().is_empty()) {
            let shapes: Vec<String> = inputs.iter().map(|input| input.shape().to_string()).collect();
            return Err(MeasureError::Samples {
                expected: "inputs with the same number of rows, at least one".to_owned(),
                got: format!("shapes {}", shapes.join(", ")),
            });
        }
        let row = |row| inputs.iter().map(|input| input.slice_rows(row, row + 1)).collect();
        let requests = (0..rows).map(row).collect::<Result<_, _>>()?;
        Ok(Self { requests, batched: true })
    }

    /// One sample: these inputs as a whole, for a model without a batch axis.
    #[must_use]
    pub fn whole(inputs: Vec<Tensor>) -> Self {
        Self { requests: [inputs].into(), batched: false }
    }

    /// These requests, each with one tensor an input; `batched` where each is one row.
    ///
    /// # Errors
    /// [`MeasureError::Samples`] where there are none.
    pub fn of(requests: Vec<Vec<Tensor>>, batched: bool) -> Result<Self, MeasureError> {
        if requests.is_empty() {
            let (expected, got) = ("at least one request".to_owned(), "none".to_owned());
            return Err(MeasureError::Samples { expected, got });
        }
        Ok(Self { requests: requests.into(), batched })
    }

    /// The first `count` of them.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let requests = self.requests.iter().take(count).cloned().collect();
        Self { requests, batched: self.batched }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Whether each is one row, that can share a batch with others.
    #[must_use]
    pub fn batched(&self) -> bool {
        self.batched
    }

    /// The inputs of sample `index`, counted round and round.
    #[must_use]
    pub fn get(&self, index: usize) -> &[Tensor] {
        &self.requests[index % self.requests.len()]
    }

    /// The shapes of one row, axis 0 left out.
    #[must_use]
    pub fn tails(&self) -> Vec<Shape> {
        self.get(0).iter().map(|tensor| tensor.shape().tail()).collect()
    }

    /// Copies `rows` samples, from `first` on, into the rows of `slot`.
    ///
    /// # Panics
    /// Where the slot was laid out for other rows than these.
    pub fn gather(&self, first: usize, rows: usize, slot: &mut Slot) {
        for row in 0..rows {
            for (tensor, buffer) in self.get(first + row).iter().zip(&mut slot.inputs) {
                let bytes = tensor.bytes();
                buffer.as_mut_slice()[row * bytes.len()..(row + 1) * bytes.len()].copy_from_slice(bytes);
            }
        }
    }

    /// Several samples, from `first` on, as one tensor an input.
    ///
    /// # Errors
    /// [`MeasureError::Tensor`] where they do not all have one shape, or hold strings.
    pub fn batch(&self, first: usize, rows: usize) -> Result<Vec<Tensor>, MeasureError> {
        let stack = |input: usize| {
            let parts = (first..first + rows).flat_map(|index| self.get(index)[input].bytes());
            let bytes: Vec<u8> = parts.copied().collect();
            let like = &self.get(first)[input];
            Ok(Tensor::from_bytes(like.dtype(), like.shape().tail().with_rows(rows), bytes.into())?)
        };
        (0..self.get(first).len()).map(stack).collect()
    }
}

/// Appends the first `rows` rows of output `index` of `slot` to `target`.
pub(crate) fn read_back(slot: &Slot, index: usize, rows: usize, target: &mut Vec<u8>) {
    match (&slot.layout().outputs[index], &slot.outputs[index]) {
        (OutputSpec::Rows(spec), SlotOutput::Buffer(buffer)) => {
            target.extend_from_slice(&buffer.as_slice()[..rows * spec.row_bytes]);
        }
        (_, SlotOutput::Dynamic(Some(tensor))) => target.extend_from_slice(tensor.bytes()),
        (_, SlotOutput::Buffer(_) | SlotOutput::Dynamic(None)) => {}
    }
}

/// What an output's bytes are compared by: strings have none of their own, so they are written with their lengths.
pub(crate) fn bytes_of(tensor: &Tensor) -> Vec<u8> {
    match tensor.strings() {
        None => tensor.bytes().to_vec(),
        Some(strings) => strings
            .iter()
            .flat_map(|text| [&text.len().to_le_bytes()[..], text.as_bytes()].concat())
            .collect(),
    }
}

/// Copies the first `rows` rows of every output to `target`, replacing what it held: what any caller that wants its
/// answers has to do.
pub(crate) fn read_back_all(slot: &Slot, rows: usize, target: &mut Vec<u8>) {
    target.clear();
    (0..slot.outputs.len()).for_each(|output| read_back(slot, output, rows, target));
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_backend::{Layout, RowSpec};
    use phalanx_tensor::DType;

    fn rows() -> Samples {
        Samples::from_rows(&[Tensor::from_vec([3, 2], vec![1_u8, 2, 3, 4, 5, 6]).unwrap()]).unwrap()
    }

    #[test]
    fn rows_are_taken_round_and_round() {
        let samples = rows();
        assert_eq!((samples.len(), samples.batched()), (3, true));
        assert_eq!(samples.get(4).first().unwrap().bytes(), [3, 4]);
        let batch = samples.batch(2, 2).unwrap();
        assert_eq!((batch[0].shape(), batch[0].bytes()), (&Shape::from([2, 2]), &[5, 6, 1, 2][..]));
    }

    #[test]
    fn a_slot_is_filled_and_read_back() {
        let spec = RowSpec::new(DType::U8, Shape::from([2])).unwrap();
        let layout = Layout { inputs: vec![spec.clone()], outputs: vec![OutputSpec::Rows(spec)] };
        let mut slot = Slot::heap("test", layout.into(), 4).unwrap();
        rows().gather(1, 3, &mut slot);
        assert_eq!(slot.input_rows(0, 3), [3, 4, 5, 6, 1, 2]);
        if let SlotOutput::Buffer(buffer) = &mut slot.outputs[0] {
            buffer.as_mut_slice().fill(9);
        }
        let mut target = vec![1; 100];
        read_back_all(&slot, 3, &mut target);
        assert_eq!(target, [9; 6]);
    }

    #[test]
    fn tensors_of_different_length_are_no_samples() {
        let tensor = |rows: usize| Tensor::zeros(DType::F32, [rows, 2]).unwrap();
        let error = Samples::from_rows(&[tensor(3), tensor(2)]).unwrap_err();
        assert!(error.to_string().ends_with("got shapes [3, 2], [2, 2]"), "{error}");
        assert!(Samples::from_rows(&[tensor(0)]).is_err());
    }
}
