use half::{bf16, f16};
use phalanx_backend::Precision;
use phalanx_backend::ops::{LoraPairs, Operation, Products};
use phalanx_tensor::{DType, Tensor};

use crate::MeasureError;

/// Elements of a result that are compared.
const SAMPLED: usize = 16;

/// Some elements of a result as they are in double precision.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    tolerance: f64,
    elements: Vec<Element>,
}

#[derive(Clone, Copy, Debug)]
struct Element {
    place: usize,
    value: f64,
    /// The sum of the magnitudes of what was summed, which rounding errors are relative to.
    magnitude: f64,
}

impl Expected {
    /// Of the result of these operands: its last element and some others.
    pub(super) fn new(operation: &Operation, inputs: &[Tensor], seed: u64) -> Self {
        let elements = operation.output().elements().unwrap_or(0);
        let mut random = fastrand::Rng::with_seed(seed);
        let places = (0..SAMPLED.min(elements)).map(|index| match index {
            0 => elements - 1,
            _ => random.usize(..elements),
        });
        let element = |place| match operation {
            Operation::Products(products) => product(products, inputs, place),
            Operation::Lora(pairs) => pair(pairs, inputs, place),
        };
        Self { tolerance: tolerance(operation.precision()), elements: places.map(element).collect() }
    }

    /// The largest error of a result, relative to the magnitude of what was summed.
    ///
    /// # Errors
    /// [`MeasureError::WrongResult`] where that is more than its arithmetic explains.
    pub(super) fn check(&self, result: &Tensor, of: &str) -> Result<f64, MeasureError> {
        let mut worst = 0.0_f64;
        for Element { place, value, magnitude } in self.elements.iter().copied() {
            let got = number(result, place);
            let error = (got - value).abs() / magnitude.max(f64::MIN_POSITIVE);
            // What is no number must not pass for small.
            if error.is_nan() || error > self.tolerance {
                return Err(MeasureError::WrongResult { of: of.to_owned(), place, expected: value, got });
            }
            worst = worst.max(error);
        }
        Ok(worst)
    }
}

/// Errors allowed, relative to the sum of magnitudes: those of rounding each number once, and some room. A result of
/// zeros is beyond all of them.
fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Fp32 => 1e-5,
        Precision::Tf32 | Precision::Fp16 => 2e-3,
        Precision::Bf16 => 1e-2,
    }
}

fn product(products: &Products, inputs: &[Tensor], place: usize) -> Element {
    let Products { m, n, k, .. } = *products;
    let (index, row, column) = (place / (m * n), place / n % m, place % n);
    let terms = (0..k).map(|at| {
        number(&inputs[0], (index * m + row) * k + at) * number(&inputs[1], (index * k + at) * n + column)
    });
    sum(place, terms)
}

fn pair(pairs: &LoraPairs, inputs: &[Tensor], place: usize) -> Element {
    let LoraPairs { group_rows, width, rank, n, .. } = *pairs;
    let (row, column) = (place / n, place % n);
    let adapter = pairs.chosen[row / group_rows] as usize;
    let terms = (0..rank).flat_map(|hidden| {
        let b = number(&inputs[2], (adapter * rank + hidden) * n + column);
        (0..width).map(move |at| {
            number(&inputs[0], row * width + at)
                * number(&inputs[1], (adapter * width + at) * rank + hidden)
                * b
        })
    });
    sum(place, terms)
}

fn sum(place: usize, terms: impl Iterator<Item = f64>) -> Element {
    let (value, magnitude) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
    Element { place, value, magnitude }
}

/// An element; not a number where there is none.
fn number(tensor: &Tensor, place: usize) -> f64 {
    let bytes = tensor.bytes();
    let found = match tensor.dtype() {
        DType::F32 => bytes.as_chunks::<4>().0.get(place).map(|it| f64::from(f32::from_ne_bytes(*it))),
        DType::F16 => bytes.as_chunks::<2>().0.get(place).map(|it| f16::from_ne_bytes(*it).to_f64()),
        DType::BF16 => bytes.as_chunks::<2>().0.get(place).map(|it| bf16::from_ne_bytes(*it).to_f64()),
        _ => None,
    };
    found.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::operands::draw;

    fn product_of_two() -> (Operation, Vec<Tensor>) {
        let products = Products { m: 2, n: 2, k: 2, count: 2, precision: Precision::Fp32 };
        let a = Tensor::from_vec([2, 2, 2], vec![1.0_f32, 2.0, 3.0, 4.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        let b = Tensor::from_vec([2, 2, 2], vec![5.0_f32, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]).unwrap();
        (Operation::Products(products), vec![a, b])
    }

    #[test]
    fn a_right_result_passes_and_others_do_not() {
        let (operation, inputs) = product_of_two();
        let expected = Expected::new(&operation, &inputs, 1);
        let right = vec![19.0_f32, 22.0, 43.0, 50.0, 9.0, 10.0, 11.0, 12.0];
        let check =
            |numbers: Vec<f32>| expected.check(&Tensor::from_vec([2, 2, 2], numbers).unwrap(), "a product");
        assert_eq!(check(right.clone()).unwrap(), 0.0);
        let mut wrong = right.clone();
        wrong[7] = 12.1;
        assert!(matches!(check(wrong), Err(MeasureError::WrongResult { place: 7, .. })));
        let mut missing = right;
        missing[7] = f32::NAN;
        assert!(check(missing).is_err());
    }

    #[test]
    fn zeros_pass_in_no_precision() {
        for precision in [Precision::Fp32, Precision::Tf32, Precision::Fp16, Precision::Bf16] {
            let operation = Operation::Products(Products::square(1024, precision));
            let inputs = draw(&operation, 3).unwrap();
            let zeros = Tensor::zeros(operation.dtype(), operation.output()).unwrap();
            assert!(Expected::new(&operation, &inputs, 3).check(&zeros, "zeros").is_err(), "{precision}");
        }
    }
}
