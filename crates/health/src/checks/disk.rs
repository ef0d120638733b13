//! Whether a disk has room.

use std::path::PathBuf;

use async_trait::async_trait;
use bongsu_connect::OffRuntime;

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::status::{DependencyType, Importance};

/// Looks at the file system that holds a path.
#[derive(Debug)]
#[must_use]
pub struct DiskProbe {
    path: PathBuf,
    warning: f64,
    critical: f64,
    off: OffRuntime,
}

/// What `statvfs` says, in bytes and inodes.
#[derive(Debug, Clone, Copy)]
struct Room {
    used: u64,
    available: u64,
    inodes: u64,
    inodes_free: u64,
    read_only: bool,
}

impl DiskProbe {
    /// Degraded at 85 %, failed at 95 %, of space or of inodes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            warning: 85.0,
            critical: 95.0,
            off: OffRuntime::default(),
        }
    }

    /// The percentages at which it is degraded and failed. Default 85 and 95.
    ///
    /// Anything but `0 < warning < critical <= 100` is an error when the health value is built.
    pub const fn limits(mut self, warning: f64, critical: f64) -> Self {
        self.warning = warning;
        self.critical = critical;
        self
    }

    /// As a check that can degrade the service but not take it down: a full disk rarely means that
    /// requests should go elsewhere.
    pub fn into_check(self, name: impl Into<String>) -> Check {
        Check::from_probe(name, DependencyType::Service, self).importance(Importance::Degrading)
    }

    /// Pure: what the figures mean.
    fn judge(&self, room: Room) -> Result<CheckOutput, CheckError> {
        let space = percent(room.used, room.available);
        let inodes = percent(
            room.inodes.saturating_sub(room.inodes_free),
            room.inodes_free,
        );
        let (worst, what) = if inodes > space {
            (inodes, "inodes")
        } else {
            (space, "space")
        };
        let text = format!("{worst:.1} % of {what} used");
        if room.read_only {
            return Err(CheckError::new("the file system is read-only"));
        }
        if worst >= self.critical {
            return Err(CheckError::new(text));
        }
        let output = if worst >= self.warning {
            CheckOutput::degraded(text)
        } else {
            CheckOutput::ok()
        };
        Ok(output
            .metadata("used_percent", (space * 10.0).round() / 10.0)
            .metadata("inodes_used_percent", (inodes * 10.0).round() / 10.0)
            .metadata("used_bytes", room.used)
            .metadata("available_bytes", room.available))
    }
}

/// df's rule: what is used, of what an ordinary user could use.
fn percent(used: u64, available: u64) -> f64 {
    let whole = used as f64 + available as f64;
    if whole > 0.0 {
        used as f64 / whole * 100.0
    } else {
        0.0
    }
}

fn look(path: &std::path::Path) -> rustix::io::Result<Room> {
    let fs = rustix::fs::statvfs(path)?;
    let unit = if fs.f_frsize > 0 {
        fs.f_frsize
    } else {
        fs.f_bsize
    };
    Ok(Room {
        used: fs.f_blocks.saturating_sub(fs.f_bfree).saturating_mul(unit),
        available: fs.f_bavail.saturating_mul(unit),
        inodes: fs.f_files,
        inodes_free: fs.f_ffree,
        read_only: fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
    })
}

#[async_trait]
impl Probe for DiskProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let path = self.path.clone();
        let room = self.off.run(move || look(&path)).await??;
        self.judge(room)
    }

    fn problem(&self) -> Option<String> {
        let fine = 0.0 < self.warning && self.warning < self.critical && self.critical <= 100.0;
        (!fine).then(|| {
            format!(
                "limits {} % and {} % are not 0 < warning < critical <= 100",
                self.warning, self.critical
            )
        })
    }
}

/// A check that the file system holding `path` has room; see [`DiskProbe`].
pub fn disk(name: impl Into<String>, path: impl Into<PathBuf>) -> Check {
    DiskProbe::new(path).into_check(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: ok, degraded, or the failure's text.
    #[track_caller]
    fn check(used: u64, available: u64, inodes: (u64, u64), expected: &str) {
        let room = Room {
            used,
            available,
            inodes: inodes.0,
            inodes_free: inodes.1,
            read_only: false,
        };
        let got = match DiskProbe::new("/").judge(room) {
            Ok(output) if output.degraded => "degraded".to_owned(),
            Ok(_) => "ok".to_owned(),
            Err(error) => error.message().to_owned(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn limits_must_be_in_order() {
        let build = |warning, critical| {
            let check = DiskProbe::new("/")
                .limits(warning, critical)
                .into_check("disk");
            crate::HealthCheck::builder("svc").check(check).build()
        };
        assert!(build(85.0, 95.0).is_ok());
        for (warning, critical) in [
            (95.0, 85.0),
            (90.0, 90.0),
            (-1.0, 50.0),
            (0.0, 50.0),
            (50.0, 100.1),
            (f64::NAN, 95.0),
        ] {
            let error = build(warning, critical).unwrap_err();
            assert!(
                error.to_string().contains("settings of \"disk\""),
                "{error}"
            );
        }
    }

    #[test]
    fn table() {
        check(84, 16, (0, 0), "ok");
        check(85, 15, (0, 0), "degraded");
        check(95, 5, (0, 0), "95.0 % of space used");
        check(10, 90, (100, 2), "98.0 % of inodes used");
        check(0, 0, (0, 0), "ok");
        let read_only = Room {
            used: 1,
            available: 99,
            inodes: 0,
            inodes_free: 0,
            read_only: true,
        };
        assert!(DiskProbe::new("/").judge(read_only).is_err());
    }
}
