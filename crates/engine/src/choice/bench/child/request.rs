use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Optimize, Precision, PrepareOptions};
use phalanx_model::{Model, ModelError};
use phalanx_tensor::Shape;
use serde::{Deserialize, Serialize};

use super::packed::{Packed, Packer, Unpacker};
use crate::choice::task::{Large, Task};
use crate::choice::{Candidate, Inputs, text};

const MODEL_FILE: &str = "model.onnx";
const SAMPLE_FILE: &str = "sample.bin";

/// What a child is to try.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Where the answer goes; a folder of the parent's, who removes it.
    pub(crate) folder: PathBuf,
    model: PathBuf,
    fingerprint: String,
    pub(crate) candidate: Candidate,
    /// The onnxruntime library, where it is not to be searched for.
    pub(crate) library: Option<PathBuf>,
    options: Options,
    shapes: Vec<Vec<Vec<usize>>>,
    given: Option<Vec<Packed>>,
    pub(crate) large: Large,
    pub(crate) budget: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
struct Options {
    threads: std::num::NonZeroUsize,
    #[serde(with = "text")]
    optimize: Optimize,
    #[serde(with = "text")]
    precision: Precision,
    rows_max: std::num::NonZeroUsize,
    shapes_max: std::num::NonZeroUsize,
    spin_us: u32,
}

impl Request {
    /// Asks for `task`. What does not fit into a line is written into `folder`.
    pub(crate) fn write(task: &Task<'_>, library: Option<&Path>, folder: &Path) -> io::Result<Self> {
        let model = match task.model.path() {
            Some(path) => path.canonicalize()?,
            None => {
                let path = folder.join(MODEL_FILE);
                task.model.write(&path).map_err(io::Error::other)?;
                path
            }
        };
        let given = task.inputs.given.as_deref().map(|tensors| {
            let mut packer = Packer::default();
            let packed = packer.pack(tensors);
            packer.write(&folder.join(SAMPLE_FILE)).map(|()| packed)
        });
        let dims = |shapes: &Vec<Shape>| shapes.iter().map(|shape| shape.to_vec()).collect();
        let options = task.options;
        Ok(Self {
            folder: folder.to_owned(),
            model,
            fingerprint: fingerprint(task.model),
            candidate: task.candidate.clone(),
            library: library.map(Path::to_owned),
            options: Options {
                threads: options.threads,
                optimize: options.optimize,
                precision: options.precision,
                rows_max: options.rows_max,
                shapes_max: options.shapes_max,
                spin_us: options.spin_us,
            },
            shapes: task.inputs.shapes.iter().map(dims).collect(),
            given: given.transpose()?,
            large: task.large,
            budget: task.budget,
        })
    }

    pub(crate) fn options(&self) -> PrepareOptions {
        PrepareOptions {
            threads: self.options.threads,
            optimize: self.options.optimize,
            precision: self.options.precision,
            rows_max: self.options.rows_max,
            shapes_max: self.options.shapes_max,
            spin_us: self.options.spin_us,
        }
    }

    pub(crate) fn inputs(&mut self) -> io::Result<Inputs> {
        let given = match self.given.take() {
            Some(packed) => {
                let tensors = Unpacker::open(&self.folder.join(SAMPLE_FILE))?.unpack(packed)?;
                Some(Arc::from(tensors))
            }
            None => None,
        };
        let shapes = |dims: &Vec<Vec<usize>>| dims.iter().map(|dims| Shape::new(dims)).collect();
        Ok(Inputs { given, shapes: self.shapes.iter().map(shapes).collect() })
    }

    /// The model; `None` where another one lies there by now.
    pub(crate) fn model(&self) -> Result<Option<Model>, ModelError> {
        let model = Model::load(&self.model)?;
        Ok((fingerprint(&model) == self.fingerprint).then_some(model))
    }
}

fn fingerprint(model: &Model) -> String {
    format!("{:032x}", model.fingerprint())
}
