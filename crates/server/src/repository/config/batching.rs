use phalanx_engine::Policy;

use super::ConfigError;
use super::fields::{Fields, Given};

/// How requests share batches; as is usual where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Batching {
    pub(super) policy: Option<Policy>,
    /// Rows that may wait.
    pub(super) queue_limit: Option<usize>,
}

pub(super) fn read(given: &Given<'_>, max_batch_size: Option<usize>) -> Result<Batching, ConfigError> {
    if max_batch_size == Some(0) {
        return Err(given.wrong("a max_batch_size above 0 with it", "0"));
    }
    let mut fields = given.message()?;
    for preferred in fields.many("preferred_batch_size") {
        let rows = preferred.number::<u32>(1)?;
        match max_batch_size {
            Some(max) if max == rows as usize => {}
            Some(max) => return Err(preferred.unexpected(format!("max_batch_size ({max}), {FILLED}"))),
            None => return Err(preferred.unexpected(format!("a max_batch_size of the same, {FILLED}"))),
        }
    }
    let delay_us = fields.read("max_queue_delay_microseconds", |delay| delay.number::<u64>(0))?;
    priorities(&mut fields)?;
    let queue_limit = fields.read("default_queue_policy", |policy| queue(&policy, max_batch_size))?.flatten();
    fields.idle(&["preserve_ordering"], "")?;
    fields.finish()?;
    let timeout_ns = delay_us.filter(|&us| us > 0).map(|us| us.saturating_mul(1000));
    let policy = timeout_ns.map(|timeout_ns| Policy::Delay { timeout_ns });
    Ok(Batching { policy, queue_limit })
}

/// Why other sizes are not preferred.
const FILLED: &str = "which batches are filled up to";

/// A request's priority is compared with the others' as it is, and one without comes last.
fn priorities(fields: &mut Fields<'_>) -> Result<(), ConfigError> {
    let levels = fields.read("priority_levels", |levels| levels.number::<u64>(0))?.unwrap_or(0);
    let Some(given) = fields.one("default_priority_level")? else {
        return Ok(());
    };
    match given.number::<u64>(0)? {
        default if default == levels => Ok(()),
        _ => {
            Err(given.unexpected(format!("the last level ({levels}), where requests without a priority go")))
        }
    }
}

/// Rows that may wait by a queue's policy.
fn queue(given: &Given<'_>, max_batch_size: Option<usize>) -> Result<Option<usize>, ConfigError> {
    let mut fields = given.message()?;
    if let Some(action) = fields.one("timeout_action")?
        && action.word()? != "REJECT"
    {
        return Err(action.unexpected("REJECT"));
    }
    fields.read("allow_timeout_override", |allow| allow.boolean())?;
    fields
        .idle(&["default_timeout_microseconds"], "; give the model an SLO, which bounds the whole latency")?;
    let limit = fields.one("max_queue_size")?;
    fields.finish()?;
    let Some(limit) = limit else { return Ok(None) };
    let rows = limit.number::<u32>(0)? as usize;
    match max_batch_size {
        Some(max) if rows > 0 && rows < max => {
            Err(limit.unexpected(format!("0 for no limit, or at least max_batch_size ({max})")))
        }
        _ => Ok((rows > 0).then_some(rows)),
    }
}
