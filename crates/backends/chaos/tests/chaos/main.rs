//! What a plan does to a backend that copies rows: in this process, and, where it ends the process, in a child.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod batches;
mod copy;
mod crashes;
mod rig;
