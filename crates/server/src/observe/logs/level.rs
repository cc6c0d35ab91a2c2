use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;

use super::{Level, LogError};

/// What the process logs now, and how that is changed.
static CURRENT: Mutex<Option<Current>> = Mutex::new(None);

struct Current {
    handle: reload::Handle<Level, Registry>,
    level: String,
}

/// Changes what is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`, and such for single parts of the program
/// (`info,phalanx_server=debug`).
///
/// # Errors
/// [`LogError::Level`] for anything else; [`LogError::NotLogging`] where [`init`](super::init) was not called.
pub fn set_log_level(level: &str) -> Result<(), LogError> {
    let targets = parse(level)?;
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    let current = current.as_mut().ok_or(LogError::NotLogging)?;
    current.handle.reload(targets).map_err(|_| LogError::NotLogging)?;
    current.level = level.to_owned();
    Ok(())
}

/// What is logged, as it was last said; nothing where [`init`](super::init) was not called.
#[must_use]
pub fn log_level() -> Option<String> {
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    current.as_ref().map(|current| current.level.clone())
}

pub(super) fn keep(handle: reload::Handle<Level, Registry>, level: &str) {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    *current = Some(Current { handle, level: level.to_owned() });
}

pub(super) fn parse(level: &str) -> Result<Level, LogError> {
    let wrong = || LogError::Level { level: level.to_owned() };
    let targets: Level = level.parse().map_err(|_| wrong())?;
    // A word that is no level would be taken for the name of a part of the program, and none at all for a level.
    for part in level.split(',').map(str::trim).filter(|part| !part.contains('=')) {
        if part.is_empty() {
            return Err(wrong());
        }
        part.parse::<LevelFilter>().map_err(|_| wrong())?;
    }
    // Whoever asks for more wants to know what this program does, not every frame that a library writes.
    match level.trim().parse::<LevelFilter>() {
        Ok(all) if all > LevelFilter::INFO => {
            Ok(Level::new().with_default(LevelFilter::INFO).with_target("phalanx", all))
        }
        _ => Ok(targets),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_for_all_or_for_parts() {
        let targets = parse("warn,phalanx_server=debug").unwrap();
        assert!(targets.would_enable("hyper", &Level::WARN));
        assert!(!targets.would_enable("hyper", &Level::INFO));
        assert!(targets.would_enable("phalanx_server::serving", &Level::DEBUG));
        let debug = parse("debug").unwrap();
        assert!(debug.would_enable("phalanx_server::http", &Level::DEBUG));
        assert!(!debug.would_enable("h2::codec", &Level::DEBUG));
        assert!(parse("h2=debug").unwrap().would_enable("h2::codec", &Level::DEBUG));
        assert!(!parse("off").unwrap().would_enable("hyper", &Level::ERROR));
    }

    #[test]
    fn what_is_no_level_is_refused() {
        for level in ["", "loud", "info,loud", "info,h2=loud"] {
            assert!(matches!(parse(level), Err(LogError::Level { .. })), "{level:?}");
        }
    }
}
