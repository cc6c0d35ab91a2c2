use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET` and `POST v2[/models/{name}]/trace/setting`: by name, such as `trace_level` and `trace_rate`. In a `POST`,
/// null clears a setting and those not named stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceSettings(pub BTreeMap<String, TraceValue>);

/// The value of one trace setting; numbers are sent as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TraceValue {
    /// One value.
    One(String),
    /// Several, as `trace_level` has.
    Many(Vec<String>),
    /// Null: back to what it is by default.
    Cleared,
}
