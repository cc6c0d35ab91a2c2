//! Plans of one operation, whose operands are inputs.

use phalanx_plan::{
    Arena, Binary, Kernel, Node, Op, Operand, Place, Plan, Port, Precision, Scalar, Step, Value, ValueId,
};
use phalanx_tensor::{DType, Shape};

use super::models::inputs;
use super::{assert_agrees, lowered};
use crate::kernels::Task;

/// A plan of one operation, whose operands are inputs. Their elements are as many as it reads.
pub(super) struct Single {
    values: Vec<Value>,
    inputs: Vec<Port>,
}

impl Single {
    pub(super) fn new() -> Self {
        Self { values: Vec::new(), inputs: Vec::new() }
    }

    /// An operand of these strides over `shape`.
    pub(super) fn operand(
        &mut self,
        dtype: DType,
        shape: &[usize],
        strides: &[usize],
        offset: usize,
    ) -> Operand {
        let value = ValueId(self.values.len());
        let operand = Operand { value, offset, strides: strides.to_vec() };
        let elements = operand.end(shape);
        let place = Place::Input(self.inputs.len());
        self.inputs.push(Port { name: format!("in{}", self.inputs.len()), value });
        self.values.push(Value { dtype, shape: Shape::from([elements]), place });
        operand
    }

    /// The plan, its result of the shape that it has in memory.
    pub(super) fn plan(mut self, op: Op, dtype: DType, shape: &[usize]) -> Plan {
        let output = ValueId(self.values.len());
        self.values.push(Value { dtype, shape: shape.iter().copied().collect(), place: Place::Output(0) });
        let steps = vec![Step { name: "only".to_owned(), op, output }];
        Plan {
            precision: Precision::Fp32,
            inputs: self.inputs,
            outputs: vec![Port { name: "out".to_owned(), value: output }],
            values: self.values,
            constants: Vec::new(),
            steps,
            arena: Arena::default(),
            index_bounds: Vec::new(),
        }
    }
}

pub(super) fn dense(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The text of the kernel of the only step.
pub(super) fn source(plan: &Plan) -> String {
    match &lowered(plan)[0].tasks[0] {
        Task::Launch(launch) => launch.source.to_string(),
        other => panic!("expected a kernel, got {other:?}"),
    }
}

pub(super) fn agrees(plan: &Plan, tolerance: f32) {
    plan.check().unwrap();
    assert_agrees(plan, &inputs(plan), tolerance);
}

/// `scale · given + operand`, of each operand.
pub(super) fn affine(scale: f32, operands: Vec<Operand>) -> Kernel {
    let mut nodes = vec![Node::Given, Node::Literal(Scalar::F32(scale)), Node::Binary(Binary::Mul, 0, 1)];
    for index in 0..operands.len() {
        nodes.push(Node::Load(index));
        nodes.push(Node::Binary(Binary::Add, nodes.len() - 2, nodes.len() - 1));
    }
    Kernel { operands, nodes }
}
