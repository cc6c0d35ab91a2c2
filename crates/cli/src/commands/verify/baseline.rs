use std::path::Path;

use phalanx_measure::verify::Baseline;

use crate::failure::Failure;

/// Reads what was measured before.
pub(super) fn read(path: &Path) -> Result<Baseline, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let place = path.display();
    Baseline::parse(&text).map_err(|error| Failure::new(format_args!("{place}: {error}")))
}

/// What is written to be compared with later.
pub(super) fn text(baseline: &Baseline) -> Result<String, Failure> {
    if baseline.subjects.is_empty() {
        return Err(Failure::new("there are no figures to write a baseline of")
            .hint("level 3 measures them; did it run?"));
    }
    let mut text = serde_json::to_string_pretty(baseline).map_err(Failure::new)?;
    text.push('\n');
    Ok(text)
}
