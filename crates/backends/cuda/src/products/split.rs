use phalanx_plan::Activation;

use crate::kernels::{Matrix, ProductCall};

/// The part of a product that the library can do: all of it, or the bare sums where it cannot do what follows them, so
/// that a kernel has to, over what the library has written.
pub(crate) fn split(call: &ProductCall) -> (ProductCall, bool) {
    if is_whole(call) {
        return (call.clone(), true);
    }
    let sums = call.sums();
    (if sums.d.is_transposed { turned(&sums) } else { sums }, false)
}

/// Whether the library does the whole epilogue of a call.
fn is_whole(call: &ProductCall) -> bool {
    let lies_alike = |matrix: &Matrix| !matrix.is_transposed && matrix.dtype == call.d.dtype;
    let bias_fits = call
        .bias
        .is_none_or(|bias| bias.dtype == call.d.dtype && (call.batch == 1 || bias.batch_stride == 0));
    lies_alike(&call.d)
        && call.c.as_ref().is_none_or(lies_alike)
        && bias_fits
        && call.activation != Activation::GeluErf
}

/// `dᵀ = bᵀ·aᵀ`: for sums that are stored by columns.
fn turned(call: &ProductCall) -> ProductCall {
    let turn = |matrix: Matrix| Matrix { is_transposed: !matrix.is_transposed, ..matrix };
    ProductCall { m: call.n, n: call.m, a: turn(call.b), b: turn(call.a), d: turn(call.d), ..call.clone() }
}

#[cfg(test)]
mod tests {
    use phalanx_plan::ValueId;
    use phalanx_tensor::DType;

    use super::*;
    use crate::kernels::{Bias, Pointer};

    fn matrix(leading: usize) -> Matrix {
        let pointer = Pointer::Value { id: ValueId(0), offset_bytes: 0 };
        Matrix { pointer, dtype: DType::F16, leading, is_transposed: false, batch_stride: 0 }
    }

    fn call() -> ProductCall {
        let bias = Bias { pointer: matrix(1).pointer, dtype: DType::F16, batch_stride: 0 };
        ProductCall {
            m: 4,
            n: 8,
            k: 16,
            batch: 1,
            a: matrix(16),
            b: matrix(8),
            c: Some(matrix(8)),
            d: matrix(8),
            scale: 0.5,
            bias: Some(bias),
            activation: Activation::Relu,
            allow_tf32: false,
        }
    }

    #[test]
    fn what_the_library_does_stays_whole() {
        assert_eq!(split(&call()), (call(), true));
        let tanh = ProductCall { activation: Activation::GeluTanh, ..call() };
        assert!(split(&tanh).1);
    }

    #[test]
    fn exact_gelu_is_left_to_a_kernel() {
        let (sums, is_whole) = split(&ProductCall { activation: Activation::GeluErf, ..call() });
        assert!(!is_whole);
        assert_eq!((sums.scale, sums.c, sums.bias), (1.0, None, None));
        assert_eq!(sums.activation, Activation::None);
    }

    #[test]
    fn a_result_by_columns_is_the_product_of_the_transposes() {
        let d = Matrix { is_transposed: true, leading: 4, ..matrix(4) };
        let (sums, is_whole) = split(&ProductCall { d, ..call() });
        assert!(!is_whole);
        assert_eq!((sums.m, sums.n), (8, 4));
        assert!(!sums.d.is_transposed && sums.a.is_transposed && sums.b.is_transposed);
        assert_eq!((sums.a.leading, sums.b.leading), (8, 16));
    }

    #[test]
    fn a_bias_of_another_dtype_or_for_each_product_is_left_to_a_kernel() {
        let bias = call().bias.expect("has one");
        let other = ProductCall { bias: Some(Bias { dtype: DType::F32, ..bias }), ..call() };
        assert!(!split(&other).1);
        let each = ProductCall { batch: 3, bias: Some(Bias { batch_stride: 8, ..bias }), ..call() };
        assert!(!split(&each).1);
    }
}
