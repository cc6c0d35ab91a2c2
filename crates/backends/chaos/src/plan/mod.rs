mod action;
mod error;
mod rule;
mod when;

use std::fmt;
use std::str::FromStr;

pub(crate) use action::{Action, Lie};
pub use error::PlanError;
pub(crate) use rule::Rule;
pub(crate) use when::Stage;

/// The environment variable that [`Plan::from_environment`] reads.
pub const VARIABLE: &str = "PHALANX_CHAOS";

/// Rules that a plan may have.
const RULES_MAX: usize = 64;

/// How to misbehave, and when. The default is not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    rules: Vec<Rule>,
}

impl Plan {
    /// What [`VARIABLE`] says; `None` where it is not set.
    ///
    /// # Errors
    /// As [`Plan::from_str`].
    pub fn from_environment() -> Result<Option<Self>, PlanError> {
        let Some(text) = std::env::var_os(VARIABLE) else { return Ok(None) };
        let text = text.into_string().map_err(|text| PlanError {
            rule: text.to_string_lossy().into_owned(),
            expected: "UTF-8",
            got: "other bytes".to_owned(),
        })?;
        text.parse().map(Some)
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    /// Reads the text that [the crate's documentation](crate) describes.
    ///
    /// # Errors
    /// The first rule that is none, and what was expected in its place.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        let rules = text.split(';').map(str::trim).filter(|rule| !rule.is_empty());
        let rules: Vec<Rule> = rules.map(str::parse).collect::<Result<_, _>>()?;
        if rules.len() > RULES_MAX {
            return Err(PlanError {
                rule: rules[RULES_MAX].to_string(),
                expected: "at most 64 rules",
                got: rules.len().to_string(),
            });
        }
        Ok(Self { rules })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.rules.iter().enumerate() {
            write!(f, "{}{rule}", if index == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_printed_as_it_was_written() {
        for text in [
            "",
            "crash@value=666",
            "segv;kill;exit=3@every=10",
            "lie=position:3,element:7,by:0.001@after=5",
            "fail@first=2+prepare;slow=20@open",
            "fail@every=2+while=/tmp/a+b;leak=4096",
        ] {
            assert_eq!(text.parse::<Plan>().unwrap().to_string(), text);
        }
        assert_eq!(" hang ; ;panic;".parse::<Plan>().unwrap().to_string(), "hang;panic");
    }

    #[test]
    fn what_is_no_plan_is_refused_with_its_rule() {
        for (text, rule) in [
            ("crush", "crush"),
            ("hang;crash=1", "crash=1"),
            ("exit", "exit"),
            ("exit=x", "exit=x"),
            ("exit=256", "exit=256"),
            ("slow=-1", "slow=-1"),
            ("lie=row:1", "lie=row:1"),
            ("lie=position:1,by:nan", "lie=position:1,by:nan"),
            ("lie@prepare", "lie@prepare"),
            ("fail@value=1+open", "fail@value=1+open"),
            ("fail@open+prepare", "fail@open+prepare"),
            ("fail@", "fail@"),
            ("fail@every=0", "fail@every=0"),
            ("fail@while=", "fail@while="),
            ("fail@value=inf", "fail@value=inf"),
        ] {
            let error = text.parse::<Plan>().unwrap_err();
            assert_eq!(error.rule, rule, "{error}");
        }
        assert!("hang;".repeat(65).parse::<Plan>().is_err());
    }
}
