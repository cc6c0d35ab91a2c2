use std::path::Path;

use phalanx_tensor::{BatchAxis, DType, Signature, Tensor, TensorInfo};

use super::source::{Source, place};
use crate::failure::Failure;
use crate::npy::{Archive, ArrayReader};
use crate::terminal;

/// The arrays that a model takes, read side by side.
pub(crate) struct Inputs {
    place: String,
    arrays: Vec<(String, ArrayReader)>,
    rows: Option<usize>,
}

impl Inputs {
    /// Opens the file at `path`, or standard input, and checks that it has every input of the model, each with a
    /// dtype and shape that the model takes.
    pub(crate) fn open(path: &Path, signature: &Signature) -> Result<Self, Failure> {
        let place = place(path);
        let arrays = match Source::open(path)? {
            Source::Npy(array) => match &*signature.inputs {
                [input] => vec![(input.name.clone(), array)],
                inputs => return Err(one_array_for_many(&place, inputs)),
            },
            Source::Npz(archive) => named(&place, &archive, &signature.inputs)?,
        };
        let batched = !matches!(signature.batch_axis(), BatchAxis::None(_));
        for (info, (_, array)) in signature.inputs.iter().zip(&arrays) {
            check(&place, info, array, batched)?;
        }
        let rows = if batched { Some(common_rows(&place, &arrays)?) } else { None };
        Ok(Self { place, arrays, rows })
    }

    /// Rows of every array, where the model has a batch axis.
    pub(crate) fn rows(&self) -> Option<usize> {
        self.rows
    }

    /// The next rows of every array, at most `rows_max`; none at the end.
    pub(crate) fn next(&mut self, rows_max: usize) -> Result<Option<Vec<Tensor>>, Failure> {
        if self.arrays.iter().any(|(_, array)| array.rows_left() == 0) {
            return Ok(None);
        }
        let place = &self.place;
        let read = |(name, array): &mut (String, ArrayReader)| {
            array.rows(rows_max).map_err(|error| Failure::array(&format!("{place}: array {name:?}"), &error))
        };
        self.arrays.iter_mut().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// All of every array, as they are.
    pub(crate) fn whole(self) -> Result<Vec<Tensor>, Failure> {
        let place = self.place;
        let read = |(name, array): (String, ArrayReader)| {
            array.whole().map_err(|error| Failure::array(&format!("{place}: array {name:?}"), &error))
        };
        self.arrays.into_iter().map(read).collect()
    }
}

fn named(
    place: &str,
    archive: &Archive,
    inputs: &[TensorInfo],
) -> Result<Vec<(String, ArrayReader)>, Failure> {
    let names: Vec<&str> = archive.names().collect();
    let wanted: Vec<&str> = inputs.iter().map(|info| &*info.name).collect();
    if let Some(missing) = wanted.iter().find(|name| !names.contains(name)) {
        let got = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message =
            format!("{place}: array {missing:?} is missing: expected {}, got {got}", wanted.join(", "));
        return Err(
            Failure::new(message).hint(format!("numpy.savez({place}, {}=...)", wanted.join("=..., ")))
        );
    }
    for name in names.iter().filter(|name| !wanted.contains(name)) {
        terminal::warning(&format!("{place}: array {name:?} is no input of the model and is not used"));
    }
    let open = |info: &TensorInfo| {
        let array = archive.array(&info.name);
        let array = array.map_err(|error| Failure::array(&format!("{place}: array {:?}", info.name), &error));
        Ok((info.name.clone(), array?))
    };
    inputs.iter().map(open).collect()
}

fn one_array_for_many(place: &str, inputs: &[TensorInfo]) -> Failure {
    let names: Vec<&str> = inputs.iter().map(|info| &*info.name).collect();
    let message = format!(
        "{place}: expected an .npz file with the {} arrays {}, got a single array",
        inputs.len(),
        names.join(", ")
    );
    Failure::new(message)
}

/// A batch axis takes any number of rows: a fixed one is padded.
fn check(place: &str, info: &TensorInfo, array: &ArrayReader, batched: bool) -> Result<(), Failure> {
    let fixed_rows = info.dims.as_ref().and_then(|dims| dims.first()?.fixed()).filter(|_| batched);
    let shape = match fixed_rows {
        Some(rows) if !array.shape().is_empty() => &array.shape().tail().with_rows(rows),
        _ => array.shape(),
    };
    if info.dtype == array.dtype() && info.accepts(shape) {
        return Ok(());
    }
    let failure = Failure::new(format_args!(
        "{place}: array {:?}: expected {} {}, got {} {}",
        info.name,
        info.dtype,
        info.dims_text(),
        array.dtype(),
        array.shape()
    ));
    match numpy_name(info.dtype).filter(|_| info.dtype != array.dtype()) {
        Some(name) => Err(failure.hint(format!("convert it in Python with array.astype({name:?})"))),
        None => Err(failure),
    }
}

fn numpy_name(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::F16 => "float16",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::Bool => "bool",
        DType::I8 => "int8",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::U8 => "uint8",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        DType::String => "str",
        _ => return None,
    })
}

fn common_rows(place: &str, arrays: &[(String, ArrayReader)]) -> Result<usize, Failure> {
    let rows = arrays.first().map_or(0, |(_, array)| array.rows_left());
    if arrays.iter().all(|(_, array)| array.rows_left() == rows) {
        return Ok(rows);
    }
    let got: Vec<String> =
        arrays.iter().map(|(name, array)| format!("{} in {name:?}", array.rows_left())).collect();
    Err(Failure::new(format_args!("{place}: expected the same number of rows, got {}", got.join(", "))))
}
