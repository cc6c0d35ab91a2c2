use std::process::Output;

use assert_cmd::Command;

/// What the program did.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard output as exactly one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// That all went well.
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// That it failed with one line that begins with `error:`, which holds all `parts`, and nothing on standard
    /// output. The only other lines are hints and warnings.
    pub(crate) fn failed(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        assert!(self.stdout.is_empty(), "{}", String::from_utf8_lossy(&self.stdout));
        let errors: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        let [error] = *errors else { panic!("expected one error: {}", self.stderr) };
        parts.iter().for_each(|part| assert!(error.contains(part), "{part:?} is not in {error:?}"));
        let known = ["error: ", "hint: ", "warning: ", "backend: "];
        let stray = self.stderr.lines().find(|line| !known.iter().any(|start| line.starts_with(start)));
        assert_eq!(stray, None, "{}", self.stderr);
        self
    }

    /// That there is a hint that holds `part`.
    pub(crate) fn hint(self, part: &str) -> Self {
        let found = self.stderr.lines().any(|line| line.starts_with("hint: ") && line.contains(part));
        assert!(found, "no hint has {part:?}: {}", self.stderr);
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }
}

/// Where it keeps what it finds out, instead of in the user's home.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");

/// The program, on the backend that needs nothing installed.
pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phalanx"));
    command.args(args).env_remove("RUST_BACKTRACE").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command.env("PHALANX_CACHE_DIR", CACHE);
    command
}

/// The backend that is always built in.
pub(crate) const BACKEND: &str = "--backend=tract";

/// The program, to be talked to while it runs.
pub(crate) fn server(args: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_phalanx"));
    command.args(args).env_remove("RUST_BACKTRACE").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command.env("PHALANX_CACHE_DIR", CACHE);
    command
}

/// Runs it to its end.
pub(crate) fn phalanx(args: &[&str]) -> Ended {
    command(args).output().unwrap().into()
}
