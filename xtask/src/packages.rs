//! What the tests need from the distribution: real servers, not doubles.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::run::{Failure, run, say};

/// Debian package, and a file that shows that it is there.
const PACKAGES: &[(&str, &str)] = &[
    ("chromium", "/usr/bin/chromium"),
    ("chromium-driver", "/usr/bin/chromedriver"),
    ("logrotate", "/usr/sbin/logrotate"),
    ("openssl", "/usr/bin/openssl"),
    ("pgbouncer", "/usr/sbin/pgbouncer"),
    ("postfix", "/usr/sbin/postfix"),
    ("postgresql", "/usr/lib/postgresql/15/bin/postgres"),
    ("prometheus", "/usr/bin/promtool"),
    (
        "prometheus-alertmanager",
        "/usr/bin/prometheus-alertmanager",
    ),
    (
        "python3-aiosmtpd",
        "/usr/lib/python3/dist-packages/aiosmtpd/__init__.py",
    ),
    (
        "python3-cryptography",
        "/usr/lib/python3/dist-packages/cryptography/__init__.py",
    ),
    (
        "python3-psutil",
        "/usr/lib/python3/dist-packages/psutil/__init__.py",
    ),
    ("redis-server", "/usr/bin/redis-server"),
    ("rsyslog", "/usr/sbin/rsyslogd"),
    ("valgrind", "/usr/bin/valgrind"),
    ("victoria-metrics", "/usr/bin/victoria-metrics"),
];

/// What the proof of the stack needs besides.
const FOR_STACK: &[(&str, &str)] = &[
    ("binutils", "/usr/bin/strip"),
    ("busybox-static", "/bin/busybox"),
    ("docker.io", "/usr/sbin/dockerd"),
];

/// The interpreter that sees the distribution's Python packages.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

/// Installs what the tests need and is missing, as root or through a `sudo` that asks nothing.
pub(crate) fn ensure() -> Result<(), Failure> {
    install(PACKAGES.iter())
}

/// The same for the proof of the stack.
pub(crate) fn ensure_for_stack() -> Result<(), Failure> {
    install(PACKAGES.iter().chain(FOR_STACK))
}

fn install<'a>(
    wanted: impl Iterator<Item = &'a (&'static str, &'static str)>,
) -> Result<(), Failure> {
    let missing: Vec<&str> = wanted
        .filter(|(_, file)| !Path::new(file).exists())
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    say(&format!(
        "The tests need these packages: {list}. Installing them …"
    ));
    let prefix: &[&str] = if is_root() { &[] } else { &["sudo", "-n"] };
    let installed = run(&mut apt(prefix, &["update", "-qq"])).and_then(|()| {
        run(apt(prefix, &["install", "-y", "-qq", "--no-install-recommends"]).args(&missing))
    });
    installed.map_err(|failure| {
        Failure(format!(
            "{}\nInstall them by hand and run this again:\n  sudo apt-get install --no-install-recommends {list}",
            failure.0
        ))
    })
}

fn apt(prefix: &[&str], args: &[&str]) -> Command {
    // The services that come with the packages are started by the tests, on ports of their own.
    let words = [
        prefix,
        &[
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "RUNLEVEL=1",
            "apt-get",
        ],
        args,
    ]
    .concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdout(Stdio::null());
    command
}

pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of our own entry in /proc is who we are.
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
