use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::Error;
use crate::tokens::Tokens;

/// What was embedded and what came of it, for a program that compares it with something else.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    sentences: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    text: &'a str,
    input_ids: &'a [i64],
    attention_mask: &'a [i64],
    token_type_ids: &'a [i64],
    embedding: &'a [f32],
}

impl<'a> Document<'a> {
    pub(crate) fn new(sentences: &'a [String], tokens: &'a [Tokens], embeddings: &'a [Vec<f32>]) -> Self {
        let rows = sentences.iter().zip(tokens).zip(embeddings);
        let entry = |((text, tokens), embedding): ((&'a String, &'a Tokens), &'a Vec<f32>)| Entry {
            text,
            input_ids: &tokens.ids,
            attention_mask: &tokens.mask,
            token_type_ids: &tokens.types,
            embedding,
        };
        Self { sentences: rows.map(entry).collect() }
    }

    /// Numbers are written so that reading them gives the same bits.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = BufWriter::new(File::create(path).map_err(named)?);
        serde_json::to_writer(&mut file, self)?;
        Ok(file.flush().map_err(named)?)
    }
}
