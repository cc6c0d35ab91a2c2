use std::fmt;
use std::str::FromStr;

use super::when::{Stage, When};
use super::{Action, PlanError};

/// One action, and when it applies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    text: String,
    pub(crate) action: Action,
    pub(crate) stage: Stage,
    pub(crate) whens: Vec<When>,
}

/// What a part of a rule should have been, and what it is.
pub(super) type Wrong = (&'static str, String);

impl FromStr for Rule {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        read(text).map_err(|(expected, got)| PlanError { rule: text.to_owned(), expected, got })
    }
}

fn read(text: &str) -> Result<Rule, Wrong> {
    let (action, conditions) = match text.split_once('@') {
        Some((action, conditions)) => (action, Some(conditions)),
        None => (text, None),
    };
    let action = Action::read(action)?;
    let (mut stage, mut whens) = (None, Vec::new());
    let mut rest = conditions;
    while let Some(conditions) = rest {
        let is_path = conditions.starts_with("while=");
        let (condition, after) = match conditions.split_once('+') {
            Some((condition, after)) if !is_path => (condition, Some(after)),
            _ => (conditions, None),
        };
        rest = after;
        match Stage::read(condition) {
            Some(found) if stage.replace(found).is_none() => {}
            Some(_) => return Err(("prepare or open once", condition.to_owned())),
            None => whens.push(When::read(condition)?),
        }
    }
    let stage = stage.unwrap_or(Stage::Batch);
    let of_a_batch =
        matches!(action, Action::Lie(_)) || whens.iter().any(|when| matches!(when, When::Value(_)));
    if of_a_batch && stage != Stage::Batch {
        return Err(("lie and value= only for batches", text.to_owned()));
    }
    Ok(Rule { text: text.to_owned(), action, stage, whens })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
