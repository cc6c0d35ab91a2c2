use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::order::{Answer, Order};
use crate::rule::Rule;
use crate::{Failure, GlobalLock, OneLane, Options, program};

/// What a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Threads,
    Processes,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Threads => "threads",
            Self::Processes => "processes",
        })
    }
}

/// Lanes that wait for orders.
pub(crate) struct Crew(Vec<Member>);

enum Member {
    Thread { orders: Sender<Order>, answers: Receiver<Result<Answer, Failure>> },
    Process { child: Child, orders: Option<ChildStdin>, answers: BufReader<ChildStdout> },
}

/// How long all lanes run before anything is measured.
const WARM_UP_MS: u64 = 100;

/// What a child says once it is there.
const READY: &str = "ready";

impl Crew {
    pub(crate) fn start(kind: Kind, options: &Options, lanes: usize) -> Result<Self, Failure> {
        let mut crew = match kind {
            Kind::Threads => threads(options, lanes),
            Kind::Processes => processes(options, lanes),
        }?;
        // Until all are there, and none opens a lane while others are measured.
        crew.work(lanes, Order { rule: Rule::OwnFence, millis: WARM_UP_MS })?;
        Ok(crew)
    }

    /// Has the first `lanes` of them do the same at the same time.
    pub(crate) fn work(&mut self, lanes: usize, order: Order) -> Result<Vec<Answer>, Failure> {
        let members = self.0.get_mut(..lanes).ok_or("expected fewer lanes")?;
        members.iter_mut().try_for_each(|member| member.tell(order))?;
        members.iter_mut().map(Member::answer).collect()
    }
}

impl Member {
    fn tell(&mut self, order: Order) -> Result<(), Failure> {
        match self {
            Self::Thread { orders, .. } => orders.send(order).map_err(|_| "a lane's thread has ended".into()),
            Self::Process { orders, .. } => {
                let pipe = orders.as_mut().ok_or("a lane's process was let go")?;
                writeln!(pipe, "{order}")?;
                Ok(pipe.flush()?)
            }
        }
    }

    fn answer(&mut self) -> Result<Answer, Failure> {
        match self {
            Self::Thread { answers, .. } => answers.recv()?,
            Self::Process { answers, .. } => Ok(line(answers)?.parse()?),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Self::Process { child, orders, .. } = self {
            // Without orders it ends.
            orders.take();
            let _ = child.wait();
        }
    }
}

fn threads(options: &Options, lanes: usize) -> Result<Crew, Failure> {
    let (model, program) = program(options)?;
    let (model, lock) = (Arc::new(model), Arc::new(Mutex::new(())));
    let mut members = Vec::new();
    for _ in 0..lanes {
        let (orders, told) = channel::<Order>();
        let (answer, answers) = channel();
        let (model, program, lock, rows) =
            (Arc::clone(&model), Arc::clone(&program), GlobalLock::Threads(Arc::clone(&lock)), options.batch);
        std::thread::spawn(move || {
            let mut opened = OneLane::open(&model, program.as_ref(), rows, lock);
            for order in told {
                let done = match &mut opened {
                    Ok(lane) => lane.work(order),
                    Err(error) => Err(error.to_string().into()),
                };
                // Nobody listens any more: the measurement has failed.
                let Ok(()) = answer.send(done) else { return };
            }
        });
        members.push(Member::Thread { orders, answers });
    }
    Ok(Crew(members))
}

fn processes(options: &Options, lanes: usize) -> Result<Crew, Failure> {
    let lock = lock_file()?;
    let started: Result<Vec<Member>, Failure> = (0..lanes).map(|_| process(options, &lock)).collect();
    let mut crew = Crew(started?);
    for member in &mut crew.0 {
        if let Member::Process { answers, .. } = member {
            let said = line(answers)?;
            if said != READY {
                return Err(format!("expected a child to be ready, got {said:?}").into());
            }
        }
    }
    // All have it open.
    std::fs::remove_file(&lock)?;
    Ok(crew)
}

fn process(options: &Options, lock: &Path) -> Result<Member, Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(options.of_child(lock))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (orders, answers) = (child.stdin.take(), child.stdout.take().ok_or("a child has no output")?);
    Ok(Member::Process { child, orders, answers: BufReader::new(answers) })
}

fn lock_file() -> Result<PathBuf, Failure> {
    let path = std::env::temp_dir().join(format!("phalanx-waits-{}", std::process::id()));
    File::create_new(&path)?;
    Ok(path)
}

fn line(answers: &mut BufReader<ChildStdout>) -> Result<String, Failure> {
    let mut text = String::new();
    if answers.read_line(&mut text)? == 0 {
        return Err("a lane's process has ended".into());
    }
    Ok(text.trim().to_owned())
}

/// A process that is one lane: orders come from standard input, answers go to standard output.
pub(crate) fn child(options: &Options, lock: &Path) -> Result<(), Failure> {
    let lock = GlobalLock::Processes(File::open(lock)?);
    let (model, program) = program(options)?;
    let mut lane = OneLane::open(&model, program.as_ref(), options.batch, lock)?;
    println!("{READY}");
    for order in std::io::stdin().lines() {
        println!("{}", lane.work(order?.parse()?)?);
    }
    Ok(())
}
