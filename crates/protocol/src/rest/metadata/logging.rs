use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET v2/logging`, and the answer to a `POST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogSettings {
    /// The file that is written to; empty for the standard error stream.
    pub log_file: String,
    /// Whether informative messages are written.
    pub log_info: bool,
    /// Whether warnings are.
    pub log_warning: bool,
    /// Whether errors are.
    pub log_error: bool,
    /// How much more is said; 0 for no more.
    pub log_verbose_level: u32,
    /// `default` or `ISO8601`.
    pub log_format: String,
}

/// `POST v2/logging`: only what is named changes. What is unknown is refused by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettingsUpdate {
    /// See [`LogSettings::log_file`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
    /// See [`LogSettings::log_info`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_info: Option<bool>,
    /// See [`LogSettings::log_warning`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_warning: Option<bool>,
    /// See [`LogSettings::log_error`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_error: Option<bool>,
    /// See [`LogSettings::log_verbose_level`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_verbose_level: Option<u32>,
    /// See [`LogSettings::log_format`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
}
