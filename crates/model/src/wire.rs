//! What decoding a file would cost, found before it is decoded.
//!
//! An empty message takes two bytes in a file and a few hundred in memory, so that a small hostile file could ask for
//! a hundred times its size. This walks protobuf's wire format (<https://protobuf.dev/programming-guides/encoding/>)
//! without building anything, and leaves malformed input to the decoder.

use std::mem::size_of;

use crate::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto,
    StringStringEntryProto, TensorProto, TypeProto, ValueInfoProto, tensor_shape_proto::Dimension,
};

/// The decoder's own limit on how deep messages nest.
const DEPTH_MAX: usize = 100;

/// What a walk over a file found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Bytes that the decoded messages, texts and byte strings take themselves, their content not counted.
    pub(crate) decoded_bytes: u64,
    /// The length that the file would need for its last field to be whole, where it begins as a model.
    pub(crate) truncated_at: Option<u64>,
}

/// Walks over an encoded [`ModelProto`].
pub(crate) fn survey(file: &[u8]) -> Survey {
    let mut survey = Survey::default();
    // Every writer puts the first field, the format's version, first.
    let begins_as_model = file.first() == Some(&0x08);
    for field in (Fields { rest: file }) {
        match field {
            Field::Bytes { number, content } => {
                count(Kind::Model, number, content, 0, &mut survey.decoded_bytes);
            }
            Field::CutOff { missing } if begins_as_model => {
                survey.truncated_at = Some((file.len() as u64).saturating_add(missing));
            }
            Field::CutOff { .. } | Field::Malformed | Field::Number => {}
        }
    }
    survey
}

/// The messages there are.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    Value,
    Tensor,
    Sparse,
    Type,
    TensorType,
    /// A sequence, a map, or an optional value.
    Container,
    Shape,
    Dimension,
    /// Two short fields.
    Entry,
}

impl Kind {
    fn decoded_bytes(self) -> usize {
        match self {
            Self::Model => size_of::<ModelProto>(),
            Self::Graph => size_of::<GraphProto>(),
            Self::Function => size_of::<FunctionProto>(),
            Self::Node => size_of::<NodeProto>(),
            Self::Attribute => size_of::<AttributeProto>(),
            Self::Value => size_of::<ValueInfoProto>(),
            Self::Tensor => size_of::<TensorProto>(),
            Self::Sparse => size_of::<SparseTensorProto>(),
            Self::Type | Self::TensorType | Self::Container | Self::Shape => size_of::<TypeProto>(),
            Self::Dimension => size_of::<Dimension>(),
            Self::Entry => size_of::<StringStringEntryProto>(),
        }
    }

    /// The message that a field of this one holds; `None` for text and bytes.
    fn child(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::Graph, 11..=13) | (Self::Function, 12) => Self::Value,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::Sparse,
            (Self::Value, 2) | (Self::Attribute, 14 | 15) | (Self::Container, 1 | 2) => Self::Type,
            (Self::Type, 1 | 8) => Self::TensorType,
            (Self::Type, 4 | 5 | 9) => Self::Container,
            (Self::TensorType, 2) => Self::Shape,
            (Self::Shape, 1) => Self::Dimension,
            (Self::Model, 8 | 14) | (Self::Function, 9 | 14) => Self::Entry,
            (Self::Graph | Self::Tensor, 16) | (Self::Tensor, 13) => Self::Entry,
            (Self::Node, 9) | (Self::Value, 4) | (Self::Type, 7) => Self::Entry,
            _ => return None,
        })
    }
}

fn count(parent: Kind, number: u64, content: &[u8], depth: usize, total: &mut u64) {
    let kind = parent.child(number);
    let decoded_bytes = kind.map_or(size_of::<bytes::Bytes>(), Kind::decoded_bytes);
    *total = total.saturating_add(decoded_bytes as u64);
    let Some(kind) = kind.filter(|_| depth < DEPTH_MAX) else { return };
    for field in (Fields { rest: content }) {
        if let Field::Bytes { number, content } = field {
            count(kind, number, content, depth + 1, total);
        }
    }
}

/// A field of a message.
enum Field<'a> {
    /// Text, bytes, packed numbers or a message.
    Bytes { number: u64, content: &'a [u8] },
    /// A number; or where a group begins or ends, which has no content of its own.
    Number,
    /// The message ends at least this many bytes before the field does. Always the last.
    CutOff { missing: u64 },
    /// Not a field. Always the last.
    Malformed,
}

/// The fields of a message, up to the first that is malformed.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, Field<'a>> {
        let mut value = 0_u64;
        for index in 0..10 {
            let Some((&byte, rest)) = self.rest.split_first() else {
                return Err(Field::CutOff { missing: 1 });
            };
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << (7 * index).min(63);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Field::Malformed)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Field<'a>> {
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        match split {
            Some((content, rest)) => {
                self.rest = rest;
                Ok(content)
            }
            None => Err(Field::CutOff { missing: length.saturating_sub(self.rest.len() as u64) }),
        }
    }

    fn field(&mut self) -> Result<Field<'a>, Field<'a>> {
        let key = self.varint()?;
        match key & 7 {
            0 => self.varint().map(|_| Field::Number),
            1 => self.take(8).map(|_| Field::Number),
            2 => {
                let length = self.varint()?;
                self.take(length).map(|content| Field::Bytes { number: key >> 3, content })
            }
            3 | 4 => Ok(Field::Number),
            5 => self.take(4).map(|_| Field::Number),
            _ => Err(Field::Malformed),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.field().unwrap_or_else(|last| {
            self.rest = &[];
            last
        }))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn model(nodes: usize) -> Vec<u8> {
        let graph = GraphProto { node: vec![NodeProto::default(); nodes], ..GraphProto::default() };
        ModelProto { ir_version: 8, graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
    }

    #[test]
    fn every_empty_node_counts_at_its_decoded_size() {
        let node = size_of::<NodeProto>() as u64;
        let base = survey(&model(0)).decoded_bytes;
        assert_eq!(survey(&model(1000)).decoded_bytes, base + 1000 * node);
        assert!(model(1000).len() < 2100);
    }

    #[test]
    fn shapes_within_nested_types_are_reached() {
        let dims = |count| {
            let mut shape = Vec::new();
            (0..count).for_each(|_| shape.extend([0x0a, 0]));
            let wrap = |field: u8, inner: Vec<u8>| [vec![field << 3 | 2, inner.len() as u8], inner].concat();
            // graph.input.type.sequence_type.elem_type.tensor_type.shape
            [2, 1, 1, 4, 2, 11, 7].into_iter().fold(shape, |inner, field| wrap(field, inner))
        };
        let more = survey(&dims(9)).decoded_bytes - survey(&dims(4)).decoded_bytes;
        assert_eq!(more, 5 * size_of::<Dimension>() as u64);
    }

    #[test]
    fn a_file_cut_short_says_how_long_it_should_be() {
        let whole = model(100);
        assert_eq!(survey(&whole).truncated_at, None);
        assert_eq!(survey(&whole[..whole.len() - 30]).truncated_at, Some(whole.len() as u64));
        let unlike_a_model = &whole[2..whole.len() - 30];
        assert_eq!(survey(unlike_a_model).truncated_at, None);
    }
}
