use std::io::{Error, Result};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};

use crate::lock;

struct Job {
    command: Command,
    reply: SyncSender<Result<Child>>,
}

/// The thread that starts all workers, and the process it is a thread of: a fork of this process has none.
static SPAWNER: Mutex<Option<(u32, Sender<Job>)>> = Mutex::new(None);

/// Starts a process from a thread that lives as long as this one: Linux kills a child that asked for it when the *thread*
/// that started it ends, and lanes' threads come and go.
pub(super) fn spawn(command: Command) -> Result<Child> {
    let (reply, answer) = sync_channel(1);
    spawner()?.send(Job { command, reply }).map_err(Error::other)?;
    answer.recv().map_err(Error::other)?
}

fn spawner() -> Result<Sender<Job>> {
    let this = std::process::id();
    let mut spawner = lock(&SPAWNER);
    if let Some((process, jobs)) = &*spawner
        && *process == this
    {
        return Ok(jobs.clone());
    }
    let (sender, jobs) = channel::<Job>();
    std::thread::Builder::new().name("phalanx-spawner".to_owned()).spawn(move || {
        for Job { mut command, reply } in jobs {
            let child = command.spawn();
            // The child's ends of its sockets and pipes are in it: the parent must not keep them open.
            drop(command);
            // Who asked waits for it.
            let _ = reply.send(child);
        }
    })?;
    *spawner = Some((this, sender.clone()));
    Ok(sender)
}
