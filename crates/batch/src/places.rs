use crate::BatchRef;

/// The places of batches, each used by one batch at a time.
pub(crate) struct Places {
    free: Vec<usize>,
    states: Vec<State>,
    next_id: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    /// The batch of this id is being formed.
    Formed(u64),
    /// A lane has taken the batch of this id.
    Taken(u64),
}

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: (0..count).rev().collect(), states: vec![State::Free; count], next_id: 0 }
    }

    pub(crate) fn count(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn any_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// A place for a new batch.
    pub(crate) fn open(&mut self) -> Option<BatchRef> {
        let place = self.free.pop()?;
        let batch = BatchRef { id: self.next_id, place };
        self.next_id += 1;
        self.states[place] = State::Formed(batch.id);
        Some(batch)
    }

    /// A lane takes a batch that was formed.
    pub(crate) fn take(&mut self, batch: BatchRef) {
        self.states[batch.place] = State::Taken(batch.id);
    }

    /// A batch that was formed will not be taken.
    pub(crate) fn abandon(&mut self, batch: BatchRef) {
        if self.states[batch.place] == State::Formed(batch.id) {
            self.free(batch.place);
        }
    }

    /// Frees the place of a batch that was taken; any other is left alone, and `false` comes back.
    pub(crate) fn release(&mut self, batch: BatchRef) -> bool {
        let taken = self.states.get(batch.place) == Some(&State::Taken(batch.id));
        if taken {
            self.free(batch.place);
        }
        taken
    }

    fn free(&mut self, place: usize) {
        self.states[place] = State::Free;
        self.free.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_freed_once_and_only_by_its_own_batch() {
        let mut places = Places::new(1);
        let first = places.open().unwrap();
        places.release(first);
        assert!(!places.any_free(), "it was not taken yet");
        places.take(first);
        places.release(first);
        places.release(first);
        let second = places.open().unwrap();
        assert_eq!((second.place, places.any_free()), (first.place, false));
        places.take(second);
        places.release(first);
        places.release(BatchRef { id: second.id, place: 7 });
        assert!(places.open().is_none(), "the second holds it");
    }
}
