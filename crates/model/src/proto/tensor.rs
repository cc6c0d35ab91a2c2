use bytes::Bytes;
use phalanx_tensor::Tensor;

use super::{DataType, StringStringEntryProto};

/// A constant tensor. Its elements are in `raw_data`, in the field for their type, or in a file beside the model.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorProto {
    /// Its shape.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// A [`DataType`].
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Elements of `float` and `complex64`.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of `int32` and of every narrower type.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements of `string`.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub string_data: Vec<Bytes>,
    /// Elements of `int64`.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// The value's name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Documentation.
    #[prost(string, tag = "12")]
    pub doc_string: String,
    /// Elements of any type but `string`, little-endian, in row-major order.
    #[prost(bytes = "bytes", optional, tag = "9")]
    pub raw_data: Option<Bytes>,
    /// Elements of `double` and `complex128`.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements of `uint32` and `uint64`.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Where the elements are if `data_location` is [`DataLocation::External`]: `location` (a path relative to the
    /// model's folder), `offset` and `length` in bytes, `checksum`.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// Whether the elements are in this file.
    #[prost(enumeration = "DataLocation", tag = "14")]
    pub data_location: i32,
    /// Anything else.
    #[prost(message, repeated, tag = "16")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

impl TensorProto {
    /// A constant with the shape and elements of `tensor`.
    #[must_use]
    pub fn from_tensor(name: &str, tensor: &Tensor) -> Self {
        let dims = tensor.shape().iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect();
        let data_type = DataType::from(tensor.dtype()).into();
        let mut proto = Self { name: name.to_owned(), dims, data_type, ..Self::default() };
        match tensor.strings() {
            Some(texts) => {
                proto.string_data =
                    texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
            }
            None => proto.raw_data = Some(little_endian(tensor)),
        }
        proto
    }
}

fn little_endian(tensor: &Tensor) -> Bytes {
    let mut bytes = tensor.bytes().to_vec();
    if cfg!(target_endian = "big") {
        let element = tensor.dtype().size_bytes().unwrap_or(1);
        bytes.chunks_exact_mut(element).for_each(<[u8]>::reverse);
    }
    bytes.into()
}

/// A tensor of which most elements are zero.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SparseTensorProto {
    /// The elements that are not; its name is the sparse tensor's.
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorProto>,
    /// Where they stand.
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorProto>,
    /// The shape of the whole.
    #[prost(int64, repeated, tag = "3")]
    pub dims: Vec<i64>,
}

/// Where a tensor's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataLocation {
    /// In the message.
    Default = 0,
    /// In a file beside the model.
    External = 1,
}
