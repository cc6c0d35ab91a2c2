use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use compact_str::CompactString;

use super::keeper::Keeper;
use super::names::Names;
use super::overrides;
use super::wanted::Given;
use super::worker::{self, Order};
use super::{ModelControlMode, RepositoryError, RepositoryLimits, RepositoryOptions};
use crate::context::Context;
use crate::{LoadOverrides, ModelControl, ServeError};

/// Orders that may wait for the one being carried out.
const ORDERS_MAX: usize = 64;
/// When there may be room for another: preparing a model takes about as long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A model repository that is being served. The models are loaded on a thread of its own, which ends with it.
pub(crate) struct Repository {
    orders: SyncSender<Order>,
    names: Arc<Names>,
    mode: ModelControlMode,
    limits: RepositoryLimits,
}

impl Repository {
    /// Loads what is wanted at start, and keeps it in service from then on.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn open(
        context: &Arc<Context>,
        options: RepositoryOptions,
    ) -> Result<Arc<Self>, RepositoryError> {
        if options.roots.is_empty() {
            return Err(RepositoryError::NoRoots);
        }
        if options.mode == (ModelControlMode::Poll { interval: Duration::ZERO }) {
            return Err(RepositoryError::NoInterval);
        }
        if context.control.get().is_some() {
            return Err(RepositoryError::AlreadyOpen);
        }
        let (orders, receiver) = sync_channel(ORDERS_MAX);
        let names = Arc::new(Names::default());
        let (mode, limits) = (options.mode.clone(), options.limits);
        let repository = Arc::new(Self { orders, names: Arc::clone(&names), mode, limits });
        let keeper = Keeper::new(options, names);
        worker::start(receiver, Arc::downgrade(context), keeper, repository.interval())?;
        repository.ask(|reply| Order::Start { reply }).unwrap_or(Err(RepositoryError::Closed))?;
        let control: Arc<dyn ModelControl> = Arc::clone(&repository) as _;
        context.control.set(control).map_err(|_| RepositoryError::AlreadyOpen)?;
        Ok(repository)
    }

    /// Looks at the roots now.
    ///
    /// # Errors
    /// [`RepositoryError::NotPolled`] unless they are looked at again and again; else as a look of itself.
    pub(crate) fn look(&self) -> Result<(), RepositoryError> {
        self.interval().ok_or(RepositoryError::NotPolled)?;
        self.ask(|reply| Order::Look { reply }).unwrap_or(Err(RepositoryError::Closed))
    }

    /// Time between two looks.
    fn interval(&self) -> Option<Duration> {
        match self.mode {
            ModelControlMode::Poll { interval } => Some(interval),
            ModelControlMode::None | ModelControlMode::Explicit { .. } => None,
        }
    }

    /// Has an order carried out; nothing where too many wait, or nobody is there to do it.
    fn ask<T>(&self, order: impl FnOnce(Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = channel();
        self.orders.send(order(reply)).ok()?;
        answer.recv().ok()
    }

    /// As [`Repository::ask`] for clients, of whom any number may come at once.
    fn order(&self, order: impl FnOnce(Sender<Result<(), ServeError>>) -> Order) -> Result<(), ServeError> {
        if !matches!(self.mode, ModelControlMode::Explicit { .. }) {
            let what = "loading and unloading models without --model-control explicit".to_owned();
            return Err(ServeError::Unsupported { what });
        }
        let (reply, answer) = channel();
        self.orders.try_send(order(reply)).map_err(|error| match error {
            TrySendError::Full(_) => ServeError::Overloaded { retry_after: RETRY_AFTER },
            TrySendError::Disconnected(_) => ServeError::Stopping,
        })?;
        answer.recv().unwrap_or(Err(ServeError::Stopping))
    }
}

impl ModelControl for Repository {
    /// Those of the last look. Where nothing makes one by itself, asking has one made for whoever asks next.
    fn models(&self) -> Vec<CompactString> {
        if matches!(self.mode, ModelControlMode::Explicit { .. }) {
            // Where many orders wait already, the list is as fresh as it can be.
            let _ = self.orders.try_send(Order::List);
        }
        self.names.get()
    }

    fn load(&self, model: &str, overrides: LoadOverrides) -> Result<(), ServeError> {
        let given: Given = overrides::check(overrides, &self.limits)?;
        self.order(|reply| Order::Load { model: model.into(), given, reply })
    }

    fn unload(&self, model: &str) -> Result<(), ServeError> {
        self.order(|reply| Order::Unload { model: model.into(), reply })
    }
}
