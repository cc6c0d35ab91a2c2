use std::collections::HashMap;

use phalanx_model::Model;

/// The constants of a model, by name.
pub(super) struct Weights(HashMap<String, Vec<f64>>);

impl Weights {
    pub(super) fn of(model: &Model) -> Self {
        let graph = model.to_proto().expect("the model was read before").graph.expect("it has a graph");
        let floats = graph.initializer.into_iter().filter(|tensor| tensor.data_type == 1);
        Self(
            floats
                .map(|tensor| {
                    let raw = tensor.raw_data.expect("the samples keep their weights as raw data");
                    let values = raw.chunks_exact(4).map(|bytes| {
                        f64::from(f32::from_le_bytes(bytes.try_into().expect("chunks of four bytes")))
                    });
                    (tensor.name, values.collect())
                })
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> &[f64] {
        self.0.get(name).unwrap_or_else(|| panic!("the sample has no weight {name:?}"))
    }
}
