use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use phalanx_backend::{BackendError, Layout, Program};
use phalanx_batch::GroupId;
use phalanx_tensor::{Shape, Tensor};

use crate::pad::PadPlan;

/// Requests whose rows have the same shapes: they may share a batch.
pub(crate) struct Group {
    pub(crate) id: GroupId,
    /// Per input, the shape of a row in the batch: padded, axis 0 left out.
    tails: Vec<Shape>,
    /// What the program makes of such rows.
    layout: Arc<Layout>,
    /// Its requests run alone and are not copied together.
    single: bool,
    /// Why its requests run apart from all others of their shapes.
    apart: Option<Apart>,
    /// Whether the requests it was made for are in the queue.
    filled: AtomicBool,
    /// The sizes that its batches have run at.
    pub(crate) sizes: Arc<Sizes>,
    /// When it was used last, by the table's clock.
    used_at: AtomicU64,
}

/// Row counts that batches have run at; those above what it has room for count as never seen.
pub(crate) struct Sizes([AtomicU64; 16]);

impl Default for Sizes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Sizes {
    pub(crate) fn ran(&self, rows: usize) {
        if let Some(word) = self.0.get(rows / 64) {
            word.fetch_or(1 << (rows % 64), Ordering::Relaxed);
        }
    }

    pub(crate) fn contains(&self, rows: usize) -> bool {
        self.0.get(rows / 64).is_some_and(|word| word.load(Ordering::Relaxed) >> (rows % 64) & 1 == 1)
    }
}

/// Why requests run apart from others: a batch that held them came to a bad end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Apart {
    /// The candidate that has to run them; whichever runs the others where there is none.
    pub(crate) level: Option<usize>,
    /// The candidate that failed, where `level` says another.
    pub(crate) from: usize,
    /// What that one said.
    pub(crate) error: Option<BackendError>,
    /// Lanes that were lost while they ran.
    pub(crate) deaths: u32,
    /// Lanes that were lost while only one of them ran.
    pub(crate) deaths_alone: u32,
}

impl Group {
    pub(crate) fn new(id: GroupId, tails: Vec<Shape>, layout: Arc<Layout>) -> Self {
        Self {
            id,
            tails,
            layout,
            single: false,
            apart: None,
            filled: AtomicBool::new(true),
            sizes: Arc::default(),
            used_at: AtomicU64::new(0),
        }
    }

    fn single(id: GroupId) -> Self {
        let layout = Arc::new(Layout { inputs: Vec::new(), outputs: Vec::new() });
        Self { single: true, ..Self::new(id, Vec::new(), layout) }
    }

    /// The same rows, apart from the others.
    pub(crate) fn apart_as(&self, id: GroupId, apart: Apart) -> Self {
        Self {
            single: self.single,
            apart: Some(apart),
            filled: AtomicBool::new(false),
            sizes: Arc::clone(&self.sizes),
            ..Self::new(id, self.tails.clone(), Arc::clone(&self.layout))
        }
    }

    pub(crate) fn apart(&self) -> Option<&Apart> {
        self.apart.as_ref()
    }

    /// The requests it was made for are in the queue: once they are gone, so may it be.
    pub(crate) fn is_filled(&self) {
        self.filled.store(true, Ordering::Release);
    }

    /// What `program` makes of its rows is what its slots hold.
    pub(crate) fn fits(&self, program: &dyn Program) -> Result<(), BackendError> {
        if self.single || program.layout(&self.tails)? == *self.layout {
            return Ok(());
        }
        let message = "its outputs have other shapes than those of the backend before it".to_owned();
        Err(BackendError::Run { backend: "engine", message })
    }

    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    pub(crate) fn is_single(&self) -> bool {
        self.single
    }

    /// Whether rows of these tensors belong here.
    fn holds(&self, inputs: &[Tensor], pad: &PadPlan) -> bool {
        self.tails.iter().zip(inputs).enumerate().all(|(index, (tail, tensor))| {
            let dims = tensor.shape().get(1..).unwrap_or(&[]);
            if pad.is_empty() {
                return **tail == *dims;
            }
            let padded = dims.iter().enumerate().map(|(axis, &dim)| pad.padded(index, axis, dim));
            padded.eq(tail.iter().copied())
        })
    }
}

/// The groups there are. Few, so a scan over them is faster than hashing shapes.
#[derive(Default)]
pub(crate) struct Groups {
    list: RwLock<Vec<Arc<Group>>>,
    single: OnceLock<Arc<Group>>,
    /// Those of requests that run apart. Each has at least one, so there are no more of them than requests.
    apart: RwLock<Vec<Arc<Group>>>,
    clock: AtomicU64,
}

impl Groups {
    /// The group of the requests that run alone.
    pub(crate) fn single(&self, add: impl FnOnce() -> GroupId) -> Arc<Group> {
        Arc::clone(self.single.get_or_init(|| Arc::new(Group::single(add()))))
    }

    pub(crate) fn find(&self, inputs: &[Tensor], pad: &PadPlan) -> Option<Arc<Group>> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let group = list.iter().find(|group| group.holds(inputs, pad))?;
        if list.len() > 1 {
            group.used_at.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        }
        Some(Arc::clone(group))
    }

    pub(crate) fn by_id(&self, id: GroupId) -> Option<Arc<Group>> {
        if let Some(single) = self.single.get().filter(|group| group.id == id) {
            return Some(Arc::clone(single));
        }
        let find = |list: &RwLock<Vec<Arc<Group>>>| {
            let list = list.read().unwrap_or_else(PoisonError::into_inner);
            list.iter().find(|group| group.id == id).cloned()
        };
        find(&self.list).or_else(|| find(&self.apart))
    }

    /// Adds the group of requests that run apart, to be [filled](Group::is_filled).
    pub(crate) fn insert_apart(&self, group: Group) -> Arc<Group> {
        let group = Arc::new(group);
        self.apart.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&group));
        group
    }

    /// Removes the groups of requests that ran apart, as far as `remove` agrees.
    pub(crate) fn clear_apart(&self, mut remove: impl FnMut(GroupId) -> bool) {
        let is_empty = self.apart.read().unwrap_or_else(PoisonError::into_inner).is_empty();
        if !is_empty {
            let mut list = self.apart.write().unwrap_or_else(PoisonError::into_inner);
            list.retain(|group| !group.filled.load(Ordering::Acquire) || !remove(group.id));
        }
    }

    pub(crate) fn insert(&self, group: Group) -> Arc<Group> {
        let group = Arc::new(group);
        group.used_at.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        self.list.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&group));
        group
    }

    pub(crate) fn len(&self) -> usize {
        self.list.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Removes the group that was used longest ago among those that `remove` agrees to.
    pub(crate) fn evict(&self, mut remove: impl FnMut(GroupId) -> bool) -> bool {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<usize> = (0..list.len()).collect();
        order.sort_by_key(|&index| list[index].used_at.load(Ordering::Relaxed));
        match order.into_iter().find(|&index| remove(list[index].id)) {
            Some(index) => {
                list.swap_remove(index);
                true
            }
            None => false,
        }
    }
}

/// The shapes that rows of these tensors have in a batch.
pub(crate) fn tails(inputs: &[Tensor], pad: &PadPlan) -> Vec<Shape> {
    let tail = |(index, tensor): (usize, &Tensor)| {
        let dims = tensor.shape().get(1..).unwrap_or(&[]).iter().enumerate();
        dims.map(|(axis, &dim)| if pad.is_empty() { dim } else { pad.padded(index, axis, dim) }).collect()
    };
    inputs.iter().enumerate().map(tail).collect()
}
