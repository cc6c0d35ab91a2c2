use crate::Model;

/// The least there is: `x` to `y = 2x + 1`, both f32 `[batch, 4]`.
#[must_use]
pub fn tiny() -> Model {
    super::finish(super::double_plus_one("tiny", &super::rows(&[4])))
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::BatchAxis;

    use super::*;

    #[test]
    fn is_two_nodes() {
        let model = tiny();
        assert_eq!(model.signature().batch_axis(), BatchAxis::Dynamic);
        assert_eq!((model.name(), model.opset(), model.parameters()), ("tiny", 17, 2));
        assert_eq!(model.operators().values().sum::<usize>(), 2);
    }
}
