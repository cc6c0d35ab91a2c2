use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::http::Connection;

/// Nothing takes as long; a server that says nothing is stuck, and the test with it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs until it is stopped or the test ends.
pub(crate) struct Serving {
    child: Child,
    words: Receiver<String>,
    /// What it has said so far.
    pub(crate) said: Vec<String>,
}

impl Serving {
    /// Runs `phalanx serve` with these arguments, on a free port and without gRPC, but for what they say.
    pub(crate) fn start(args: &[&str]) -> Self {
        let usual = ["--http", "127.0.0.1:0", "--grpc", "none"];
        let usual = usual.chunks(2).filter(|pair| !args.contains(&pair[0])).flatten();
        let mut command = crate::program::server(&[&["serve"], args].concat());
        command.args(usual);
        Self::spawn(command)
    }

    /// Runs a command, which serves.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, words) = channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, words, said: Vec::new() }
    }

    /// Starts and waits until a model is ready.
    pub(crate) fn ready(args: &[&str]) -> Self {
        let mut serving = Self::start(args);
        serving.wait_for("ready: ");
        serving
    }

    /// Waits until it says a line that begins so. Gives the line.
    pub(crate) fn wait_for(&mut self, start: &str) -> String {
        self.wait_until(|line| line.starts_with(start))
    }

    /// Waits until it says such a line. Gives the line.
    pub(crate) fn wait_until(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.words.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it never said it: {:#?}", self.said));
            self.said.push(line.clone());
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Where it listens, by protocol; once it has said so.
    pub(crate) fn address(&self, protocol: &str) -> SocketAddr {
        let listening = self.said.iter().find(|line| line.starts_with("listening at ")).unwrap();
        let origin = listening.split(' ').find_map(|word| word.strip_prefix(&format!("{protocol}://")));
        origin.unwrap_or_else(|| panic!("no {protocol} in {listening:?}")).parse().unwrap()
    }

    /// A connection to it, over HTTP.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address("http"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its standard input, once.
    pub(crate) fn stdin(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Waits until it ends. Gives the exit code and all it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        while let Ok(line) = self.words.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        let code = self.child.wait().unwrap().code();
        (code, self.said.join("\n"))
    }

    /// Stops it as a supervisor does, which must go well.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let (code, said) = self.end();
        assert_eq!(code, Some(0), "{said}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
