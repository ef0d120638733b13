//! Variables, as a `.env` file or an environment gives them.

use bongsu::{Config, config::variables};

use super::Check;

pub(super) const WORDS: &[&[u8]] = &[
    b"\n=",
    b"postgres://",
    b"sqlite:",
    b"redis://",
    b"https://",
    b"smtp.example",
    b"user:pass@",
    b"15m",
    b"3000y",
    b"100%",
    b"0.7",
    b"true",
    b"none",
    b"info,a=debug",
    b"unix:/",
    b"fd:",
    b"@example.com",
    b",",
];

/// `number=value` lines, each number one of the table's variables. What is refused is refused by name.
pub(super) fn prepare() -> Check {
    let names: Vec<String> = variables::all().flat_map(|one| one.names()).collect();
    Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let vars = lines.map(|(key, value)| {
            let sum: usize = key.bytes().map(usize::from).sum();
            let name = names.iter().find(|name| **name == key);
            (name.unwrap_or(&names[sum % names.len()]).as_str(), value)
        });
        match Config::from_vars(std::iter::once(("SERVICE_NAME", "fuzz")).chain(vars)) {
            Ok(config) => Ok(format!("{:?}", config.warnings.len())),
            Err(error) => {
                let nameless = error.problems().iter().find(|p| p.variable.is_empty());
                match nameless {
                    Some(problem) => Err(format!("refuses nothing by name: {problem:?}")),
                    None => Ok(error.problems()[0].variable.clone()),
                }
            }
        }
    })
}
