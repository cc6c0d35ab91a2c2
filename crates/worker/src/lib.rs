//! Worker processes: any program behind a child process, as one more [`Program`](phalanx_backend::Program).
//!
//! [`WorkerProgram`] is what the parent's side sees. Each lane of it is a process that prepared the model for itself and
//! owns a lane there; a spare that is ready stands in for one that dies. [`worker_main`] is the other side, which an
//! executable has to call first thing where [`is_worker`] says so:
//!
//! ```no_run
//! use std::path::Path;
//! use std::process::ExitCode;
//! use std::sync::Arc;
//!
//! # fn backend(name: &str, library: Option<&Path>)
//! #     -> Result<Arc<dyn phalanx_backend::Backend>, phalanx_backend::BackendError> {
//! #     Err(phalanx_backend::BackendError::NoWorker { message: String::new(), hint: None })
//! # }
//! fn main() -> ExitCode {
//!     if phalanx_worker::is_worker() {
//!         return phalanx_worker::worker_main(backend);
//!     }
//!     // The program itself.
//!     ExitCode::SUCCESS
//! }
//! ```
//!
//! # What travels how
//!
//! Rows lie in shared memory: the parent gathers into it, the worker's backend reads it there and writes its outputs
//! beside it. A frame of 48 bytes over a socket says that a batch is there, and one back that it is done; so each side
//! makes one system call a batch each way, and sleeps while it waits. Single runs and outputs whose size is only known
//! afterwards travel over the socket, copied, up to 1 GiB at once.
//!
//! # What happens when a worker dies
//!
//! Its batches end as lost, each exactly once, with their slots. Which one was being executed is written in memory that
//! survives the worker, and only that one is called suspect; not even that one where the worker was killed from outside.
//! Who opens a lane again gets the spare at once. Only workers that die before they answer a first batch are restarted
//! slower and slower, and only so often.
//!
//! A parent that dies, even of SIGKILL, takes its workers along: a thread of theirs that never computes sees the end of
//! the socket, and on Linux the kernel kills them besides. Shared memory has no names, so that nothing stays behind.

#[cfg(not(unix))]
compile_error!("worker processes need Unix sockets");

mod child;
mod error;
mod executable;
mod lane;
mod memory;
mod options;
mod process;
mod program;
mod recipe;
mod wire;

pub use child::{is_worker, worker_main};
pub use error::WorkerError;
pub use executable::find_executable;
pub use options::WorkerOptions;
pub use program::WorkerProgram;
pub use recipe::Recipe;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is behind a lock stays usable when a thread that held it panicked: nothing is left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
