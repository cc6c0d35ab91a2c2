use phalanx_backend::{Layout, OutputSpec, RowSpec};
use phalanx_tensor::{DType, Shape};
use serde::{Deserialize, Serialize};

/// A [`Layout`] on its way. Sizes in bytes are computed again where it arrives.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireLayout {
    inputs: Vec<WireRow>,
    outputs: Vec<WireRow>,
}

/// A row's dtype and shape; an output without a shape is one whose size is only known after the run.
#[derive(Debug, Serialize, Deserialize)]
struct WireRow {
    dtype: String,
    tail: Option<Vec<usize>>,
}

impl From<&Layout> for WireLayout {
    fn from(layout: &Layout) -> Self {
        let row = |spec: &RowSpec| WireRow { dtype: spec.dtype.to_string(), tail: Some(spec.tail.to_vec()) };
        let output = |spec: &OutputSpec| match spec {
            OutputSpec::Rows(spec) => row(spec),
            OutputSpec::Dynamic(dtype) => WireRow { dtype: dtype.to_string(), tail: None },
        };
        Self {
            inputs: layout.inputs.iter().map(row).collect(),
            outputs: layout.outputs.iter().map(output).collect(),
        }
    }
}

impl WireLayout {
    /// What it describes; `None` where that cannot be.
    pub(crate) fn into_layout(self) -> Option<Layout> {
        let output = |row: WireRow| match row.tail {
            Some(_) => row.into_spec().map(OutputSpec::Rows),
            None => dtype(&row.dtype).map(OutputSpec::Dynamic),
        };
        Some(Layout {
            inputs: self.inputs.into_iter().map(WireRow::into_spec).collect::<Option<_>>()?,
            outputs: self.outputs.into_iter().map(output).collect::<Option<_>>()?,
        })
    }
}

impl WireRow {
    fn into_spec(self) -> Option<RowSpec> {
        RowSpec::new(dtype(&self.dtype)?, Shape::new(&self.tail?)).ok()
    }
}

/// The dtype of this name.
pub(super) fn dtype(name: &str) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn layouts_come_out_as_they_went_in_and_impossible_ones_do_not() {
        let row = RowSpec::new(DType::F16, Shape::from([3, 5])).unwrap();
        let layout = Layout {
            inputs: vec![row.clone()],
            outputs: vec![OutputSpec::Rows(row), OutputSpec::Dynamic(DType::I64)],
        };
        let wire: WireLayout = decode(&encode(&WireLayout::from(&layout))).unwrap();
        assert_eq!(wire.into_layout(), Some(layout));
        for wrong in [
            r#"{"inputs":[{"dtype":"f31","tail":[1]}],"outputs":[]}"#,
            r#"{"inputs":[{"dtype":"f32","tail":null}],"outputs":[]}"#,
            r#"{"inputs":[{"dtype":"f32","tail":[18446744073709551615,9]}],"outputs":[]}"#,
            r#"{"inputs":[{"dtype":"string","tail":[1]}],"outputs":[]}"#,
        ] {
            let wire: WireLayout = decode(wrong.as_bytes()).unwrap();
            assert_eq!(wire.into_layout(), None, "{wrong}");
        }
    }
}
