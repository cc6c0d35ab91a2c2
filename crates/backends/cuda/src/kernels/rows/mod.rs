//! Normalisations, softmax and reductions.

mod reduce;
mod shape;

use std::sync::Arc;

use phalanx_plan::{Class, Operand, Plan, Rows, ValueId};

use self::reduce::Reduce;
use self::shape::Team;
use super::error::count;
use super::expression::{self, Expression, Signature, element, pointer};
use super::source::{self, fill};
use super::strand::Strand;
use super::{Argument, Launch, LowerError};

/// The expressions of rows, and where their results go.
struct Parts<'a> {
    before: Expression<'a>,
    after: Expression<'a>,
    store: Strand,
}

/// The kernel of rows.
pub(super) fn lower(plan: &Plan, rows: &Rows, output: ValueId) -> Result<Launch, LowerError> {
    let rows = &shape::sorted(plan, rows);
    let is_per_element = rows.reduction.is_per_element();
    let own_rows = shape::has_own_rows(plan, rows);
    let lane_group = usize::from(!own_rows);
    let full: [&[usize]; 2] = [&rows.outer, &rows.inner];
    let result = if is_per_element { &full[..] } else { &full[..1] };
    let parts = Parts {
        before: Expression::new(plan, &rows.before, &full, lane_group),
        after: Expression::new(plan, &rows.after, result, if is_per_element { lane_group } else { 0 }),
        store: expression::strand(result, &rows.store),
    };
    let dtype = plan.value(output).dtype;
    let width = parts.width(dtype.size_bytes().unwrap_or(16), lane_group, is_per_element);
    let team = Team::new(rows.inner.iter().product(), width, own_rows);
    let stored = element(dtype, "a result")?;
    let text = parts.text(rows, &team, stored)?;
    let teams = rows.outer.iter().product::<usize>() / team.rows();
    let total = count("threads of rows", teams * team.threads)?;
    let written = Operand { value: output, offset: 0, strides: Vec::new() };
    let mut arguments = vec![Argument::Pointer(pointer(plan, &written))];
    arguments.extend(parts.before.arguments());
    arguments.extend(parts.after.arguments());
    arguments.push(Argument::U32(count("rows", teams)?));
    Ok(Launch {
        source: Arc::from(text),
        entry: "rows",
        grid: [source::blocks(total, team.block()), 1, 1],
        block: [team.block() as u32, 1, 1],
        shared_bytes: 0,
        arguments,
    })
}

impl Parts<'_> {
    /// Neighbours of a thread.
    fn width(&self, stored_bytes: usize, lane_group: usize, is_per_element: bool) -> usize {
        let widest = self.before.width().unwrap_or(1).max((16 / stored_bytes.max(1)).min(8));
        // The one result of a row has no neighbours, unless they are rows.
        let is_alone = !is_per_element && lane_group == 1;
        let group = if is_per_element { lane_group } else { 0 };
        source::widest(widest, |width| {
            let after = is_alone || (self.after.allows(width) && self.store.lanes(group, width, 0).is_some());
            self.before.allows(width) && after
        })
    }

    fn text(&self, rows: &Rows, team: &Team, stored: &str) -> Result<String, LowerError> {
        let is_per_element = rows.reduction.is_per_element();
        let width = if is_per_element { team.width } else { team.rows() };
        let variables: &[&str] = if is_per_element { &["row", "element"] } else { &["row"] };
        let before =
            Signature { name: "Before", variables: &["row", "element"], width: team.width, given: None };
        let after = Signature { name: "After", variables, width, given: Some(Class::Float) };
        let group = usize::from(is_per_element && !team.own_rows);
        let places: &[&str] = if is_per_element { &["x.row", "element"] } else { &["x.row"] };
        let put = source::put(&self.store, group, width, 0, places);
        let reduce = Reduce::new(rows.reduction);
        let class = expression::class(self.after.class(Some(Class::Float))?);
        let names = [("CLASS", class), ("RESULT", reduce.result.as_str()), ("PUT", put.as_str())];
        let each = include_str!("../cuda/rows_each.cu");
        let one = include_str!("../cuda/rows_one.cu");
        let finish = fill(if is_per_element { each } else { one }, &names);
        let mut text = source::start();
        text.push_str(&self.before.function(&before)?);
        text.push_str(&self.after.function(&after)?);
        text.push_str(&fill(
            include_str!("../cuda/rows.cu"),
            &[
                ("STORED", stored),
                ("OWN_ROWS", if team.own_rows { "true" } else { "false" }),
                ("HELD", if team.is_held() { "true" } else { "false" }),
                ("ROW", &team.row.to_string()),
                ("TEAM", &team.threads.to_string()),
                ("WIDTH", &team.width.to_string()),
                ("THREADS", &team.block().to_string()),
                ("PARAMETERS", &self.before.parameters("p")?),
                ("PARAMETERS_AFTER", &self.after.parameters("q")?),
                ("PASSED", &self.before.passed("p")),
                ("PASSED_AFTER", &self.after.passed("q")),
                ("REDUCE", &reduce.statistics),
                ("FINISH", &finish),
            ],
        ));
        Ok(text)
    }
}
