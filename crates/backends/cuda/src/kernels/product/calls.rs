//! Matrix products as calls of a library.

use phalanx_plan::{Operand, Plan, Precision, Product, ValueId};

use crate::kernels::expression::pointer;
use crate::kernels::{Bias, LowerError, Matrix, ProductCall};

/// Products that a step may become, since a call has one batch axis.
const CALLS_MAX: usize = 4096;

/// The calls of a product. Its batch axes are one where the strides of all operands allow that, else one call is made
/// for each index of the others.
pub(in crate::kernels) fn lower(
    plan: &Plan,
    product: &Product,
    output: ValueId,
) -> Result<Vec<ProductCall>, LowerError> {
    let store = Operand { value: output, offset: 0, strides: product.store.clone() };
    let batch = Batch::of(product, &store);
    let count = batch.outer.iter().map(|axis| axis.size).product::<usize>();
    if count > CALLS_MAX {
        return Err(LowerError::TooLarge { what: "products of a step", got: count, max: CALLS_MAX });
    }
    Ok((0..count).map(|index| call(plan, product, &store, &batch, index)).collect())
}

/// A batch axis, with its stride in each operand.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Axis {
    size: usize,
    strides: Vec<usize>,
}

/// The batch axes of a product.
struct Batch {
    /// Those that take a call for each index.
    outer: Vec<Axis>,
    /// The one within a call.
    inner: Axis,
}

/// What a product reads and writes by strides, in the order of [`Axis::strides`].
fn operands<'a>(product: &'a Product, store: &'a Operand) -> Vec<&'a Operand> {
    let fixed = [store, &product.a, &product.b];
    fixed.into_iter().chain(product.epilogue.operands()).collect()
}

impl Batch {
    fn of(product: &Product, store: &Operand) -> Self {
        let operands = operands(product, store);
        let axes = product.batch.iter().enumerate().filter(|(_, size)| **size != 1).map(|(axis, &size)| {
            Axis { size, strides: operands.iter().map(|operand| operand.strides[axis]).collect() }
        });
        let mut joined: Vec<Axis> = Vec::new();
        for axis in axes {
            let follows = |outer: &Axis| {
                outer.strides.iter().zip(&axis.strides).all(|(outer, inner)| *outer == inner * axis.size)
            };
            match joined.last_mut() {
                Some(outer) if follows(outer) => *outer = Axis { size: outer.size * axis.size, ..axis },
                _ => joined.push(axis),
            }
        }
        // The longest is within a call.
        let longest = (0..joined.len()).max_by_key(|&index| joined[index].size);
        let inner = longest.map(|index| joined.remove(index));
        let none = || Axis { size: 1, strides: vec![0; operands.len()] };
        Self { outer: joined, inner: inner.unwrap_or_else(none) }
    }
}

fn call(plan: &Plan, product: &Product, store: &Operand, batch: &Batch, index: usize) -> ProductCall {
    let operands = operands(product, store);
    let mut offsets = vec![0; operands.len()];
    let mut rest = index;
    for axis in batch.outer.iter().rev() {
        offsets
            .iter_mut()
            .zip(&axis.strides)
            .for_each(|(offset, stride)| *offset += rest % axis.size * stride);
        rest /= axis.size;
    }
    let place = |number: usize| {
        let value = plan.value(operands[number].value);
        let bytes = offsets[number] * value.dtype.size_bytes().unwrap_or(0);
        (pointer(plan, operands[number]).advanced(bytes), value.dtype, batch.inner.strides[number])
    };
    let rank = product.batch.len();
    let matrix = |number: usize, rows: usize, columns: usize| {
        let strides = &operands[number].strides[rank..];
        let (pointer, dtype, batch_stride) = place(number);
        let (leading, is_transposed) = leading((rows, strides[0]), (columns, strides[1]));
        Matrix { pointer, dtype, leading, is_transposed, batch_stride }
    };
    let (m, n, k) = (product.m, product.n, product.k);
    let bias = product.epilogue.bias.as_ref().map(|_| {
        let (pointer, dtype, batch_stride) = place(3);
        Bias { pointer, dtype, batch_stride }
    });
    let residual = 3 + usize::from(bias.is_some());
    ProductCall {
        m,
        n,
        k,
        batch: batch.inner.size,
        a: matrix(1, m, k),
        b: matrix(2, k, n),
        c: product.epilogue.residual.as_ref().map(|_| matrix(residual, m, n)),
        d: matrix(0, m, n),
        scale: product.epilogue.scale,
        bias,
        activation: product.epilogue.activation,
        allow_tf32: plan.precision == Precision::Tf32,
    }
}

/// The leading dimension of a matrix of (size, stride) rows and columns, and whether its columns are the dense ones.
fn leading(rows: (usize, usize), columns: (usize, usize)) -> (usize, bool) {
    let is_unit = |(size, stride): (usize, usize)| size == 1 || stride == 1;
    let stride_of = |(size, stride): (usize, usize), dense: usize| if size == 1 { dense } else { stride };
    if is_unit(columns) && (rows.0 == 1 || rows.1 >= columns.0) {
        (stride_of(rows, columns.0), false)
    } else {
        (stride_of(columns, rows.0), true)
    }
}
