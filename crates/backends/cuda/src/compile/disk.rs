use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files that are kept; of more, the oldest half goes.
const FILES_MAX: usize = 4096;

/// The machine code of this name, where it was kept.
pub(super) fn read(folder: &Path, key: u128) -> Option<Vec<u8>> {
    fs::read(path(folder, key)).ok().filter(|code| !code.is_empty())
}

/// Keeps machine code. Whoever reads meanwhile finds all of it or nothing.
///
/// # Errors
/// What the file system says.
pub(super) fn write(folder: &Path, key: u128, code: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!("{key:032x}.{}.tmp", std::process::id()));
    fs::write(&unfinished, code)?;
    fs::rename(&unfinished, path(folder, key))?;
    prune(folder)
}

fn path(folder: &Path, key: u128) -> PathBuf {
    folder.join(format!("{key:032x}.cubin"))
}

fn prune(folder: &Path) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    if files.len() <= FILES_MAX {
        return Ok(());
    }
    files.sort_unstable();
    // Another process may have removed it first.
    files.iter().take(FILES_MAX / 2).for_each(|(_, path)| drop(fs::remove_file(path)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_name_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("made on demand");
        assert_eq!(read(&folder, 7), None);
        write(&folder, 7, b"code").expect("is written");
        write(&folder, 8, b"").expect("is written");
        assert_eq!(read(&folder, 7).as_deref(), Some(&b"code"[..]));
        assert_eq!(read(&folder, 8), None, "an empty file is no code");
        let names: Vec<_> = fs::read_dir(&folder).expect("is there").flatten().collect();
        assert_eq!(names.len(), 2, "nothing unfinished is left");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, b"").expect("is written");
        assert!(write(&file.join("below"), 7, b"code").is_err());
    }
}
