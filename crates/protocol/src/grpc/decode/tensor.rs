use bytes::Bytes;
use compact_str::CompactString;
use phalanx_tensor::{DType, Shape, Tensor};

use super::contents;
use super::parameters::{Map, shared_memory};
use crate::grpc::proto::InferTensorContents;
use crate::place::Place;
use crate::{Limits, ProtocolError, SharedMemory, dims, values};

/// An input of a request or an output of a response.
pub(super) struct TensorMessage {
    pub(super) name: String,
    pub(super) datatype: String,
    pub(super) shape: Vec<i64>,
    pub(super) parameters: Map,
    pub(super) contents: Option<InferTensorContents>,
}

/// What such a one says.
pub(super) struct Read {
    pub(super) name: CompactString,
    pub(super) dtype: DType,
    pub(super) values: Values,
}

/// Where the values are.
pub(super) enum Values {
    Here(Tensor),
    SharedMemory(Shape, SharedMemory),
}

/// The raw contents of a message, handed out in order.
pub(super) struct Raw {
    field: &'static str,
    parts: std::vec::IntoIter<Bytes>,
    len: usize,
    /// Whether tensors in shared memory have an (empty) part too, as in the responses of Triton.
    shared_have_parts: bool,
}

impl Raw {
    pub(super) fn new(field: &'static str, parts: Vec<Bytes>, shared_have_parts: bool) -> Self {
        Self { field, len: parts.len(), parts: parts.into_iter(), shared_have_parts }
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), ProtocolError> {
        let used = self.len - self.parts.len();
        if used == self.len {
            return Ok(());
        }
        Err(ProtocolError::field(self.field, format_args!("{used}, as many as tensors need them"), self.len))
    }

    /// The part of the next tensor.
    fn next(&mut self, place: Place) -> Result<Bytes, ProtocolError> {
        let Self { field, len, .. } = *self;
        self.parts.next().ok_or_else(|| ProtocolError::field(field, format_args!("one for {place}"), len))
    }
}

impl TensorMessage {
    pub(super) fn read(self, raw: &mut Raw, place: Place, limits: &Limits) -> Result<Read, ProtocolError> {
        let dtype = dims::named_dtype(&self.datatype, place)?;
        let shape = shape(&self.shape, place, limits)?;
        let elements = dims::elements(dtype, &shape, place)?;
        let typed = self.contents.filter(|contents| contents::lens(contents).iter().any(|&(_, len)| len > 0));
        let values = match (shared_memory(&self.parameters, place)?, typed) {
            (Some(_), Some(_)) => {
                return Err(place.error("contents", "none beside shared_memory_region", "some"));
            }
            (Some(memory), None) => {
                let field = "parameters.shared_memory_byte_size";
                values::check_size(dtype, &shape, memory.byte_size, place, field)?;
                if raw.shared_have_parts {
                    raw.next(place)?;
                }
                Values::SharedMemory(shape, memory)
            }
            (None, Some(_)) if raw.len > 0 => {
                return Err(place.error("contents", format_args!("none beside {}", raw.field), "some"));
            }
            (None, Some(typed)) => Values::Here(contents::tensor(typed, dtype, shape, place, limits)?),
            (None, None) if raw.len > 0 => {
                let field = raw.field;
                let bytes = raw.next(place)?;
                Values::Here(values::from_bytes(dtype, shape, bytes, place, field, limits)?)
            }
            (None, None) if elements == 0 => {
                Values::Here(values::from_bytes(dtype, shape, Bytes::new(), place, "contents", limits)?)
            }
            (None, None) => {
                let expected = format!("{elements} elements, here or in {}", raw.field);
                return Err(place.error("contents", expected, "none"));
            }
        };
        Ok(Read { name: self.name.into(), dtype, values })
    }
}

fn shape(dims: &[i64], place: Place, limits: &Limits) -> Result<Shape, ProtocolError> {
    if dims.len() > limits.rank_max {
        let expected = format!("at most {} dimensions", limits.rank_max);
        return Err(place.error("shape", expected, dims.len()));
    }
    for (axis, &dim) in dims.iter().enumerate() {
        if usize::try_from(dim).is_err() {
            return Err(place.error(&format!("shape[{axis}]"), "a dimension that is not negative", dim));
        }
    }
    Ok(dims.iter().map(|&dim| usize::try_from(dim).unwrap_or_default()).collect())
}
