//! The thread of one lane: it opens the lane, submits to it, and opens it again, or another one, where that is needed.

mod aside;
mod ended;
mod serve;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use phalanx_backend::{BackendError, Completions, Lane};
use phalanx_batch::LaneId;

use crate::hub::{Hub, lock};
use crate::submitters::Submitter;
use aside::Aside;
use ended::Ended;
use serve::Left;

/// A lane that is lost this many times in a row, without a batch that ends well, is not opened again. One request that
/// takes lanes down loses a few before it is alone: one for each halving of its batch.
const LOST_IN_A_ROW_MAX: usize = 16;

/// The thread of one lane.
pub(crate) struct LaneThread {
    pub(crate) hub: Arc<Hub>,
    pub(crate) lane: LaneId,
    /// Which of the lane's threads this is; a newer one has taken over once the lane's epoch differs.
    pub(crate) epoch: usize,
    /// Takes turns with all lanes of all models that submit to this device.
    pub(crate) submitter: Option<Arc<Submitter>>,
}

/// A lane that has been opened.
struct Opened {
    level: usize,
    lane: Box<dyn Lane>,
    ended: Arc<Ended>,
    /// A lane of another candidate, for batches that this one failed to run.
    aside: Option<Aside>,
}

impl LaneThread {
    /// Runs until the engine exits, or until no candidate can keep a lane open.
    pub(crate) fn run(self) {
        let mut lost_in_a_row = 0;
        loop {
            let level = self.hub.stack.active();
            let error = match self.open(level) {
                Ok(mut opened) => match self.serve(&mut opened, &mut lost_in_a_row) {
                    Left::Exit => return,
                    Left::Moved => continue,
                    Left::Lost => {
                        if opened.ended.take_well() {
                            lost_in_a_row = 0;
                        }
                        lost_in_a_row += 1;
                        if lost_in_a_row <= LOST_IN_A_ROW_MAX {
                            continue;
                        }
                        let message = format!("a lane was lost {lost_in_a_row} times in a row");
                        BackendError::Run { backend: "engine", message }
                    }
                },
                Err(error) => error,
            };
            let change = self.hub.stack.gone(level, &error, self.hub.now_ns());
            self.hub.moved(change);
            if self.hub.stack.active() == level || self.hub.is_exiting() {
                return self.hub.lane_failed(self.lane, &error);
            }
            lost_in_a_row = 0;
        }
    }

    fn open(&self, level: usize) -> Result<Opened, BackendError> {
        // What is prepared here may start threads that compute.
        self.hub.placing.roam();
        let program = self.hub.stack.program(level)?;
        let ended = Arc::new(Ended::new(&self.hub, self.lane, program.limits().async_submit));
        let completions: Arc<dyn Completions> = Arc::clone(&ended) as Arc<dyn Completions>;
        let lane = catch_unwind(AssertUnwindSafe(|| program.open_lane(completions)))
            .unwrap_or_else(|panic| Err(BackendError::Panicked { message: panic_message(panic.as_ref()) }))?;
        *lock(&self.hub.lanes[self.lane.0].interrupt) = lane.interrupt();
        Ok(Opened { level, lane, ended, aside: None })
    }
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
