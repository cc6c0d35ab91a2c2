use bytes::Bytes;
use smallvec::SmallVec;

use super::tensor;
use super::text::{self, Text, string};
use crate::place::Place;
use crate::rest::Encoded;
use crate::{InferOutput, InferResponse, OutputData, ProtocolError};

/// Bytes of JSON around the values of a response that rarely has more.
const HEADER_BYTES: usize = 512;

/// Writes a response. Numbers that JSON has none for become the words `NaN`, `Infinity` and `-Infinity`, as Triton
/// writes them.
///
/// # Errors
/// [`ProtocolError::Field`] for FP16 and BF16 that are to be sent as JSON, which has no form for them.
pub fn encode_response(response: &InferResponse) -> Result<Encoded, ProtocolError> {
    let values_len: usize = response.outputs.iter().map(values_len).sum();
    if values_len > 0 {
        let mut body = Vec::with_capacity(HEADER_BYTES + values_len + sections_len(response));
        write_json(&mut body, response)?;
        let json_len = body.len();
        return finish(body, json_len, response);
    }
    // Written aside, the JSON tells how long the body is: one allocation, of just that size.
    let mut header: SmallVec<[u8; HEADER_BYTES]> = SmallVec::new();
    write_json(&mut header, response)?;
    let mut body = Vec::with_capacity(header.len() + sections_len(response));
    body.extend_from_slice(&header);
    finish(body, header.len(), response)
}

/// Appends the sections to the JSON.
fn finish(mut body: Vec<u8>, json_len: usize, response: &InferResponse) -> Result<Encoded, ProtocolError> {
    let mut binary = false;
    for (index, output) in response.outputs.iter().enumerate() {
        if let OutputData::Binary(tensor) = &output.data {
            tensor::section(&mut body, tensor, Place { list: "outputs", index })?;
            binary = true;
        }
    }
    Ok(Encoded { json_len: binary.then_some(json_len), body: Bytes::from(body) })
}

/// About how many bytes an output's values take in the JSON.
fn values_len(output: &InferOutput) -> usize {
    match &output.data {
        OutputData::Json(tensor) => tensor::data_len(tensor),
        OutputData::Binary(_) | OutputData::SharedMemory { .. } => 0,
    }
}

/// Bytes behind the JSON.
fn sections_len(response: &InferResponse) -> usize {
    let len = |output: &InferOutput| match &output.data {
        OutputData::Binary(tensor) => tensor::section_len(tensor),
        OutputData::Json(_) | OutputData::SharedMemory { .. } => 0,
    };
    response.outputs.iter().map(len).sum()
}

fn write_json(out: &mut impl Text, response: &InferResponse) -> Result<(), ProtocolError> {
    out.put(b"{\"model_name\":");
    string(out, &response.model_name);
    out.put(b",\"model_version\":");
    string(out, &response.model_version);
    if !response.id.is_empty() {
        out.put(b",\"id\":");
        string(out, &response.id);
    }
    if !response.parameters.is_empty() {
        out.put(b",\"parameters\":");
        text::parameters(out, &response.parameters);
    }
    out.put(b",\"outputs\":[");
    for (index, output) in response.outputs.iter().enumerate() {
        out.put(if index == 0 { b"" } else { b"," });
        write_output(out, output, Place { list: "outputs", index })?;
    }
    out.put(b"]}");
    Ok(())
}

fn write_output(out: &mut impl Text, output: &InferOutput, place: Place) -> Result<(), ProtocolError> {
    match &output.data {
        OutputData::Json(tensor) => {
            tensor::head(out, &output.name, tensor.dtype(), tensor.shape());
            tensor::data(out, tensor, place)?;
        }
        OutputData::Binary(tensor) => {
            tensor::head(out, &output.name, tensor.dtype(), tensor.shape());
            tensor::binary(out, tensor);
        }
        OutputData::SharedMemory { dtype, shape, place } => {
            tensor::head(out, &output.name, *dtype, shape);
            tensor::shared_memory(out, place);
        }
    }
    out.put(b"}");
    Ok(())
}
