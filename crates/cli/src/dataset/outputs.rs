use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use phalanx_engine::Response;
use phalanx_tensor::{Shape, Signature, Tensor};
use tempfile::NamedTempFile;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::STANDARD;
use super::target::{self, Completion, Target};
use crate::failure::Failure;
use crate::npy::{ArrayWriter, NpyError};

/// The arrays that a model gives, written as its answers come, in order.
pub(crate) struct Outputs {
    file: OutputFile,
    path: Option<PathBuf>,
    names: Vec<String>,
    /// Rows that all answers together will have; `None` where there is one answer, written as it is.
    rows: Option<usize>,
    /// Begun with the first answer: that is when the shape of a row is known.
    arrays: Vec<Begun>,
}

struct Begun {
    tail: Shape,
    writer: ArrayWriter,
}

enum OutputFile {
    /// One array.
    Npy(Target),
    /// Several. The first is written in place; the others, since an archive holds one after the other, into files
    /// without a name until it is complete.
    Npz {
        zip: Box<ZipWriter<BufWriter<NamedTempFile>>>,
        completion: Completion,
        others: Vec<BufWriter<File>>,
    },
}

impl Outputs {
    /// Opens the file at `path`, or standard output, for the outputs of a model. Each will have `rows` rows; `None`
    /// where the model has no batch axis.
    pub(crate) fn open(path: &Path, signature: &Signature, rows: Option<usize>) -> Result<Self, Failure> {
        let names: Vec<String> = signature.outputs.iter().map(|info| info.name.clone()).collect();
        let archive = is_archive(path, &names)?;
        let target = Target::open(path)?;
        let path = target.path().map(Path::to_owned);
        let file = if archive { npz(target, &names)? } else { OutputFile::Npy(target) };
        Ok(Self { file, path, names, rows, arrays: Vec::new() })
    }

    /// Writes the next answer.
    pub(crate) fn write(&mut self, response: Response) -> Result<(), Failure> {
        if self.rows.is_none() {
            return self.write_whole(&response.into_tensors());
        }
        for index in 0..self.names.len() {
            if let Some(view) = response.output(index) {
                if self.arrays.len() == index {
                    self.begin(view.dtype, view.shape)?;
                }
                self.check(index, view.shape)?;
                let bytes = view.bytes;
                let Self { file, arrays, .. } = self;
                let written = arrays[index].writer.write(file.sink(index), bytes);
                written.map_err(|error| self.failure(error))?;
            }
        }
        Ok(())
    }

    fn write_whole(&mut self, tensors: &[Tensor]) -> Result<(), Failure> {
        for (index, tensor) in tensors.iter().enumerate() {
            let size_bytes = tensor.size_bytes();
            self.file
                .start(index, &self.names[index], size_bytes)
                .map_err(|error| self.failure(error.into()))?;
            ArrayWriter::write_whole(self.file.sink(index), tensor).map_err(|error| self.failure(error))?;
        }
        Ok(())
    }

    fn begin(&mut self, dtype: phalanx_tensor::DType, shape: &Shape) -> Result<(), Failure> {
        let index = self.arrays.len();
        let tail = shape.tail();
        let whole = tail.with_rows(self.rows.unwrap_or(1));
        let size_bytes = whole.size_bytes(dtype).map_err(Failure::new)?;
        self.file.start(index, &self.names[index], size_bytes).map_err(|error| self.failure(error.into()))?;
        let writer = ArrayWriter::begin(self.file.sink(index), dtype, &whole);
        let writer = writer.map_err(|error| self.failure(error))?;
        self.arrays.push(Begun { tail, writer });
        Ok(())
    }

    fn check(&self, index: usize, shape: &Shape) -> Result<(), Failure> {
        let (tail, name) = (&self.arrays[index].tail, &self.names[index]);
        if shape.tail() == *tail {
            return Ok(());
        }
        let got = shape.tail();
        Err(Failure::new(format_args!(
            "output {name:?}: expected rows of one shape, to make one array of them, got {tail} and then {got}"
        )))
    }

    /// All answers are written: completes the file. An output without rows has the shape that the model declares.
    pub(crate) fn finish(mut self, signature: &Signature) -> Result<(), Failure> {
        if self.rows == Some(0) {
            self.write_empty(signature)?;
        }
        for array in &self.arrays {
            array.writer.finish().map_err(|error| self.failure(error))?;
        }
        let Self { file, path, names, .. } = self;
        match file {
            OutputFile::Npy(target) => target.finish(),
            OutputFile::Npz { zip, completion, others } => {
                let packed = pack(*zip, others, &names[1.min(names.len())..]);
                completion.finish(packed.map_err(|error| write_failure(path.as_deref(), error.into()))?)
            }
        }
    }

    fn write_empty(&mut self, signature: &Signature) -> Result<(), Failure> {
        for info in &signature.outputs {
            let axes = info.dims.iter().flatten().skip(1).map(|dim| dim.fixed().unwrap_or(0));
            let shape: Shape = std::iter::once(0).chain(axes).collect();
            self.begin(info.dtype, &shape)?;
        }
        Ok(())
    }

    fn failure(&self, error: NpyError) -> Failure {
        write_failure(self.path.as_deref(), error)
    }
}

impl OutputFile {
    fn sink(&mut self, index: usize) -> &mut dyn Write {
        match (self, index.checked_sub(1)) {
            (Self::Npy(target), _) => target,
            (Self::Npz { zip, .. }, None) => zip,
            (Self::Npz { others, .. }, Some(other)) => &mut others[other],
        }
    }

    fn start(&mut self, index: usize, name: &str, size_bytes: usize) -> Result<(), ZipError> {
        match self {
            Self::Npz { zip, .. } if index == 0 => zip.start_file(entry(name), options(size_bytes as u64)),
            _ => Ok(()),
        }
    }
}

/// Whether `path` asks for an archive; what has no name to go by, such as `-` or a pipe, is one where the model has
/// several outputs.
fn is_archive(path: &Path, names: &[String]) -> Result<bool, Failure> {
    let got = path.display().to_string();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npz") => Ok(true),
        Some("npy") if names.len() == 1 => Ok(false),
        Some("npy") => Err(Failure::new(format_args!(
            "expected an output ending in .npz, since the model has the {} outputs {}, got {got:?}",
            names.len(),
            names.join(", ")
        ))),
        _ if path.as_os_str() == STANDARD || target::is_special(path) => Ok(names.len() != 1),
        _ => Err(Failure::new(format_args!("expected an output ending in .npz or .npy, or -, got {got:?}"))),
    }
}

fn npz(target: Target, names: &[String]) -> Result<OutputFile, Failure> {
    let path = target.path().map(Path::to_owned);
    let folder = path.as_deref().and_then(Path::parent).filter(|folder| folder.is_dir());
    let (file, completion) = target.seekable()?;
    let spool = |_| match folder {
        Some(folder) => tempfile::tempfile_in(folder).map(BufWriter::new),
        None => tempfile::tempfile().map(BufWriter::new),
    };
    let others = names.iter().skip(1).map(spool).collect::<io::Result<_>>();
    let others = others.map_err(|error| target::failure(path.as_deref(), &error))?;
    Ok(OutputFile::Npz { zip: Box::new(ZipWriter::new(file)), completion, others })
}

fn pack(
    mut zip: ZipWriter<BufWriter<NamedTempFile>>,
    others: Vec<BufWriter<File>>,
    names: &[String],
) -> Result<BufWriter<NamedTempFile>, ZipError> {
    for (other, name) in others.into_iter().zip(names) {
        let mut file = other.into_inner().map_err(io::IntoInnerError::into_error)?;
        let size_bytes = file.stream_position()?;
        file.rewind()?;
        zip.start_file(entry(name), options(size_bytes))?;
        io::copy(&mut file, &mut zip)?;
    }
    zip.finish()
}

fn entry(name: &str) -> String {
    format!("{name}.npy")
}

/// Stored, as `numpy.savez` does it; entries that may pass 4 GiB with their header need the larger format.
fn options(size_bytes: u64) -> SimpleFileOptions {
    let large = size_bytes >= u64::from(u32::MAX) - u64::from(u16::MAX);
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large)
}

fn write_failure(path: Option<&Path>, error: NpyError) -> Failure {
    match error {
        NpyError::Io(error) | NpyError::Archive(ZipError::Io(error)) => target::failure(path, &error),
        error => Failure::new(error),
    }
}
