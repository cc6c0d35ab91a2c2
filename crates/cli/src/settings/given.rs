use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::table;
use crate::args::{EngineArgs, ServerArgs};

/// What the command line says of the options, and nothing of what it leaves to other places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(Vec<(String, Vec<OsString>)>);

impl Given {
    /// The values given for an option, if any.
    pub(super) fn get(&self, key: &str) -> Option<&[OsString]> {
        self.0.iter().find(|(given, _)| given == key).map(|(_, values)| &**values)
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        EngineArgs::augment_args(ServerArgs::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = [table::server(), table::engine()].concat().into_iter().filter_map(|option| {
            let key = option.key();
            let by_hand = matches.value_source(key) == Some(ValueSource::CommandLine);
            let values = matches.get_raw(key).filter(|_| by_hand)?;
            Some((key.to_owned(), values.map(OsString::from).collect()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
