use phalanx_tensor::{DType, Dim, Shape, Signature, Tensor};

use crate::EngineError;
use crate::groups;
use crate::pad::PadPlan;

/// Sizes tried for axes that the model leaves open, the likeliest first.
pub(crate) const OPEN_SIZES: [usize; 6] = [16, 8, 32, 1, 64, 224];

/// Rows to run the model on. Rows of different numbers differ.
pub(crate) struct Sample {
    given: Option<Vec<Tensor>>,
    dtypes: Vec<DType>,
}

impl Sample {
    /// The user's rows. Where there are fewer than asked for, they are varied: numbers scaled, integers rotated within
    /// their row, so that ids stay valid.
    pub(crate) fn given(tensors: &[Tensor], signature: &Signature) -> Result<Self, EngineError> {
        if tensors.len() != signature.inputs.len() {
            return Err(EngineError::invalid_input(
                "tensors of the warm-up sample",
                signature.inputs.len(),
                tensors.len(),
            ));
        }
        for (tensor, info) in tensors.iter().zip(&signature.inputs) {
            if tensor.dtype() != info.dtype || tensor.rows() == 0 || tensor.shape().is_empty() {
                let got = format!("{} {}", tensor.dtype(), tensor.shape());
                return Err(EngineError::invalid_input(
                    format!("warm-up sample for input {:?}", info.name),
                    info,
                    got,
                ));
            }
        }
        Ok(Self { given: Some(tensors.to_vec()), dtypes: tensors.iter().map(Tensor::dtype).collect() })
    }

    /// Random rows: numbers between -1 and 1, integers and booleans of 0 and 1, which are the likeliest to be valid.
    pub(crate) fn random(signature: &Signature) -> Self {
        Self { given: None, dtypes: signature.inputs.iter().map(|info| info.dtype).collect() }
    }

    /// The shapes of a row, one per input, that are worth trying.
    pub(crate) fn candidate_tails(
        &self,
        signature: &Signature,
        pad: &PadPlan,
        given: bool,
    ) -> Vec<Vec<Shape>> {
        if let Some(tensors) = self.given.as_ref().filter(|_| given) {
            return vec![groups::tails(tensors, pad)];
        }
        let open = |dims: &Option<Vec<Dim>>| dims.iter().flatten().skip(1).any(|dim| dim.fixed().is_none());
        let any_open = signature.inputs.iter().any(|info| open(&info.dims));
        let sizes = if any_open { &OPEN_SIZES[..] } else { &OPEN_SIZES[..1] };
        sizes.iter().map(|&size| tails_at(signature, pad, size)).collect()
    }

    /// Writes row `row` of input `input`.
    pub(crate) fn write_row(&self, input: usize, tail: &Shape, row: usize, target: &mut [u8]) {
        match self.given.as_ref().map(|tensors| &tensors[input]) {
            Some(tensor) if tensor.bytes().len() == target.len() * tensor.rows() => {
                let start = (row % tensor.rows()) * target.len();
                target.copy_from_slice(&tensor.bytes()[start..start + target.len()]);
                vary(self.dtypes[input], row / tensor.rows(), target);
            }
            _ => {
                let elements = tail.elements().unwrap_or(0);
                let seed = (input as u64) << 32 | row as u64;
                fill_random(self.dtypes[input], seed, elements, target);
            }
        }
    }
}

fn tails_at(signature: &Signature, pad: &PadPlan, open_size: usize) -> Vec<Shape> {
    let tail = |(input, dims): (usize, &Option<Vec<Dim>>)| {
        let axes = dims.iter().flatten().skip(1).enumerate();
        axes.map(|(axis, dim)| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbol(_) | Dim::Unknown => pad.padded(input, axis, open_size),
        })
        .collect()
    };
    signature.inputs.iter().map(|info| &info.dims).enumerate().map(tail).collect()
}

/// Makes a repeated row different from the one it repeats.
fn vary(dtype: DType, times: usize, row: &mut [u8]) {
    if times == 0 {
        return;
    }
    let factor = 1.0 - 0.37 * times as f32;
    match dtype {
        DType::F32 => row.chunks_exact_mut(4).for_each(|element| {
            let value = f32::from_ne_bytes([element[0], element[1], element[2], element[3]]);
            element.copy_from_slice(&(value * factor).to_ne_bytes());
        }),
        _ => {
            let element = dtype.size_bytes().unwrap_or(1);
            let elements = row.len() / element.max(1);
            if elements > 1 {
                row.rotate_left(element * (times % elements));
            }
        }
    }
}

fn fill_random(dtype: DType, seed: u64, elements: usize, target: &mut [u8]) {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        // xorshift64*, Vigna 2016.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40
    };
    let Some(size) = dtype.size_bytes() else { return };
    for element in target.chunks_exact_mut(size).take(elements) {
        let random = next();
        let number = random as f32 / (1_u64 << 23) as f32 - 1.0;
        let bit = (random >> 23) as u8;
        match dtype {
            DType::F16 => element.copy_from_slice(&half::f16::from_f32(number).to_ne_bytes()),
            DType::BF16 => element.copy_from_slice(&half::bf16::from_f32(number).to_ne_bytes()),
            DType::F32 => element.copy_from_slice(&number.to_ne_bytes()),
            DType::F64 => element.copy_from_slice(&f64::from(number).to_ne_bytes()),
            _ => {
                element.fill(0);
                let low = if cfg!(target_endian = "little") { 0 } else { size - 1 };
                element[low] = bit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_rows_differ_and_are_in_range() {
        let sample = Sample { given: None, dtypes: vec![DType::F32, DType::I64] };
        let tail = Shape::from([64]);
        let row = |input: usize, row: usize, bytes: usize| {
            let mut target = vec![0; bytes];
            sample.write_row(input, &tail, row, &mut target);
            target
        };
        assert_ne!(row(0, 0, 256), row(0, 1, 256));
        assert_eq!(row(0, 3, 256), row(0, 3, 256));
        let numbers: Vec<f32> = bytemuck_f32(&row(0, 0, 256));
        assert!(numbers.iter().all(|number| (-1.0..=1.0).contains(number)));
        assert!(numbers.iter().any(|&number| number < 0.0) && numbers.iter().any(|&number| number > 0.0));
        let ids: Vec<i64> =
            row(1, 0, 512).chunks_exact(8).map(|id| i64::from_ne_bytes(id.try_into().unwrap())).collect();
        assert!(ids.contains(&0) && ids.contains(&1) && ids.iter().all(|&id| id == 0 || id == 1));
    }

    #[test]
    fn a_single_given_row_is_varied() {
        let tensor = Tensor::from_vec([1, 3], vec![5_i64, 6, 7]).unwrap();
        let sample = Sample { given: Some(vec![tensor]), dtypes: vec![DType::I64] };
        let mut target = [0; 24];
        sample.write_row(0, &Shape::from([3]), 1, &mut target);
        let ids: Vec<i64> =
            target.chunks_exact(8).map(|id| i64::from_ne_bytes(id.try_into().unwrap())).collect();
        assert_eq!(ids, [6, 7, 5]);
    }

    fn bytemuck_f32(bytes: &[u8]) -> Vec<f32> {
        bytes.chunks_exact(4).map(|value| f32::from_ne_bytes(value.try_into().unwrap())).collect()
    }
}
