use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use phalanx_backend::Layout;
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
    /// When it was used last, by the table's clock.
    used_at: AtomicU64,
}

impl Group {
    pub(crate) fn new(id: GroupId, tails: Vec<Shape>, layout: Arc<Layout>) -> Self {
        Self { id, tails, layout, single: false, used_at: AtomicU64::new(0) }
    }

    fn single(id: GroupId) -> Self {
        let layout = Arc::new(Layout { inputs: Vec::new(), outputs: Vec::new() });
        Self { id, tails: Vec::new(), layout, single: true, used_at: AtomicU64::new(0) }
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
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.iter().find(|group| group.id == id).cloned()
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
