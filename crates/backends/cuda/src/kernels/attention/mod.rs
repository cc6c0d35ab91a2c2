//! Attention in one kernel, its scores never in memory.

mod general;

use phalanx_plan::{Attention, Plan, ValueId};

use super::{Chip, Launch, LowerError};

/// The kernel of attention.
pub(super) fn lower(plan: &Plan, attention: &Attention, output: ValueId, _chip: &Chip) -> Result<Launch, LowerError> {
    general::lower(plan, attention, output)
}
