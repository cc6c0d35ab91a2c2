use phalanx_tensor::{DType, Shape};

use crate::place::Place;
use crate::{Limits, ProtocolError, datatype};

/// The element type that a message names.
pub(crate) fn named_dtype(name: &str, place: Place) -> Result<DType, ProtocolError> {
    crate::dtype(name).ok_or_else(|| {
        let known = DType::ALL.map(datatype).join(", ");
        place.error("datatype", format_args!("one of {known}"), format_args!("{name:?}"))
    })
}

/// How many elements a tensor has, where so many can be.
pub(crate) fn elements(dtype: DType, shape: &Shape, place: Place) -> Result<usize, ProtocolError> {
    let elements = match dtype {
        DType::String => shape.elements(),
        _ => shape.size_bytes(dtype).ok().and_then(|_| shape.elements()),
    };
    elements.ok_or_else(|| place.error("shape", "no more bytes than can be addressed", shape))
}

/// As [`elements`], of a tensor whose values are read one by one.
pub(crate) fn elements_read(
    dtype: DType,
    shape: &Shape,
    place: Place,
    limits: &Limits,
) -> Result<usize, ProtocolError> {
    let elements = elements(dtype, shape, place)?;
    if elements > limits.elements_max {
        let expected = format!("at most {} elements in this form", limits.elements_max);
        return Err(place.error("shape", expected, format_args!("{elements} in {shape}")));
    }
    Ok(elements)
}

/// That a message names no tensor twice, and not too many.
pub(crate) fn check_names<'a>(
    list: &'static str,
    names: &(impl Iterator<Item = &'a str> + Clone),
) -> Result<(), ProtocolError> {
    for (index, name) in names.clone().enumerate().skip(1) {
        if names.clone().take(index).any(|other| other == name) {
            return Err(Place { list, index }.error(
                "name",
                "a name of its own",
                format_args!("{name:?} again"),
            ));
        }
    }
    Ok(())
}

/// That a message has room for one tensor more.
pub(crate) fn check_count(list: &'static str, count: usize, limits: &Limits) -> Result<(), ProtocolError> {
    if count > limits.tensors_max {
        return Err(ProtocolError::field(list, format_args!("at most {}", limits.tensors_max), "more"));
    }
    Ok(())
}
