use std::path::Path;

use tokenizers::Tokenizer;

use crate::Error;

/// One sentence as the model sees it: all three have one entry a token.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<i64>,
    pub(crate) mask: Vec<i64>,
    pub(crate) types: Vec<i64>,
}

impl Tokens {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }
}

/// Encodes each sentence at its own length; the tokenizer's limit on long ones stays.
pub(crate) fn encode(tokenizer: &Path, sentences: &[String]) -> Result<Vec<Tokens>, Error> {
    let mut loaded =
        Tokenizer::from_file(tokenizer).map_err(|error| format!("{}: {error}", tokenizer.display()))?;
    loaded.with_padding(None);
    let encodings = loaded.encode_batch(sentences.iter().map(String::as_str).collect(), true)?;
    let wide = |values: &[u32]| values.iter().copied().map(i64::from).collect();
    let tokens = encodings.iter().map(|encoding| Tokens {
        ids: wide(encoding.get_ids()),
        mask: wide(encoding.get_attention_mask()),
        types: wide(encoding.get_type_ids()),
    });
    Ok(tokens.collect())
}
