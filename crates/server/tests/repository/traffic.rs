use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use crate::client::{Client, Reply};

/// Callers that ask one model again and again.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<()>>,
    replies: Receiver<(f32, Reply)>,
}

/// Callers at once.
pub(crate) const CALLERS: usize = 8;

impl Traffic {
    pub(crate) fn start(address: SocketAddr, model: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, replies) = channel();
        let callers = (0..CALLERS).map(|caller| {
            let (stop, sender) = (Arc::clone(&stop), sender.clone());
            std::thread::spawn(move || {
                let mut client = Client::new(address);
                for round in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let first = (caller * 1000 + round % 1000) as f32;
                    sender.send((first, client.infer(model, first))).unwrap();
                }
            })
        });
        let callers = callers.collect();
        Self { stop, callers, replies }
    }

    /// The versions of the next `count` replies, each of which must be an answer.
    pub(crate) fn versions(&self, count: usize) -> Vec<String> {
        self.replies.iter().take(count).map(|(first, reply)| reply.version(first)).collect()
    }

    /// As [`Traffic::versions`], from replies to what was asked from now on, but for one request a caller.
    pub(crate) fn versions_from_now(&self, count: usize) -> Vec<String> {
        self.replies.try_iter().for_each(|(first, reply)| drop(reply.version(first)));
        self.versions(count)
    }

    /// Every reply until now and of the requests that are under way.
    pub(crate) fn stop(self) -> Vec<Reply> {
        self.stop.store(true, Ordering::Relaxed);
        self.callers.into_iter().for_each(|caller| caller.join().unwrap());
        self.replies.into_iter().map(|(_, reply)| reply).collect()
    }

    /// The next replies up to and with the first that is none of the model's answers.
    pub(crate) fn first_refusal(&self) -> Reply {
        self.replies.iter().map(|(_, reply)| reply).find(|reply| reply.status != 200).unwrap()
    }
}
