//! A backend for tests that fails, hangs, lies, leaks and crashes on command: what everything that supervises, checks
//! or replaces a backend is tried on.
//!
//! [`Chaos`] wraps another backend and passes everything through, except where a rule of its [`Plan`] says otherwise.
//! A plan is text, so that it reaches the backend of a child process through the environment variable
//! [`VARIABLE`]:
//!
//! ```text
//! plan   = rule *( ";" rule )
//! rule   = action [ "@" when *( "+" when ) ]
//! ```
//!
//! | action | what happens |
//! | --- | --- |
//! | `crash` | the process aborts (`SIGABRT`) |
//! | `segv` | the process ends as by a wild pointer (`SIGSEGV`) |
//! | `kill` | the process is killed, as by the system when memory runs out (`SIGKILL`) |
//! | `exit=CODE` | the process ends with this code |
//! | `panic` | the thread panics |
//! | `hang` | the thread never comes back |
//! | `fail` | this batch fails, the lane is still good |
//! | `lose` | the lane is lost, with its slot |
//! | `slow=MS` | the batch takes this much longer |
//! | `leak=BYTES` | so much memory is written to and never given back |
//! | `lie=position:P,element:E` | element E of row P of the first output is off by 1, or by `,by:X`; 0 where left out |
//!
//! | when | |
//! | --- | --- |
//! | left out | each batch |
//! | `value=X` | a row of the batch has X as the first element of the first input |
//! | `first=N` | the first N times |
//! | `after=N` | all but the first N times |
//! | `every=N` | each Nth time |
//! | `while=FILE` | this file exists; takes the rest of the rule |
//! | `prepare`, `open` | not a batch, but when a model is prepared, or a lane opened |
//!
//! Several conditions must hold together. Times are counted from 1, for each [`Chaos`] and apart for batches, prepared
//! models and lanes. The rules that apply act in their order, until one ends the batch.
//!
//! `crash@value=666` aborts the process on the poisoned row, `fail@while=/tmp/sick` fails until the file is removed,
//! `slow=50@every=10;hang@first=1+open` is slow now and then and hangs when the first lane is opened.

mod acts;
mod backend;
mod elements;
mod judge;
mod lane;
mod lies;
mod plan;
mod program;

pub use backend::Chaos;
pub use plan::{Plan, PlanError, VARIABLE};
