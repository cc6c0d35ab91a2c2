//! Values that are written out in the JSON, flat or nested as the shape says.

use phalanx_tensor::{DType, Element, Shape, Tensor};

use super::fields::want;
use crate::place::Place;
use crate::rest::json::{Cursor, Fault, Kind, NumberFault, Scalar};
use crate::{Limits, ProtocolError, datatype, dims};

/// Why an array is not a tensor's values.
#[derive(Clone, Copy)]
enum Refusal {
    Json(Fault),
    /// What comes next is no element of the type.
    Element,
    /// What comes next is no array, where the shape has one.
    Flat,
    /// An array has another number of elements than it should have.
    Count {
        expected: usize,
        nested: bool,
        more: bool,
        got: usize,
    },
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Json(fault)
    }
}

impl From<NumberFault> for Refusal {
    fn from(_: NumberFault) -> Self {
        Self::Element
    }
}

/// Reads the member `data` of a tensor.
pub(super) fn read_data(
    cursor: &mut Cursor<'_>,
    dtype: DType,
    shape: Shape,
    place: Place,
    limits: &Limits,
) -> Result<Tensor, ProtocolError> {
    want(cursor, Kind::Array, || format!("{place}.data"))?;
    let elements = dims::elements_read(dtype, &shape, place, limits)?;
    let array = Array { dtype, shape, elements, place };
    match dtype {
        DType::F32 => array.numbers::<f32>(cursor),
        DType::F64 => array.numbers::<f64>(cursor),
        DType::I8 => array.numbers::<i8>(cursor),
        DType::I16 => array.numbers::<i16>(cursor),
        DType::I32 => array.numbers::<i32>(cursor),
        DType::I64 => array.numbers::<i64>(cursor),
        DType::U8 => array.numbers::<u8>(cursor),
        DType::U16 => array.numbers::<u16>(cursor),
        DType::U32 => array.numbers::<u32>(cursor),
        DType::U64 => array.numbers::<u64>(cursor),
        DType::Bool => {
            let values = array.values(cursor, |cursor| {
                of_kind(cursor, Kind::Bool)?;
                Ok(u8::from(cursor.boolean()?))
            })?;
            array.checked(Tensor::from_bytes(dtype, array.shape.clone(), values.into()))
        }
        DType::String => {
            let values = array.values(cursor, |cursor| {
                of_kind(cursor, Kind::String)?;
                Ok(cursor.string()?.into_owned())
            })?;
            array.checked(Tensor::from_strings(array.shape.clone(), values))
        }
        _ => Err(array.binary_only()),
    }
}

/// That an element of this kind comes next.
fn of_kind(cursor: &mut Cursor<'_>, kind: Kind) -> Result<(), Refusal> {
    if cursor.kind()? == kind { Ok(()) } else { Err(Refusal::Element) }
}

/// The array to be read, and what it should hold.
struct Array {
    dtype: DType,
    shape: Shape,
    elements: usize,
    place: Place,
}

impl Array {
    fn numbers<T: Element + Scalar>(&self, cursor: &mut Cursor<'_>) -> Result<Tensor, ProtocolError> {
        let values = self.values(cursor, |cursor| Ok(T::read(cursor)?))?;
        self.checked(Tensor::from_vec(self.shape.clone(), values))
    }

    fn values<T>(
        &self,
        cursor: &mut Cursor<'_>,
        read: impl Fn(&mut Cursor<'_>) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, ProtocolError> {
        // An element takes at least two bytes of text, whatever the shape promises.
        let mut values = Vec::with_capacity(self.elements.min(cursor.remaining() / 2));
        self.fill(cursor, &mut values, &read).map_err(|refusal| self.error(cursor, refusal, values.len()))?;
        Ok(values)
    }

    fn fill<T>(
        &self,
        cursor: &mut Cursor<'_>,
        values: &mut Vec<T>,
        read: &impl Fn(&mut Cursor<'_>) -> Result<T, Refusal>,
    ) -> Result<(), Refusal> {
        let mut ahead = cursor.clone();
        ahead.enter(b'[', "an array")?;
        if self.shape.len() > 1 && ahead.peek() == Some(b'[') {
            return nested(cursor, &self.shape, values, read);
        }
        row(cursor, self.elements, false, values, read)
    }

    /// That a tensor was made of as many values as were read.
    fn checked(&self, tensor: Result<Tensor, phalanx_tensor::TensorError>) -> Result<Tensor, ProtocolError> {
        tensor.map_err(|error| self.place.error("data", "values of a tensor", error))
    }

    #[cold]
    fn binary_only(&self) -> ProtocolError {
        let name = datatype(self.dtype);
        let expected = format!("{name} in binary form (binary_data_size), as JSON has no numbers for it");
        self.place.error("data", expected, "an array")
    }

    /// What to say of a refusal after `read` elements.
    #[cold]
    fn error(&self, cursor: &mut Cursor<'_>, refusal: Refusal, read: usize) -> ProtocolError {
        let Self { dtype, shape, place, .. } = self;
        let name = datatype(*dtype);
        match refusal {
            Refusal::Count { expected, nested, more, got } => {
                let of = if nested { "in each array at this depth" } else { "in all" };
                let expected = format!("{expected} elements {of} for shape {shape}");
                let more = if more { "more than " } else { "" };
                self.place.error("data", expected, format_args!("{more}{got} after {read} values"))
            }
            Refusal::Json(fault) => fault.into(),
            Refusal::Flat => {
                let got = format!("{} after {read} values", cursor.quote());
                place.error("data", format_args!("arrays nested as shape {shape} says"), got)
            }
            Refusal::Element => {
                let whole = match dtype {
                    DType::Bool => "true or false",
                    DType::String => "a string",
                    DType::F32 | DType::F64 => "a number within range",
                    _ => "a whole number within range",
                };
                match cursor.clone().skip() {
                    Err(fault) => fault.into(),
                    Ok(()) => {
                        let got = format!("{} at element {read}", cursor.quote());
                        place.error("data", format_args!("{whole} for {name}"), got)
                    }
                }
            }
        }
    }
}

/// Reads arrays in arrays, as deep as there are dimensions.
fn nested<T>(
    cursor: &mut Cursor<'_>,
    dims: &[usize],
    values: &mut Vec<T>,
    read: &impl Fn(&mut Cursor<'_>) -> Result<T, Refusal>,
) -> Result<(), Refusal> {
    if cursor.kind()? != Kind::Array {
        return Err(Refusal::Flat);
    }
    let (&expected, inner) = match dims.split_first() {
        Some((expected, inner)) if !inner.is_empty() => (expected, inner),
        _ => return row(cursor, dims.first().copied().unwrap_or(1), true, values, read),
    };
    let mut got = 0;
    cursor.array(|cursor| {
        if got == expected {
            return Err(Refusal::Count { expected, nested: true, more: true, got });
        }
        got += 1;
        nested(cursor, inner, values, read)
    })?;
    if got < expected {
        return Err(Refusal::Count { expected, nested: true, more: false, got });
    }
    Ok(())
}

/// Reads an array of `expected` values.
#[inline]
fn row<T>(
    cursor: &mut Cursor<'_>,
    expected: usize,
    nested: bool,
    values: &mut Vec<T>,
    read: &impl Fn(&mut Cursor<'_>) -> Result<T, Refusal>,
) -> Result<(), Refusal> {
    let before = values.len();
    // A cursor of its own can live in registers.
    let mut ahead = cursor.clone();
    let read_all = ahead.array(|cursor| {
        if values.len() - before == expected {
            return Err(Refusal::Count { expected, nested, more: true, got: expected });
        }
        values.push(read(cursor)?);
        Ok::<_, Refusal>(())
    });
    *cursor = ahead;
    read_all?;
    let got = values.len() - before;
    if got < expected {
        return Err(Refusal::Count { expected, nested, more: false, got });
    }
    Ok(())
}
