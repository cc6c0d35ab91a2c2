use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_engine::{Engine, Request, Response};
use phalanx_tensor::Tensor;

use super::callers::batches_between;
use super::{Label, Parameters, Strategy, Window};
use crate::answers::Answers;
use crate::{MeasureError, Samples};

/// Distinct batches that take turns.
const BATCHES: usize = 4;

/// Batches of a window, however slow they are.
const BATCHES_MIN: usize = 8;

/// Whole batches through [`Engine::run`], in order, with as many under way as the engine takes.
pub struct Dataset {
    engine: Engine,
    answers: Arc<Answers>,
    batches: Vec<Vec<Tensor>>,
    rows: usize,
    copied: Vec<u8>,
}

impl Dataset {
    /// Batches of `rows` samples each.
    ///
    /// # Errors
    /// As [`Samples::batch`].
    pub fn new(
        engine: &Engine,
        samples: &Samples,
        answers: &Arc<Answers>,
        rows: usize,
    ) -> Result<Self, MeasureError> {
        let (rows, batches): (usize, Vec<Vec<Tensor>>) = if samples.batched() {
            let batch = |index| samples.batch(index * rows, rows);
            (rows, (0..BATCHES).map(batch).collect::<Result<_, _>>()?)
        } else {
            (1, (0..BATCHES).map(|index| samples.get(index).to_vec()).collect())
        };
        Ok(Self { engine: engine.clone(), answers: Arc::clone(answers), batches, rows, copied: Vec::new() })
    }

    /// Copies an answer out, as `raw` does, and compares the first row of the first few with those expected.
    fn read(&mut self, index: usize, response: &Response, window: &mut Window) -> Result<(), MeasureError> {
        self.copied.clear();
        for (output, view) in (0..).map_while(|output| Some((output, response.output(output)?))) {
            self.copied.extend_from_slice(view.bytes);
            if index < BATCHES {
                let row = &view.bytes[..view.bytes.len() / self.rows];
                let error = self.answers.check("dataset", index * self.rows, output, row)?;
                window.error_max = window.error_max.max(error);
            }
        }
        window.checked += u64::from(index < BATCHES);
        std::hint::black_box(&self.copied);
        Ok(())
    }
}

impl Strategy for Dataset {
    fn label(&self) -> Label {
        Label {
            strategy: "dataset",
            parameters: Parameters::default().scaled("batch", self.rows),
            n: self.rows,
            batch: Some(self.rows),
            waiting: "answers are waited for in order and copied out; the engine has its depth of batches under way",
            ..Label::default()
        }
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        let mut window = Window::default();
        let before = self.engine.metrics();
        let engine = self.engine.clone();
        let batches = self.batches.clone();
        let end = Instant::now() + length;
        let requests = batches.iter().cycle().map(|inputs| Request::new(inputs.clone()));
        let enough = |sent: usize| sent >= BATCHES_MIN && Instant::now() >= end;
        let requests =
            requests.enumerate().take_while(|(sent, _)| !enough(*sent)).map(|(_, request)| request);
        let mut first = None;
        for (index, response) in engine.run(requests).enumerate() {
            let response = response?;
            self.read(index, &response, &mut window)?;
            let now = Instant::now();
            let timing = response.timing();
            window.latencies.record(timing.queue + timing.compute);
            // Until the first answer nothing was under way before it: the time from there on is the steady state's.
            match first {
                None => first = Some(now),
                Some(first) => {
                    window.samples += self.rows as u64;
                    window.elapsed = now - first;
                }
            }
        }
        window.batches = batches_between(&before, &self.engine.metrics());
        Ok(window)
    }
}
