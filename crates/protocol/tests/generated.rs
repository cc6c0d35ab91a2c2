//! The checked-in protobuf code is what the definitions in `proto/` make.
//!
//! `PHALANX_WRITE_GENERATED=1 cargo test -p phalanx-protocol --test generated` writes it anew.

use std::path::Path;

/// Contents that are shared with the message's own buffer instead of being copied.
const SHARED: [&str; 2] =
    [".inference.ModelInferRequest.raw_input_contents", ".inference.ModelInferResponse.raw_output_contents"];

fn generate(definitions: &Path, into: &Path) {
    let files = ["model_config.proto", "grpc_service.proto"];
    let descriptors = protox::compile(files, [definitions]).expect("the definitions compile");
    tonic_prost_build::configure()
        // The server frames messages itself, so that its limits hold for every call.
        .build_server(false)
        .build_transport(false)
        .emit_rerun_if_changed(false)
        // Ordered maps, so that equal messages have equal bytes.
        .btree_map(".")
        .bytes(SHARED[0])
        .bytes(SHARED[1])
        .out_dir(into)
        .compile_fds(descriptors)
        .expect("the code is made");
}

#[test]
fn the_checked_in_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().expect("a folder for the code");
    generate(&root.join("proto"), fresh.path());
    let fresh = std::fs::read_to_string(fresh.path().join("inference.rs")).expect("one package, one file");
    let checked_in = root.join("src/grpc/generated/inference.rs");
    if std::env::var_os("PHALANX_WRITE_GENERATED").is_some() {
        std::fs::write(&checked_in, &fresh).expect("the code can be written");
    }
    let current = std::fs::read_to_string(&checked_in).expect("the code is checked in");
    assert!(
        current == fresh,
        "src/grpc/generated/inference.rs is not what proto/ makes: see this test's head"
    );
}
