use fastrand::Rng;
use phalanx_model::{GraphBuilder, Model, ModelError};
use phalanx_tensor::{DType, Dim, Tensor, TensorError};

/// Elements of a row, and rows and columns of each matrix.
pub(crate) const WIDTH: usize = 1024;

/// Matrices in the chain, the first of which is dense.
const LAYERS: usize = 4;

/// What the matrices are drawn from: any number would do.
const SEED: u64 = 7;

/// Keeps the seeds of neighbouring rows apart, for near seeds draw alike: 2⁶⁴ divided by the golden ratio.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A product of matrices that any backend computes in full, and that can be foretold with little arithmetic.
///
/// The first matrix is a⊗b + c⊗d for vectors of -1, 0 and 1, so that a row x becomes (x·a) b + (x·c) d. The others
/// permute its elements and change some signs. Rows are of -1, 0 and 1 as well, so every result is a whole number, and
/// small enough to be exact in half precision and bfloat16 too: any other result is wrong.
pub(crate) struct Chain {
    a: Vec<i8>,
    b: Vec<i8>,
    c: Vec<i8>,
    d: Vec<i8>,
    /// Where each element goes, and its sign.
    turns: Vec<Vec<(usize, i8)>>,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let mut rng = Rng::with_seed(SEED);
        let [a, b, c, d] = std::array::from_fn(|_| thirds(&mut rng));
        let turns = (1..LAYERS).map(|_| turn(&mut rng)).collect();
        Self { a, b, c, d, turns }
    }

    /// Floating-point operations that a row takes.
    pub(crate) const fn flop_per_row() -> u64 {
        (2 * WIDTH * WIDTH * LAYERS) as u64
    }

    /// `x` to `y`, both f32 `[batch, 1024]`.
    ///
    /// # Errors
    /// As [`Model::from_proto`].
    pub(crate) fn model(&self) -> Result<Model, ModelError> {
        let row = [Dim::Symbol("batch".into()), Dim::Fixed(WIDTH)];
        let mut graph = GraphBuilder::new("proof");
        graph.input("x", DType::F32, &row);
        let mut value = "x".to_owned();
        for (layer, matrix) in self.matrices().into_iter().enumerate() {
            let weight =
                graph.constant(&format!("weight{layer}"), &matrix.expect("WIDTH rows of WIDTH elements"));
            let name = if layer + 1 == LAYERS { "y".to_owned() } else { format!("product{layer}") };
            value = graph.node(&name, "MatMul", &[&value, &weight], &[]);
        }
        graph.output(&value, DType::F32, &row);
        Model::from_proto(&graph.finish())
    }

    fn matrices(&self) -> Vec<Result<Tensor, TensorError>> {
        let dense =
            self.a.iter().zip(&self.c).flat_map(|(&a, &c)| {
                self.b.iter().zip(&self.d).map(move |(&b, &d)| f32::from(a * b + c * d))
            });
        let mut matrices = vec![Tensor::from_vec([WIDTH, WIDTH], dense.collect())];
        for turn in &self.turns {
            let mut values = vec![0.0_f32; WIDTH * WIDTH];
            for (from, &(to, sign)) in turn.iter().enumerate() {
                values[from * WIDTH + to] = f32::from(sign);
            }
            matrices.push(Tensor::from_vec([WIDTH, WIDTH], values));
        }
        matrices
    }

    /// Row `index` of the input.
    pub(crate) fn input(index: usize) -> Vec<i8> {
        thirds(&mut Rng::with_seed((index as u64 + 1).wrapping_mul(SPREAD)))
    }

    /// What becomes of a row.
    pub(crate) fn output(&self, row: &[i8]) -> Vec<f32> {
        let along = |vector: &[i8]| -> i32 {
            row.iter().zip(vector).map(|(&x, &v)| i32::from(x) * i32::from(v)).sum()
        };
        let (first, second) = (along(&self.a), along(&self.c));
        let dense = self.b.iter().zip(&self.d).map(|(&b, &d)| first * i32::from(b) + second * i32::from(d));
        let turned = self.turns.iter().fold(dense.collect::<Vec<i32>>(), |values, turn| {
            let mut turned = vec![0; WIDTH];
            for (value, &(to, sign)) in values.into_iter().zip(turn) {
                turned[to] = value * i32::from(sign);
            }
            turned
        });
        turned.into_iter().map(|value| value as f32).collect()
    }
}

/// Elements of -1, 0 and 1.
fn thirds(rng: &mut Rng) -> Vec<i8> {
    (0..WIDTH).map(|_| rng.i8(-1..=1)).collect()
}

fn turn(rng: &mut Rng) -> Vec<(usize, i8)> {
    let mut places: Vec<usize> = (0..WIDTH).collect();
    rng.shuffle(&mut places);
    places.into_iter().map(|place| (place, if rng.bool() { 1 } else { -1 })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foretold_is_what_the_matrices_give() {
        let chain = Chain::new();
        let row = Chain::input(5);
        let mut values: Vec<f32> = row.iter().map(|&value| f32::from(value)).collect();
        for matrix in chain.matrices() {
            let matrix = matrix.unwrap().to_vec::<f32>().unwrap();
            let mut product = vec![0.0; WIDTH];
            for (value, weights) in values.iter().zip(matrix.chunks(WIDTH)) {
                product.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            values = product;
        }
        assert_eq!(chain.output(&row), values);
        assert!(values.iter().any(|&value| value != 0.0));
    }

    #[test]
    fn results_are_exact_in_every_precision() {
        let chain = Chain::new();
        let values = (0..1024).flat_map(|row| chain.output(&Chain::input(row)));
        let largest = values.map(f32::abs).fold(0.0, f32::max);
        // 256 is the last of the whole numbers that bfloat16 holds without a gap.
        assert!((8.0..256.0).contains(&largest), "{largest}");
    }

    #[test]
    fn the_model_is_what_it_says() {
        let model = Chain::new().model().unwrap();
        assert_eq!(model.signature().inputs[0].to_string(), "x f32 [batch, 1024]");
        assert_eq!(model.operators()["MatMul"], LAYERS);
        assert_eq!(model.parameters() * 2, Chain::flop_per_row());
    }
}
