use bytes::Bytes;
use compact_str::CompactString;
use smallvec::SmallVec;

use super::fields::{missing, once, text, want};
use super::parameters::read_parameters;
use super::request::list;
use super::sections::{self, Sections};
use super::tensor::{TensorObject, Values};
use crate::place::Place;
use crate::rest::json::{Cursor, Kind};
use crate::{InferOutput, InferResponse, Limits, OutputData, Parameters, ProtocolError, dims};

/// Reads a response; `json_len` is what [`JSON_LENGTH_HEADER`](super::super::JSON_LENGTH_HEADER) says. Tensors in binary
/// form share the body's memory.
///
/// # Errors
/// [`ProtocolError::Json`] for what is no JSON, [`ProtocolError::Field`] for what is no response.
pub fn decode_response(
    body: &Bytes,
    json_len: Option<usize>,
    limits: &Limits,
) -> Result<InferResponse, ProtocolError> {
    let (json, mut sections) = sections::split(body, json_len)?;
    let mut cursor = Cursor::new(json, limits.json_depth_max);
    let mut members = Members::default();
    want(&mut cursor, Kind::Object, || "response".to_owned())?;
    cursor.object(|cursor, name| members.read(cursor, name, limits))?;
    cursor.end()?;
    let response = members.into_response(&mut sections, limits)?;
    sections.end()?;
    Ok(response)
}

#[derive(Default)]
struct Members {
    model_name: Option<CompactString>,
    model_version: Option<CompactString>,
    id: Option<CompactString>,
    parameters: Option<Parameters>,
    outputs: Option<SmallVec<[TensorObject; 1]>>,
}

impl Members {
    fn read(&mut self, cursor: &mut Cursor<'_>, name: &str, limits: &Limits) -> Result<(), ProtocolError> {
        let field = || name.to_owned();
        match name {
            "model_name" => once(&mut self.model_name, field, text(cursor, field)),
            "model_version" => once(&mut self.model_version, field, text(cursor, field)),
            "id" => once(&mut self.id, field, text(cursor, field)),
            "parameters" => once(&mut self.parameters, field, read_parameters(cursor, limits)),
            "outputs" => {
                let outputs = list(cursor, "outputs", limits, |cursor, place| {
                    TensorObject::read(cursor, place, limits)
                });
                once(&mut self.outputs, field, outputs)
            }
            _ => Ok(cursor.skip()?),
        }
    }

    fn into_response(self, sections: &mut Sections, limits: &Limits) -> Result<InferResponse, ProtocolError> {
        let objects = self.outputs.ok_or_else(|| missing("outputs".to_owned(), "an array of tensors"))?;
        let mut outputs = SmallVec::with_capacity(objects.len());
        for (index, object) in objects.into_iter().enumerate() {
            outputs.push(output(object, sections, Place { list: "outputs", index }, limits)?);
        }
        dims::check_names("outputs", &outputs.iter().map(|output: &InferOutput| output.name.as_str()))?;
        Ok(InferResponse {
            model_name: self.model_name.unwrap_or_default(),
            model_version: self.model_version.unwrap_or_default(),
            id: self.id.unwrap_or_default(),
            parameters: self.parameters.unwrap_or_default(),
            outputs,
        })
    }
}

fn output(
    mut object: TensorObject,
    sections: &mut Sections,
    place: Place,
    limits: &Limits,
) -> Result<InferOutput, ProtocolError> {
    let name = std::mem::take(&mut object.name);
    let data = match object.values {
        Values::Json(tensor) => OutputData::Json(tensor),
        Values::Binary(size) => OutputData::Binary(object.section(size, sections, place, limits)?),
        Values::SharedMemory(memory) => {
            OutputData::SharedMemory { dtype: object.dtype, shape: object.shape, place: memory }
        }
    };
    Ok(InferOutput { name, data })
}
