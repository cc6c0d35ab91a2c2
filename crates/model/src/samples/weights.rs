use phalanx_tensor::{Element, Shape, Tensor};

/// Random numbers that are the same everywhere: `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014).
pub(super) struct Weights {
    state: u64,
}

impl Weights {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A tensor drawn evenly from ±√(3 / `fan_in`), so that a product over `fan_in` inputs keeps their variance.
    pub(super) fn draw(&mut self, shape: impl Into<Shape>, fan_in: usize) -> Tensor {
        let bound = (3.0 / fan_in as f32).sqrt();
        let shape = shape.into();
        let values = (0..shape.iter().product()).map(|_| bound * self.symmetric()).collect::<Vec<f32>>();
        tensor(shape, values)
    }

    /// A number in -1..1, of 23 bits: those that `f32` holds exactly.
    fn symmetric(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

/// A constant; `values` has as many elements as `shape`.
pub(super) fn tensor<T: Element>(shape: impl Into<Shape>, values: Vec<T>) -> Tensor {
    Tensor::from_vec(shape, values).expect("the samples give as many values as their shapes have elements")
}

/// A constant without axes.
pub(super) fn scalar<T: Element>(value: T) -> Tensor {
    tensor([], vec![value])
}

/// A constant of one axis.
pub(super) fn vector<T: Element>(values: &[T]) -> Tensor {
    tensor([values.len()], values.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_sequence() {
        let mut weights = Weights::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| weights.next()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_fill_their_range_and_keep_variance() {
        let drawn = Weights::new(7).draw([1000, 3], 12).to_vec::<f32>().unwrap();
        assert!(drawn.iter().all(|value| value.abs() <= 0.5));
        assert!(drawn.iter().any(|&value| value > 0.49) && drawn.iter().any(|&value| value < -0.49));
        let variance = drawn.iter().map(|value| value * value).sum::<f32>() / drawn.len() as f32;
        assert!((variance * 12.0 - 1.0).abs() < 0.1, "{variance}");
    }
}
