use std::rc::Rc;

use phalanx_backend::ops::{Operation, OperationDevice, Order, Products, Route, Submission};
use phalanx_tensor::Tensor;

use super::expected::Expected;
use super::operands::draw;
use super::step::Step;
use crate::MeasureError;

/// Operands that differ, past which they repeat: as many as these bytes have room for, and no more than that many.
const DISTINCT_BYTES: f64 = (32 << 20) as f64;
const DISTINCT_MAX: usize = 8;

/// What was computed last, and the queue that did it.
type Last<D> = (Rc<<D as OperationDevice>::Memory>, Rc<<D as OperationDevice>::Queue>);

/// Many operations of one kind on a device, and all that was made for them before.
pub(super) struct Bench<'a, D: OperationDevice> {
    device: &'a D,
    operation: Operation,
    route: Route,
    operands: Vec<(Vec<Tensor>, Expected)>,
    queue: Rc<D::Queue>,
    prepared: Rc<D::Prepared>,
    memories: Vec<Rc<D::Memory>>,
    recordings: Vec<(Order, D::Recording)>,
    grouped: Option<Grouped<D>>,
    /// What the last operation of a step that makes its own was computed in.
    last: Option<Last<D>>,
}

/// All operations as one.
struct Grouped<D: OperationDevice> {
    prepared: D::Prepared,
    memory: D::Memory,
    expected: Expected,
}

/// What is made for each operation.
#[derive(Clone, Copy, Default)]
struct Fresh {
    queue: bool,
    descriptor: bool,
    memory: bool,
}

impl<'a, D: OperationDevice> Bench<'a, D> {
    /// With `count` operations.
    pub(super) fn new(
        device: &'a D,
        operation: &Operation,
        route: Route,
        count: usize,
    ) -> Result<Self, MeasureError> {
        let distinct = ((DISTINCT_BYTES / operation.bytes().max(1.0)) as usize).clamp(2, DISTINCT_MAX);
        let operands = (0..count.clamp(1, distinct) as u64).map(|seed| {
            let inputs = draw(operation, seed)?;
            let expected = Expected::new(operation, &inputs, seed);
            Ok((inputs, expected))
        });
        let operands: Vec<_> = operands.collect::<Result<_, MeasureError>>()?;
        let queue = device.queue()?;
        let memories = operands.iter().cycle().take(count.max(1));
        let memories = memories.map(|(inputs, _)| device.memory(&queue, operation, inputs).map(Rc::new));
        let memories: Vec<Rc<D::Memory>> = memories.collect::<Result<_, _>>()?;
        let prepared = Rc::new(device.prepare_measured(&queue, operation, route, &memories[0])?);
        device.submit(&queue, &prepared, &memories[0])?;
        device.wait(&queue)?;
        Ok(Self {
            device,
            operation: operation.clone(),
            route,
            operands,
            queue: Rc::new(queue),
            prepared,
            memories,
            recordings: Vec::new(),
            grouped: None,
            last: None,
        })
    }

    pub(super) fn operation(&self) -> &Operation {
        &self.operation
    }

    pub(super) fn count(&self) -> usize {
        self.memories.len()
    }

    /// Makes what a step has from before. `false` where the route does not do such a step.
    pub(super) fn make_ready(&mut self, step: Step) -> Result<bool, MeasureError> {
        match step {
            Step::Graph { branches } => self.record(Order::Independent { branches }),
            Step::GraphChained => self.record(Order::Chained),
            Step::Grouped => return self.group(),
            _ => return Ok(true),
        }
        .map(|()| true)
    }

    /// Computes all operations, and waits until they have been.
    pub(super) fn run(&mut self, step: Step) -> Result<(), MeasureError> {
        let all = Fresh { queue: true, descriptor: true, memory: true };
        match step {
            Step::Naive => self.each(all),
            Step::QueuePooled => self.each(Fresh { queue: false, ..all }),
            Step::DescriptorsCached => self.each(Fresh { memory: true, ..Fresh::default() }),
            Step::BuffersPooled => self.each(Fresh::default()),
            Step::NotWaiting => {
                for memory in &self.memories {
                    self.device.submit(&self.queue, &self.prepared, memory)?;
                }
                Ok(self.device.wait(&self.queue)?)
            }
            Step::OneSubmission { branches } => {
                let order = Order::Independent { branches };
                let recording = self.device.record(&self.queue, &self.submissions(), order)?;
                self.device.replay(&self.queue, &recording)?;
                Ok(self.device.wait(&self.queue)?)
            }
            Step::Graph { branches } => self.replay(Order::Independent { branches }),
            Step::GraphChained => self.replay(Order::Chained),
            Step::Grouped => {
                if let Some(Grouped { prepared, memory, .. }) = &self.grouped {
                    self.device.submit(&self.queue, prepared, memory)?;
                }
                Ok(self.device.wait(&self.queue)?)
            }
        }
    }

    /// Reads results of a step back, and gives how many and their largest error.
    pub(super) fn check(&mut self, step: Step, of: &str) -> Result<(usize, f64), MeasureError> {
        if let (Step::Grouped, Some(Grouped { memory, expected, .. })) = (step, &self.grouped) {
            return Ok((1, expected.check(&self.device.take(&self.queue, memory)?, of)?));
        }
        let count = self.count();
        if let Some((memory, queue)) = self.last.take() {
            let expected = &self.operands[(count - 1) % self.operands.len()].1;
            return Ok((1, expected.check(&self.device.take(&queue, &memory)?, of)?));
        }
        let mut worst = 0.0_f64;
        let mut places = vec![0, count / 2, count - 1];
        places.dedup();
        for &place in &places {
            let result = self.device.take(&self.queue, &self.memories[place])?;
            worst = worst.max(self.operands[place % self.operands.len()].1.check(&result, of)?);
        }
        Ok((places.len(), worst))
    }

    /// Each operation is waited for.
    fn each(&mut self, fresh: Fresh) -> Result<(), MeasureError> {
        for place in 0..self.memories.len() {
            let queue = if fresh.queue { Rc::new(self.device.queue()?) } else { Rc::clone(&self.queue) };
            let memory = if fresh.memory {
                let inputs = &self.operands[place % self.operands.len()].0;
                Rc::new(self.device.memory(&queue, &self.operation, inputs)?)
            } else {
                Rc::clone(&self.memories[place])
            };
            let prepared = if fresh.descriptor {
                Rc::new(self.device.prepare(&self.operation, self.route)?)
            } else {
                Rc::clone(&self.prepared)
            };
            self.device.submit(&queue, &prepared, &memory)?;
            self.device.wait(&queue)?;
            if fresh.memory {
                self.last = Some((memory, queue));
            }
        }
        Ok(())
    }

    fn submissions(&self) -> Vec<Submission<D::Prepared, D::Memory>> {
        self.memories.iter().map(|memory| (Rc::clone(&self.prepared), Rc::clone(memory))).collect()
    }

    fn record(&mut self, order: Order) -> Result<(), MeasureError> {
        let recording = self.device.record(&self.queue, &self.submissions(), order)?;
        self.recordings.push((order, recording));
        Ok(())
    }

    fn replay(&self, order: Order) -> Result<(), MeasureError> {
        for (_, recording) in self.recordings.iter().filter(|(known, _)| *known == order) {
            self.device.replay(&self.queue, recording)?;
        }
        Ok(self.device.wait(&self.queue)?)
    }

    fn group(&mut self) -> Result<bool, MeasureError> {
        let Operation::Products(products) = &self.operation else { return Ok(false) };
        let operation = Operation::Products(Products { count: products.count * self.count(), ..*products });
        if !self.device.routes(&operation)?.contains(&self.route) {
            return Ok(false);
        }
        let inputs = draw(&operation, 0)?;
        let expected = Expected::new(&operation, &inputs, 0);
        let memory = self.device.memory(&self.queue, &operation, &inputs)?;
        let prepared = self.device.prepare_measured(&self.queue, &operation, self.route, &memory)?;
        self.grouped = Some(Grouped { prepared, memory, expected });
        Ok(true)
    }
}
