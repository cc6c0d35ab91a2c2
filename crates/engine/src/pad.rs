use phalanx_tensor::{DType, Dim, Signature};

use crate::EngineError;

/// Rounds an axis of an input up to one of a few lengths, so that requests of different lengths can share a batch.
///
/// Outputs whose axis carries the same name in the model are trimmed back to the request's own length.
#[derive(Clone, Debug, PartialEq)]
pub struct PadRule {
    /// The input's name.
    pub input: String,
    /// Its axis, counted with axis 0 as the batch axis.
    pub axis: usize,
    /// The lengths there may be; a request longer than all of them keeps its own.
    pub lengths: Vec<usize>,
    /// The value that fills the rest, converted to the input's dtype.
    pub fill: f64,
}

/// The rules for one model: per input, per axis but axis 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct PadPlan {
    inputs: Vec<InputPad>,
    /// Per output: its axes (axis 0 left out) that follow an input's padded axis.
    pub(crate) trims: Vec<Vec<Trim>>,
    is_empty: bool,
}

#[derive(Clone, Debug, Default)]
struct InputPad {
    /// Axis, axis 0 left out, and its ascending lengths.
    axes: Vec<(usize, Vec<usize>)>,
    /// One element's bytes.
    fill: Vec<u8>,
}

/// An output's axis that follows an input's axis; axis 0 is left out in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trim {
    pub(crate) axis: usize,
    pub(crate) input: usize,
    pub(crate) input_axis: usize,
}

impl PadPlan {
    pub(crate) fn new(rules: &[PadRule], signature: &Signature) -> Result<Self, EngineError> {
        let mut inputs: Vec<InputPad> = signature
            .inputs
            .iter()
            .map(|info| InputPad { fill: fill_bytes(info.dtype, 0.0), ..InputPad::default() })
            .collect();
        for rule in rules {
            let index = signature.input_index(&rule.input).ok_or_else(|| {
                let names: Vec<&str> = signature.inputs.iter().map(|info| info.name.as_str()).collect();
                EngineError::invalid_option("pad", format!("an input ({})", names.join(", ")), &rule.input)
            })?;
            let info = &signature.inputs[index];
            let rank = info.dims.as_ref().map_or(usize::MAX, Vec::len);
            if rule.axis == 0 || rule.axis >= rank {
                let expected = format!("an axis of {info} other than axis 0");
                return Err(EngineError::invalid_option("pad", expected, rule.axis));
            }
            let mut lengths = rule.lengths.clone();
            lengths.sort_unstable();
            lengths.dedup();
            if lengths.first().is_none_or(|&shortest| shortest == 0) {
                return Err(EngineError::invalid_option(
                    "pad",
                    "lengths of at least 1",
                    format!("{:?}", rule.lengths),
                ));
            }
            inputs[index].axes.push((rule.axis - 1, lengths));
            inputs[index].fill = fill_bytes(info.dtype, rule.fill);
        }
        let trims = signature
            .outputs
            .iter()
            .map(|output| trims(output.dims.as_deref(), signature, &inputs))
            .collect();
        Ok(Self { inputs, trims, is_empty: rules.is_empty() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The length that `axis` (axis 0 left out) of input `input` has in a batch, given the request's own.
    pub(crate) fn padded(&self, input: usize, axis: usize, length: usize) -> usize {
        let rule = self.inputs[input].axes.iter().find(|(padded_axis, _)| *padded_axis == axis);
        let longer =
            rule.and_then(|(_, lengths)| lengths.iter().copied().find(|&candidate| candidate >= length));
        longer.unwrap_or(length)
    }

    /// The bytes of one element that fill input `input`.
    pub(crate) fn fill(&self, input: usize) -> &[u8] {
        &self.inputs[input].fill
    }
}

fn trims(output: Option<&[Dim]>, signature: &Signature, inputs: &[InputPad]) -> Vec<Trim> {
    let mut found = Vec::new();
    for (axis, dim) in output.unwrap_or(&[]).iter().enumerate().skip(1) {
        let Dim::Symbol(name) = dim else { continue };
        let source = signature.inputs.iter().enumerate().find_map(|(input, info)| {
            let dims = info.dims.as_deref()?;
            let padded = inputs[input].axes.iter().map(|&(axis, _)| axis);
            padded
                .into_iter()
                .find(|&axis| dims.get(axis + 1) == Some(&Dim::Symbol(name.clone())))
                .map(|axis| (input, axis))
        });
        if let Some((input, input_axis)) = source {
            found.push(Trim { axis: axis - 1, input, input_axis });
        }
    }
    found
}

fn fill_bytes(dtype: DType, value: f64) -> Vec<u8> {
    match dtype {
        DType::F16 => half::f16::from_f64(value).to_ne_bytes().to_vec(),
        DType::BF16 => half::bf16::from_f64(value).to_ne_bytes().to_vec(),
        DType::F32 => (value as f32).to_ne_bytes().to_vec(),
        DType::F64 => value.to_ne_bytes().to_vec(),
        DType::Bool => vec![u8::from(value != 0.0)],
        DType::I8 => (value as i8).to_ne_bytes().to_vec(),
        DType::I16 => (value as i16).to_ne_bytes().to_vec(),
        DType::I32 => (value as i32).to_ne_bytes().to_vec(),
        DType::I64 => (value as i64).to_ne_bytes().to_vec(),
        DType::U8 => vec![value as u8],
        DType::U16 => (value as u16).to_ne_bytes().to_vec(),
        DType::U32 => (value as u32).to_ne_bytes().to_vec(),
        DType::U64 => (value as u64).to_ne_bytes().to_vec(),
        _ => Vec::new(),
    }
}
