use std::path::PathBuf;

use crate::Failure;

/// The one that a child is started with, before the path of the lock.
const CHILD: &str = "--child";

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) model: PathBuf,
    pub(crate) is_json: bool,
    /// Rows of a batch.
    pub(crate) batch: usize,
    /// How long each configuration is measured.
    pub(crate) millis: u64,
    /// How long a batch is waited for awake, in microseconds.
    pub(crate) spin_us: u32,
    /// The file that processes lock; only a child has it.
    pub(crate) child_lock: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let model =
            arguments.next().ok_or("expected MODEL [--json] [--batch ROWS] [--seconds S] [--spin US]")?;
        let mut options = Self {
            model: model.into(),
            is_json: false,
            batch: 32,
            millis: 500,
            spin_us: 50,
            child_lock: None,
        };
        while let Some(name) = arguments.next() {
            if name == "--json" {
                options.is_json = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("expected a value after {name}"))?;
            match name.as_str() {
                "--batch" => options.batch = value.parse()?,
                "--seconds" => options.millis = (value.parse::<f64>()? * 1e3) as u64,
                "--spin" => options.spin_us = value.parse()?,
                CHILD => options.child_lock = Some(value.into()),
                _ => return Err(format!("expected --json, --batch, --seconds or --spin, got {name}").into()),
            }
        }
        Ok(options)
    }

    /// As a child is given them.
    pub(crate) fn of_child(&self, lock: &std::path::Path) -> Vec<std::ffi::OsString> {
        let mut arguments = vec![self.model.clone().into_os_string()];
        let values = [("--batch", self.batch.to_string()), ("--spin", self.spin_us.to_string())];
        arguments.extend(values.into_iter().flat_map(|(name, value)| [name.into(), value.into()]));
        arguments.extend([CHILD.into(), lock.into()]);
        arguments
    }
}
