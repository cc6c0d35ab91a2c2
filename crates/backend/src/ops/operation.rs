use phalanx_tensor::{DType, Shape};

use crate::Precision;

/// What is computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Matrix products.
    Products(Products),
    /// Pairs of low-rank products.
    Lora(LoraPairs),
}

/// `count` products at once, each of matrices of its own: m × k by k × n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Products {
    /// Rows of each result.
    pub m: usize,
    /// Columns of each result.
    pub n: usize,
    /// What is summed over.
    pub k: usize,
    /// How many products.
    pub count: usize,
    /// Arithmetic, and what the matrices are stored in.
    pub precision: Precision,
}

/// `x·A·B`, where each group of rows of x has an A and a B of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoraPairs {
    /// Rows of x in a group; a group for each of `chosen`.
    pub group_rows: usize,
    /// Columns of x, rows of A.
    pub width: usize,
    /// Columns of A, rows of B.
    pub rank: usize,
    /// Columns of B.
    pub n: usize,
    /// Pairs of A and B that there are.
    pub adapters: usize,
    /// The pair of each group, below `adapters`.
    pub chosen: Vec<u32>,
    /// Arithmetic, and what the matrices are stored in.
    pub precision: Precision,
}

impl Products {
    /// One product of square matrices.
    #[must_use]
    pub fn square(size: usize, precision: Precision) -> Self {
        Self { m: size, n: size, k: size, count: 1, precision }
    }
}

impl LoraPairs {
    /// Rows of x.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.group_rows * self.chosen.len()
    }
}

impl Operation {
    /// Its arithmetic.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::Products(products) => products.precision,
            Self::Lora(pairs) => pairs.precision,
        }
    }

    /// What its operands and its result are stored in.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self.precision() {
            Precision::Fp32 | Precision::Tf32 => DType::F32,
            Precision::Fp16 => DType::F16,
            Precision::Bf16 => DType::BF16,
        }
    }

    /// The shapes of its operands: of A and B; of x, all A and all B.
    #[must_use]
    pub fn inputs(&self) -> Vec<Shape> {
        match self {
            Self::Products(Products { m, n, k, count, .. }) => {
                vec![Shape::from([*count, *m, *k]), Shape::from([*count, *k, *n])]
            }
            Self::Lora(pairs) => {
                let LoraPairs { width, rank, n, adapters, .. } = *pairs;
                vec![
                    Shape::from([pairs.rows(), width]),
                    Shape::from([adapters, width, rank]),
                    Shape::from([adapters, rank, n]),
                ]
            }
        }
    }

    /// The shape of its result.
    #[must_use]
    pub fn output(&self) -> Shape {
        match self {
            Self::Products(Products { m, n, count, .. }) => Shape::from([*count, *m, *n]),
            Self::Lora(pairs) => Shape::from([pairs.rows(), pairs.n]),
        }
    }

    /// Additions and multiplications.
    #[must_use]
    pub fn flops(&self) -> f64 {
        match self {
            Self::Products(Products { m, n, k, count, .. }) => {
                2.0 * *count as f64 * *m as f64 * *n as f64 * *k as f64
            }
            Self::Lora(pairs) => {
                2.0 * pairs.rows() as f64 * pairs.rank as f64 * (pairs.width as f64 + pairs.n as f64)
            }
        }
    }

    /// Bytes of its operands and its result.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        let element = self.dtype().size_bytes().unwrap_or(0) as f64;
        let shapes = self.inputs().into_iter().chain([self.output()]);
        shapes.map(|shape| element * shape.iter().map(|&size| size as f64).product::<f64>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_counts_each_of_its_batch() {
        let one = Products { m: 2, n: 3, k: 4, count: 1, precision: Precision::Fp16 };
        let five = Operation::Products(Products { count: 5, ..one });
        let one = Operation::Products(one);
        assert_eq!((one.flops(), five.flops()), (48.0, 240.0));
        assert_eq!(one.bytes(), 2.0 * (8.0 + 12.0 + 6.0));
        assert_eq!(five.output(), Shape::from([5, 2, 3]));
    }

    #[test]
    fn a_pair_has_the_rows_of_its_groups() {
        let pairs = LoraPairs {
            group_rows: 16,
            width: 256,
            rank: 8,
            n: 128,
            adapters: 3,
            chosen: vec![2, 0, 1, 2],
            precision: Precision::Fp32,
        };
        let operation = Operation::Lora(pairs);
        let shapes = [Shape::from([64, 256]), Shape::from([3, 256, 8]), Shape::from([3, 8, 128])];
        assert_eq!(operation.inputs(), shapes);
        assert_eq!(operation.output(), Shape::from([64, 128]));
        assert_eq!(operation.flops(), 2.0 * 64.0 * 8.0 * (256.0 + 128.0));
    }
}
