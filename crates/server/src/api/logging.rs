use std::sync::{Mutex, PoisonError};

use phalanx_protocol::rest::metadata::{LogSettings, LogSettingsUpdate};

use crate::ServeError;
use crate::context::Context;
use crate::observe::{log_level, set_log_level};

/// The log settings, where a client changed any.
pub(super) type Logs = Mutex<Option<LogSettings>>;

/// The formats of Triton's messages.
const FORMATS: [&str; 2] = ["default", "ISO8601"];

/// The log settings as they are.
pub(crate) fn log_settings(context: &Context) -> LogSettings {
    let settings = context.settings.logs.lock().unwrap_or_else(PoisonError::into_inner);
    settings.clone().unwrap_or_else(at_start)
}

/// Changes what `update` names, and gives the settings as they are then.
///
/// # Errors
/// [`ServeError::Unsupported`] for another file: where the server writes is not for clients to say.
/// [`ServeError::Invalid`] for an unknown format.
pub(crate) fn update_log_settings(
    context: &Context,
    update: LogSettingsUpdate,
) -> Result<LogSettings, ServeError> {
    let mut settings = context.settings.logs.lock().unwrap_or_else(PoisonError::into_inner);
    let old = settings.clone().unwrap_or_else(at_start);
    if update.log_file.is_some_and(|file| file != old.log_file) {
        return Err(ServeError::Unsupported { what: "another log_file".to_owned() });
    }
    if let Some(format) = &update.log_format
        && !FORMATS.contains(&format.as_str())
    {
        return Err(ServeError::invalid("log_format", FORMATS.join(" or "), format!("{format:?}")));
    }
    let new = LogSettings {
        log_file: old.log_file.clone(),
        log_info: update.log_info.unwrap_or(old.log_info),
        log_warning: update.log_warning.unwrap_or(old.log_warning),
        log_error: update.log_error.unwrap_or(old.log_error),
        log_verbose_level: update.log_verbose_level.unwrap_or(old.log_verbose_level),
        log_format: update.log_format.unwrap_or_else(|| old.log_format.clone()),
    };
    if level(&new) != level(&old) {
        // Where the program keeps no log there is nothing to change.
        let _ = set_log_level(level(&new));
    }
    Ok(settings.insert(new).clone())
}

/// What is logged then: our levels hold what is graver as well.
fn level(settings: &LogSettings) -> &'static str {
    match settings {
        LogSettings { log_verbose_level: 2.., .. } => "trace",
        LogSettings { log_verbose_level: 1, .. } => "debug",
        LogSettings { log_info: true, .. } => "info",
        LogSettings { log_warning: true, .. } => "warn",
        LogSettings { log_error: true, .. } => "error",
        _ => "off",
    }
}

/// The settings that say what the program logs by itself.
fn at_start() -> LogSettings {
    let said = log_level().unwrap_or_else(|| "info".to_owned());
    let overall = said.split(',').find(|part| !part.contains('=')).unwrap_or("error").trim();
    let rank = ["off", "error", "warn", "info", "debug", "trace"]
        .iter()
        .position(|level| level.eq_ignore_ascii_case(overall))
        .unwrap_or_default();
    LogSettings {
        log_file: String::new(),
        log_info: rank >= 3,
        log_warning: rank >= 2,
        log_error: rank >= 1,
        log_verbose_level: u32::try_from(rank.saturating_sub(3)).unwrap_or_default(),
        log_format: FORMATS[0].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerOptions;

    #[test]
    fn what_is_not_named_stays() {
        let context = Context::new(ServerOptions::default());
        let update = LogSettingsUpdate { log_info: Some(false), ..LogSettingsUpdate::default() };
        let changed = update_log_settings(&context, update).unwrap();
        assert_eq!(level(&changed), "warn");
        let update = LogSettingsUpdate { log_verbose_level: Some(1), ..LogSettingsUpdate::default() };
        assert_eq!(level(&update_log_settings(&context, update).unwrap()), "debug");
        assert!(!log_settings(&context).log_info);
    }

    #[test]
    fn the_log_stays_where_it_is() {
        let context = Context::new(ServerOptions::default());
        for update in [
            LogSettingsUpdate { log_file: Some("/tmp/log".to_owned()), ..LogSettingsUpdate::default() },
            LogSettingsUpdate { log_format: Some("xml".to_owned()), ..LogSettingsUpdate::default() },
        ] {
            assert!(update_log_settings(&context, update).is_err());
        }
    }
}
