use std::sync::Weak;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use compact_str::CompactString;
use tracing::warn;

use super::RepositoryError;
use super::keeper::Keeper;
use super::wanted::Given;
use crate::ServeError;
use crate::context::Context;

/// What the repository's thread can be told to do.
pub(super) enum Order {
    /// To load what is wanted at start.
    Start {
        /// What came of it.
        reply: Sender<Result<(), RepositoryError>>,
    },
    /// To look at everything.
    Look {
        /// What came of it.
        reply: Sender<Result<(), RepositoryError>>,
    },
    /// To look which models there are.
    List,
    /// To load a model.
    Load {
        /// Its name.
        model: CompactString,
        /// What is said besides.
        given: Given,
        /// What came of it.
        reply: Sender<Result<(), ServeError>>,
    },
    /// To take a model out of service.
    Unload {
        /// Its name.
        model: CompactString,
        /// What came of it.
        reply: Sender<Result<(), ServeError>>,
    },
}

/// Starts the thread. It ends when nobody can give it orders any more, or the server is gone.
pub(super) fn start(
    orders: Receiver<Order>,
    context: Weak<Context>,
    keeper: Keeper,
    interval: Option<Duration>,
) -> Result<(), RepositoryError> {
    let mut worker = Worker { context, keeper, complaint: None };
    let run = move || worker.run(&orders, interval);
    let started = std::thread::Builder::new().name("phalanx-repository".to_owned()).spawn(run);
    started.map(drop).map_err(|error| RepositoryError::Thread { message: error.to_string() })
}

struct Worker {
    context: Weak<Context>,
    keeper: Keeper,
    /// What was last wrong with the roots, so that it is logged once.
    complaint: Option<RepositoryError>,
}

impl Worker {
    fn run(&mut self, orders: &Receiver<Order>, interval: Option<Duration>) {
        let mut next_look = interval.and_then(|interval| Instant::now().checked_add(interval));
        loop {
            let order = match next_look {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => orders.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            // Held for one order at a time: it is the server that keeps this thread, not the other way round.
            let Some(context) = self.context.upgrade() else { return };
            match order {
                Ok(order) => self.carry_out(&context, order),
                Err(RecvTimeoutError::Timeout) => {
                    self.look_by_itself(&context);
                    next_look = interval.and_then(|interval| Instant::now().checked_add(interval));
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn carry_out(&mut self, context: &Context, order: Order) {
        // Where nobody waits for a reply any more, the deed was done all the same.
        match order {
            Order::Start { reply } => drop(reply.send(self.keeper.start(context))),
            Order::Look { reply } => drop(reply.send(self.keeper.look(context))),
            Order::List => self.keeper.list(),
            Order::Load { model, given, reply } => {
                drop(reply.send(self.keeper.load(context, &model, &given)));
            }
            Order::Unload { model, reply } => drop(reply.send(self.keeper.unload(context, &model))),
        }
    }

    fn look_by_itself(&mut self, context: &Context) {
        let complaint = self.keeper.look(context).err();
        if let Some(error) = &complaint
            && self.complaint.as_ref() != complaint.as_ref()
        {
            warn!(%error, "failed to look at the model repository");
        }
        self.complaint = complaint;
    }
}
