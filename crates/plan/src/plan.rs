use phalanx_backend::Precision;
use phalanx_tensor::{DType, Shape};

use crate::constant::Constant;
use crate::count::Cost;
use crate::op::Op;
use crate::value::{Value, ValueId};

/// Where values start in the arena, in bytes: what the widest loads and the copy engines of devices like.
pub const ALIGNMENT_BYTES: usize = 256;

/// An input or output of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The name in the model.
    pub name: String,
    /// Its value, which has the dtype and, densely and in order, the shape of the model's.
    pub value: ValueId,
}

/// One operation of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The node of the model that it ends with.
    pub name: String,
    /// What is done.
    pub op: Op,
    /// What is written.
    pub output: ValueId,
}

/// The memory that the values between inputs and outputs share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arena {
    /// Its size.
    pub bytes: usize,
    /// The most bytes that live at once: no layout is smaller.
    pub bytes_min: usize,
    /// What it would take if no memory was used twice.
    pub bytes_unshared: usize,
}

/// Integers of an input that are used as indices: outside of these bounds they are moved to the nearest valid index.
///
/// A backend that would rather refuse such a row compares its input with this on the host, before it is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexBound {
    /// The number of the input.
    pub input: usize,
    /// The smallest valid index: minus the size of the axis, since negative ones count from the end.
    pub min: i64,
    /// The largest valid index.
    pub max: i64,
}

/// A model with fixed shapes as a list of operations, done one after the other, over one arena.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The arithmetic it is for.
    pub precision: Precision,
    /// What the model takes, in its order.
    pub inputs: Vec<Port>,
    /// What it gives, in its order.
    pub outputs: Vec<Port>,
    /// All values.
    pub values: Vec<Value>,
    /// What is the same in every run.
    pub constants: Vec<Constant>,
    /// The operations, in an order in which each finds what it reads.
    pub steps: Vec<Step>,
    /// The memory between.
    pub arena: Arena,
    /// Which inputs hold indices.
    pub index_bounds: Vec<IndexBound>,
}

impl Plan {
    /// A value of this plan.
    ///
    /// # Panics
    /// Where the number is one of another plan.
    #[must_use]
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }

    /// Dtype and shape of an input or output.
    #[must_use]
    pub fn port(&self, port: &Port) -> (DType, &Shape) {
        let value = self.value(port.value);
        (value.dtype, &value.shape)
    }

    /// What one run costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.steps.iter().map(|step| self.step_cost(step)).sum()
    }
}
