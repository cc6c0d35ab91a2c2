use phalanx_protocol::dtype as datatype_of;
use phalanx_tensor::{BatchAxis, DType, Dim, Signature, TensorInfo};

use super::fields::{Fields, Given};
use super::{ConfigError, MaxBatch, Place};

/// An input or output as it is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorConfig {
    place: Place,
    name: String,
    dtype: Option<DType>,
    /// -1 for one that may vary; empty where nothing is said.
    dims: Vec<i64>,
}

/// Which axes dims name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axes {
    /// All.
    Whole,
    /// All but the first, along which requests are put together.
    Tail,
    /// Either: nothing was said of batches.
    Any,
}

pub(super) fn read_input(given: &Given<'_>) -> Result<TensorConfig, ConfigError> {
    let mut fields = given.message()?;
    if let Some(format) = fields.one("format")?
        && !matches!(format.word()?, "" | "FORMAT_NONE")
    {
        return Err(format.unexpected("FORMAT_NONE"));
    }
    fields.idle(&["allow_ragged_batch", "optional"], "")?;
    read(given, fields)
}

pub(super) fn read_output(given: &Given<'_>) -> Result<TensorConfig, ConfigError> {
    let mut fields = given.message()?;
    fields.idle(&["label_filename"], "")?;
    read(given, fields)
}

fn read(given: &Given<'_>, mut fields: Fields<'_>) -> Result<TensorConfig, ConfigError> {
    let name = fields.read("name", |name| name.text())?.unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(given.wrong("a name", "none"));
    }
    let dtype = fields.read("data_type", |data_type| dtype(&data_type))?;
    let dims = fields.many("dims").map(|dim| match dim.number::<i64>(-1)? {
        0 => Err(dim.unexpected("a size from 1, or -1 for any")),
        size => Ok(size),
    });
    let dims = dims.collect::<Result<_, _>>()?;
    fields.idle(&["is_shape_tensor", "is_non_linear_format_io"], "")?;
    fields.finish()?;
    Ok(TensorConfig { place: given.place(), name, dtype, dims })
}

/// `TYPE_` and the protocol's own name, except for strings.
fn dtype(given: &Given<'_>) -> Result<DType, ConfigError> {
    let known = match given.word()?.strip_prefix("TYPE_") {
        Some("STRING") => Some(DType::String),
        Some("BYTES") | None => None,
        Some(name) => datatype_of(name),
    };
    known.ok_or_else(|| given.unexpected("a type such as TYPE_FP32"))
}

impl Axes {
    /// # Errors
    /// [`ConfigError::Value`] where batches are asked for and the model has no axis for them.
    pub(super) fn of(max_batch: Option<MaxBatch>, signature: &Signature) -> Result<Self, ConfigError> {
        let Some(MaxBatch { rows, place }) = max_batch else { return Ok(Self::Any) };
        if rows == 0 {
            return Ok(Self::Whole);
        }
        // Strings have their batch axis too, although the engine runs each request alone.
        let mut numbers = signature.clone();
        for info in numbers.inputs.iter_mut().chain(&mut numbers.outputs) {
            info.dtype = DType::F32;
        }
        match numbers.batch_axis() {
            BatchAxis::None(reason) => Err(ConfigError::Value {
                place,
                field: "max_batch_size".to_owned(),
                expected: format!("0, since the model has no batch axis: {reason}"),
                got: rows.to_string(),
            }),
            BatchAxis::Dynamic | BatchAxis::Fixed(_) => Ok(Self::Tail),
        }
    }
}

/// Whether the model takes just these inputs, where any are said.
pub(super) fn check_inputs(
    said: &[TensorConfig],
    model: &[TensorInfo],
    axes: Axes,
) -> Result<(), ConfigError> {
    check("input", said, model, axes)?;
    let unsaid = |info: &&TensorInfo| !said.iter().any(|tensor| tensor.name == info.name);
    match (said.first(), model.iter().find(unsaid)) {
        (Some(first), Some(missing)) => Err(ConfigError::Value {
            place: first.place,
            field: "input".to_owned(),
            expected: format!("all {} inputs of the model", model.len()),
            got: format!("none named {:?}", missing.name),
        }),
        _ => Ok(()),
    }
}

/// Whether the model gives these outputs; it may give others.
pub(super) fn check_outputs(
    said: &[TensorConfig],
    model: &[TensorInfo],
    axes: Axes,
) -> Result<(), ConfigError> {
    check("output", said, model, axes)
}

fn check(kind: &str, said: &[TensorConfig], model: &[TensorInfo], axes: Axes) -> Result<(), ConfigError> {
    for (index, tensor) in said.iter().enumerate() {
        let wrong = |expected: String, got: String| {
            let field = format!("{kind} {:?}", tensor.name);
            Err(ConfigError::Value { place: tensor.place, field, expected, got })
        };
        let Some(info) = model.iter().find(|info| info.name == tensor.name) else {
            let names: Vec<_> = model.iter().map(|info| format!("{:?}", info.name)).collect();
            return wrong(
                format!("one of the model's: {}", names.join(", ")),
                "a name it does not have".into(),
            );
        };
        if said[..index].iter().any(|other| other.name == tensor.name) {
            return wrong("it once".to_owned(), "it again".to_owned());
        }
        if let Some(dtype) = tensor.dtype.filter(|dtype| *dtype != info.dtype) {
            return wrong(format!("{}, as in the model", info.dtype), dtype.to_string());
        }
        if !fits(&tensor.dims, info, axes) {
            return wrong(expected_dims(info, axes), format!("dims {:?}", tensor.dims));
        }
    }
    Ok(())
}

fn fits(dims: &[i64], info: &TensorInfo, axes: Axes) -> bool {
    let Some(model) = info.dims.as_deref() else { return true };
    let tail = model.get(1..).unwrap_or_default();
    dims.is_empty()
        || match axes {
            Axes::Whole => fit(dims, model),
            Axes::Tail => fit(dims, tail),
            Axes::Any => fit(dims, model) || fit(dims, tail),
        }
}

/// Whether each size is one that its axis has; sizes that the model leaves open may be said.
fn fit(dims: &[i64], model: &[Dim]) -> bool {
    let fits = |(size, axis): (&i64, &Dim)| match axis.fixed() {
        Some(fixed) => usize::try_from(*size) == Ok(fixed),
        None => true,
    };
    dims.len() == model.len() && dims.iter().zip(model).all(fits)
}

fn expected_dims(info: &TensorInfo, axes: Axes) -> String {
    let without = match axes {
        Axes::Whole => "",
        Axes::Tail => " without the batch axis",
        Axes::Any => ", with or without the batch axis",
    };
    format!("the dims of {}{without}", info.dims_text())
}
