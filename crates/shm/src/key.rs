use crate::ShmError;

/// Bytes of the longest name a file may have.
const NAME_BYTES_MAX: usize = 254;

/// The name behind a key's slash, where no object outside the folder of shared memory can be meant.
pub(crate) fn name(key: &str) -> Result<&str, ShmError> {
    let name = key.strip_prefix('/').unwrap_or(key);
    let is_name = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    if is_name && name.len() <= NAME_BYTES_MAX {
        Ok(name)
    } else {
        Err(ShmError::Key { key: key.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_lead_out_of_their_folder() {
        assert_eq!(name("/input"), Ok("input"));
        assert_eq!(name("input"), Ok("input"));
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for key in ["", "/", "/.", "/..", "//x", "/../etc/passwd", "a/b", "/a\0b", &long] {
            assert!(name(key).is_err(), "{key:?}");
        }
    }
}
