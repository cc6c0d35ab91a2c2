use std::collections::BTreeMap;

use phalanx_backend::{Precision, Tolerance};
use phalanx_protocol::{InferResponse, OutputData};
use phalanx_tensor::{DType, Shape, Signature, Tensor, TensorInfo};

use super::outcome::Failure;
use crate::answers::row_error;

/// Memory for answers that later ones are compared with: what does not fit is not compared.
const KEPT_BYTES_MAX: usize = 256 << 20;

/// What every answer must be like, as the first one, which was looked at closely, was.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    outputs: Vec<Output>,
    /// Whether shapes may differ from answer to answer.
    open: bool,
    /// The first answer to each request, where answers are compared.
    first: Option<BTreeMap<usize, Vec<Tensor>>>,
    kept_bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Output {
    name: String,
    dtype: DType,
    shape: Shape,
}

impl Check {
    /// Learns from the first answer, which must be what `signature` promises for requests of `rows` rows. Later answers
    /// to the same request are `compared` with the first one where that is wanted.
    pub(crate) fn new(
        signature: &Signature,
        rows: Option<usize>,
        answer: &InferResponse,
        compared: bool,
    ) -> Result<Self, String> {
        let outputs = outputs(answer).map_err(|failure| failure.to_string())?;
        for info in &signature.outputs {
            let Some(output) = outputs.iter().find(|output| output.name == info.name) else {
                return Err(format!("output {:?} is missing", info.name));
            };
            let (inner, shape) = match rows {
                Some(_) => (inner(info), output.shape.tail()),
                None => (info.clone(), output.shape.clone()),
            };
            let rows_too = rows.is_none_or(|rows| output.shape.first() == Some(&rows));
            if !(output.dtype == info.dtype && rows_too && inner.accepts(&shape)) {
                return Err(format!("expected output {info}, got {} {}", output.dtype, output.shape));
            }
        }
        let fixed = |info: &TensorInfo| {
            let info = if rows.is_some() { inner(info) } else { info.clone() };
            info.dims.is_some_and(|dims| dims.iter().all(|dim| dim.fixed().is_some()))
        };
        let open = !signature.outputs.iter().all(fixed);
        Ok(Self { outputs, open, first: compared.then(BTreeMap::new), kept_bytes: 0 })
    }

    /// Bytes of tensors in every answer, where they are always the same.
    pub(crate) fn tensor_bytes(&self) -> Option<usize> {
        if self.open {
            return None;
        }
        self.outputs.iter().map(|output| output.shape.size_bytes(output.dtype).ok()).sum()
    }

    /// Looks at an answer to request number `request`.
    pub(crate) fn look(&mut self, request: usize, answer: &InferResponse) -> Result<(), Failure> {
        let got = outputs(answer)?;
        let same = |(one, other): (&Output, &Output)| {
            one.name == other.name && one.dtype == other.dtype && (self.open || one.shape == other.shape)
        };
        if got.len() != self.outputs.len() || !self.outputs.iter().zip(&got).all(same) {
            let got: Vec<String> =
                got.iter().map(|output| format!("{} {}", output.name, output.shape)).collect();
            return Err(Failure::malformed(format_args!("its outputs are {}", got.join(", "))));
        }
        let Some(first) = &mut self.first else { return Ok(()) };
        let tensors: Vec<Tensor> =
            answer.outputs.iter().filter_map(|output| tensor(&output.data)).cloned().collect();
        if let Some(first) = first.get(&request) {
            return first.iter().zip(&tensors).zip(&self.outputs).try_for_each(compare);
        }
        let bytes: usize = tensors.iter().map(Tensor::size_bytes).sum();
        if self.kept_bytes + bytes <= KEPT_BYTES_MAX {
            self.kept_bytes += bytes;
            first.insert(request, tensors);
        }
        Ok(())
    }
}

/// The same without its batch axis.
fn inner(info: &TensorInfo) -> TensorInfo {
    let dims = info.dims.as_ref().map(|dims| dims.iter().skip(1).cloned().collect());
    TensorInfo { dims, ..info.clone() }
}

fn compare(((first, tensor), output): ((&Tensor, &Tensor), &Output)) -> Result<(), Failure> {
    let changed = |message: String| Err(Failure::Changed { message });
    if first.dtype() == DType::String {
        return if first == tensor { Ok(()) } else { changed(format!("output {:?}", output.name)) };
    }
    let row_bytes = first.bytes().len().checked_div(first.rows()).unwrap_or(0);
    let error = row_error(first.dtype(), row_bytes, first.bytes(), tensor.bytes());
    let allowed = Tolerance::of(Precision::Fp32, first.dtype()).mean;
    if error <= allowed {
        return Ok(());
    }
    changed(format!(
        "output {:?} is off by {error:.1e} of its row's largest magnitude, expected at most {allowed:.0e}",
        output.name
    ))
}

fn outputs(answer: &InferResponse) -> Result<Vec<Output>, Failure> {
    let output = |output: &phalanx_protocol::InferOutput| {
        let tensor = tensor(&output.data);
        let tensor = tensor.ok_or_else(|| Failure::malformed("an output is not in the answer itself"))?;
        let (name, dtype, shape) = (output.name.to_string(), tensor.dtype(), tensor.shape().clone());
        Ok(Output { name, dtype, shape })
    };
    answer.outputs.iter().map(output).collect()
}

fn tensor(data: &OutputData) -> Option<&Tensor> {
    match data {
        OutputData::Json(tensor) | OutputData::Binary(tensor) => Some(tensor),
        OutputData::SharedMemory { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_protocol::InferOutput;
    use phalanx_tensor::Dim;

    fn signature(last: Dim) -> Signature {
        let dims = Some(vec![Dim::Symbol("batch".into()), last]);
        let output = TensorInfo { name: "y".to_owned(), dtype: DType::F32, dims };
        Signature { inputs: Vec::new(), outputs: vec![output] }
    }

    fn answer(name: &str, shape: [usize; 2], value: f32) -> InferResponse {
        let tensor = Tensor::from_vec(shape, vec![value; shape[0] * shape[1]]).unwrap();
        InferResponse {
            model_name: "m".into(),
            model_version: "1".into(),
            id: "".into(),
            parameters: phalanx_protocol::Parameters::default(),
            outputs: [InferOutput { name: name.into(), data: OutputData::Binary(tensor) }]
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn the_first_answer_must_be_what_was_promised() {
        let new = |answer: &InferResponse| Check::new(&signature(Dim::Fixed(3)), Some(2), answer, false);
        assert_eq!(new(&answer("y", [2, 3], 1.0)).unwrap().tensor_bytes(), Some(24));
        for (wrong, says) in [
            (answer("z", [2, 3], 1.0), "\"y\" is missing"),
            (answer("y", [1, 3], 1.0), "expected output y f32 [batch, 3], got f32 [1, 3]"),
            (answer("y", [2, 4], 1.0), "got f32 [2, 4]"),
        ] {
            let error = new(&wrong).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn later_answers_must_be_like_the_first() {
        let first = answer("y", [2, 3], 1.0);
        let mut check = Check::new(&signature(Dim::Fixed(3)), Some(2), &first, false).unwrap();
        assert_eq!(check.look(0, &answer("y", [2, 3], 5.0)), Ok(()));
        assert!(check.look(0, &answer("y", [3, 3], 5.0)).is_err());
        let mut open = Check::new(&signature(Dim::Unknown), Some(2), &first, false).unwrap();
        assert_eq!((open.tensor_bytes(), open.look(0, &answer("y", [2, 9], 5.0))), (None, Ok(())));
    }

    #[test]
    fn the_same_request_must_get_the_same_answer() {
        let first = answer("y", [2, 3], 1.0);
        let mut check = Check::new(&signature(Dim::Fixed(3)), Some(2), &first, true).unwrap();
        for (request, value) in [(0, 1.0), (0, 1.000_001), (1, 2.0)] {
            assert_eq!(check.look(request, &answer("y", [2, 3], value)), Ok(()));
        }
        let failure = check.look(1, &answer("y", [2, 3], 2.1)).unwrap_err();
        assert_eq!(failure.kind(), "changed answer");
    }
}
