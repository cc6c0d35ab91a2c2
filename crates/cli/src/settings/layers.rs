use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches};

use super::environment::Environment;
use super::file::Table;
use super::table::Opt;
use super::{Given, Source};
use crate::failure::Failure;

/// An option, its value and where that came from.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) option: Opt,
    /// Empty where nobody said anything.
    pub(crate) values: Vec<OsString>,
    pub(crate) source: Source,
}

/// Every option of the server, or of one model.
#[derive(Clone, Debug)]
pub(crate) struct Scope(Vec<Setting>);

/// The places that are asked, the first of which wins.
#[derive(Clone, Copy, Default)]
pub(super) struct Layers<'a> {
    pub(super) given: Option<&'a Given>,
    pub(super) environment: Option<&'a Environment>,
    /// Tables of the configuration file.
    pub(super) tables: [Option<&'a Table>; 2],
}

impl Layers<'_> {
    /// Looks all of `options` up.
    ///
    /// # Errors
    /// A value in the environment that its option does not take.
    pub(super) fn scope(&self, options: Vec<Opt>) -> Result<Scope, Failure> {
        let settings = options.into_iter().map(|option| self.setting(option));
        settings.collect::<Result<_, _>>().map(Scope)
    }

    fn setting(&self, option: Opt) -> Result<Setting, Failure> {
        if let Some(values) = self.given.and_then(|given| given.get(option.key())) {
            let (values, source) = (values.to_vec(), Source::Flag { flag: option.flag() });
            return Ok(Setting { option, values, source });
        }
        if let Some(values) = self.environment.and_then(|environment| environment.get(&option)) {
            let variable = option.variable();
            let wrong = |reason| Failure::new(format_args!("{variable}: {reason}"));
            values.iter().try_for_each(|value| option.check(value)).map_err(wrong)?;
            return Ok(Setting { option, values, source: Source::Environment { variable } });
        }
        let written = self.tables.iter().flatten().find_map(|table| table.get(&option));
        let (values, source) = match written {
            Some(written) => (written.values.clone(), written.source.clone()),
            None => (Vec::new(), Source::Default),
        };
        Ok(Setting { option, values, source })
    }
}

impl Scope {
    /// All of them, in the order of the help.
    pub(crate) fn settings(&self) -> &[Setting] {
        &self.0
    }

    /// One option's.
    pub(crate) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.option.key() == key)
    }

    /// The values as clap makes them of a command line.
    ///
    /// # Errors
    /// What clap says; the places' own checks have said so before.
    pub(super) fn typed<T: Args + FromArgMatches>(&self) -> Result<T, Failure> {
        let words = self
            .0
            .iter()
            .flat_map(|setting| setting.values.iter().map(|value| setting.option.assignment(value)));
        let command = T::augment_args(Command::new("settings")).no_binary_name(true);
        command
            .try_get_matches_from(words)
            .and_then(|matches| T::from_arg_matches(&matches))
            .map_err(Failure::Usage)
    }
}

impl Setting {
    /// Whether somebody said something.
    pub(crate) fn is_given(&self) -> bool {
        self.source != Source::Default
    }

    /// The value in words: what was given, else what is usual, else nothing.
    pub(crate) fn text(&self) -> Option<String> {
        if !self.is_given() {
            return self.option.usual();
        }
        let texts: Vec<_> = self.values.iter().map(|value| value.to_string_lossy()).collect();
        Some(texts.join(", "))
    }
}
