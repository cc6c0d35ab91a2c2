use phalanx_tensor::Dim;

use crate::Model;

/// Always `rows` rows: `x` to `y = 2x + 1`, both f32 `[rows, 4]`.
#[must_use]
pub fn fixed_batch(rows: usize) -> Model {
    super::finish(super::double_plus_one("fixed_batch", &[Dim::Fixed(rows), Dim::Fixed(4)]))
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::BatchAxis;

    use super::*;

    #[test]
    fn declares_its_rows() {
        assert_eq!(fixed_batch(8).signature().batch_axis(), BatchAxis::Fixed(8));
    }
}
