use bytes::Bytes;
use compact_str::CompactString;
use smallvec::{SmallVec, smallvec};

use super::fields::{missing, once, text, want};
use super::parameters::{TensorParameters, read_parameters};
use super::sections::{self, Sections};
use super::tensor::{TensorObject, Values};
use crate::place::Place;
use crate::rest::json::{Cursor, Kind};
use crate::{
    InferInput, InferRequest, InputData, Limits, Parameters, Placement, ProtocolError, RequestedOutput, dims,
};

/// Reads a request. `json_len` is what [`JSON_LENGTH_HEADER`](super::super::JSON_LENGTH_HEADER) says: with 0 the whole
/// body is [`InputData::RawBody`], without it the whole body is JSON. Tensors in binary form share the body's memory.
/// The model's name and version are in the path and stay empty.
///
/// # Errors
/// [`ProtocolError::Json`] for what is no JSON, [`ProtocolError::Field`] for what is no request.
pub fn decode_request(
    body: Bytes,
    json_len: Option<usize>,
    limits: &Limits,
) -> Result<InferRequest, ProtocolError> {
    if json_len == Some(0) {
        return Ok(raw(body));
    }
    let (json, mut sections) = sections::split(&body, json_len)?;
    let mut cursor = Cursor::new(json, limits.json_depth_max);
    let mut members = Members::default();
    want(&mut cursor, Kind::Object, || "request".to_owned())?;
    cursor.object(|cursor, name| members.read(cursor, name, limits))?;
    cursor.end()?;
    let request = members.into_request(&mut sections, limits)?;
    sections.end()?;
    Ok(request)
}

fn raw(body: Bytes) -> InferRequest {
    let input = InferInput { name: CompactString::default(), data: InputData::RawBody(body) };
    InferRequest { inputs: smallvec![input], ..InferRequest::default() }
}

#[derive(Default)]
struct Members {
    id: Option<CompactString>,
    parameters: Option<Parameters>,
    inputs: Option<SmallVec<[TensorObject; 1]>>,
    outputs: Option<SmallVec<[RequestedOutput; 1]>>,
}

impl Members {
    fn read(&mut self, cursor: &mut Cursor<'_>, name: &str, limits: &Limits) -> Result<(), ProtocolError> {
        let field = || name.to_owned();
        match name {
            "id" => once(&mut self.id, field, text(cursor, field)),
            "parameters" => once(&mut self.parameters, field, read_parameters(cursor, limits)),
            "inputs" => {
                let inputs =
                    list(cursor, "inputs", limits, |cursor, place| TensorObject::read(cursor, place, limits));
                once(&mut self.inputs, field, inputs)
            }
            "outputs" => once(&mut self.outputs, field, list(cursor, "outputs", limits, read_output)),
            _ => Ok(cursor.skip()?),
        }
    }

    fn into_request(self, sections: &mut Sections, limits: &Limits) -> Result<InferRequest, ProtocolError> {
        let objects = self.inputs.ok_or_else(|| missing("inputs".to_owned(), "an array of tensors"))?;
        let mut inputs = SmallVec::with_capacity(objects.len());
        for (index, object) in objects.into_iter().enumerate() {
            inputs.push(input(object, sections, Place { list: "inputs", index }, limits)?);
        }
        let outputs = self.outputs.unwrap_or_default();
        dims::check_names("inputs", &inputs.iter().map(|input: &InferInput| input.name.as_str()))?;
        dims::check_names("outputs", &outputs.iter().map(|output| output.name.as_str()))?;
        Ok(InferRequest {
            id: self.id.unwrap_or_default(),
            parameters: self.parameters.unwrap_or_default(),
            inputs,
            outputs,
            ..InferRequest::default()
        })
    }
}

fn input(
    mut object: TensorObject,
    sections: &mut Sections,
    place: Place,
    limits: &Limits,
) -> Result<InferInput, ProtocolError> {
    let name = std::mem::take(&mut object.name);
    let data = match object.values {
        Values::Json(tensor) => InputData::Tensor(tensor),
        Values::Binary(size) => InputData::Tensor(object.section(size, sections, place, limits)?),
        Values::SharedMemory(memory) => {
            InputData::SharedMemory { dtype: object.dtype, shape: object.shape, place: memory }
        }
    };
    Ok(InferInput { name, data })
}

/// Reads an array of objects about tensors.
pub(super) fn list<T>(
    cursor: &mut Cursor<'_>,
    list: &'static str,
    limits: &Limits,
    read: impl Fn(&mut Cursor<'_>, Place) -> Result<T, ProtocolError>,
) -> Result<SmallVec<[T; 1]>, ProtocolError> {
    want(cursor, Kind::Array, || list.to_owned())?;
    let mut out = SmallVec::new();
    cursor.array(|cursor| {
        let index = out.len();
        dims::check_count(list, index + 1, limits)?;
        out.push(read(cursor, Place { list, index })?);
        Ok::<_, ProtocolError>(())
    })?;
    Ok(out)
}

fn read_output(cursor: &mut Cursor<'_>, place: Place) -> Result<RequestedOutput, ProtocolError> {
    want(cursor, Kind::Object, || place.to_string())?;
    let (mut name, mut parameters) = (None, None);
    cursor.object(|cursor, member| {
        let field = || format!("{place}.{member}");
        match member {
            "name" => once(&mut name, field, text(cursor, field)),
            "parameters" => once(&mut parameters, field, TensorParameters::read(cursor, place)),
            _ => Ok(cursor.skip()?),
        }
    })?;
    let mut said = parameters.unwrap_or_default();
    let placement = match (said.shared_memory(place)?, said.binary_data) {
        (Some(_), Some(true)) => {
            let one = "false where shared_memory_region is said";
            return Err(place.error("parameters.binary_data", one, "true"));
        }
        (Some(memory), _) => Placement::SharedMemory(memory),
        (None, Some(true)) => Placement::Binary,
        (None, Some(false)) => Placement::Json,
        (None, None) => Placement::Unsaid,
    };
    let name = name.ok_or_else(|| missing(format!("{place}.name"), "a string"))?;
    RequestedOutput::checked(name, placement, said.classification, place)
}
