use bytes::Bytes;
use phalanx_backend::{BackendError, Buckets, OutputSpec, RowSpec};
use phalanx_tensor::{DType, Shape, Tensor};

use super::Shared;

/// Data that tell outputs apart whose shape depends on them: all zeros, all ones, and some of both. Integers are
/// indices more often than not, so they stay within what every table has.
#[derive(Clone, Copy)]
enum Fill {
    Zeros,
    Ones,
    Mixed,
}

/// What the outputs of batches of such rows are, seen by running some. An output of which any run says otherwise, or
/// that no run shows, is dynamic, which is always right.
///
/// # Errors
/// [`BackendError::DeviceLost`]: any other failure is the data's, which are not a caller's.
pub(super) fn probe(shared: &Shared, inputs: &[RowSpec]) -> Result<Vec<OutputSpec>, BackendError> {
    let mut seen: Option<Vec<Option<Shape>>> = None;
    for (rows, fill) in runs(&shared.buckets) {
        let Some(tensors) = inputs.iter().map(|spec| tensor(spec, rows, fill)).collect::<Option<Vec<_>>>()
        else {
            break;
        };
        match shared.run_single(&tensors) {
            Ok(outputs) => {
                let tails = outputs.iter().map(|output| tail(output, rows));
                seen = Some(match seen {
                    None => tails.collect(),
                    Some(before) => before
                        .into_iter()
                        .zip(tails)
                        .map(|(one, two)| one.filter(|one| Some(one) == two.as_ref()))
                        .collect(),
                });
            }
            Err(lost @ BackendError::DeviceLost { .. }) => return Err(lost),
            Err(error) => {
                tracing::debug!(%error, rows, "a probe told nothing");
                seen = None;
                break;
            }
        }
    }
    let tails = seen.unwrap_or_else(|| vec![None; shared.signature.outputs.len()]);
    Ok(shared.signature.outputs.iter().zip(tails).map(|(info, tail)| spec(info.dtype, tail)).collect())
}

/// The runs that make a probe: one row and two where there may be.
fn runs(buckets: &Buckets) -> Vec<(usize, Fill)> {
    let (first, second) = match buckets {
        Buckets::Any(max) => (1, 2.min(*max)),
        Buckets::Fixed(sizes) => {
            let first = sizes.first().copied().unwrap_or(1);
            (first, sizes.get(1).copied().unwrap_or(first))
        }
    };
    vec![(first, Fill::Zeros), (second, Fill::Ones), (second, Fill::Mixed)]
}

/// The shape of a row, where axis 0 of `output` is the batch's. One without elements is what data that hold nothing
/// give: no promise for others.
fn tail(output: &Tensor, rows: usize) -> Option<Shape> {
    let follows = output.shape().first() == Some(&rows);
    Some(output.shape().tail()).filter(|tail| follows && !tail.contains(&0))
}

fn spec(dtype: DType, tail: Option<Shape>) -> OutputSpec {
    let rows = tail.and_then(|tail| RowSpec::new(dtype, tail).ok());
    rows.map_or(OutputSpec::Dynamic(dtype), OutputSpec::Rows)
}

/// `rows` rows of an input; `None` where there is no memory for them.
fn tensor(spec: &RowSpec, rows: usize, fill: Fill) -> Option<Tensor> {
    let len = spec.row_bytes.checked_mul(rows)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).ok()?;
    let (zero, one) = (vec![0; spec.dtype.size_bytes()?], one(spec.dtype)?);
    let elements = len / zero.len();
    for index in 0..elements {
        let set = match fill {
            Fill::Zeros => false,
            Fill::Ones => true,
            Fill::Mixed => index % 3 == 1,
        };
        bytes.extend_from_slice(if set { &one } else { &zero });
    }
    Tensor::from_bytes(spec.dtype, spec.tail.with_rows(rows), Bytes::from(bytes)).ok()
}

/// The number 1, in native byte order.
fn one(dtype: DType) -> Option<Vec<u8>> {
    Some(match dtype {
        DType::F16 => 0x3C00_u16.to_ne_bytes().to_vec(),
        DType::BF16 => 0x3F80_u16.to_ne_bytes().to_vec(),
        DType::F32 => 1.0_f32.to_ne_bytes().to_vec(),
        DType::F64 => 1.0_f64.to_ne_bytes().to_vec(),
        DType::Bool | DType::I8 | DType::U8 => vec![1],
        DType::I16 | DType::U16 => 1_u16.to_ne_bytes().to_vec(),
        DType::I32 | DType::U32 => 1_u32.to_ne_bytes().to_vec(),
        DType::I64 | DType::U64 => 1_u64.to_ne_bytes().to_vec(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    #[test]
    fn ones_are_ones_in_every_dtype() {
        let ones = |dtype| tensor(&RowSpec::new(dtype, Shape::from([2])).unwrap(), 1, Fill::Ones).unwrap();
        assert_eq!(ones(DType::F16).to_vec::<f16>().unwrap(), [f16::ONE; 2]);
        assert_eq!(ones(DType::BF16).to_vec::<bf16>().unwrap(), [bf16::ONE; 2]);
        assert_eq!(ones(DType::F32).to_vec::<f32>().unwrap(), [1.0; 2]);
        assert_eq!(ones(DType::F64).to_vec::<f64>().unwrap(), [1.0; 2]);
        assert_eq!(ones(DType::I64).to_vec::<i64>().unwrap(), [1; 2]);
        for dtype in DType::ALL.into_iter().filter(|&dtype| dtype != DType::String) {
            assert_eq!(one(dtype).unwrap().len(), dtype.size_bytes().unwrap(), "{dtype}");
        }
    }

    #[test]
    fn a_row_without_elements_is_no_promise() {
        let empty = Tensor::zeros(DType::F32, [2, 0, 4]).unwrap();
        assert_eq!(tail(&empty, 2), None);
        let full = Tensor::zeros(DType::F32, [2, 3]).unwrap();
        assert_eq!(tail(&full, 2), Some(Shape::from([3])));
        assert_eq!(tail(&full, 1), None);
    }
}
