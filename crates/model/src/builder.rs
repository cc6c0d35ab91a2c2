use phalanx_tensor::{DType, Dim, Tensor};

use crate::proto::{
    AttributeProto, DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

/// IR version of built models: the first with which opset 17 was released.
const IR_VERSION: i64 = 8;

/// Default operator set of built models: the first with `LayerNormalization`.
const OPSET: i64 = 17;

/// Puts a model together. Values are known by their names, and nodes are added in the order in which they run.
///
/// ```
/// use phalanx_model::{GraphBuilder, Model};
/// use phalanx_tensor::{DType, Dim};
///
/// let dims = [Dim::Symbol("batch".into()), Dim::Fixed(4)];
/// let mut graph = GraphBuilder::new("rectify");
/// graph.input("x", DType::F32, &dims);
/// graph.node("y", "Relu", &["x"], &[]);
/// graph.output("y", DType::F32, &dims);
/// let model = Model::from_proto(&graph.finish())?;
/// assert_eq!(model.operators()["Relu"], 1);
/// # Ok::<(), phalanx_model::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    graph: GraphProto,
    opset_import: Vec<OperatorSetIdProto>,
}

impl GraphBuilder {
    /// A graph of this name without nodes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let default = OperatorSetIdProto { domain: String::new(), version: OPSET };
        Self {
            graph: GraphProto { name: name.to_owned(), ..GraphProto::default() },
            opset_import: vec![default],
        }
    }

    /// Declares an input.
    pub fn input(&mut self, name: &str, dtype: DType, dims: &[Dim]) {
        self.graph.input.push(value_info(name, dtype, dims));
    }

    /// Declares that the value of this name, which a node gives, is an output.
    pub fn output(&mut self, name: &str, dtype: DType, dims: &[Dim]) {
        self.graph.output.push(value_info(name, dtype, dims));
    }

    /// Adds a constant, and gives its name back.
    pub fn constant(&mut self, name: &str, value: &Tensor) -> String {
        self.initializer(TensorProto::from_tensor(name, value))
    }

    /// Adds a constant whose data may be elsewhere, and gives its name back.
    pub fn initializer(&mut self, tensor: TensorProto) -> String {
        let name = tensor.name.clone();
        self.graph.initializer.push(tensor);
        name
    }

    /// Adds a node with one output, called `output`, and gives that name back.
    pub fn node(
        &mut self,
        output: &str,
        op_type: &str,
        inputs: &[&str],
        attributes: &[AttributeProto],
    ) -> String {
        self.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("{op_type}:{output}"),
            op_type: op_type.to_owned(),
            attribute: attributes.to_vec(),
            ..NodeProto::default()
        });
        output.to_owned()
    }

    /// Adds a node of any other form.
    pub fn push(&mut self, node: NodeProto) {
        self.graph.node.push(node);
    }

    /// Makes the operators of another domain usable.
    pub fn import(&mut self, domain: &str, version: i64) {
        self.opset_import.push(OperatorSetIdProto { domain: domain.to_owned(), version });
    }

    /// The model.
    #[must_use]
    pub fn finish(self) -> ModelProto {
        ModelProto {
            ir_version: IR_VERSION,
            opset_import: self.opset_import,
            producer_name: env!("CARGO_PKG_NAME").to_owned(),
            graph: Some(self.graph),
            ..ModelProto::default()
        }
    }
}

fn value_info(name: &str, dtype: DType, dims: &[Dim]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|dim| Dimension {
            value: match dim {
                Dim::Fixed(size) => {
                    Some(dimension::Value::DimValue(i64::try_from(*size).unwrap_or(i64::MAX)))
                }
                Dim::Symbol(name) => Some(dimension::Value::DimParam(name.to_string())),
                Dim::Unknown => None,
            },
            ..Dimension::default()
        })
        .collect();
    let tensor =
        type_proto::Tensor { elem_type: DataType::from(dtype).into(), shape: Some(TensorShapeProto { dim }) };
    let tensor_type =
        TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(tensor_type), ..ValueInfoProto::default() }
}
