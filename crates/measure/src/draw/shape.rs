use std::collections::{BTreeMap, BTreeSet};

use phalanx_tensor::{Dim, Shape, Signature, TensorInfo};

use super::OPEN_DIM;
use crate::MeasureError;

/// Axes without a name of their own are called so.
const UNNAMED: &str = "?";

/// The names of all open axes but axis 0 of every input.
pub(super) fn names(signature: &Signature) -> BTreeSet<&str> {
    let axes = signature.inputs.iter().filter_map(|info| info.dims.as_deref()?.get(1..)).flatten();
    axes.filter_map(name).collect()
}

/// The size of the open axis `name`.
pub(super) fn open_dim(dims: &BTreeMap<String, usize>, name: &str) -> usize {
    dims.get(name).copied().unwrap_or(OPEN_DIM)
}

/// A shape that the input accepts, with `rows` at axis 0 where they are given.
pub(super) fn concrete(
    info: &TensorInfo,
    rows: Option<usize>,
    dims: &BTreeMap<String, usize>,
) -> Result<Shape, MeasureError> {
    let axes = info.dims.as_ref().ok_or_else(|| MeasureError::UnknownRank { input: info.name.clone() })?;
    let size = |(axis, dim): (usize, &Dim)| match (axis, rows, name(dim)) {
        (0, Some(rows), _) => rows,
        // Without a batch axis, an open axis 0 is more often one row than anything else.
        (0, None, Some(name)) => dims.get(name).copied().unwrap_or(1),
        (_, _, Some(name)) => open_dim(dims, name),
        (_, _, None) => dim.fixed().unwrap_or(OPEN_DIM),
    };
    Ok(axes.iter().enumerate().map(size).collect())
}

fn name(dim: &Dim) -> Option<&str> {
    match dim {
        Dim::Fixed(_) => None,
        Dim::Symbol(name) => Some(name),
        Dim::Unknown => Some(UNNAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::DType;

    fn info(dims: Option<Vec<Dim>>) -> TensorInfo {
        TensorInfo { name: "x".to_owned(), dtype: DType::F32, dims }
    }

    #[test]
    fn rows_replace_axis_0_only_where_there_is_a_batch_axis() {
        let input = info(Some(vec![Dim::Symbol("n".into()), Dim::Fixed(3), Dim::Unknown]));
        let dims = [("?".to_owned(), 5)].into();
        assert_eq!(concrete(&input, Some(8), &dims).unwrap(), Shape::from([8, 3, 5]));
        assert_eq!(concrete(&input, None, &dims).unwrap(), Shape::from([1, 3, 5]));
        assert_eq!(concrete(&info(Some(vec![])), Some(8), &dims).unwrap(), Shape::default());
    }

    #[test]
    fn an_unknown_rank_cannot_be_drawn() {
        assert!(matches!(
            concrete(&info(None), Some(1), &BTreeMap::new()),
            Err(MeasureError::UnknownRank { input }) if input == "x"
        ));
    }
}
