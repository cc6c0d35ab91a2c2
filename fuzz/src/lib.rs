//! What the targets call: the same checks that the tests of `phalanx-protocol` make.

#[path = "../../crates/protocol/tests/checks/mod.rs"]
mod checks;

/// See the test of the same name.
pub fn json(input: &[u8]) {
    checks::json(input);
}

/// See the test of the same name.
pub fn binary(input: &[u8]) {
    checks::binary(input);
}

/// See the test of the same name.
pub fn protobuf(input: &[u8]) {
    checks::protobuf(input);
}
