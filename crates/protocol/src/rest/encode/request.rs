use bytes::Bytes;

use super::tensor;
use super::text::{self, Text, integer, member, string};
use crate::place::Place;
use crate::rest::Encoded;
use crate::{InferInput, InferRequest, InputData, Placement, ProtocolError, RequestedOutput};

/// Writes a request, its tensors in binary form or as JSON. FP16 and BF16 go in binary form all the same, as JSON has
/// none for them.
///
/// # Errors
/// [`ProtocolError::Field`] for [`InputData::RawBody`] beside anything else.
pub fn encode_request(request: &InferRequest, binary: bool) -> Result<Encoded, ProtocolError> {
    if let [InferInput { data: InputData::RawBody(body), .. }] = request.inputs.as_slice() {
        return Ok(Encoded { json_len: Some(0), body: body.clone() });
    }
    let mut body = Vec::with_capacity(len(request, binary));
    write_json(&mut body, request, binary)?;
    let json_len = body.len();
    let mut sections = false;
    for (index, input) in request.inputs.iter().enumerate() {
        if let InputData::Tensor(tensor) = &input.data
            && is_section(tensor, binary)
        {
            tensor::section(&mut body, tensor, Place { list: "inputs", index })?;
            sections = true;
        }
    }
    Ok(Encoded { json_len: sections.then_some(json_len), body: Bytes::from(body) })
}

/// Whether a tensor is sent behind the JSON.
fn is_section(tensor: &phalanx_tensor::Tensor, binary: bool) -> bool {
    binary || !tensor::fits_json(tensor.dtype())
}

/// About how long the body becomes.
fn len(request: &InferRequest, binary: bool) -> usize {
    const HEADER_BYTES: usize = 384;
    let values = |input: &InferInput| match &input.data {
        InputData::Tensor(tensor) if is_section(tensor, binary) => tensor::section_len(tensor),
        InputData::Tensor(tensor) => tensor::data_len(tensor),
        InputData::SharedMemory { .. } | InputData::RawBody(_) => 0,
    };
    HEADER_BYTES + request.inputs.iter().map(values).sum::<usize>()
}

fn write_json(out: &mut Vec<u8>, request: &InferRequest, binary: bool) -> Result<(), ProtocolError> {
    out.put(b"{");
    if !request.id.is_empty() {
        out.put(b"\"id\":");
        string(out, &request.id);
        out.put(b",");
    }
    if !request.parameters.is_empty() {
        out.put(b"\"parameters\":");
        text::parameters(out, &request.parameters);
        out.put(b",");
    }
    out.put(b"\"inputs\":[");
    for (index, input) in request.inputs.iter().enumerate() {
        out.put(if index == 0 { b"" } else { b"," });
        write_input(out, input, binary, Place { list: "inputs", index })?;
    }
    out.put(b"]");
    if !request.outputs.is_empty() {
        out.put(b",\"outputs\":[");
        for (index, output) in request.outputs.iter().enumerate() {
            out.put(if index == 0 { b"" } else { b"," });
            write_output(out, output);
        }
        out.put(b"]");
    }
    out.put(b"}");
    Ok(())
}

fn write_input(
    out: &mut Vec<u8>,
    input: &InferInput,
    binary: bool,
    place: Place,
) -> Result<(), ProtocolError> {
    match &input.data {
        InputData::Tensor(tensor) => {
            tensor::head(out, &input.name, tensor.dtype(), tensor.shape());
            if is_section(tensor, binary) {
                tensor::binary(out, tensor);
            } else {
                tensor::data(out, tensor, place)?;
            }
        }
        InputData::SharedMemory { dtype, shape, place } => {
            tensor::head(out, &input.name, *dtype, shape);
            tensor::shared_memory(out, place);
        }
        InputData::RawBody(_) => {
            return Err(place.error("data", "a raw body to be the only input", "one among several"));
        }
    }
    out.put(b"}");
    Ok(())
}

fn write_output(out: &mut Vec<u8>, output: &RequestedOutput) {
    out.put(b"{\"name\":");
    string(out, &output.name);
    let mut first = true;
    let mut said = Vec::new();
    match &output.placement {
        Placement::Unsaid => {}
        Placement::Json | Placement::Binary => {
            member(&mut said, &mut first, "binary_data");
            text::boolean(&mut said, u8::from(output.placement == Placement::Binary));
        }
        Placement::SharedMemory(memory) => {
            first = false;
            tensor::place(&mut said, memory);
        }
    }
    if output.classification > 0 {
        member(&mut said, &mut first, "classification");
        integer(&mut said, output.classification);
    }
    if !first {
        out.put(b",\"parameters\":{");
        out.put(&said);
        out.put(b"}");
    }
    out.put(b"}");
}
