use std::io::{Error, ErrorKind, Result};

use bytes::Bytes;
use phalanx_tensor::{DType, HostBuffer, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::layout::dtype;
use super::{Channel, Frame, TENSORS_BYTES_MAX, checked, decode};

/// Elements begin at a multiple of this, so that they can be used where they were received.
const ALIGN: usize = 64;
const ZEROS: [u8; ALIGN] = [0; ALIGN];

/// What a tensor is; its elements follow all of these. Strings are here.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    dtype: String,
    shape: Vec<usize>,
    strings: Option<Vec<String>>,
}

/// What comes before the elements (the length of the headers, and those), and the bytes of the whole payload.
fn head(tensors: &[&Tensor]) -> (Vec<u8>, usize) {
    let headers: Vec<Header> = tensors
        .iter()
        .map(|tensor| Header {
            dtype: tensor.dtype().to_string(),
            shape: tensor.shape().to_vec(),
            strings: tensor.strings().map(<[String]>::to_vec),
        })
        .collect();
    let headers = super::encode(&headers);
    let mut head = Vec::with_capacity(8 + headers.len() + ALIGN);
    head.extend_from_slice(&(headers.len() as u64).to_le_bytes());
    head.extend_from_slice(&headers);
    head.resize(head.len().next_multiple_of(ALIGN), 0);
    let elements = tensors.iter().map(|tensor| tensor.bytes().len().next_multiple_of(ALIGN)).sum::<usize>();
    let bytes = head.len() + elements;
    (head, bytes)
}

/// Sends a frame with `tensors` as its payload.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] where they are larger than [`TENSORS_BYTES_MAX`]: nothing was sent then.
pub(crate) fn send(channel: &Channel, frame: Frame, tensors: &[&Tensor]) -> Result<()> {
    let (head, bytes) = head(tensors);
    if bytes as u64 > TENSORS_BYTES_MAX {
        let message = format!("tensors of {bytes} bytes, where at most {TENSORS_BYTES_MAX} can be passed on");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    let mut parts: Vec<&[u8]> = vec![&head];
    for tensor in tensors {
        let elements = tensor.bytes();
        parts.push(elements);
        parts.push(&ZEROS[..elements.len().next_multiple_of(ALIGN) - elements.len()]);
    }
    channel.send_payload(frame, &parts)
}

/// Receives the tensors that are the payload of `frame`.
///
/// # Errors
/// [`ErrorKind::InvalidData`] where it holds none, and what the socket says.
pub(crate) fn receive(channel: &Channel, frame: &Frame) -> Result<Vec<Tensor>> {
    let mut payload = HostBuffer::heap(checked(frame, TENSORS_BYTES_MAX)?);
    channel.recv_exact(payload.as_mut_slice())?;
    let payload = Bytes::from_owner(payload);
    let invalid = || Error::new(ErrorKind::InvalidData, "a payload that is not the tensors it says it is");
    let length = payload.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
    let end = length.and_then(|length| usize::try_from(length).ok()?.checked_add(8)).ok_or_else(invalid)?;
    let headers: Vec<Header> = decode(payload.get(8..end).ok_or_else(invalid)?)?;
    let mut at = end.next_multiple_of(ALIGN);
    let mut tensors = Vec::new();
    for header in headers {
        let (tensor, bytes) = tensor(header, &payload, at).ok_or_else(invalid)?;
        at += bytes.next_multiple_of(ALIGN);
        tensors.push(tensor);
    }
    if at == payload.len() { Ok(tensors) } else { Err(invalid()) }
}

/// The tensor whose elements begin at `at`, and how many bytes they have.
fn tensor(header: Header, payload: &Bytes, at: usize) -> Option<(Tensor, usize)> {
    let shape = Shape::new(&header.shape);
    let dtype = dtype(&header.dtype)?;
    match header.strings {
        Some(strings) if dtype == DType::String => Some((Tensor::from_strings(shape, strings).ok()?, 0)),
        Some(_) => None,
        None => {
            let bytes = shape.size_bytes(dtype).ok()?;
            let end = at.checked_add(bytes).filter(|end| *end <= payload.len())?;
            Some((Tensor::from_bytes(dtype, shape, payload.slice(at..end)).ok()?, bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Kind;

    fn through(tensors: &[&Tensor]) -> Result<Vec<Tensor>> {
        let (left, right) = Channel::pair()?;
        send(&left, Frame::new(Kind::Single, 1), tensors)?;
        let frame = right.recv()?.expect("was sent");
        receive(&right, &frame)
    }

    #[test]
    fn tensors_arrive_as_they_were_and_can_be_used_in_place() {
        let numbers = Tensor::from_vec([2, 3], vec![1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let scalar = Tensor::from_vec([], vec![7_i8]).unwrap();
        let empty = Tensor::zeros(DType::F32, [0, 4]).unwrap();
        let texts = Tensor::from_strings([2], vec![String::new(), "ä".into()]).unwrap();
        let got = through(&[&scalar, &numbers, &empty, &texts]).unwrap();
        assert_eq!(got, [scalar, numbers.clone(), empty, texts]);
        assert_eq!(got[1].as_slice::<f64>().unwrap(), numbers.as_slice::<f64>().unwrap());
        assert_eq!(through(&[]).unwrap(), []);
    }

    #[test]
    fn lies_about_lengths_are_noticed() {
        let header = |text: &str| {
            let mut payload = (text.len() as u64).to_le_bytes().to_vec();
            payload.extend_from_slice(text.as_bytes());
            payload.resize(payload.len().next_multiple_of(ALIGN), 0);
            payload
        };
        for payload in [
            vec![],
            vec![255; 8],
            vec![0; 64],
            header(r#"[{"dtype":"f32","shape":[9],"strings":null}]"#),
            header(r#"[{"dtype":"f32","shape":[18446744073709551615],"strings":null}]"#),
            header(r#"[{"dtype":"string","shape":[2],"strings":["a"]}]"#),
            header(r#"[{"dtype":"string","shape":[1],"strings":null}]"#),
            header(r#"[{"dtype":"f32","shape":[0],"strings":[]}]"#),
            [header("[]"), vec![0; 64]].concat(),
        ] {
            let (left, right) = Channel::pair().unwrap();
            left.send_payload(Frame::new(Kind::Single, 1), &[&payload]).unwrap();
            let frame = right.recv().unwrap().unwrap();
            let error = receive(&right, &frame).expect_err("is no list of tensors");
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{payload:?}");
        }
    }
}
