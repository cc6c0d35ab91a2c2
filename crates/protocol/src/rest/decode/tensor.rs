use compact_str::CompactString;
use phalanx_tensor::{DType, Shape, Tensor};
use smallvec::SmallVec;

use super::data::read_data;
use super::fields::{missing, once, text, unsigned, want};
use super::parameters::TensorParameters;
use super::sections::Sections;
use crate::place::Place;
use crate::rest::json::{Cursor, Kind};
use crate::{Limits, ProtocolError, SharedMemory, dims, values};

/// An input of a request or an output of a response, as its JSON says it.
pub(super) struct TensorObject {
    pub(super) name: CompactString,
    pub(super) dtype: DType,
    pub(super) shape: Shape,
    pub(super) values: Values,
}

/// Where its values are.
pub(super) enum Values {
    Json(Tensor),
    Binary(u64),
    SharedMemory(SharedMemory),
}

/// Members that were read so far.
#[derive(Default)]
struct Members {
    name: Option<CompactString>,
    dtype: Option<DType>,
    shape: Option<Shape>,
    parameters: Option<TensorParameters>,
    data: Option<Data>,
}

/// The member `data`.
enum Data {
    Read(Tensor),
    /// It came before its type or shape: where it starts.
    Ahead(usize),
}

impl TensorObject {
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        place: Place,
        limits: &Limits,
    ) -> Result<Self, ProtocolError> {
        want(cursor, Kind::Object, || place.to_string())?;
        let mut members = Members::default();
        cursor.object(|cursor, name| members.read(cursor, name, place, limits))?;
        members.into_tensor(cursor, place, limits)
    }

    /// The tensor that came as the next section.
    pub(super) fn section(
        self,
        size: u64,
        sections: &mut Sections,
        place: Place,
        limits: &Limits,
    ) -> Result<Tensor, ProtocolError> {
        let field = "parameters.binary_data_size";
        values::check_size(self.dtype, &self.shape, size, place, field)?;
        let bytes = sections.take(size, place)?;
        values::from_bytes(self.dtype, self.shape, bytes, place, field, limits)
    }
}

impl Members {
    #[inline]
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        member: &str,
        place: Place,
        limits: &Limits,
    ) -> Result<(), ProtocolError> {
        let field = || format!("{place}.{member}");
        match member {
            "name" => once(&mut self.name, field, text(cursor, field)),
            "shape" => once(&mut self.shape, field, read_shape(cursor, place, limits)),
            "datatype" => once(&mut self.dtype, field, read_dtype(cursor, place)),
            "parameters" => once(&mut self.parameters, field, TensorParameters::read(cursor, place)),
            "data" => {
                let data = self.read_data(cursor, place, limits);
                once(&mut self.data, field, data)
            }
            _ => Ok(cursor.skip()?),
        }
    }

    fn read_data(
        &self,
        cursor: &mut Cursor<'_>,
        place: Place,
        limits: &Limits,
    ) -> Result<Data, ProtocolError> {
        if let (Some(dtype), Some(shape)) = (self.dtype, &self.shape) {
            return read_data(cursor, dtype, shape.clone(), place, limits).map(Data::Read);
        }
        cursor.peek();
        let start = cursor.at();
        cursor.skip()?;
        Ok(Data::Ahead(start))
    }

    fn into_tensor(
        self,
        cursor: &mut Cursor<'_>,
        place: Place,
        limits: &Limits,
    ) -> Result<TensorObject, ProtocolError> {
        let field = |member: &str| format!("{place}.{member}");
        let name = self.name.ok_or_else(|| missing(field("name"), "a string"))?;
        let dtype = self.dtype.ok_or_else(|| missing(field("datatype"), "a string such as \"FP32\""))?;
        let shape = self.shape.ok_or_else(|| missing(field("shape"), "an array of dimensions"))?;
        let data = match self.data {
            None => None,
            Some(Data::Read(tensor)) => Some(tensor),
            Some(Data::Ahead(start)) => {
                let end = cursor.at();
                cursor.go_to(start);
                let tensor = read_data(cursor, dtype, shape.clone(), place, limits)?;
                cursor.go_to(end);
                Some(tensor)
            }
        };
        let mut said = self.parameters.unwrap_or_default();
        let values = match (data, said.binary_data_size, said.shared_memory(place)?) {
            (Some(tensor), None, None) => Values::Json(tensor),
            (None, Some(size), None) => Values::Binary(size),
            (None, None, Some(memory)) => {
                values::check_size(
                    dtype,
                    &shape,
                    memory.byte_size,
                    place,
                    "parameters.shared_memory_byte_size",
                )?;
                Values::SharedMemory(memory)
            }
            (None, None, None) => {
                return Err(missing(field("data"), "it, binary_data_size or shared_memory_region"));
            }
            _ => {
                let one = "one of it, binary_data_size and shared_memory_region";
                return Err(place.error("data", one, "several"));
            }
        };
        Ok(TensorObject { name, dtype, shape, values })
    }
}

fn read_dtype(cursor: &mut Cursor<'_>, place: Place) -> Result<DType, ProtocolError> {
    want(cursor, Kind::String, || format!("{place}.datatype"))?;
    dims::named_dtype(&cursor.string()?, place)
}

#[inline]
fn read_shape(cursor: &mut Cursor<'_>, place: Place, limits: &Limits) -> Result<Shape, ProtocolError> {
    want(cursor, Kind::Array, || format!("{place}.shape"))?;
    let mut dims: SmallVec<[usize; 6]> = SmallVec::new();
    cursor.array(|cursor| {
        let axis = dims.len();
        if axis == limits.rank_max {
            return Err(place.error("shape", format_args!("at most {axis} dimensions"), "more"));
        }
        let field = || format!("{place}.shape[{axis}]");
        let dim = unsigned(cursor, field)?;
        let dim = usize::try_from(dim)
            .map_err(|_| ProtocolError::field(field(), "a dimension that can be addressed", dim))?;
        dims.push(dim);
        Ok(())
    })?;
    Ok(Shape::new(&dims))
}
