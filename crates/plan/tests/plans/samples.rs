use phalanx_model::samples::{self, EncoderConfig};

use crate::reference::{agreeing, kinds, none};

#[test]
fn an_mlp_is_its_products() {
    let model = samples::mlp(1);
    for rows in [1, 3, 32, 256] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("product", 3)], "{plan}");
    }
}

#[test]
fn an_encoder_is_eight_operations_a_layer() {
    let config = EncoderConfig { layers: 2, ..EncoderConfig::default() };
    let model = samples::encoder(&config);
    for rows in [1, 3, 32] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("attention", 2), ("layer_norm", 5), ("product", 8)], "{plan}");
    }
}
