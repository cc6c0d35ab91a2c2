use std::collections::HashMap;

use phalanx_tensor::{DType, Shape, Tensor};

use crate::constant::{Constant, ContentHash};
use crate::op::Op;
use crate::plan::{Port, Step};
use crate::value::{Place, Value, ValueId};

/// A plan in the making: its values have no places in the arena yet, and rewrites change its steps.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) values: Vec<Value>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) steps: Vec<Step>,
    /// The value of a constant's tensor in its own dtype.
    constant_values: HashMap<(ContentHash, DType), ValueId>,
}

impl Draft {
    pub(crate) fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }

    pub(crate) fn add_value(&mut self, dtype: DType, shape: Shape, place: Place) -> ValueId {
        self.values.push(Value { dtype, shape, place });
        ValueId(self.values.len() - 1)
    }

    /// A value that a step will write.
    pub(crate) fn add_result(&mut self, dtype: DType, shape: &[usize]) -> ValueId {
        self.add_value(dtype, Shape::new(shape), Place::Arena { offset_bytes: 0 })
    }

    /// The value of a constant; the same one for the same elements.
    pub(crate) fn add_constant(&mut self, tensor: &Tensor) -> ValueId {
        self.add_constant_as(tensor, ContentHash::of(tensor), tensor.dtype())
    }

    /// The value of a constant that is read in another dtype than the model has it in.
    pub(crate) fn add_constant_as(&mut self, tensor: &Tensor, hash: ContentHash, dtype: DType) -> ValueId {
        if let Some(&value) = self.constant_values.get(&(hash, dtype)) {
            return value;
        }
        self.constants.push(Constant { hash, tensor: tensor.clone(), dtype });
        let place = Place::Constant(self.constants.len() - 1);
        let value = self.add_value(dtype, tensor.shape().clone(), place);
        self.constant_values.insert((hash, dtype), value);
        value
    }

    pub(crate) fn constant(&self, id: ValueId) -> Option<&Constant> {
        match self.value(id).place {
            Place::Constant(index) => self.constants.get(index),
            _ => None,
        }
    }

    pub(crate) fn add_step(&mut self, name: &str, op: Op, output: ValueId) {
        self.steps.push(Step { name: name.to_owned(), op, output });
    }

    /// The only step that writes a value, where there is just one.
    pub(crate) fn producer(&self, id: ValueId) -> Option<usize> {
        let mut writers = (0..self.steps.len()).filter(|&index| self.steps[index].output == id);
        writers.next().filter(|_| writers.next().is_none())
    }

    /// The steps that read a value, each once.
    pub(crate) fn readers(&self, id: ValueId) -> Vec<usize> {
        (0..self.steps.len()).filter(|&index| self.steps[index].op.reads(id)).collect()
    }

    /// The only step that reads a value, where there is just one and the caller does not get the value.
    pub(crate) fn only_reader(&self, id: ValueId) -> Option<usize> {
        let is_kept = matches!(self.value(id).place, Place::Arena { .. });
        match *self.readers(id) {
            [reader] if is_kept => Some(reader),
            _ => None,
        }
    }
}
