//! One worker process, as its parent sees it.

mod answer;
mod end;
mod flight;
mod oom;
mod rehearsal;
mod shown;
mod spawner;
mod start;
mod stderr;
mod system;
mod worker;

pub(crate) use flight::Work;
pub(crate) use oom::OomKills;
pub(crate) use rehearsal::Sample;
pub(crate) use system::Reason;
pub(crate) use worker::Worker;
