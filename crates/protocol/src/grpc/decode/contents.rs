//! Values that came as typed contents.

use phalanx_tensor::{DType, Element, Shape, Tensor, TensorError};

use crate::grpc::proto::InferTensorContents;
use crate::place::Place;
use crate::{Limits, ProtocolError, datatype, dims, strings};

/// The tensor that `contents` holds.
pub(super) fn tensor(
    contents: InferTensorContents,
    dtype: DType,
    shape: Shape,
    place: Place,
    limits: &Limits,
) -> Result<Tensor, ProtocolError> {
    let elements = dims::elements_read(dtype, &shape, place, limits)?;
    let field = field(dtype).ok_or_else(|| {
        let expected = format!("{} as raw contents, as there is no typed form of it", datatype(dtype));
        place.error("contents", expected, "typed contents")
    })?;
    for (other, len) in lens(&contents) {
        if other == field && len != elements {
            let expected = format!("{elements} elements for {} {shape}", datatype(dtype));
            return Err(place.error(&format!("contents.{field}"), expected, len));
        }
        if other != field && len > 0 {
            let expected = format!("nothing, as {} is in {field}", datatype(dtype));
            return Err(place.error(&format!("contents.{other}"), expected, format_args!("{len} elements")));
        }
    }
    match dtype {
        DType::Bool => {
            let values: Vec<u8> = contents.bool_contents.into_iter().map(u8::from).collect();
            Tensor::from_bytes(dtype, shape, values.into())
        }
        DType::I8 => narrowed::<i8, _>(shape, &contents.int_contents, place, field)?,
        DType::I16 => narrowed::<i16, _>(shape, &contents.int_contents, place, field)?,
        DType::I32 => Tensor::from_vec(shape, contents.int_contents),
        DType::I64 => Tensor::from_vec(shape, contents.int64_contents),
        DType::U8 => narrowed::<u8, _>(shape, &contents.uint_contents, place, field)?,
        DType::U16 => narrowed::<u16, _>(shape, &contents.uint_contents, place, field)?,
        DType::U32 => Tensor::from_vec(shape, contents.uint_contents),
        DType::U64 => Tensor::from_vec(shape, contents.uint64_contents),
        DType::F32 => Tensor::from_vec(shape, contents.fp32_contents),
        DType::F64 => Tensor::from_vec(shape, contents.fp64_contents),
        _ => {
            let values = contents.bytes_contents.into_iter().enumerate().map(|(index, element)| {
                strings::text(&element, index, place, "contents.bytes_contents").map(str::to_owned)
            });
            Tensor::from_strings(shape, values.collect::<Result<_, _>>()?)
        }
    }
    .map_err(|error| place.error("contents", "a tensor", error))
}

/// Which of the contents hold a type.
fn field(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "bool_contents",
        DType::I8 | DType::I16 | DType::I32 => "int_contents",
        DType::I64 => "int64_contents",
        DType::U8 | DType::U16 | DType::U32 => "uint_contents",
        DType::U64 => "uint64_contents",
        DType::F32 => "fp32_contents",
        DType::F64 => "fp64_contents",
        DType::String => "bytes_contents",
        _ => return None,
    })
}

/// How many elements each of the contents has.
pub(super) fn lens(contents: &InferTensorContents) -> [(&'static str, usize); 8] {
    [
        ("bool_contents", contents.bool_contents.len()),
        ("int_contents", contents.int_contents.len()),
        ("int64_contents", contents.int64_contents.len()),
        ("uint_contents", contents.uint_contents.len()),
        ("uint64_contents", contents.uint64_contents.len()),
        ("fp32_contents", contents.fp32_contents.len()),
        ("fp64_contents", contents.fp64_contents.len()),
        ("bytes_contents", contents.bytes_contents.len()),
    ]
}

/// Values that protobuf has no narrower type for.
fn narrowed<T: Element + TryFrom<W>, W: Copy + std::fmt::Display>(
    shape: Shape,
    wide: &[W],
    place: Place,
    field: &str,
) -> Result<Result<Tensor, TensorError>, ProtocolError> {
    let narrow = |(index, &value): (usize, &W)| {
        T::try_from(value).map_err(|_| {
            let expected = format!("numbers that {} holds", datatype(T::DTYPE));
            let got = format!("{value} at element {index}");
            place.error(&format!("contents.{field}"), expected, got)
        })
    };
    let values = wide.iter().enumerate().map(narrow).collect::<Result<Vec<T>, _>>()?;
    Ok(Tensor::from_vec(shape, values))
}
