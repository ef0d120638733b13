//! `rules check`: whether rule files can be used, and if not, why.

use bongsu::{Config, Error, rules::load};

use super::{found, words};
use crate::{Failure, line::Line, say};

pub(super) fn run(line: Line) -> Result<(), Failure> {
    let mut files = words(line)?;
    if files.is_empty() {
        // Those of the service itself; its own come with the program.
        let config = Config::from_env().map_err(Error::from)?;
        files = config
            .rules
            .files
            .into_iter()
            .filter(|it| it != "shipped")
            .collect();
    }
    let read = load(&found(&files)?).map_err(|error| Failure::undone(error.to_string()))?;
    for file in &read {
        say(&format!("{}: {} rules", file.name, file.rules()));
    }
    if read.is_empty() {
        say("no files: BONGSU_RULES names none but bongsu's own");
    }
    Ok(())
}
