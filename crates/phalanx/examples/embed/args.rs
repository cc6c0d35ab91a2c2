use std::path::PathBuf;

use clap::Parser;
use phalanx::BackendChoice;

use crate::Error;

/// What is embedded where no file is named.
const SENTENCES: &str = include_str!("sentences.txt");

/// Embeds sentences, and prints each one's nearest neighbours
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// The sentence encoder, an .onnx file
    pub(crate) model: PathBuf,

    /// The tokenizer.json that belongs to it
    pub(crate) tokenizer: PathBuf,

    /// A text file, one sentence a line [default: the sample beside the example]
    file: Option<PathBuf>,

    /// Pads sentences to the next of these numbers of tokens, so that more of them share a batch
    #[arg(long, value_name = "LENGTH,...", value_delimiter = ',')]
    pub(crate) pad: Vec<usize>,

    /// Neighbours printed for each sentence
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) neighbours: usize,

    /// Writes token ids and embeddings here, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// What runs the model: auto, onnxruntime, cuda or tract
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(crate) backend: BackendChoice,
}

impl Args {
    /// The lines of the file that are not empty.
    pub(crate) fn sentences(&self) -> Result<Vec<String>, Error> {
        let text = match &self.file {
            None => SENTENCES.to_owned(),
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?
            }
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let sentences: Vec<String> = lines.map(str::to_owned).collect();
        if sentences.is_empty() {
            Err("expected at least one sentence, got an empty file".into())
        } else {
            Ok(sentences)
        }
    }
}
