use std::process::Command;

use crate::models::Folder;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/python/export_module.py");

/// Which Python has PyTorch, where that is not `python3`. Where it is set, it has to.
const VARIABLE: &str = "PHALANX_TORCH_PYTHON";

#[test]
fn an_exported_module_gives_the_same_answers() {
    let named = std::env::var(VARIABLE).ok();
    let python = named.clone().unwrap_or_else(|| "python3".to_owned());
    let has_torch = Command::new(&python).args(["-c", "import torch, onnx, numpy"]).output();
    if !has_torch.is_ok_and(|output| output.status.success()) {
        assert_eq!(named, None, "{VARIABLE} names a Python without torch, onnx and numpy");
        return println!("not run: PyTorch is not installed ({VARIABLE} says which Python has it)");
    }
    let folder = Folder::new();
    let model = folder.path("module.onnx");
    let mut command = Command::new(&python);
    command.args([SCRIPT, &model, "--phalanx", env!("CARGO_BIN_EXE_phalanx")]);
    let output = command.env("PHALANX_CACHE_DIR", folder.path("cache")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("the same answers in batches of 1, 2, 3, 8, 33 rows"), "{text}");
}
