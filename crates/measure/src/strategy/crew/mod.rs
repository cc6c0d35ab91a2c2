//! Threads that run the model themselves, without an engine: what the strategies without callers are made of.

mod member;
mod order;
mod seat;

pub use order::Order;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::Program;

use self::member::Member;
use super::Window;
use crate::answers::Answers;
use crate::{MeasureError, Samples};

/// Threads, each with a lane of its own, that run batches as they are ordered to.
pub struct Crew {
    members: Vec<Member>,
    programs: Vec<Arc<dyn Program>>,
}

impl Crew {
    /// Starts `threads` of them. Each takes the next of `programs`, round and round: one program is shared by all, as
    /// many as there are threads are one each.
    ///
    /// # Errors
    /// What the backend gives, [`MeasureError::Option`] without programs, and [`MeasureError::Thread`] where the system
    /// has no thread left.
    pub fn open(
        programs: &[Arc<dyn Program>],
        threads: usize,
        samples: &Samples,
        answers: &Arc<Answers>,
    ) -> Result<Rc<RefCell<Self>>, MeasureError> {
        if programs.is_empty() {
            let got = "none".to_owned();
            return Err(MeasureError::Option { option: "programs", expected: "at least one", got });
        }
        let of = |index: usize| Arc::clone(&programs[index % programs.len()]);
        let spawn = |index| Member::spawn(of(index), samples.clone(), Arc::clone(answers), index);
        let members: Vec<Member> = (0..threads).map(spawn).collect::<Result<_, _>>()?;
        for member in &members {
            member.result()?;
        }
        Ok(Rc::new(RefCell::new(Self { members, programs: programs.to_vec() })))
    }

    /// How many there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.members.len()
    }

    /// Has all of them work for about `length`, at least one batch each.
    ///
    /// # Errors
    /// The first error of one of them.
    pub fn work(&self, order: Order, length: Duration) -> Result<Window, MeasureError> {
        let start = Instant::now();
        for member in &self.members {
            member.send(order, start, start + length)?;
        }
        let mut window = Window::default();
        let mut result = Ok(());
        for member in &self.members {
            // All are heard, so that none has an old result left for the next order.
            match member.result() {
                Ok(part) => window.merge(&part),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result.map(|()| window)
    }

    /// Memory that worker processes have resident for it.
    #[must_use]
    pub fn worker_bytes(&self) -> u64 {
        self.programs
            .iter()
            .flat_map(|program| program.workers())
            .filter_map(|worker| worker.resident_bytes)
            .sum()
    }
}
