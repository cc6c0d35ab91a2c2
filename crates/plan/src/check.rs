use crate::error::PlanError;
use crate::kernel::{Class, Kernel};
use crate::op::{Op, Operand};
use crate::plan::{ALIGNMENT_BYTES, Plan, Step};
use crate::value::{Place, Value, ValueId};

impl Plan {
    /// Looks whether the plan keeps its rules: nothing is read outside of its value or before it is written, nothing
    /// that is still read is written over, and every expression fits its operands.
    ///
    /// # Errors
    /// [`PlanError::Inconsistent`].
    pub fn check(&self) -> Result<(), PlanError> {
        let fail = |message: String| Err(PlanError::Inconsistent { message });
        for (index, value) in self.values.iter().enumerate() {
            if let Some(message) = self.misplaced(value) {
                return fail(format!("value %{index} {message}"));
            }
        }
        let mut is_written: Vec<bool> = self
            .values
            .iter()
            .map(|value| matches!(value.place, Place::Input(_) | Place::Constant(_)))
            .collect();
        let lives = self.lives();
        for (index, step) in self.steps.iter().enumerate() {
            if let Some(message) = self.broken(step, &is_written).or_else(|| self.overwritten(index, &lives))
            {
                return fail(format!("step {index} ({}) {message}", step.name));
            }
            is_written[step.output.0] = true;
        }
        let is_known = |port: &crate::Port| is_written.get(port.value.0) == Some(&true);
        if self.inputs.iter().chain(&self.outputs).all(is_known) {
            Ok(())
        } else {
            fail("an output is never written".to_owned())
        }
    }

    fn misplaced(&self, value: &Value) -> Option<String> {
        let Place::Arena { offset_bytes } = value.place else {
            let elements = match value.place {
                Place::Input(index) => self.inputs.get(index).map(|_| value.elements()),
                Place::Output(index) => self.outputs.get(index).map(|_| value.elements()),
                Place::Constant(index) => {
                    self.constants.get(index).and_then(|constant| constant.tensor.shape().elements())
                }
                Place::Arena { .. } => None,
            };
            return (elements != Some(value.elements())).then(|| format!("is not {}", value.place));
        };
        let end = offset_bytes + value.size_bytes();
        (!offset_bytes.is_multiple_of(ALIGNMENT_BYTES) || end > self.arena.bytes)
            .then(|| format!("lies at {offset_bytes}..{end} of an arena of {}", self.arena.bytes))
    }

    fn broken(&self, step: &Step, is_written: &[bool]) -> Option<String> {
        for (operand, shape) in step.op.operands() {
            let Some(value) = self.values.get(operand.value.0) else {
                return Some(format!("reads {}, which there is not", operand.value));
            };
            if !is_written[operand.value.0] {
                return Some(format!("reads {} before it is written", operand.value));
            }
            if operand.strides.len() != shape.len() || operand.end(&shape) > value.elements() {
                return Some(format!("reads {} outside of its {} elements", operand.value, value.elements()));
            }
        }
        let Some(output) = self.values.get(step.output.0) else {
            return Some(format!("writes {}, which there is not", step.output));
        };
        let (shape, store) = (step.op.shape(), step.op.store());
        let offset = if let Op::Map(map) = &step.op { map.store_offset } else { 0 };
        let written = Operand { value: step.output, offset, strides: store.to_vec() };
        if store.len() != shape.len() || written.end(&shape) > output.elements() {
            return Some(format!("writes outside of the {} elements of {}", output.elements(), step.output));
        }
        if matches!(output.place, Place::Input(_) | Place::Constant(_)) {
            return Some(format!("writes {}", output.place));
        }
        self.mistyped(&step.op)
    }

    fn mistyped(&self, op: &Op) -> Option<String> {
        let dtype = |kernel: &Kernel, index: usize| {
            kernel.operands.get(index).map(|operand| self.value(operand.value).dtype)
        };
        let class = |kernel: &Kernel, given| kernel.class(|index| dtype(kernel, index), given);
        let fits = match op {
            Op::Map(map) => class(&map.kernel, None).is_some(),
            Op::Rows(rows) => {
                class(&rows.before, None) == Some(Class::Float)
                    && class(&rows.after, Some(Class::Float)).is_some()
            }
            Op::Attention(attention) => class(&attention.score, Some(Class::Float)) == Some(Class::Float),
            Op::Product(_) | Op::Conv(_) | Op::Pool(_) => true,
        };
        (!fits).then(|| "has an expression that does not fit its operands".to_owned())
    }

    /// Whether step `index` writes over what is read later, or over what it reads itself in another order.
    fn overwritten(&self, index: usize, lives: &[Option<(usize, usize)>]) -> Option<String> {
        let step = &self.steps[index];
        let written = self.range(self.value(step.output))?;
        for (number, value) in self.values.iter().enumerate() {
            let Some((first, last)) = lives[number] else { continue };
            let is_alive = first < index && index <= last && ValueId(number) != step.output;
            let meets =
                self.range(value).is_some_and(|read| read.start < written.end && written.start < read.end);
            if is_alive && meets && !(last == index && self.is_in_place(step, ValueId(number))) {
                return Some(format!("writes over %{number}, which step {last} reads"));
            }
        }
        None
    }

    /// Whether a step reads each element of a value only to write the one that lies in its place.
    fn is_in_place(&self, step: &Step, value: ValueId) -> bool {
        let operands = step.op.operands().into_iter().map(|(operand, _)| operand);
        let same_width = self.value(value).dtype == self.value(step.output).dtype;
        let is_elementwise = match &step.op {
            Op::Map(_) => true,
            Op::Product(product) => product.a.value != value && product.b.value != value,
            _ => false,
        };
        let lies_alike = |operand: &Operand| operand.offset == 0 && operand.strides == step.op.store();
        let mut reads = operands.filter(|operand| operand.value == value);
        same_width && is_elementwise && reads.all(lies_alike)
    }

    /// The first step that writes each value, and the last that reads or writes it.
    fn lives(&self) -> Vec<Option<(usize, usize)>> {
        let mut lives: Vec<Option<(usize, usize)>> = vec![None; self.values.len()];
        for (index, step) in self.steps.iter().enumerate() {
            let read = step.op.operands().into_iter().map(|(operand, _)| operand.value);
            for value in read.collect::<Vec<_>>() {
                if let Some(Some((_, last))) = lives.get_mut(value.0) {
                    *last = index;
                }
            }
            lives[step.output.0].get_or_insert((index, index)).1 = index;
        }
        lives
    }

    fn range(&self, value: &Value) -> Option<std::ops::Range<usize>> {
        match value.place {
            Place::Arena { offset_bytes } => Some(offset_bytes..offset_bytes + value.size_bytes()),
            _ => None,
        }
    }
}
