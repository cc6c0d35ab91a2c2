use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::process::Command;
use std::sync::Arc;

use libloading::Library;

use super::memory::Memory;
use crate::kernels::{Argument, Launch};

type Entry = unsafe extern "C" fn(*const u32, *mut *mut c_void);

/// Kernels compiled for the host.
pub(super) struct Compiled {
    library: Library,
    numbers: HashMap<Arc<str>, usize>,
}

impl Compiled {
    pub(super) fn new<'a>(launches: impl Iterator<Item = &'a Launch>) -> Self {
        let mut text = include_str!("host.cpp").to_owned();
        let mut numbers = HashMap::new();
        for launch in launches {
            if numbers.contains_key(&launch.source) {
                continue;
            }
            let number = numbers.len();
            numbers.insert(Arc::clone(&launch.source), number);
            keep(&launch.source);
            let source =
                launch.source.replace(include_str!("../cuda/device.cu"), "").replace("extern \"C\" ", "");
            let source = source.replace(include_str!("../cuda/tensor.cu"), "DEFINE_TENSOR_CORES\n");
            let _ = writeln!(text, "namespace k{number} {{\n{source}\n}}");
            let _ = writeln!(
                text,
                "extern \"C\" void run{number}(const unsigned* sizes, void** arguments) {{
    host::launch(k{number}::{}, sizes, arguments);
}}",
                launch.entry
            );
        }
        Self { library: compile(&text), numbers }
    }

    pub(super) fn run(&self, launch: &Launch, memory: &mut Memory<'_>) {
        assert!(launch.block.iter().product::<u32>() <= 1024);
        let sizes: Vec<u32> = launch.grid.iter().chain(&launch.block).copied().collect();
        let mut words: Vec<u64> = launch
            .arguments
            .iter()
            .map(|argument| match *argument {
                Argument::Pointer(pointer) => {
                    let address = memory.address(pointer);
                    assert!(address.is_aligned_to_at_least(2));
                    address.0 as u64
                }
                Argument::U32(number) => number.into(),
            })
            .collect();
        let mut arguments: Vec<*mut c_void> = words.iter_mut().map(|word| (&raw mut *word).cast()).collect();
        let name = format!("run{}", self.numbers[&launch.source]);
        // SAFETY: the library was compiled of a text with this function, which has this type; the arguments are those
        // that its kernel declares, and point into memory that outlives the call.
        unsafe {
            let entry = self.library.get::<Entry>(name.as_bytes()).unwrap();
            entry(sizes.as_ptr(), arguments.as_mut_ptr());
        }
    }
}

/// Writes a text into the folder that this variable names, so that it can be compiled for devices too.
fn keep(source: &str) {
    if let Some(folder) = std::env::var_os("PHALANX_KEEP_KERNELS") {
        let mut hash = std::hash::DefaultHasher::new();
        source.hash(&mut hash);
        let path = std::path::Path::new(&folder).join(format!("{:016x}.cu", hash.finish()));
        std::fs::write(path, source).unwrap();
    }
}

fn compile(text: &str) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (folder.path().join("kernels.cpp"), folder.path().join("kernels.so"));
    std::fs::write(&source, text).unwrap();
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let flags = ["-std=c++17", "-O1", "-w", "-shared", "-fPIC", "-ffp-contract=off", "-fno-strict-aliasing"];
    let output = Command::new(compiler).args(flags).arg("-o").args([&library, &source]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // SAFETY: the library has no initialisers but those of empty vectors.
    unsafe { Library::new(library).unwrap() }
}
