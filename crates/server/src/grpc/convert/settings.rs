use phalanx_protocol::grpc::proto::log_settings_request::setting_value::ParameterChoice as Asked;
use phalanx_protocol::grpc::proto::log_settings_response::SettingValue as LogValue;
use phalanx_protocol::grpc::proto::log_settings_response::setting_value::ParameterChoice as Said;
use phalanx_protocol::grpc::proto::trace_setting_response::SettingValue as TraceSetting;
use phalanx_protocol::grpc::proto::{
    LogSettingsRequest, LogSettingsResponse, TraceSettingRequest, TraceSettingResponse,
};
use phalanx_protocol::rest::metadata::{LogSettings, LogSettingsUpdate, TraceSettings, TraceValue};

use crate::ServeError;

/// The model whose trace settings are meant, and what changes: a setting without a value is cleared.
pub(crate) fn trace_update(asked: TraceSettingRequest) -> (String, TraceSettings) {
    let settings = asked.settings.into_iter().map(|(name, mut setting)| {
        let value = match setting.value.len() {
            1 => setting.value.pop().map_or(TraceValue::Cleared, TraceValue::One),
            0 => TraceValue::Cleared,
            _ => TraceValue::Many(setting.value),
        };
        (name, value)
    });
    (asked.model_name, TraceSettings(settings.collect()))
}

pub(crate) fn trace_settings(settings: TraceSettings) -> TraceSettingResponse {
    let settings = settings.0.into_iter().map(|(name, value)| {
        let value = match value {
            TraceValue::Cleared => Vec::new(),
            TraceValue::One(text) => vec![text],
            TraceValue::Many(texts) => texts,
        };
        (name, TraceSetting { value })
    });
    TraceSettingResponse { settings: settings.collect() }
}

/// What changes: a setting without a value stays.
pub(crate) fn log_update(asked: LogSettingsRequest) -> Result<LogSettingsUpdate, ServeError> {
    let mut update = LogSettingsUpdate::default();
    for (name, setting) in asked.settings {
        let Some(value) = setting.parameter_choice else { continue };
        match (name.as_str(), value) {
            ("log_file", Asked::StringParam(file)) => update.log_file = Some(file),
            ("log_info", Asked::BoolParam(info)) => update.log_info = Some(info),
            ("log_warning", Asked::BoolParam(warning)) => update.log_warning = Some(warning),
            ("log_error", Asked::BoolParam(error)) => update.log_error = Some(error),
            ("log_verbose_level", Asked::Uint32Param(level)) => update.log_verbose_level = Some(level),
            ("log_format", Asked::StringParam(format)) => update.log_format = Some(format),
            (_, value) => {
                let expected = "log_file and log_format as strings, log_info, log_warning and log_error as booleans, \
                                log_verbose_level as a number";
                return Err(ServeError::invalid("log setting", expected, format!("{name:?} as {value:?}")));
            }
        }
    }
    Ok(update)
}

pub(crate) fn log_settings(settings: LogSettings) -> LogSettingsResponse {
    let values = [
        ("log_file", Said::StringParam(settings.log_file)),
        ("log_info", Said::BoolParam(settings.log_info)),
        ("log_warning", Said::BoolParam(settings.log_warning)),
        ("log_error", Said::BoolParam(settings.log_error)),
        ("log_verbose_level", Said::Uint32Param(settings.log_verbose_level)),
        ("log_format", Said::StringParam(settings.log_format)),
    ];
    let settings = values.map(|(name, value)| (name.to_owned(), LogValue { parameter_choice: Some(value) }));
    LogSettingsResponse { settings: settings.into() }
}
