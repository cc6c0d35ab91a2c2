use crate::draft::Draft;
use crate::kernel::Kernel;
use crate::op::{Map, Op, Operand, Product, Rows};

/// Makes one axis of neighbours that everything walks as one.
pub(crate) fn tidy(draft: &mut Draft) {
    for step in &mut draft.steps {
        match &mut step.op {
            Op::Map(map) => tidy_map(map),
            Op::Rows(rows) => tidy_rows(rows),
            Op::Product(product) => tidy_product(product),
            Op::Attention(_) | Op::Conv(_) | Op::Pool(_) => {}
        }
    }
}

fn tidy_map(map: &mut Map) {
    let Map { shape, kernel, store, .. } = map;
    let mut strides: Vec<&mut Vec<usize>> = strides_of(kernel);
    strides.push(store);
    join(shape, 0, &mut strides);
}

fn tidy_rows(rows: &mut Rows) {
    let Rows { outer, inner, before, reduction, after, store } = rows;
    let mut strides = strides_of(before);
    if reduction.is_per_element() {
        strides.extend(strides_of(after));
        strides.push(store);
        join(inner, outer.len(), &mut strides);
        join(outer, 0, &mut strides);
    } else {
        join(inner, outer.len(), &mut strides);
        strides.extend(strides_of(after));
        strides.push(store);
        join(outer, 0, &mut strides);
    }
}

fn tidy_product(product: &mut Product) {
    let Product { batch, a, b, store, epilogue, .. } = product;
    let mut strides = vec![&mut a.strides, &mut b.strides, store];
    strides.extend(epilogue.operands_mut().map(|operand| &mut operand.strides));
    join(batch, 0, &mut strides);
}

fn strides_of(kernel: &mut Kernel) -> Vec<&mut Vec<usize>> {
    kernel.operands.iter_mut().map(|operand: &mut Operand| &mut operand.strides).collect()
}

/// Joins the axes of `shape`, which lie from axis `first` on in `strides`.
fn join(shape: &mut Vec<usize>, first: usize, strides: &mut [&mut Vec<usize>]) {
    for axis in (1..shape.len()).rev() {
        let (outer, inner) = (first + axis - 1, first + axis);
        let size = shape[axis];
        if strides.iter().all(|strides| strides[outer] == strides[inner] * size) {
            shape[axis - 1] *= size;
            shape.remove(axis);
            for strides in strides.iter_mut() {
                strides.remove(outer);
            }
        }
    }
}
