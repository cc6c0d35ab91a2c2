use clap::builder::{PossibleValuesParser, TypedValueParser};
use phalanx_engine::BackendChoice;

/// Takes the names of the built-in backends, and `auto`.
pub(super) fn parser() -> impl TypedValueParser<Value = BackendChoice> {
    let named = |name: String| match name.as_str() {
        "auto" => BackendChoice::Auto,
        _ => BackendChoice::Named(name),
    };
    let built_in = phalanx_engine::backends(None);
    PossibleValuesParser::new(["auto"].into_iter().chain(built_in.iter().map(|backend| backend.name())))
        .map(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn every_built_in_backend_can_be_chosen() {
        let command = clap::Command::new("test");
        for backend in phalanx_engine::backends(None) {
            let parsed = parser().parse_ref(&command, None, OsStr::new(backend.name()));
            assert!(matches!(parsed, Ok(BackendChoice::Named(name)) if name == backend.name()));
        }
        assert!(parser().parse_ref(&command, None, OsStr::new("tensorflow")).is_err());
    }
}
