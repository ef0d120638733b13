//! docker/.env: what Compose reads, with a password that only its owner sees.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::PASSWORD;
use crate::run::{Failure, say};

/// The file's lines; other lines than those that are set stay as they are.
pub(super) struct EnvFile {
    path: PathBuf,
    lines: Vec<String>,
}

impl EnvFile {
    /// An absent file is an empty one.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(".env");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure(format!("{}: {error}", path.display()))),
        };
        let lines = text.lines().map(str::to_owned).collect();
        Ok(Self { path, lines })
    }

    /// The last value that is set, as Compose takes it.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let values = self.lines.iter().rev();
        values
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim())
    }

    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        let set = |line: &String| {
            line.split_once('=')
                .is_some_and(|(name, _)| name.trim() == key)
        };
        self.lines.retain(|line| !set(line));
        self.lines.push(format!("{key}={value}"));
        self
    }

    /// Replaced as a whole, readable by its owner alone.
    pub(super) fn save(&self) -> Result<(), Failure> {
        let next = self.path.with_extension("next");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(format!("{}\n", self.lines.join("\n")).as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        Ok(())
    }
}

/// Makes the file from the example, with a random password, where there is none.
pub(super) fn ensure_password(folder: &Path) -> Result<(), Failure> {
    let file = EnvFile::open(folder)?;
    match file.get(PASSWORD) {
        Some("") => {
            return Err(Failure(format!(
                "{}: {PASSWORD} is empty; set it, or remove the file and have one made",
                file.path.display()
            )));
        }
        Some(_) => return Ok(()),
        None => {}
    }
    let mut random = [0; 18];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut made = file;
    if made.lines.is_empty() {
        let example = fs::read_to_string(folder.join(".env.example"))?;
        made.lines = example.lines().map(str::to_owned).collect();
    }
    made.with(PASSWORD, &password).save()?;
    say("docker/.env has a password for Grafana now.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_password_is_made_once_and_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("bongsu-stack-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(".env.example"),
            format!("A=1\n{PASSWORD}=\nB=2\n"),
        )
        .unwrap();
        assert!(ensure_password(&folder).is_ok());
        let path = folder.join(".env");
        let made = fs::read_to_string(&path).unwrap();
        assert!(made.starts_with("A=1\nB=2\n"), "{made}");
        assert_eq!(made.matches(PASSWORD).count(), 1);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );

        assert!(ensure_password(&folder).is_ok());
        assert_eq!(fs::read_to_string(&path).unwrap(), made);

        // What is set beside it leaves it alone.
        let file = EnvFile::open(&folder).unwrap_or_else(|failure| panic!("{}", failure.0));
        assert!(file.with("COMPOSE_PROFILES", "logs").save().is_ok());
        let file = EnvFile::open(&folder).unwrap_or_else(|failure| panic!("{}", failure.0));
        assert_eq!(file.get("COMPOSE_PROFILES"), Some("logs"));
        assert_eq!(file.get("A"), Some("1"));
        assert!(fs::read_to_string(&path).unwrap().starts_with(&made));

        fs::write(&path, format!("{PASSWORD}=\n")).unwrap();
        assert!(ensure_password(&folder).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
