//! Facts about this machine and the endpoints of the configuration, for the doctor. What they mean is said in
//! `bongsu_config::doctor::judge`.

#[cfg_attr(not(feature = "_http"), path = "no_endpoint.rs")]
mod endpoint;
mod probe;

use std::{path::PathBuf, time::Duration};

use bongsu_config::{
    Config,
    doctor::{Finding, judge},
};
use jiff::Timestamp;
use tokio::time::timeout;

#[allow(unused_imports, reason = "who asks depends on the features")]
pub(crate) use self::probe::{beside, listen, try_write};

/// How long one question may take: longer than any of the channels' own limits for a probe that
/// answers at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The clock and the zone, by the first endpoint of the configuration that gives its time; and whether the dead-man's
/// switch is there.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub async fn machine(config: &Config) -> (Vec<Finding>, Option<Finding>) {
    let (server, heartbeat) = endpoint::look(config).await;
    let now = server.as_ref().map(|(_, _, ours)| *ours);
    let now = now.unwrap_or_else(Timestamp::now);
    let server = server
        .as_ref()
        .map(|(host, theirs, _)| (host.as_str(), *theirs));
    let clock = judge::clock(now, probe::built(), server);
    (
        vec![clock, judge::time_zone(probe::knows_seoul())],
        heartbeat,
    )
}

/// How many files may be open, what is written to, and whether there is room.
pub async fn room(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::from_iter(judge::descriptors(probe::descriptors()));
    findings.extend(folders(config).await);
    findings
}

/// A host, the time that it gave, and the time here at that moment.
type Told = (String, Timestamp, Timestamp);

/// What is written to, and whether there is room.
async fn folders(config: &Config) -> Vec<Finding> {
    let mut wanted: Vec<(&'static str, PathBuf)> =
        vec![("BONGSU_DATA_DIR", config.data_dir.clone())];
    if let Some(dir) = &config.log.dir {
        wanted.push(("LOG_DIR", dir.clone()));
    }
    let mut findings = Vec::new();
    for (variable, path) in wanted {
        // A file system may hang; this thread then waits for it, but nobody else.
        let asked = path.clone();
        let facts =
            tokio::task::spawn_blocking(move || (probe::folder(&asked), probe::free(&asked)));
        let (written, free) = match timeout(PATIENCE, facts).await {
            Ok(Ok(facts)) => facts,
            _ => (Err(std::io::ErrorKind::TimedOut.into()), None),
        };
        findings.push(judge::folder(variable, &path, &written, free));
    }
    findings
}
