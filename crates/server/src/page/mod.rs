//! The pages: what the server does now, a form to try it, and the description of its interface.

mod assets;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};

use self::assets::{ASSETS, Asset};

/// Nothing but what this server itself sends is loaded or asked, and no other page may embed this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves the pages. They hold nothing secret: what they show they fetch, with the key their reader gives.
pub(crate) fn router() -> Router {
    ASSETS.iter().fold(Router::new(), |router, asset| router.route(asset.path, get(|| answer(asset))))
}

async fn answer(asset: &'static Asset) -> impl IntoResponse {
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(CONTENT_TYPE, asset.kind),
        fixed(CONTENT_SECURITY_POLICY, POLICY),
        fixed(X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(REFERRER_POLICY, "no-referrer"),
        // They change with the server's version.
        fixed(CACHE_CONTROL, "no-cache"),
    ];
    (headers, asset.text)
}
