/// A file that is part of the program.
pub(super) struct Asset {
    /// Where it is served.
    pub(super) path: &'static str,
    /// Its media type.
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($path:literal $kind:ident $file:literal;)*) => {
        /// All of them.
        pub(super) const ASSETS: &[Asset] = &[
            $(Asset { path: $path, kind: $kind, text: include_str!(concat!("../../assets/", $file)) },)*
        ];
    };
}

assets! {
    "/" HTML "index.html";
    "/docs" HTML "docs.html";
    "/-/base.css" CSS "base.css";
    "/-/page.css" CSS "page.css";
    "/-/docs.css" CSS "docs.css";
    "/-/icon.svg" SVG "icon.svg";
    "/-/binary.js" JS "binary.js";
    "/-/key.js" JS "key.js";
    "/-/theme.js" JS "theme.js";
    "/-/chart.js" JS "chart.js";
    "/-/rates.js" JS "rates.js";
    "/-/format.js" JS "format.js";
    "/-/live.js" JS "live.js";
    "/-/cards.js" JS "cards.js";
    "/-/sample.js" JS "sample.js";
    "/-/try.js" JS "try.js";
    "/-/docs.js" JS "docs.js";
    "/-/schema.js" JS "schema.js";
}
