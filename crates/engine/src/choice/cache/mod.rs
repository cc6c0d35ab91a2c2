//! Outcomes of earlier searches: a file each, in a folder of the user's.
//!
//! A file is written under another name and then renamed, so that any number of processes may share the folder. What
//! cannot be read is not there; what cannot be written costs a search at the next start, and a warning.

mod entry;
mod folder;
mod key;
mod store;

pub use entry::CachedChoice;
pub use folder::cache_folder as folder;
pub use store::cached;

pub(crate) use entry::Verdict;
pub(crate) use key::{Key, Machine};
pub(crate) use store::{load, store};
