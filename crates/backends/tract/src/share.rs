use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tract_linalg::mmm::{EagerPackedInput, PackedMatrixStorage};
use tract_onnx::prelude::{DatumType, Tensor, TractResult, TypedModel};
use tract_onnx::tract_core::dyn_clone::clone_box;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::optim::{Optimizer, OptimizerSession, TypedPass};

/// Constants smaller than this are not worth a look.
const SHARED_BYTES_MIN: usize = 1024;

/// The constants of all prepared shapes of one model, each kept once.
///
/// tract packs the weights of every shape it prepares into the layout of the kernel it chose. Most shapes choose the
/// same few kernels, so what they packed is the same, byte for byte.
#[derive(Debug, Default)]
pub(crate) struct Constants(Mutex<HashMap<Key, Vec<Arc<Tensor>>>>);

/// What two constants must agree in before their bytes are compared.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    datum_type: DatumType,
    shape: Vec<usize>,
    bytes: usize,
}

/// The code generator's passes, with one that replaces constants by equal ones already there. It comes before the
/// last, which copies packed weights (by reference) into the operators that use them.
pub(crate) fn sharing_codegen(constants: &Arc<Constants>) -> Optimizer {
    let mut optimizer = Optimizer::codegen();
    let last = optimizer.passes.len().saturating_sub(1);
    optimizer.add_pass(last, Box::new(Share(Arc::clone(constants))));
    optimizer
}

#[derive(Clone, Debug)]
struct Share(Arc<Constants>);

impl TypedPass for Share {
    fn reset(&mut self) -> TractResult<()> {
        Ok(())
    }

    fn next(
        &mut self,
        _session: &mut OptimizerSession<'_>,
        _model: &TypedModel,
    ) -> TractResult<Option<TypedModelPatch>> {
        Ok(None)
    }

    fn run_direct(&mut self, model: &mut TypedModel) -> TractResult<bool> {
        self.0.share(model)?;
        Ok(false)
    }
}

impl Constants {
    /// Replaces the constants of `model` by equal ones of other models.
    pub(crate) fn share(&self, model: &mut TypedModel) -> TractResult<()> {
        for node in &mut model.nodes {
            let Some(constant) = node.op_as::<Const>() else { continue };
            let shared = self.intern(constant.val());
            if Arc::ptr_eq(&shared, constant.val()) {
                continue;
            }
            let fact = constant.exotic_fact().map(clone_box);
            node.op = Box::new(Const::new_with_opt_exotic_fact(Arc::clone(&shared), fact)?);
            node.outputs[0].fact.konst = Some(shared);
        }
        Ok(())
    }

    fn intern(&self, tensor: &Arc<Tensor>) -> Arc<Tensor> {
        let bytes = size_bytes(tensor);
        if bytes < SHARED_BYTES_MIN || !tensor.datum_type().is_copy() {
            return Arc::clone(tensor);
        }
        let key = Key { datum_type: tensor.datum_type(), shape: tensor.shape().to_vec(), bytes };
        let mut known = self.lock();
        let candidates = known.entry(key).or_default();
        if let Some(shared) = candidates.iter().find(|candidate| same(candidate, tensor)) {
            return Arc::clone(shared);
        }
        candidates.push(Arc::clone(tensor));
        Arc::clone(tensor)
    }

    /// Forgets the constants that no prepared shape uses any more.
    pub(crate) fn prune(&self) {
        self.lock().retain(|_, tensors| {
            tensors.retain(is_used);
            !tensors.is_empty()
        });
    }

    /// Bytes of all of them but those in `counted`.
    pub(crate) fn size_bytes_but(&self, counted: &HashSet<*const Tensor>) -> u64 {
        let known = self.lock();
        let sizes = known.iter().flat_map(|(key, tensors)| tensors.iter().map(|tensor| (key.bytes, tensor)));
        sizes
            .filter(|(_, tensor)| !counted.contains(&Arc::as_ptr(tensor)))
            .map(|(bytes, _)| bytes as u64)
            .sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Arc<Tensor>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that a tensor keeps in memory, packed or plain.
pub(crate) fn size_bytes(tensor: &Tensor) -> usize {
    match packed(tensor) {
        Some(values) => values.map(|value| value.packed.len()).sum(),
        None => tensor.len() * tensor.datum_type().size_of(),
    }
}

fn packed(tensor: &Tensor) -> Option<impl Iterator<Item = &EagerPackedInput>> {
    let storage = tensor.storage_as::<PackedMatrixStorage>()?;
    Some(storage.values().iter().filter_map(|value| value.downcast_ref()))
}

fn same(one: &Arc<Tensor>, other: &Arc<Tensor>) -> bool {
    if Arc::ptr_eq(one, other) {
        return true;
    }
    match (one.as_plain_ram(), other.as_plain_ram()) {
        // By bytes: as numbers, zeros of both signs would be equal.
        (Some(one), Some(other)) => one.as_bytes() == other.as_bytes(),
        (None, None) => one == other,
        _ => false,
    }
}

/// Whether anything but the collection refers to the tensor, or to the packed bytes in it.
fn is_used(tensor: &Arc<Tensor>) -> bool {
    Arc::strong_count(tensor) > 1
        || packed(tensor).is_some_and(|mut values| values.any(|value| Arc::strong_count(&value.packed) > 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(first: f32) -> Arc<Tensor> {
        let mut values = vec![1.0; SHARED_BYTES_MIN];
        values[0] = first;
        Arc::new(Tensor::from_shape(&[SHARED_BYTES_MIN], &values).unwrap())
    }

    #[test]
    fn equal_constants_become_one() {
        let constants = Constants::default();
        let kept = constants.intern(&constant(0.0));
        assert!(Arc::ptr_eq(&kept, &constants.intern(&constant(0.0))));
        for other in [-0.0, 1.0] {
            assert!(!Arc::ptr_eq(&kept, &constants.intern(&constant(other))), "{other} is another constant");
        }
    }

    #[test]
    fn constants_that_nobody_uses_are_forgotten() {
        let constants = Constants::default();
        let kept = constants.intern(&constant(2.0));
        constants.intern(&constant(3.0));
        let all = constants.size_bytes_but(&HashSet::new());
        constants.prune();
        assert_eq!(constants.size_bytes_but(&HashSet::new()) * 2, all);
        assert_eq!(constants.size_bytes_but(&HashSet::from([Arc::as_ptr(&kept)])), 0);
    }
}
