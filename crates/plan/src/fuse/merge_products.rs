use bytes::Bytes;
use phalanx_tensor::{Shape, Tensor};

use crate::draft::Draft;
use crate::lower::gather_constant;
use crate::op::{Epilogue, Op, Operand, Product};
use crate::plan::Step;
use crate::stride::{Loop, restride};
use crate::value::{Place, ValueId};

use super::scale::is_valid;

/// Products of one matrix with several weights are one product with all of them.
pub(super) fn merge_products(draft: &mut Draft, index: usize) -> bool {
    let Op::Product(first) = &draft.steps[index].op else { return false };
    if !is_candidate(draft, index, first) {
        return false;
    }
    let is_alike = |&other: &usize| match &draft.steps[other].op {
        Op::Product(product) => are_alike(first, product) && is_candidate(draft, other, product),
        _ => false,
    };
    let members: Vec<usize> =
        [index].into_iter().chain((index + 1..draft.steps.len()).filter(is_alike)).collect();
    if members.len() < 2 {
        return false;
    }
    let Some(merged) = Merged::new(draft, &members) else { return false };
    merged.apply(draft, &members);
    true
}

/// Whether a product is of rows and weights, its result lying densely in an own value.
fn is_candidate(draft: &Draft, index: usize, product: &Product) -> bool {
    let output = draft.steps[index].output;
    let is_constant = |operand: &Operand| draft.constant(operand.value).is_some();
    let is_dense = product.store == [product.n, 1] && product.m > 0 && product.n > 1;
    product.batch.is_empty()
        && is_dense
        && is_constant(&product.b)
        && product.epilogue.residual.is_none()
        && product.epilogue.bias.as_ref().is_none_or(is_constant)
        && matches!(draft.value(output).place, Place::Arena { .. })
        && draft.producer(output) == Some(index)
}

fn are_alike(one: &Product, other: &Product) -> bool {
    let scalars = |product: &Product| {
        let Epilogue { scale, activation, bias, .. } = &product.epilogue;
        (scale.to_bits(), *activation, bias.is_some(), product.m, product.k)
    };
    one.a == other.a && scalars(one) == scalars(other)
}

/// What the members become, and how those that read them go on.
struct Merged {
    step: Step,
    weight: Tensor,
    bias: Option<Tensor>,
    /// Columns of the whole, and the first of each member's.
    columns: usize,
    starts: Vec<usize>,
}

impl Merged {
    fn new(draft: &Draft, members: &[usize]) -> Option<Self> {
        let products: Vec<&Product> = members
            .iter()
            .filter_map(|&member| match &draft.steps[member].op {
                Op::Product(product) => Some(product),
                _ => None,
            })
            .collect();
        let first = *products.first()?;
        let starts: Vec<usize> = products
            .iter()
            .scan(0, |next, product| Some(std::mem::replace(next, *next + product.n)))
            .collect();
        let columns = products.iter().map(|product| product.n).sum();
        // Columns as rows, so that the weights of each product stay in one piece.
        let weights = products.iter().map(|product| {
            let Product { n, k, ref b, .. } = **product;
            slab(draft, b, &[(n, b.strides[1]), (k, b.strides[0])])
        });
        let weight = joined(&weights.collect::<Option<Vec<_>>>()?, &[columns, first.k])?;
        let biases = products.iter().filter_map(|product| {
            product.epilogue.bias.as_ref().map(|bias| slab(draft, bias, &[(product.n, bias.strides[1])]))
        });
        let biases = biases.collect::<Option<Vec<_>>>()?;
        let bias = if biases.is_empty() { None } else { Some(joined(&biases, &[columns])?) };
        let merged = Self { step: draft.steps[members[0]].clone(), weight, bias, columns, starts };
        let can_read = members.iter().zip(&merged.starts).all(|(&member, &start)| {
            let output = draft.steps[member].output;
            draft.readers(output).into_iter().all(|reader| {
                let mut op = draft.steps[reader].op.clone();
                merged.redirect(draft, &mut op, output, (output, start))
                    && !matches!(&op, Op::Product(product) if !is_valid(product))
            })
        });
        can_read.then_some(merged)
    }

    /// Lets an operation read columns from `start` on of the whole instead of `from`.
    fn redirect(&self, draft: &Draft, op: &mut Op, from: ValueId, to: (ValueId, usize)) -> bool {
        let (value, start) = to;
        let elements = draft.value(from).elements();
        let rows = draft.steps.iter().find_map(|step| match &step.op {
            Op::Product(product) if step.output == from => Some(product.m),
            _ => None,
        });
        let Some(rows) = rows else { return false };
        let width = elements / rows;
        let sources = [
            Loop { size: rows, stride: width, other: self.columns },
            Loop { size: width, stride: 1, other: 1 },
        ];
        let shapes: Vec<Vec<usize>> = op.operands().into_iter().map(|(_, shape)| shape).collect();
        op.operands_mut().into_iter().zip(shapes).filter(|(operand, _)| operand.value == from).all(
            |(operand, shape)| {
                let targets: Vec<(usize, usize)> =
                    shape.into_iter().zip(operand.strides.iter().copied()).collect();
                match restride(&targets, operand.offset, &sources) {
                    Some((offset, strides)) => {
                        *operand = Operand { value, offset: offset + start, strides };
                        true
                    }
                    None => false,
                }
            },
        )
    }

    fn apply(self, draft: &mut Draft, members: &[usize]) {
        let dtype = draft.value(self.step.output).dtype;
        let Op::Product(mut product) = self.step.op.clone() else { return };
        let value = draft.add_result(dtype, &[product.m, self.columns]);
        for (&member, &start) in members.iter().zip(&self.starts) {
            let output = draft.steps[member].output;
            for reader in draft.readers(output) {
                let mut op = draft.steps[reader].op.clone();
                self.redirect(draft, &mut op, output, (value, start));
                draft.steps[reader].op = op;
            }
        }
        product.n = self.columns;
        product.store = vec![self.columns, 1];
        product.b =
            Operand { value: draft.add_constant(&self.weight), offset: 0, strides: vec![1, product.k] };
        if let Some(bias) = &self.bias {
            product.epilogue.bias =
                Some(Operand { value: draft.add_constant(bias), offset: 0, strides: vec![0, 1] });
        }
        let name = self.step.name;
        draft.steps[members[0]] = Step { name, op: Op::Product(product), output: value };
        let others: Vec<usize> = members[1..].to_vec();
        let mut index = 0;
        draft.steps.retain(|_| {
            index += 1;
            !others.contains(&(index - 1))
        });
    }
}

/// Part of a constant, densely.
fn slab(draft: &Draft, operand: &Operand, axes: &[(usize, usize)]) -> Option<Tensor> {
    let tensor = &draft.constant(operand.value)?.tensor;
    let shape: Vec<usize> = axes.iter().map(|&(size, _)| size).collect();
    gather_constant(tensor, operand.offset, axes, &shape)
}

/// Tensors of one dtype one after the other.
fn joined(parts: &[Tensor], shape: &[usize]) -> Option<Tensor> {
    let dtype = parts.first()?.dtype();
    if parts.iter().any(|part| part.dtype() != dtype) {
        return None;
    }
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes().iter().copied()).collect();
    Tensor::from_bytes(dtype, Shape::new(shape), Bytes::from(bytes)).ok()
}
