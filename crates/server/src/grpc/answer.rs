use bytes::{BufMut, BytesMut};
use phalanx_protocol::grpc::encode_response;
use phalanx_protocol::{InferOutput, InferResponse, OutputData, datatype};
use phalanx_tensor::{DType, Tensor};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::ServeError;

/// The fields of `ModelInferResponse` and, the last three, of its `InferOutputTensor`.
const MODEL_NAME: u32 = 1;
const MODEL_VERSION: u32 = 2;
const ID: u32 = 3;
const OUTPUTS: u32 = 5;
const RAW_OUTPUT_CONTENTS: u32 = 6;
const NAME: u32 = 1;
const DATATYPE: u32 = 2;
const SHAPE: u32 = 3;

/// An answer as it goes out: written at once from the tensors where it is as most are, which spares a copy of every value
/// and of every name; through the message's own structure where it holds more.
pub(super) enum Answer {
    Plain { response: InferResponse, len: usize },
    Message(phalanx_protocol::grpc::proto::ModelInferResponse),
}

impl Answer {
    /// # Errors
    /// As [`encode_response`].
    pub(super) fn new(response: InferResponse) -> Result<Self, ServeError> {
        match plain_len(&response) {
            Some(len) => Ok(Self::Plain { response, len }),
            None => Ok(Self::Message(encode_response(response)?)),
        }
    }

    pub(super) fn encoded_len(&self) -> usize {
        match self {
            Self::Plain { len, .. } => *len,
            Self::Message(message) => message.encoded_len(),
        }
    }

    pub(super) fn encode(&self, buffer: &mut BytesMut) {
        match self {
            Self::Plain { response, .. } => write(response, buffer),
            Self::Message(message) => message.encode_raw(buffer),
        }
    }
}

/// The tensor of an output whose values are its bytes.
fn plain(output: &InferOutput) -> Option<&Tensor> {
    match &output.data {
        OutputData::Json(tensor) | OutputData::Binary(tensor) if tensor.dtype() != DType::String => {
            Some(tensor)
        }
        _ => None,
    }
}

/// How long a plain answer is; none for one that is more than that.
fn plain_len(response: &InferResponse) -> Option<usize> {
    if !response.parameters.is_empty() {
        return None;
    }
    let names = text_len(MODEL_NAME, &response.model_name)
        + text_len(MODEL_VERSION, &response.model_version)
        + text_len(ID, &response.id);
    response.outputs.iter().try_fold(names, |len, output| {
        let tensor = plain(output)?;
        let described = described_len(&output.name, tensor);
        let (described, raw) =
            (field_len(OUTPUTS, described), field_len(RAW_OUTPUT_CONTENTS, tensor.bytes().len()));
        Some(len + described + raw)
    })
}

fn write(response: &InferResponse, buffer: &mut BytesMut) {
    write_text(MODEL_NAME, &response.model_name, buffer);
    write_text(MODEL_VERSION, &response.model_version, buffer);
    write_text(ID, &response.id, buffer);
    let tensors = || response.outputs.iter().filter_map(|output| Some((output, plain(output)?)));
    for (output, tensor) in tensors() {
        write_head(OUTPUTS, described_len(&output.name, tensor), buffer);
        write_text(NAME, &output.name, buffer);
        write_text(DATATYPE, datatype(tensor.dtype()), buffer);
        if !tensor.shape().is_empty() {
            write_head(SHAPE, shape_len(tensor), buffer);
            tensor.shape().iter().for_each(|&size| encode_varint(size as u64, buffer));
        }
    }
    for (_, tensor) in tensors() {
        write_head(RAW_OUTPUT_CONTENTS, tensor.bytes().len(), buffer);
        buffer.put_slice(tensor.bytes());
    }
}

/// Of an `InferOutputTensor` with a name, a datatype and a shape.
fn described_len(name: &str, tensor: &Tensor) -> usize {
    let shape = if tensor.shape().is_empty() { 0 } else { field_len(SHAPE, shape_len(tensor)) };
    text_len(NAME, name) + text_len(DATATYPE, datatype(tensor.dtype())) + shape
}

fn shape_len(tensor: &Tensor) -> usize {
    tensor.shape().iter().map(|&size| encoded_len_varint(size as u64)).sum()
}

/// A text that is empty is left out.
fn text_len(field: u32, text: &str) -> usize {
    if text.is_empty() { 0 } else { field_len(field, text.len()) }
}

fn write_text(field: u32, text: &str, buffer: &mut BytesMut) {
    if !text.is_empty() {
        write_head(field, text.len(), buffer);
        buffer.put_slice(text.as_bytes());
    }
}

fn field_len(field: u32, len: usize) -> usize {
    key_len(field) + encoded_len_varint(len as u64) + len
}

fn write_head(field: u32, len: usize, buffer: &mut BytesMut) {
    encode_key(field, WireType::LengthDelimited, buffer);
    encode_varint(len as u64, buffer);
}

#[cfg(test)]
mod tests {
    use phalanx_protocol::{Parameter, Parameters};
    use phalanx_tensor::Shape;
    use proptest::prelude::*;

    use super::*;

    fn response(id: String, shapes: &[Vec<usize>]) -> InferResponse {
        let outputs = shapes.iter().enumerate().map(|(index, shape)| {
            let dtype = [DType::F32, DType::U8, DType::I64, DType::Bool][index % 4];
            let tensor = Tensor::zeros(dtype, Shape::new(shape)).unwrap();
            let data = if index % 2 == 0 { OutputData::Binary(tensor) } else { OutputData::Json(tensor) };
            InferOutput { name: "y".repeat(index).into(), data }
        });
        InferResponse {
            model_name: "a model".into(),
            model_version: "12".into(),
            id: id.into(),
            parameters: Parameters::default(),
            outputs: outputs.collect(),
        }
    }

    fn check(response: &InferResponse) {
        let expected = encode_response(response.clone()).unwrap().encode_to_vec();
        let answer = Answer::new(response.clone()).unwrap();
        let mut written = BytesMut::new();
        answer.encode(&mut written);
        assert_eq!((answer.encoded_len(), &written[..]), (expected.len(), &expected[..]));
    }

    #[test]
    fn what_is_more_than_plain_is_written_as_well() {
        let mut response = response("mark".to_owned(), &[vec![2, 3]]);
        assert!(matches!(Answer::new(response.clone()), Ok(Answer::Plain { .. })));
        response.parameters.set("triton_final_response", Parameter::Bool(true));
        assert!(matches!(Answer::new(response.clone()), Ok(Answer::Message(_))));
        check(&response);
        let strings = Tensor::from_strings([1], vec!["one".to_owned()]).unwrap();
        response.outputs[0].data = OutputData::Binary(strings);
        check(&response);
    }

    proptest! {
        #[test]
        fn both_ways_write_the_same(
            id in ".{0,200}",
            shapes in prop::collection::vec(prop::collection::vec(0_usize..300, 0..3), 0..5),
        ) {
            check(&response(id, &shapes));
        }
    }
}
