use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET v2`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerMetadata {
    /// The server's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The protocol's extensions that it has.
    pub extensions: Vec<String>,
}
