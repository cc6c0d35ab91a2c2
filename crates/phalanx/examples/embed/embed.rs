use std::io::{self, Write};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use phalanx::{Element, Engine, Model, PadRule, Request, Signature, Tensor};

use crate::Error;
use crate::args::Args;
use crate::tokens::Tokens;

/// Sentences under way at once.
const CONCURRENT_MAX: usize = 256;
/// Different numbers of tokens that may be under way at once.
const LENGTHS_MAX: usize = 512;
/// Sentences that may share a batch: what is best for the one that warm-up sees says little about longer ones.
const BATCH_MAX: usize = 32;
/// Names that exporters give to the output.
const OUTPUTS: [&str; 2] = ["embedding", "sentence_embedding"];

/// An engine for the model, warmed up with the first sentence: token ids drawn at random would tell it nothing.
pub(crate) fn engine(args: &Args, tokens: &[Tokens]) -> Result<Engine, Error> {
    let model = Model::load(&args.model)?;
    let sample = tokens.first().map(|first| inputs(first, model.signature())).transpose()?;
    let pad = if args.pad.is_empty() { Vec::new() } else { pad_rules(model.signature(), &args.pad) };
    let builder = Engine::builder(model).backend(args.backend.clone()).pad(pad);
    let builder = builder.max_batch(BATCH_MAX).groups_max(LENGTHS_MAX);
    Ok(match sample {
        Some(sample) => builder.warmup(sample).build()?,
        None => builder.build()?,
    })
}

/// The embeddings in the order of the sentences.
pub(crate) async fn embed(engine: &Engine, tokens: &[Tokens]) -> Result<Vec<Vec<f32>>, Error> {
    let names = || format!("expected an output called {}, the model has none", OUTPUTS.join(" or "));
    let output = OUTPUTS.iter().find_map(|name| engine.signature().output_index(name)).ok_or_else(names)?;
    let answers = stream::iter(tokens).map(|tokens| async move {
        let response = engine.infer(Request::new(inputs(tokens, engine.signature())?)).await?;
        let embedding = response.into_tensors().swap_remove(output);
        Ok::<_, Error>(embedding.to_vec::<f32>()?)
    });
    answers.buffered(CONCURRENT_MAX).try_collect().await
}

/// How the sentences became batches.
pub(crate) fn report(words: &mut impl Write, engine: &Engine, tokens: &[Tokens]) -> io::Result<()> {
    let (info, metrics) = (engine.info(), engine.metrics());
    for warning in &info.warnings {
        writeln!(words, "warning: {warning}")?;
    }
    for hint in &info.hints {
        writeln!(words, "hint: {hint}")?;
    }
    let lengths = || tokens.iter().map(Tokens::len);
    let (shortest, longest) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
    writeln!(
        words,
        "{} sentences of {shortest} to {longest} tokens in {} batches, on {} {}",
        metrics.rows, metrics.batches, info.backend, info.backend_version
    )
}

/// One row for each input that the model has.
fn inputs(tokens: &Tokens, signature: &Signature) -> Result<Vec<Tensor>, Error> {
    let tensors = signature.inputs.iter().map(|input| match input.name.as_str() {
        "input_ids" => row(&tokens.ids),
        "attention_mask" => row(&tokens.mask),
        "token_type_ids" => row(&tokens.types),
        other => {
            Err(format!("expected a sentence encoder, got a model with an input called {other:?}").into())
        }
    });
    tensors.collect()
}

fn row<T: Element>(values: &[T]) -> Result<Tensor, Error> {
    Ok(Tensor::from_vec([1, values.len()], values.to_vec())?)
}

/// Zeros fill the rest of every input: what the mask's zeros hide may hold anything.
fn pad_rules(signature: &Signature, lengths: &[usize]) -> Vec<PadRule> {
    let rule = |name: &str| PadRule { input: name.to_owned(), axis: 1, lengths: lengths.to_vec(), fill: 0.0 };
    signature.inputs.iter().map(|input| rule(&input.name)).collect()
}
