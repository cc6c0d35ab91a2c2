use phalanx_backend::Precision;
use phalanx_backend::ops::{LoraPairs, Operation, Products, Route};
use phalanx_plan::{Activation, ValueId};
use phalanx_tensor::DType;

use crate::kernels::{
    Chip, LoraCall, LowerError, Lowered, Matrix, Pointer, ProductCall, Task, lora, small_product,
    small_square, small_tile,
};

/// Our kernels for operations.
const TILES: Route = Route::Kernel("tiles");
const ROWS: Route = Route::Kernel("rows");
const SQUARES: Route = Route::Kernel("squares");
const LORA: Route = Route::Kernel("lora");

/// Operands come first; then the adapters' numbers and the result.
pub(super) const NUMBERS: usize = 3;
pub(super) const RESULT: usize = 4;

/// Bytes that the products of a pair leave each other.
pub(super) fn scratch_bytes(operation: &Operation) -> usize {
    match operation {
        Operation::Products(_) => 0,
        Operation::Lora(pairs) => pairs.rows() * pairs.rank * operation.dtype().size_bytes().unwrap_or(0),
    }
}

/// Who computes an operation.
pub(super) fn routes(operation: &Operation, chip: &Chip) -> Vec<Route> {
    let all = [Route::Library, TILES, SQUARES, ROWS, LORA];
    all.into_iter().filter(|&route| matches!(lower(operation, route, chip), Ok(Some(_)))).collect()
}

/// What an operation becomes by a route, in which a product is the library's; `None` where the route is not for it.
///
/// # Errors
/// [`LowerError`] where there are more elements than kernels can number.
pub(super) fn lower(operation: &Operation, route: Route, chip: &Chip) -> Result<Option<Lowered>, LowerError> {
    let dtype = operation.dtype();
    let launch = |launch: Option<_>| launch.map(|launch| vec![Task::Launch(launch)]);
    let tasks = match (operation, route) {
        (Operation::Products(products), Route::Library) => {
            Some(vec![Task::Product(product(products, dtype))])
        }
        (Operation::Products(products), TILES) => launch(small_tile(&product(products, dtype), chip)?),
        (Operation::Products(products), SQUARES) => launch(small_square(&product(products, dtype), chip)?),
        (Operation::Products(products), ROWS) => launch(small_product(&product(products, dtype), chip)?),
        (Operation::Lora(pairs), Route::Library) => Some(each_pair(pairs, dtype)),
        (Operation::Lora(pairs), LORA) => launch(lora(&together(pairs, dtype), chip)?),
        _ => None,
    };
    Ok(tasks.map(|tasks| Lowered { tasks, scratch_bytes: scratch_bytes(operation) }))
}

fn operand(index: usize, elements: usize, dtype: DType) -> Pointer {
    let offset_bytes = elements * dtype.size_bytes().unwrap_or(0);
    Pointer::Value { id: ValueId(index), offset_bytes }
}

fn matrix(pointer: Pointer, dtype: DType, columns: usize, batch_stride: usize) -> Matrix {
    Matrix { pointer, dtype, leading: columns, is_transposed: false, batch_stride }
}

fn product(products: &Products, dtype: DType) -> ProductCall {
    let Products { m, n, k, count, precision } = *products;
    ProductCall {
        m,
        n,
        k,
        batch: count,
        a: matrix(operand(0, 0, dtype), dtype, k, m * k),
        b: matrix(operand(1, 0, dtype), dtype, n, k * n),
        c: None,
        d: matrix(operand(RESULT, 0, dtype), dtype, n, m * n),
        scale: 1.0,
        bias: None,
        activation: Activation::None,
        allow_tf32: precision == Precision::Tf32,
    }
}

/// Both products of every group, as somebody has to who has nothing but a library.
fn each_pair(pairs: &LoraPairs, dtype: DType) -> Vec<Task> {
    let LoraPairs { group_rows, width, rank, n, precision, .. } = *pairs;
    let of = |m: usize, n: usize, k: usize, [a, b, d]: [Pointer; 3]| {
        let call = product(&Products { m, n, k, count: 1, precision }, dtype);
        Task::Product(ProductCall {
            a: Matrix { pointer: a, ..call.a },
            b: Matrix { pointer: b, ..call.b },
            d: Matrix { pointer: d, ..call.d },
            ..call
        })
    };
    let element = dtype.size_bytes().unwrap_or(0);
    let hidden = |group: usize| Pointer::Scratch { offset_bytes: group * group_rows * rank * element };
    let groups = || pairs.chosen.iter().map(|&adapter| adapter as usize).enumerate();
    let first = groups().map(|(group, adapter)| {
        let x = operand(0, group * group_rows * width, dtype);
        let a = operand(1, adapter * width * rank, dtype);
        of(group_rows, rank, width, [x, a, hidden(group)])
    });
    let second = groups().map(|(group, adapter)| {
        let b = operand(2, adapter * rank * n, dtype);
        let d = operand(RESULT, group * group_rows * n, dtype);
        of(group_rows, n, rank, [hidden(group), b, d])
    });
    first.chain(second).collect()
}

/// Both products of all groups in one launch.
fn together(pairs: &LoraPairs, dtype: DType) -> LoraCall {
    let LoraPairs { group_rows, width, rank, n, adapters, .. } = *pairs;
    LoraCall {
        rows: pairs.rows(),
        group_rows,
        width,
        rank,
        n,
        x: matrix(operand(0, 0, dtype), dtype, width, 0),
        a: matrix(operand(1, 0, dtype), dtype, rank, width * rank),
        b: matrix(operand(2, 0, dtype), dtype, n, rank * n),
        c: None,
        d: matrix(operand(RESULT, 0, dtype), dtype, n, 0),
        adapters,
        numbers: operand(NUMBERS, 0, dtype),
        scale: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHIP: Chip = Chip { major: 9, minor: 0, multiprocessors: 132, shared_bytes_max: 232_448 };

    fn pairs(chosen: &[u32]) -> Operation {
        Operation::Lora(LoraPairs {
            group_rows: 16,
            width: 256,
            rank: 8,
            n: 256,
            adapters: 4,
            chosen: chosen.to_vec(),
            precision: Precision::Fp32,
        })
    }

    #[test]
    fn routes_are_those_that_have_a_kernel_for_it() {
        let of = |m: usize, precision| {
            let products = Products { m, n: 64, k: 64, count: 1, precision };
            routes(&Operation::Products(products), &CHIP)
        };
        assert_eq!(of(64, Precision::Fp32), [Route::Library, TILES, SQUARES]);
        assert_eq!(of(4096, Precision::Fp32), [Route::Library, TILES]);
        assert_eq!(of(8, Precision::Fp16), [Route::Library, TILES, SQUARES, ROWS]);
        assert_eq!(routes(&pairs(&[0]), &CHIP), [Route::Library, LORA]);
    }

    #[test]
    fn pairs_by_the_library_read_the_adapter_of_each_group() {
        let lowered = lower(&pairs(&[3, 1]), Route::Library, &CHIP).unwrap().unwrap();
        assert_eq!(lowered.scratch_bytes, 2 * 16 * 8 * 4);
        let calls: Vec<&ProductCall> = lowered
            .tasks
            .iter()
            .map(|task| match task {
                Task::Product(call) => call,
                Task::Launch(launch) => panic!("{launch:?}"),
            })
            .collect();
        let sizes: Vec<[usize; 3]> = calls.iter().map(|call| [call.m, call.n, call.k]).collect();
        assert_eq!(sizes, [[16, 8, 256], [16, 8, 256], [16, 256, 8], [16, 256, 8]]);
        let of_b: Vec<usize> = calls.iter().map(|call| call.b.pointer.offset_bytes()).collect();
        assert_eq!(of_b, [3, 1, 3, 1].map(|adapter| adapter * 256 * 8 * 4));
        assert_eq!(calls[1].d.pointer, calls[3].a.pointer);
        assert_eq!(calls[3].d.pointer.offset_bytes(), 16 * 256 * 4);
    }

    #[test]
    fn pairs_by_our_kernel_are_one_launch() {
        let lowered = lower(&pairs(&[3, 1, 0, 2]), LORA, &CHIP).unwrap().unwrap();
        assert!(matches!(&lowered.tasks[..], [Task::Launch(launch)] if launch.entry == "lora"));
    }
}
