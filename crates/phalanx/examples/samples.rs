//! Writes small models as .onnx files, to try `phalanx inspect`, `run` and `bench` on. Their weights are random.
//!
//! ```sh
//! cargo run --release -p phalanx --example samples -- target/samples
//! ```

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use phalanx::samples::{self, EncoderConfig};

const SEED: u64 = 1;

/// Writes mlp.onnx, encoder.onnx, conv.onnx and sequence.onnx
#[derive(Debug, Parser)]
struct Args {
    /// The folder they go to; made where it is missing
    folder: PathBuf,
}

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

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let encoder =
        EncoderConfig { layers: 2, heads: 4, head_width: 64, feed_forward: 512, tokens: 32, seed: SEED };
    let models = [
        ("mlp.onnx", samples::mlp(SEED)),
        ("encoder.onnx", samples::encoder(&encoder)),
        ("conv.onnx", samples::conv(SEED)),
        ("sequence.onnx", samples::sequence(SEED)),
    ];
    std::fs::create_dir_all(&args.folder)?;
    for (name, model) in models {
        let path = args.folder.join(name);
        model.write(&path)?;
        writeln!(io::stdout(), "{}", path.display())?;
    }
    Ok(())
}
