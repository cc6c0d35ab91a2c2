use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::Failure;
use crate::terminal;

/// Keys are written or made by hand.
const BYTES_MAX: u64 = 1 << 20;

/// The keys in a file: one a line, without the blanks around it; lines that begin with # are comments.
///
/// # Errors
/// A file that cannot be read or holds no key, and a key that no header could hold. A key itself is never told.
pub(super) fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error: &std::io::Error| Failure::file("read", path, error);
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    warn_of_readers(path, &file);
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    let place = path.display();
    if text.len() as u64 > BYTES_MAX {
        return Err(Failure::new(format_args!(
            "{place}: expected at most {BYTES_MAX} bytes of keys, got more"
        )));
    }
    let keys = parse(&text).map_err(|reason| Failure::new(format_args!("{place}{reason}")))?;
    if keys.is_empty() {
        return Err(Failure::new(format_args!("{place}: expected at least one API key, got none"))
            .hint("write a key a line, or leave --api-key-file out to let everybody in"));
    }
    Ok(keys)
}

/// # Errors
/// The line, from 1, and what is wrong with it.
fn parse(text: &str) -> Result<Vec<String>, String> {
    let lines = text.lines().map(str::trim).enumerate();
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    keys.map(|(index, key)| {
        if key.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(key.to_owned())
        } else {
            Err(format!(":{}: expected a key of visible ASCII characters without blanks", index + 1))
        }
    })
    .collect()
}

#[cfg(unix)]
fn warn_of_readers(path: &Path, file: &File) {
    use std::os::unix::fs::PermissionsExt;

    /// Those who are neither the owner nor of its group may read.
    const OTHERS_READ: u32 = 0o004;
    if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & OTHERS_READ != 0) {
        let place = path.display();
        terminal::warning(&format!("everybody on this machine can read the API keys in {place}"));
        terminal::hint(&format!("chmod o-r {place}"));
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &File) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_lines() {
        assert_eq!(parse("# ours\n\n abc-1 \r\nd#e\n").unwrap(), ["abc-1", "d#e"]);
        assert!(parse("# none\n\n").unwrap().is_empty());
        for wrong in ["a\nb c", "a\nschlüssel"] {
            assert!(parse(wrong).unwrap_err().starts_with(":2: "), "{wrong}");
        }
    }
}
