use phalanx_backend::{BackendError, Layout, OutputSpec, RowSpec};
use phalanx_tensor::{BatchAxis, DType, Dim, Shape, Signature, Tensor, TensorInfo};
use tract_onnx::prelude::{TypedFact, TypedModel};

use crate::graph::Graph;
use crate::prepare_error;

/// Two row counts: an output whose axis 0 follows both, follows all.
const PROBE_ROWS: [usize; 2] = [2, 3];

/// What a batch of rows of these shapes gives.
///
/// # Errors
/// [`BackendError::Input`] where the model does not take such rows.
pub(crate) fn layout(signature: &Signature, graph: &Graph, tails: &[Shape]) -> Result<Layout, BackendError> {
    check_count(signature, tails.len())?;
    let rows: &[usize] = match &signature.batch_axis() {
        BatchAxis::Dynamic => &PROBE_ROWS,
        BatchAxis::Fixed(rows) => &[*rows],
        BatchAxis::None(reason) => return Err(no_batches(signature, reason)),
    };
    let outputs =
        rows.iter().map(|&rows| outputs(signature, graph, tails, rows)).collect::<Result<Vec<_>, _>>()?;
    let inputs = signature.inputs.iter().zip(tails);
    Ok(Layout {
        inputs: inputs.map(|(info, tail)| row_spec(info, tail)).collect::<Result<_, _>>()?,
        outputs: (0..signature.outputs.len()).map(|index| agree(index, &outputs)).collect(),
    })
}

/// Checks shapes, axis 0 included, against what the model declares.
///
/// # Errors
/// [`BackendError::Input`] with the first input that is wrong.
pub(crate) fn check_shapes(signature: &Signature, shapes: &[Shape]) -> Result<(), BackendError> {
    check_count(signature, shapes.len())?;
    let mut named: Vec<(&str, usize, &str)> = Vec::new();
    for (info, shape) in signature.inputs.iter().zip(shapes) {
        if !info.accepts(shape) {
            return Err(wrong_shape(info, info.dims_text(), shape));
        }
        for (dim, &size) in info.dims.iter().flatten().zip(shape.iter()) {
            let Dim::Symbol(name) = dim else { continue };
            match named.iter().find(|(known, ..)| *known == &**name) {
                Some((_, other, input)) if *other != size => {
                    let expected = format!("{} with {name} = {other} as in {input:?}", info.dims_text());
                    return Err(wrong_shape(info, expected, shape));
                }
                Some(_) => {}
                None => named.push((name, size, &info.name)),
            }
        }
    }
    Ok(())
}

/// Checks the tensors of a single run.
///
/// # Errors
/// As [`check_shapes`]; another dtype than declared is as wrong as another shape.
pub(crate) fn check_tensors(signature: &Signature, tensors: &[Tensor]) -> Result<Vec<Shape>, BackendError> {
    check_count(signature, tensors.len())?;
    for (info, tensor) in signature.inputs.iter().zip(tensors) {
        if tensor.dtype() != info.dtype {
            return Err(BackendError::Input {
                input: info.name.clone(),
                expected: info.dtype.to_string(),
                got: tensor.dtype().to_string(),
            });
        }
    }
    let shapes: Vec<Shape> = tensors.iter().map(|tensor| tensor.shape().clone()).collect();
    check_shapes(signature, &shapes)?;
    Ok(shapes)
}

/// The model does not work for shapes that it declares to take: no single input is to blame.
pub(crate) fn refused(signature: &Signature, shapes: &[Shape], error: &BackendError) -> BackendError {
    let names: Vec<&str> = signature.inputs.iter().map(|info| info.name.as_str()).collect();
    let got: Vec<String> = shapes.iter().map(Shape::to_string).collect();
    BackendError::Input {
        input: names.join(", "),
        expected: format!("shapes that the model can compute with ({error})"),
        got: got.join(", "),
    }
}

fn check_count(signature: &Signature, got: usize) -> Result<(), BackendError> {
    let expected = signature.inputs.len();
    if got == expected {
        return Ok(());
    }
    let names: Vec<&str> = signature.inputs.iter().map(|info| info.name.as_str()).collect();
    let plural = |count: usize| format!("{count} input{}", if count == 1 { "" } else { "s" });
    Err(BackendError::Input { input: names.join(", "), expected: plural(expected), got: plural(got) })
}

fn wrong_shape(info: &TensorInfo, expected: String, got: &Shape) -> BackendError {
    BackendError::Input { input: info.name.clone(), expected, got: got.to_string() }
}

fn no_batches(signature: &Signature, reason: &str) -> BackendError {
    let names: Vec<&str> = signature.inputs.iter().map(|info| info.name.as_str()).collect();
    BackendError::Input {
        input: names.join(", "),
        expected: format!("single runs, since the model has no batch axis: {reason}"),
        got: "a batch".to_owned(),
    }
}

fn row_spec(info: &TensorInfo, tail: &Shape) -> Result<RowSpec, BackendError> {
    RowSpec::new(info.dtype, tail.clone())
        .map_err(|error| wrong_shape(info, format!("a row that fits into memory ({error})"), tail))
}

/// The outputs of a batch of exactly `rows` rows.
fn outputs(
    signature: &Signature,
    graph: &Graph,
    tails: &[Shape],
    rows: usize,
) -> Result<Vec<OutputSpec>, BackendError> {
    let shapes: Vec<Shape> = tails.iter().map(|tail| tail.with_rows(rows)).collect();
    check_shapes(signature, &shapes).map_err(|error| without_rows(error, tails, &shapes))?;
    let model: TypedModel = match graph.at(&shapes) {
        Ok(model) => model,
        Err(panicked @ BackendError::Panicked { .. }) => return Err(panicked),
        Err(error) => return Err(refused(signature, tails, &error)),
    };
    let infos = signature.outputs.iter().enumerate();
    infos
        .map(|(index, info)| {
            let fact = model.output_fact(index).map_err(prepare_error)?;
            Ok(output_spec(info.dtype, fact, rows))
        })
        .collect()
}

/// Shows the shapes of rows in an error that was found with some number of them.
fn without_rows(error: BackendError, tails: &[Shape], shapes: &[Shape]) -> BackendError {
    match error {
        BackendError::Input { input, expected, got } => {
            let wrong = shapes.iter().position(|shape| shape.to_string() == got);
            let got = wrong.map_or(got, |index| format!("rows of {}", tails[index]));
            BackendError::Input { input, expected, got }
        }
        other => other,
    }
}

fn output_spec(dtype: DType, fact: &TypedFact, rows: usize) -> OutputSpec {
    let sizes = fact.shape.as_concrete().and_then(|sizes| sizes.split_first());
    match sizes {
        Some((&first, tail)) if first == rows => {
            RowSpec::new(dtype, Shape::new(tail)).map_or(OutputSpec::Dynamic(dtype), OutputSpec::Rows)
        }
        _ => OutputSpec::Dynamic(dtype),
    }
}

/// What output `index` is, where all probes agree.
fn agree(index: usize, probes: &[Vec<OutputSpec>]) -> OutputSpec {
    let first = &probes[0][index];
    if probes.iter().all(|probe| probe[index] == *first) {
        return first.clone();
    }
    match first {
        OutputSpec::Rows(rows) => OutputSpec::Dynamic(rows.dtype),
        OutputSpec::Dynamic(dtype) => OutputSpec::Dynamic(*dtype),
    }
}
