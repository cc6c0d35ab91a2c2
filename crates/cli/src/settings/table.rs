use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Args, Command};

use crate::args::{EngineArgs, ServerArgs, TargetArgs};

/// What the environment's variables begin with.
pub(super) const PREFIX: &str = "PHALANX_";

/// One thing that can be configured.
#[derive(Clone, Debug)]
pub(crate) struct Opt(Arg);

/// How an option's value is written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A number.
    Number,
    /// A number, or a text that holds one and a unit.
    Size,
    /// A text.
    Text,
    /// A text that names a file or folder.
    Path,
}

/// The options of the server, in the order of its help.
pub(super) fn server() -> Vec<Opt> {
    of::<ServerArgs>()
}

/// The options of a model, in the order of its help.
pub(super) fn engine() -> Vec<Opt> {
    of::<EngineArgs>()
}

/// What a model has to reach, in the order of its help.
pub(super) fn verify() -> Vec<Opt> {
    of::<TargetArgs>()
}

fn of<T: Args>() -> Vec<Opt> {
    let command = T::augment_args(Command::new("table"));
    command.get_arguments().cloned().map(Opt).collect()
}

impl Opt {
    /// The key in a configuration file.
    pub(crate) fn key(&self) -> &str {
        self.0.get_id().as_str()
    }

    /// The flag, with its dashes.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.0.get_long().unwrap_or(self.key()))
    }

    /// The environment's variable.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key().to_uppercase())
    }

    /// Whether it takes several values.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.0.get_action(), ArgAction::Append)
    }

    /// How its value, or each of them, is written in a file.
    pub(super) fn kind(&self) -> Kind {
        let parsed = self.0.get_value_parser().type_id();
        let any = |types: &[TypeId]| types.iter().any(|one| parsed == *one);
        if any(&[TypeId::of::<bool>()]) {
            Kind::Switch
        } else if any(&[
            TypeId::of::<NonZeroUsize>(),
            TypeId::of::<NonZeroU32>(),
            TypeId::of::<u32>(),
            TypeId::of::<f64>(),
        ]) {
            Kind::Number
        } else if any(&[TypeId::of::<usize>()]) {
            Kind::Size
        } else if any(&[TypeId::of::<PathBuf>()]) {
            Kind::Path
        } else {
            Kind::Text
        }
    }

    /// The value it has unless one is given: clap's, or what its help says after `[default: `.
    pub(crate) fn usual(&self) -> Option<String> {
        if let [value] = self.0.get_default_values() {
            return Some(value.to_string_lossy().into_owned());
        }
        let help = self.0.get_help()?.to_string();
        let (_, usual) = help.rsplit_once("[default: ")?;
        usual.strip_suffix(']').map(str::to_owned)
    }

    /// Says what is wrong with `value`, by the option's own parser.
    ///
    /// # Errors
    /// What it says.
    pub(super) fn check(&self, value: &OsStr) -> Result<(), String> {
        let command = Command::new("check").no_binary_name(true).disable_help_flag(true).arg(&self.0);
        let error = match command.try_get_matches_from([self.assignment(value)]) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let reason = match (error.kind(), error.get(ContextKind::ValidValue)) {
            (ErrorKind::InvalidValue, Some(ContextValue::Strings(known))) if !known.is_empty() => {
                format!("expected one of {}", known.join(", "))
            }
            _ => std::error::Error::source(&error)
                .map_or_else(|| "no such value".to_owned(), ToString::to_string),
        };
        Err(format!("{reason}, got {:?}", value.to_string_lossy()))
    }

    /// The flag with `value`, as one word of a command line.
    pub(super) fn assignment(&self, value: &OsStr) -> OsString {
        let mut word = OsString::from(self.flag());
        word.push("=");
        word.push(value);
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Opt> {
        [server(), engine(), verify()].concat()
    }

    #[test]
    fn every_option_has_one_name_in_every_place() {
        let mut keys = Vec::new();
        for option in all() {
            assert_eq!(option.flag(), format!("--{}", option.key().replace('_', "-")));
            keys.push(option.key().to_owned());
        }
        assert!(keys.contains(&"http".to_owned()) && keys.contains(&"max_batch".to_owned()));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count, "two options have the same name");
    }

    #[test]
    fn what_is_usual_is_a_value_or_in_words() {
        for option in all() {
            let value = option.0.get_default_values();
            assert!(value.is_empty() || option.check(&value[0]).is_ok(), "{}", option.key());
        }
        let usual = |key: &str| all().into_iter().find(|option| option.key() == key).unwrap().usual();
        assert_eq!(usual("http").as_deref(), Some("127.0.0.1:8000"));
        assert_eq!(usual("depth").as_deref(), Some("2"));
        assert_eq!(usual("lanes").as_deref(), Some("from the CPUs there are"));
        assert_eq!(usual("slo"), None);
    }

    #[test]
    fn a_value_is_checked_by_the_options_own_parser() {
        let option = |key: &str| all().into_iter().find(|option| option.key() == key).unwrap();
        for (key, value) in [("max_batch", "8"), ("slo", "20ms"), ("backend", "tract"), ("pad", "ids:1:8,16")]
        {
            assert_eq!(option(key).check(OsStr::new(value)), Ok(()), "{key}");
        }
        for (key, value, expected) in [
            ("max_batch", "0", "zero"),
            ("backend", "jax", "expected one of auto, "),
            ("http", "8000", "expected ADDRESS:PORT"),
            ("memory_max", "lots", "512MiB"),
            ("allow_shared_memory", "yes", "true"),
        ] {
            let reason = option(key).check(OsStr::new(value)).unwrap_err();
            assert!(reason.contains(expected) && reason.contains(value), "{key}: {reason}");
        }
    }
}
