use std::collections::HashMap;
use std::sync::Mutex;

use phalanx_backend::{BackendError, Layout};
use phalanx_tensor::Shape;

use super::Shared;
use crate::lock;
use crate::wire::{Kind, WireError, WireLayout, decode, encode};

/// Layouts that are remembered; past it, all are asked for again.
const LAYOUTS_MAX: usize = 1024;
/// Workers that are asked before giving up: one may have died for another reason.
const ATTEMPTS_MAX: usize = 2;

/// What a worker answered to which shapes.
#[derive(Debug, Default)]
pub(super) struct Layouts(Mutex<HashMap<Vec<Shape>, Layout>>);

impl Shared {
    /// What rows of these shapes give, as a worker says.
    ///
    /// # Errors
    /// What the worker's backend says, [`BackendError::NoWorker`].
    pub(super) fn layout(self: &std::sync::Arc<Self>, tails: &[Shape]) -> Result<Layout, BackendError> {
        if let Some(known) = lock(&self.layouts.0).get(tails) {
            return Ok(known.clone());
        }
        let layout = self.ask_for_layout(tails)?;
        let mut layouts = lock(&self.layouts.0);
        if layouts.len() >= LAYOUTS_MAX {
            layouts.clear();
        }
        layouts.insert(tails.to_vec(), layout.clone());
        Ok(layout)
    }

    fn ask_for_layout(self: &std::sync::Arc<Self>, tails: &[Shape]) -> Result<Layout, BackendError> {
        let tails: Vec<&[usize]> = tails.iter().map(|tail| &**tail).collect();
        let payload = encode(&tails);
        for _ in 0..ATTEMPTS_MAX {
            let Some(reply) = self.any_worker()?.call(Kind::Layout, &payload) else { continue };
            let nonsense = || self.no_worker("a worker answered with no layout".to_owned());
            let reply: Result<WireLayout, WireError> = decode(&reply).map_err(|_| nonsense())?;
            return match reply {
                Ok(layout) => {
                    let layout = layout.into_layout().ok_or_else(nonsense)?;
                    let signature = self.recipe.model.signature();
                    let fits = layout.inputs.len() == signature.inputs.len()
                        && layout.outputs.len() == signature.outputs.len();
                    if fits { Ok(layout) } else { Err(nonsense()) }
                }
                Err(error) => Err(error.into_error(self.recipe.device)),
            };
        }
        Err(self.no_worker(format!("{ATTEMPTS_MAX} workers did not say what rows of these shapes give")))
    }
}
