//! Whether tensors and shapes are such as a model declares to take: the same words from every backend.

use phalanx_tensor::{BatchAxis, Dim, Shape, Signature, Tensor, TensorInfo};

use crate::{BackendError, OutputSpec, RowSpec};

/// Checks shapes, axis 0 included, against what the model declares.
///
/// # Errors
/// [`BackendError::Input`] with the first input that is wrong.
pub fn check_shapes(signature: &Signature, shapes: &[Shape]) -> Result<(), BackendError> {
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
pub fn check_tensors(signature: &Signature, tensors: &[Tensor]) -> Result<Vec<Shape>, BackendError> {
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

/// A row of an input.
///
/// # Errors
/// [`BackendError::Input`] where it does not fit into memory.
pub fn row_spec(info: &TensorInfo, tail: &Shape) -> Result<RowSpec, BackendError> {
    RowSpec::new(info.dtype, tail.clone())
        .map_err(|error| wrong_shape(info, format!("a row that fits into memory ({error})"), tail))
}

/// Checks that there are as many shapes as inputs.
///
/// # Errors
/// [`BackendError::Input`].
pub fn check_count(signature: &Signature, got: usize) -> Result<(), BackendError> {
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

/// Shows the shapes of rows in an error that was found with some number of them.
#[must_use]
pub fn without_rows(error: BackendError, tails: &[Shape], shapes: &[Shape]) -> BackendError {
    match error {
        BackendError::Input { input, expected, got } => {
            let wrong = shapes.iter().position(|shape| shape.to_string() == got);
            let got = wrong.map_or(got, |index| format!("rows of {}", tails[index]));
            BackendError::Input { input, expected, got }
        }
        other => other,
    }
}

/// A model without a batch axis was asked for batches.
#[must_use]
pub fn no_batches(signature: &Signature, reason: &str) -> BackendError {
    let names: Vec<&str> = signature.inputs.iter().map(|info| info.name.as_str()).collect();
    BackendError::Input {
        input: names.join(", "),
        expected: format!("single runs, since the model has no batch axis: {reason}"),
        got: "a batch".to_owned(),
    }
}

/// What output `index` is, where all probes agree.
#[must_use]
pub fn agree(index: usize, probes: &[Vec<OutputSpec>]) -> OutputSpec {
    let first = &probes[0][index];
    if probes.iter().all(|probe| probe[index] == *first) {
        return first.clone();
    }
    match first {
        OutputSpec::Rows(rows) => OutputSpec::Dynamic(rows.dtype),
        OutputSpec::Dynamic(dtype) => OutputSpec::Dynamic(*dtype),
    }
}

/// The inputs' shapes for a number of rows, where all other axes are fixed or may have the size `free`.
#[must_use]
pub fn shapes_with(signature: &Signature, rows: usize, free: Option<usize>) -> Option<Vec<Shape>> {
    let is_batched = signature.batch_axis() == BatchAxis::Dynamic;
    let shape = |dims: &[Dim]| -> Option<Shape> {
        let sizes = dims.iter().enumerate();
        sizes
            .map(|(axis, dim)| dim.fixed().or(if axis == 0 && is_batched { Some(rows) } else { free }))
            .collect::<Option<Vec<usize>>>()
            .map(|sizes| Shape::new(&sizes))
    };
    signature.inputs.iter().map(|info| shape(info.dims.as_deref()?)).collect()
}

/// The model does not work for shapes that it declares to take: no single input is to blame.
#[must_use]
pub fn refused(signature: &Signature, shapes: &[Shape], error: &BackendError) -> BackendError {
    let names: Vec<&str> = signature.inputs.iter().map(|info| info.name.as_str()).collect();
    let got: Vec<String> = shapes.iter().map(Shape::to_string).collect();
    BackendError::Input {
        input: names.join(", "),
        expected: format!("shapes that the model can compute with ({error})"),
        got: got.join(", "),
    }
}
