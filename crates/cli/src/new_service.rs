//! `new-service`: a service under bongsu to begin with.

use std::{fs, path::Path};

use crate::{Failure, line::Line, say};

const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("new_service/Cargo.toml.txt")),
    ("src/main.rs", include_str!("new_service/main.rs.txt")),
    (".env", include_str!("new_service/env.txt")),
    (".gitignore", "/target\n/bongsu-data\n.env\n"),
];
/// The facade beside which this command was built: a checkout's, or none where that has gone.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bongsu");

pub(crate) fn write(mut line: Line) -> Result<(), Failure> {
    let into = line.option("--into")?.unwrap_or_else(|| ".".to_owned());
    let name = line.wanted("NAME")?;
    line.end()?;
    if !is_package_name(&name) {
        return Err(Failure::Usage(format!(
            "NAME: {name:?} is not the name of a package: lower-case letters, digits, - and _, e.g. order-router"
        )));
    }
    let folder = Path::new(&into).join(&name);
    if folder.exists() {
        return Err(Failure::undone(format!(
            "{} is there already",
            folder.display()
        )));
    }
    let depends = match fs::canonicalize(CHECKOUT) {
        Ok(path) => format!("{{ path = {:?} }}", path.display().to_string()),
        Err(_) => format!("{:?}", env!("CARGO_PKG_VERSION")),
    };
    for (file, text) in FILES {
        let text = text.replace("{name}", &name).replace("{bongsu}", &depends);
        let path = folder.join(file);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, text));
        written.map_err(|error| {
            Failure::undone(format!("cannot write {}: {error}", path.display()))
        })?;
    }
    say(&format!(
        "Wrote {0}. Then:\n  cd {0} && cargo run\n  curl localhost:8000/health\n  bongsu doctor",
        folder.display()
    ));
    Ok(())
}

fn is_package_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}
