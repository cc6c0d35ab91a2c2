use phalanx_engine::PadRule;

/// Reads a padding rule: `INPUT:AXIS:LENGTH,LENGTH,…[:FILL]`.
///
/// # Errors
/// A text that says what was expected.
pub(super) fn parse(text: &str) -> Result<PadRule, String> {
    let wrong = || "expected INPUT:AXIS:LENGTH,LENGTH,...[:FILL], such as input_ids:1:16,32,64:0".to_owned();
    let parts: Vec<&str> = text.rsplit(':').collect();
    // Read from the back: names in a model may hold colons, but the part before the lengths is an axis.
    let is_lengths = |part: &str| part.split(',').all(|length| length.parse::<usize>().is_ok());
    let is_axis = |part: Option<&&str>| part.is_some_and(|part| part.parse::<usize>().is_ok());
    let (fill, rest) = if parts.len() >= 4 && is_lengths(parts[1]) && is_axis(parts.get(2)) {
        (parts[0].parse().map_err(|_| wrong())?, &parts[1..])
    } else {
        (0.0, &parts[..])
    };
    let [lengths, axis, name @ ..] = rest else { return Err(wrong()) };
    let input = name.iter().rev().copied().collect::<Vec<_>>().join(":");
    let lengths: Result<Vec<usize>, _> = lengths.split(',').map(str::parse).collect();
    let rule = PadRule {
        input,
        axis: axis.parse().map_err(|_| wrong())?,
        lengths: lengths.map_err(|_| wrong())?,
        fill,
    };
    if rule.input.is_empty() { Err(wrong()) } else { Ok(rule) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rules() {
        let rule = parse("ids:1:16,32").unwrap();
        assert_eq!((&*rule.input, rule.axis, &*rule.lengths, rule.fill), ("ids", 1, &[16, 32][..], 0.0));
        let rule = parse("a:b:2:8:-1.5").unwrap();
        assert_eq!((&*rule.input, rule.axis, &*rule.lengths, rule.fill), ("a:b", 2, &[8][..], -1.5));
        let rule = parse("ids:1:16:0").unwrap();
        assert_eq!((&*rule.input, rule.axis, &*rule.lengths, rule.fill), ("ids", 1, &[16][..], 0.0));
        for wrong in ["", "ids", "ids:1", ":1:2", "ids:x:2", "ids:1:a", "ids:1:2:x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
