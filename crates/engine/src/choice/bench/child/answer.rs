use std::path::Path;
use std::{fs, io};

use phalanx_tensor::Shape;
use serde::{Deserialize, Serialize};

use super::packed::{Packed, Packer, Unpacker};
use crate::choice::Timed;
use crate::choice::task::{Batch, Ran};

const ANSWER_FILE: &str = "answer.json";
const OUTPUTS_FILE: &str = "outputs.bin";

/// What a child has to say.
#[derive(Debug)]
pub(crate) enum Answer {
    Ran(Ran),
    Failed(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    Ran { shapes: Vec<Vec<usize>>, small: WrittenBatch, large: WrittenBatch, again: Vec<Packed> },
    Failed(String),
}

#[derive(Serialize, Deserialize)]
struct WrittenBatch {
    timed: Timed,
    outputs: Vec<Packed>,
}

impl Answer {
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut packer = Packer::default();
        let mut batch =
            |batch: &Batch| WrittenBatch { timed: batch.timed, outputs: packer.pack(&batch.outputs) };
        let written = match self {
            Self::Ran(ran) => Written::Ran {
                shapes: ran.shapes.iter().map(|shape| shape.to_vec()).collect(),
                small: batch(&ran.small),
                large: batch(&ran.large),
                again: packer.pack(&ran.again),
            },
            Self::Failed(reason) => Written::Failed(reason.clone()),
        };
        packer.write(&folder.join(OUTPUTS_FILE))?;
        // The last to be written: where it can be read, all is there.
        fs::write(folder.join(ANSWER_FILE), serde_json::to_vec(&written)?)
    }

    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let written: Written = serde_json::from_slice(&fs::read(folder.join(ANSWER_FILE))?)?;
        let (shapes, small, large, again) = match written {
            Written::Failed(reason) => return Ok(Self::Failed(reason)),
            Written::Ran { shapes, small, large, again } => (shapes, small, large, again),
        };
        let mut unpacker = Unpacker::open(&folder.join(OUTPUTS_FILE))?;
        let mut batch = |batch: WrittenBatch| {
            let outputs = unpacker.unpack(batch.outputs)?;
            io::Result::Ok(Batch { timed: batch.timed, outputs })
        };
        let (small, large) = (batch(small)?, batch(large)?);
        let again = unpacker.unpack(again)?;
        let shapes = shapes.iter().map(|dims| Shape::new(dims)).collect();
        Ok(Self::Ran(Ran { shapes, small, large, again }))
    }
}
