//! The messages and the client, as made from `proto/` by `tests/generated.rs`.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::large_futures, clippy::needless_pass_by_value)]
#![allow(rustdoc::all)]

include!("generated/inference.rs");
