/// The one of `known` that `word` was most likely meant to be: at most a third of its letters are wrong.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|one| (distance(word, one), one)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, one)| *distance <= one.len().div_ceil(3)).map(|(_, one)| one)
}

/// Letters to change, insert or leave out until one word is the other (Levenshtein's distance, row by row).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (column, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let known = ["max_batch", "lanes", "slo", "queue_limit"];
        assert_eq!(nearest("max_batches", known), Some("max_batch"));
        assert_eq!(nearest("lane", known), Some("lanes"));
        assert_eq!(nearest("queue-limit", known), Some("queue_limit"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn distances_are_symmetric() {
        for (one, other, expected) in [("", "abc", 3), ("kitten", "sitting", 3), ("a", "a", 0)] {
            assert_eq!((distance(one, other), distance(other, one)), (expected, expected));
        }
    }
}
