//! Where systems put what they keep of crashes: the one file that differs between them.

use std::path::PathBuf;

use super::core_pattern::CorePattern;

/// What the system does with the memory of a process that crashed.
#[cfg(target_os = "linux")]
pub(super) fn core_pattern() -> CorePattern {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    CorePattern::parse(&read("core_pattern"), &read("core_uses_pid"))
}

/// `kern.corefile` of macOS is `/cores/core.%P`, whose specifiers are those of Linux but for the letter of the process.
#[cfg(target_os = "macos")]
pub(super) fn core_pattern() -> CorePattern {
    CorePattern::parse("/cores/core.%p", "0")
}

/// Not known.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn core_pattern() -> CorePattern {
    CorePattern::Nothing
}

/// The folders in which a crash reporter leaves its reports.
#[cfg(target_os = "macos")]
pub(super) fn diagnostic_reports() -> Vec<PathBuf> {
    const REPORTS: &str = "Library/Logs/DiagnosticReports";
    let home = std::env::var_os("HOME").map(PathBuf::from);
    home.into_iter().chain([PathBuf::from("/")]).map(|folder| folder.join(REPORTS)).collect()
}

/// The folders in which a crash reporter leaves its reports: none here.
#[cfg(not(target_os = "macos"))]
pub(super) fn diagnostic_reports() -> Vec<PathBuf> {
    Vec::new()
}
