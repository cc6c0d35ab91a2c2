use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of the file's header, and of one program header, in the 64-bit format.
const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;

/// Type of a segment that is mapped into memory: `PT_LOAD`.
const LOAD: u32 = 1;

/// Makes sure that an ELF file has all the bytes that its segments take: the system's loader maps what is not there,
/// and the process is ended when it is touched. Any other file is for the loader to refuse.
///
/// # Errors
/// Words for a file that ends too early, such as one whose download was cut off.
pub(super) fn check_complete(path: &Path) -> Result<(), String> {
    let bytes = |(needed, there): (u64, u64)| {
        if needed <= there { Ok(()) } else { Err(format!("expected {needed} bytes, got {there}")) }
    };
    match File::open(path).and_then(|mut file| extent(&mut file)) {
        Ok(extent) => extent.map_or(Ok(()), bytes),
        Err(error) => Err(error.to_string()),
    }
}

/// Where the last segment ends, and where the file does; `None` for what is not 64-bit little-endian ELF.
fn extent(file: &mut File) -> io::Result<Option<(u64, u64)>> {
    let there = file.metadata()?.len();
    let mut header = [0; HEADER_BYTES];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let (offset, count) = (u64_at(&header, 32), u64::from(u16_at(&header, 56)));
    let mut needed = offset.saturating_add(count * SEGMENT_BYTES as u64);
    if needed > there || usize::from(u16_at(&header, 54)) != SEGMENT_BYTES {
        return Ok(Some((needed, there)));
    }
    file.seek(SeekFrom::Start(offset))?;
    for _ in 0..count {
        let mut segment = [0; SEGMENT_BYTES];
        file.read_exact(&mut segment)?;
        if u32_at(&segment, 0) == LOAD {
            needed = needed.max(u64_at(&segment, 8).saturating_add(u64_at(&segment, 32)));
        }
    }
    Ok(Some((needed, there)))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn a_program_that_is_cut_off_is_incomplete() {
        let own = std::env::current_exe().unwrap();
        check_complete(&own).unwrap();
        let program = std::fs::read(own).unwrap();
        let cut = tempfile::NamedTempFile::new().unwrap();
        for len in [64, 100, 4096] {
            std::fs::write(cut.path(), &program[..len]).unwrap();
            let error = check_complete(cut.path()).unwrap_err();
            assert!(error.contains(&format!("got {len}")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_survived(
            header in proptest::collection::vec(any::<u8>(), 0..200),
            is_elf in any::<bool>(),
        ) {
            let mut content = if is_elf { b"\x7fELF\x02\x01".to_vec() } else { Vec::new() };
            content.extend(header);
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &content).unwrap();
            if let Err(words) = check_complete(file.path()) {
                prop_assert!(is_elf && words.contains("expected"), "{}", words);
            }
        }
    }

    #[test]
    fn other_files_are_left_to_the_loader() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for content in [&b""[..], b"\x7fELF", &[0; 200]] {
            std::fs::write(file.path(), content).unwrap();
            assert_eq!(check_complete(file.path()), Ok(()));
        }
    }
}
