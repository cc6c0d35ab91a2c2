use std::io::{self, Write};

/// Prints each sentence and those whose embeddings have the smallest angle to its own, with the angle's cosine.
pub(crate) fn print(
    data: &mut impl Write,
    sentences: &[String],
    embeddings: &[Vec<f32>],
    neighbours: usize,
) -> io::Result<()> {
    let units: Vec<Vec<f32>> = embeddings.iter().map(|embedding| unit(embedding)).collect();
    for (index, sentence) in sentences.iter().enumerate() {
        writeln!(data, "{sentence}")?;
        for (cosine, neighbour) in nearest(&units, index).into_iter().take(neighbours) {
            writeln!(data, "  {cosine:.2}  {}", sentences[neighbour])?;
        }
    }
    Ok(())
}

/// All others, the nearest first: cosine and index.
fn nearest(units: &[Vec<f32>], index: usize) -> Vec<(f32, usize)> {
    let others = (0..units.len()).filter(|&other| other != index);
    let mut found: Vec<(f32, usize)> =
        others.map(|other| (dot(&units[index], &units[other]), other)).collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    found
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let length = dot(vector, vector).sqrt().max(f32::MIN_POSITIVE);
    vector.iter().map(|value| value / length).collect()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}
