use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Names that are kept; a child that makes up more is not believed.
const NAMES_MAX: usize = 64;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 64;
/// What a backend is called whose name is not kept.
const UNNAMED: &str = "worker";

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The name as the errors of backends hold it. Each is kept for ever, once.
pub(super) fn intern(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    if names.len() >= NAMES_MAX || name.len() > NAME_BYTES_MAX {
        return UNNAMED;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_not_without_end() {
        assert_eq!(intern("tract").as_ptr(), intern("tract").as_ptr());
        assert_eq!(intern(&"x".repeat(NAME_BYTES_MAX + 1)), UNNAMED);
        for number in 0..2 * NAMES_MAX {
            intern(&format!("made up {number}"));
        }
        assert_eq!(intern("one more"), UNNAMED);
        assert_eq!(intern("tract"), "tract");
    }
}
