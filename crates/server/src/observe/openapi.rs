use std::sync::LazyLock;

use utoipa::OpenApi;
use utoipa::openapi::tag::TagBuilder;

use super::routes;

/// The whole interface: the protocol's endpoints, and those to watch the server by.
pub(super) static DOCUMENT: LazyLock<Result<String, serde_json::Error>> = LazyLock::new(|| {
    let mut document = crate::http::openapi();
    document.merge(Watching::openapi());
    let tags =
        TAGS.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build());
    document.tags = Some(tags.collect());
    document.to_json()
});

#[derive(OpenApi)]
#[openapi(paths(routes::metrics_text, routes::live, routes::document))]
struct Watching;

/// Groups of endpoints, in the order in which they are read.
const TAGS: [(&str, &str); 8] = [
    ("inference", "What the server is for."),
    ("metadata", "What the server and its models are."),
    ("health", "Whether they answer."),
    ("repository", "Which models there are, and which of them are served."),
    ("statistics", "What models have done."),
    ("shared memory", "Where clients of this machine leave inputs and find outputs."),
    ("settings", "What is logged and traced."),
    ("watching", "The server's own, beyond the protocol."),
];
