use std::collections::VecDeque;

use phalanx_handoff::block_on;

use crate::{Engine, EngineError, Infer, Request, Response};

/// The answers to a sequence of requests, in order. Made by [`Engine::run`].
#[derive(Debug)]
pub struct Run<I> {
    engine: Engine,
    requests: I,
    pending: VecDeque<(Infer, usize)>,
    /// A request that found the queue full.
    postponed: Option<Request>,
    pending_rows: usize,
    pending_rows_max: usize,
}

impl<I> Run<I> {
    pub(crate) fn new(engine: Engine, requests: I, pending_rows_max: usize) -> Self {
        Self {
            engine,
            requests,
            pending: VecDeque::new(),
            postponed: None,
            pending_rows: 0,
            pending_rows_max,
        }
    }
}

impl<I, R> Run<I>
where
    I: Iterator<Item = R>,
    R: Into<Request>,
{
    /// Keeps as many requests in flight as all lanes can use.
    fn refill(&mut self) {
        while self.pending.is_empty() || self.pending_rows < self.pending_rows_max {
            let Some(request) = self.postponed.take().or_else(|| self.requests.next().map(Into::into)) else {
                return;
            };
            let rows = request.inputs.first().map_or(1, phalanx_tensor::Tensor::rows);
            // The queue may be full of others' requests, so a copy (of references) is kept for another try.
            let infer = self.engine.infer(request.clone());
            if !self.pending.is_empty() && matches!(infer.refusal(), Some(EngineError::QueueFull { .. })) {
                self.postponed = Some(request);
                return;
            }
            self.pending_rows += rows;
            self.pending.push_back((infer, rows));
        }
    }
}

impl<I, R> Iterator for Run<I>
where
    I: Iterator<Item = R>,
    R: Into<Request>,
{
    type Item = Result<Response, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.refill();
        let (infer, rows) = self.pending.pop_front()?;
        self.pending_rows -= rows;
        Some(block_on(infer))
    }
}
