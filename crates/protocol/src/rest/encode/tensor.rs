use phalanx_tensor::{DType, Element, Shape, Tensor};

use super::singles::singles;
use super::text::{self, Text, integer, string};
use crate::place::Place;
use crate::{ProtocolError, SharedMemory, datatype, strings};

/// Bytes that a number takes in JSON with its comma, to judge how long a body becomes: more than most do.
const NUMBER_BYTES: usize = 14;

/// Writes `"name":…,"datatype":…,"shape":…`.
pub(super) fn head(out: &mut impl Text, name: &str, dtype: DType, shape: &Shape) {
    out.put(b"{\"name\":");
    string(out, name);
    out.put(b",\"datatype\":\"");
    out.put(datatype(dtype).as_bytes());
    out.put(b"\",\"shape\":[");
    for (axis, &dim) in shape.iter().enumerate() {
        out.put(if axis == 0 { b"" } else { b"," });
        integer(out, dim);
    }
    out.put(b"]");
}

/// Writes that the values are the next section.
pub(super) fn binary(out: &mut impl Text, tensor: &Tensor) {
    out.put(b",\"parameters\":{\"binary_data_size\":");
    integer(out, section_len(tensor));
    out.put(b"}");
}

/// Writes where in shared memory the values are.
pub(super) fn shared_memory(out: &mut impl Text, memory: &SharedMemory) {
    out.put(b",\"parameters\":{");
    place(out, memory);
    out.put(b"}");
}

/// Writes the parameters that name a stretch of shared memory.
pub(super) fn place(out: &mut impl Text, memory: &SharedMemory) {
    out.put(b"\"shared_memory_region\":");
    string(out, &memory.region);
    if memory.offset != 0 {
        out.put(b",\"shared_memory_offset\":");
        integer(out, memory.offset);
    }
    out.put(b",\"shared_memory_byte_size\":");
    integer(out, memory.byte_size);
}

/// Bytes of a tensor's section.
pub(super) fn section_len(tensor: &Tensor) -> usize {
    tensor.strings().map_or(tensor.bytes().len(), strings::encoded_len)
}

/// Appends a tensor's section.
pub(super) fn section(out: &mut Vec<u8>, tensor: &Tensor, place: Place) -> Result<(), ProtocolError> {
    match tensor.strings() {
        Some(values) => strings::encode(out, values, place),
        None => {
            out.extend_from_slice(tensor.bytes());
            Ok(())
        }
    }
}

/// About how many bytes [`data`] writes.
pub(super) fn data_len(tensor: &Tensor) -> usize {
    match tensor.dtype().size_bytes() {
        Some(element) => tensor.bytes().len() / element * NUMBER_BYTES,
        None => tensor.size_bytes(),
    }
}

/// Whether JSON has a form for a tensor's values.
pub(super) fn fits_json(dtype: DType) -> bool {
    !matches!(dtype, DType::F16 | DType::BF16)
}

/// Writes `,"data":[…]`, flat.
///
/// # Errors
/// For FP16 and BF16, which have no such form.
pub(super) fn data(out: &mut impl Text, tensor: &Tensor, place: Place) -> Result<(), ProtocolError> {
    out.put(b",\"data\":[");
    match tensor.dtype() {
        DType::F32 => singles(out, tensor.bytes()),
        DType::F64 => numbers::<f64, _>(out, tensor, text::double),
        DType::I8 => numbers::<i8, _>(out, tensor, integer),
        DType::I16 => numbers::<i16, _>(out, tensor, integer),
        DType::I32 => numbers::<i32, _>(out, tensor, integer),
        DType::I64 => numbers::<i64, _>(out, tensor, integer),
        DType::U8 => numbers::<u8, _>(out, tensor, integer),
        DType::U16 => numbers::<u16, _>(out, tensor, integer),
        DType::U32 => numbers::<u32, _>(out, tensor, integer),
        DType::U64 => numbers::<u64, _>(out, tensor, integer),
        DType::Bool => numbers::<u8, _>(out, tensor, text::boolean),
        DType::String => strings_of(out, tensor),
        other => {
            let expected = format!("{} in binary form, as JSON has no numbers for it", datatype(other));
            return Err(place.error("data", expected, "JSON"));
        }
    }
    out.put(b"]");
    Ok(())
}

fn numbers<T: Element, O: Text>(out: &mut O, tensor: &Tensor, write: impl Fn(&mut O, T)) {
    for (index, bytes) in tensor.bytes().chunks_exact(size_of::<T>()).enumerate() {
        if index > 0 {
            out.put(b",");
        }
        write(out, bytemuck::pod_read_unaligned(bytes));
    }
}

fn strings_of(out: &mut impl Text, tensor: &Tensor) {
    for (index, text) in tensor.strings().unwrap_or_default().iter().enumerate() {
        if index > 0 {
            out.put(b",");
        }
        string(out, text);
    }
}
