use std::collections::BTreeMap;

use phalanx_backend::{BackendError, OutputSpec, RowSpec};
use phalanx_tensor::{BatchAxis, Dim, Shape, Signature, TensorInfo};

/// What a named axis stands for in one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The rows of the batch.
    Rows,
    /// This size in every row.
    Size(usize),
    /// More than one thing: such a name says nothing.
    Unclear,
}

/// One row of each input.
///
/// # Errors
/// [`BackendError::Input`] where the model does not take such rows.
pub(super) fn inputs(signature: &Signature, tails: &[Shape]) -> Result<Vec<RowSpec>, BackendError> {
    if let BatchAxis::None(reason) = signature.batch_axis() {
        return Err(refuse("", "a model with a batch axis".to_owned(), reason));
    }
    if tails.len() != signature.inputs.len() {
        let expected = format!("rows for {} inputs", signature.inputs.len());
        return Err(refuse("", expected, tails.len().to_string()));
    }
    signature.inputs.iter().zip(tails).map(|(info, tail)| input(info, tail)).collect()
}

fn input(info: &TensorInfo, tail: &Shape) -> Result<RowSpec, BackendError> {
    let dims = info.dims.as_deref().unwrap_or_default();
    let declared = dims.get(1..).unwrap_or_default();
    let fits = declared.len() == tail.len()
        && declared.iter().zip(tail.iter()).all(|(dim, &size)| dim.fixed().is_none_or(|fixed| fixed == size));
    if !fits {
        let rank = TensorInfo { dims: Some(declared.to_vec()), ..info.clone() };
        return Err(refuse(&info.name, format!("rows of {}", rank.dims_text()), format!("rows of {tail}")));
    }
    RowSpec::new(info.dtype, tail.clone())
        .map_err(|error| refuse(&info.name, "rows that fit in memory".to_owned(), error.to_string()))
}

/// One row of each output, for inputs that [`inputs`] has accepted; `None` where the declared axes do not settle it.
pub(super) fn outputs(signature: &Signature, tails: &[Shape]) -> Vec<Option<OutputSpec>> {
    let meanings = meanings(signature, tails);
    let fixed_rows = match signature.batch_axis() {
        BatchAxis::Fixed(rows) => Some(rows),
        BatchAxis::Dynamic | BatchAxis::None(_) => None,
    };
    signature.outputs.iter().map(|info| output(info, &meanings, fixed_rows)).collect()
}

fn output(
    info: &TensorInfo,
    meanings: &BTreeMap<&str, Meaning>,
    fixed_rows: Option<usize>,
) -> Option<OutputSpec> {
    let (rows, tail) = info.dims.as_deref()?.split_first()?;
    let follows = match rows {
        Dim::Fixed(size) => fixed_rows == Some(*size),
        Dim::Symbol(name) => meanings.get(&**name) == Some(&Meaning::Rows),
        Dim::Unknown => false,
    };
    let size = |dim: &Dim| match dim {
        Dim::Fixed(size) => Some(*size),
        Dim::Symbol(name) => match meanings.get(&**name) {
            Some(Meaning::Size(size)) => Some(*size),
            _ => None,
        },
        Dim::Unknown => None,
    };
    let tail = follows.then(|| tail.iter().map(size).collect::<Option<Shape>>())??;
    RowSpec::new(info.dtype, tail).ok().map(OutputSpec::Rows)
}

fn meanings<'a>(signature: &'a Signature, tails: &[Shape]) -> BTreeMap<&'a str, Meaning> {
    let mut meanings = BTreeMap::new();
    for (info, tail) in signature.inputs.iter().zip(tails) {
        let sizes = std::iter::once(Meaning::Rows).chain(tail.iter().copied().map(Meaning::Size));
        for (dim, meaning) in info.dims.iter().flatten().zip(sizes) {
            let Dim::Symbol(name) = dim else { continue };
            let known = meanings.entry(&**name).or_insert(meaning);
            if *known != meaning {
                *known = Meaning::Unclear;
            }
        }
    }
    meanings
}

fn refuse(input: &str, expected: String, got: String) -> BackendError {
    BackendError::Input { input: input.to_owned(), expected, got }
}

#[cfg(test)]
mod tests {
    use phalanx_model::samples;
    use phalanx_tensor::DType;

    use super::*;

    fn info(name: &str, dims: &[Dim]) -> TensorInfo {
        TensorInfo { name: name.to_owned(), dtype: DType::F32, dims: Some(dims.to_vec()) }
    }

    fn symbol(name: &str) -> Dim {
        Dim::Symbol(name.into())
    }

    fn tail(spec: &Option<OutputSpec>) -> Option<&[usize]> {
        match spec {
            Some(OutputSpec::Rows(spec)) => Some(&spec.tail),
            _ => None,
        }
    }

    #[test]
    fn named_axes_carry_the_size_of_a_row() {
        let model = samples::sequence(1);
        let tails = [Shape::from([7]), Shape::from([7])];
        assert_eq!(inputs(model.signature(), &tails).unwrap()[0].row_bytes, 56);
        let outputs = outputs(model.signature(), &tails);
        assert_eq!(tail(&outputs[0]), Some(&[8][..]));
        assert_eq!(tail(&outputs[1]), Some(&[7, 8][..]));
    }

    #[test]
    fn what_the_names_do_not_say_is_left_open() {
        let signature = Signature {
            inputs: vec![info("x", &[symbol("batch"), symbol("n")])],
            outputs: vec![
                info("unknown tail", &[symbol("batch"), Dim::Unknown]),
                info("new tail", &[symbol("batch"), symbol("m")]),
                info("square", &[symbol("batch"), symbol("batch")]),
                info("other rows", &[symbol("count"), symbol("n")]),
            ],
        };
        let outputs = outputs(&signature, &[Shape::from([5])]);
        assert_eq!(outputs, [None, None, None, None]);
    }

    #[test]
    fn a_name_of_two_sizes_says_nothing() {
        let signature = Signature {
            inputs: vec![
                info("a", &[symbol("batch"), symbol("n")]),
                info("b", &[symbol("batch"), symbol("n")]),
            ],
            outputs: vec![info("y", &[symbol("batch"), symbol("n")])],
        };
        assert_eq!(outputs(&signature, &[Shape::from([5]), Shape::from([6])]), [None]);
    }

    #[test]
    fn rows_of_another_shape_are_refused() {
        let tiny = samples::tiny();
        for (tails, words) in [
            (vec![Shape::from([5])], "input \"x\": expected rows of [4], got rows of [5]"),
            (vec![Shape::from([4, 1])], "expected rows of [4], got rows of [4, 1]"),
            (vec![], "expected rows for 1 inputs, got 0"),
        ] {
            let error = inputs(tiny.signature(), &tails).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let scalar = inputs(samples::no_batch_axis().signature(), &[Shape::default()]);
        assert!(scalar.unwrap_err().to_string().contains("expected a model with a batch axis"));
    }
}
