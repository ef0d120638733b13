//! Whether the containers' users can read what is mounted: a checkout under `umask 077`, or a secret that
//! only its owner reads, would have them restart for ever.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::run::Failure;

/// A mounted folder, and the user and group that its image runs as.
const READERS: [(&str, u32, u32); 6] = [
    ("prometheus", 65534, 65534),
    ("alertmanager", 65534, 65534),
    ("grafana", 472, 0),
    ("loki", 10001, 10001),
    // Root without any capability: it reads what anybody may.
    ("vector", 0, 0),
    ("otel", 10001, 10001),
];

pub(super) fn check(docker: &Path) -> Result<(), Failure> {
    let mut closed = Vec::new();
    for (folder, user, group) in READERS {
        let reader = Reader { user, group };
        reader.walk(&docker.join(folder), &mut closed)?;
    }
    let Some(((path, reader), more)) = closed.split_first() else {
        return Ok(());
    };
    let shown = |path: &PathBuf| {
        let inside = path.strip_prefix(docker).unwrap_or(path);
        format!("docker/{}", inside.display())
    };
    let others = match more.len() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Err(Failure(format!(
        "{}{others} cannot be read by user {} of its container. Nothing was started. Let everybody read it:\n  \
         chmod -R o+rX {}\nor, for a secret, its container alone:\n  chown {} {}",
        shown(path),
        reader.user,
        closed
            .iter()
            .map(|(path, _)| shown(path))
            .collect::<Vec<_>>()
            .join(" "),
        reader.user,
        shown(path),
    )))
}

#[derive(Clone, Copy)]
struct Reader {
    user: u32,
    group: u32,
}

impl Reader {
    /// Adds what this user cannot read; what lies in a closed folder is not looked at.
    fn walk(self, path: &Path, closed: &mut Vec<(PathBuf, Self)>) -> Result<(), Failure> {
        let meta =
            fs::metadata(path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        let needed = if meta.is_dir() { 0o5 } else { 0o4 };
        let bits = if meta.uid() == self.user {
            meta.mode() >> 6
        } else if meta.gid() == self.group {
            meta.mode() >> 3
        } else {
            meta.mode()
        };
        if bits & needed != needed {
            closed.push((path.to_owned(), self));
            return Ok(());
        }
        if meta.is_dir() {
            let entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            for entry in entries {
                self.walk(&entry.path(), closed)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    #[test]
    fn what_a_container_cannot_read_is_named_before_it_starts() {
        let docker = std::env::temp_dir().join(format!("bongsu-readable-{}", std::process::id()));
        let mode = |path: &str, mode| {
            fs::set_permissions(docker.join(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        for (folder, ..) in READERS {
            fs::create_dir_all(docker.join(folder)).unwrap();
            mode(folder, 0o755);
        }
        fs::create_dir(docker.join("prometheus/secrets")).unwrap();
        mode("prometheus/secrets", 0o755);
        for file in [
            "prometheus/prometheus.yml",
            "prometheus/secrets/ops_token",
            "grafana/board.json",
        ] {
            fs::write(docker.join(file), "x").unwrap();
            mode(file, 0o644);
        }
        let said = || {
            check(&docker)
                .err()
                .map(|failure| failure.0)
                .unwrap_or_default()
        };
        assert_eq!(said(), "");
        for (path, closed, open) in [
            ("prometheus/prometheus.yml", 0o600, 0o644),
            ("prometheus/secrets/ops_token", 0o640, 0o644),
            ("grafana/board.json", 0o600, 0o644),
            ("prometheus/secrets", 0o700, 0o755),
            ("vector", 0o750, 0o755),
        ] {
            // The tests may run as root, whom vector's reader is then the owner of.
            if path == "vector" && chown(docker.join(path), Some(1000), Some(1000)).is_err() {
                continue;
            }
            mode(path, closed);
            assert!(
                said().contains(&format!("docker/{path}")),
                "{path}: {}",
                said()
            );
            mode(path, open);
            assert_eq!(said(), "", "{path}");
        }
        // A secret of the container's own user is not for everybody; only root can give it away.
        if chown(
            docker.join("prometheus/secrets/ops_token"),
            Some(65534),
            None,
        )
        .is_ok()
        {
            mode("prometheus/secrets/ops_token", 0o400);
            assert_eq!(said(), "");
        }
        fs::remove_dir_all(&docker).unwrap();
    }
}
