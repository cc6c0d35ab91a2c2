pub(crate) mod document;
mod tables;

use crate::args::{ConfigArgs, ConfigCommand, ShowArgs};
use crate::failure::Failure;
use crate::settings;
use crate::terminal;

pub(super) fn execute(args: &ConfigArgs) -> Result<(), Failure> {
    match &args.command {
        ConfigCommand::Show(args) => show(args),
    }
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let settings = settings::resolve(&args.serve)?;
    settings.warnings.iter().for_each(|warning| terminal::warning(warning));
    if args.json {
        terminal::json(&document::document(&settings))
    } else {
        terminal::data(&tables::tables(&settings))
    }
}
