/// The type of a value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TypeProto {
    /// One of the kinds there are.
    #[prost(oneof = "type_proto::Value", tags = "1, 4, 5, 7, 8, 9")]
    pub value: Option<type_proto::Value>,
    /// What the value means, such as `IMAGE`.
    #[prost(string, tag = "6")]
    pub denotation: String,
}

/// The kinds of [`TypeProto`].
pub mod type_proto {
    use super::{TensorShapeProto, TypeProto};

    /// One of the kinds of values.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        /// A tensor.
        #[prost(message, tag = "1")]
        TensorType(Tensor),
        /// A list of values of one type.
        #[prost(message, tag = "4")]
        SequenceType(Box<Sequence>),
        /// Values of one type under keys.
        #[prost(message, tag = "5")]
        MapType(Box<Map>),
        /// Something the runtime alone knows.
        #[prost(message, tag = "7")]
        OpaqueType(Opaque),
        /// A tensor of which most elements are zero.
        #[prost(message, tag = "8")]
        SparseTensorType(Tensor),
        /// A value that may be missing.
        #[prost(message, tag = "9")]
        OptionalType(Box<Optional>),
    }

    /// A tensor's element type and shape. Sparse tensors have the same fields.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Tensor {
        /// A [`DataType`](super::super::DataType).
        #[prost(int32, tag = "1")]
        pub elem_type: i32,
        /// Its axes; `None` where even their number is unknown.
        #[prost(message, optional, tag = "2")]
        pub shape: Option<TensorShapeProto>,
    }

    /// A list of values of one type.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Sequence {
        /// That type.
        #[prost(message, optional, boxed, tag = "1")]
        pub elem_type: Option<Box<TypeProto>>,
    }

    /// Values of one type under keys.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Map {
        /// A [`DataType`](super::super::DataType): a whole number or text.
        #[prost(int32, tag = "1")]
        pub key_type: i32,
        /// The values' type.
        #[prost(message, optional, boxed, tag = "2")]
        pub value_type: Option<Box<TypeProto>>,
    }

    /// A value that may be missing.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Optional {
        /// Its type where it is there.
        #[prost(message, optional, boxed, tag = "1")]
        pub elem_type: Option<Box<TypeProto>>,
    }

    /// Something the runtime alone knows.
    #[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
    pub struct Opaque {
        /// Whose it is.
        #[prost(string, tag = "1")]
        pub domain: String,
        /// What they call it.
        #[prost(string, tag = "2")]
        pub name: String,
    }
}

/// The axes of a tensor, outermost first; none for a scalar.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorShapeProto {
    /// One entry an axis.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<tensor_shape_proto::Dimension>,
}

/// The parts of [`TensorShapeProto`].
pub mod tensor_shape_proto {
    /// One axis.
    #[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
    pub struct Dimension {
        /// Its size or name; `None` where neither is known.
        #[prost(oneof = "dimension::Value", tags = "1, 2")]
        pub value: Option<dimension::Value>,
        /// What the axis means, such as `DATA_BATCH`.
        #[prost(string, tag = "3")]
        pub denotation: String,
    }

    /// The parts of [`Dimension`].
    pub mod dimension {
        /// Size or name of an axis.
        #[derive(Clone, PartialEq, Eq, Hash, prost::Oneof)]
        pub enum Value {
            /// Always this size.
            #[prost(int64, tag = "1")]
            DimValue(i64),
            /// The same size wherever this name stands.
            #[prost(string, tag = "2")]
            DimParam(String),
        }
    }
}
