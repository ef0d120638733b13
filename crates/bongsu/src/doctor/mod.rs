//! Looks at the environment as the service would have it, and says what will not work.
//!
//! `cargo xtask doctor` runs it with every feature; a service offers it from its own binary, with
//! its own checks and channels:
//!
//! ```no_run
//! use std::process::ExitCode;
//! use bongsu::{Bongsu, Builder, Config};
//!
//! fn builder(config: Config) -> Builder {
//!     Bongsu::builder(config) // .check(…).channel(…)
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     let config = match Config::from_env() {
//!         Ok(config) => config,
//!         Err(error) => return bongsu::exit_code(Err(error.into())),
//!     };
//!     if std::env::args().nth(1).as_deref() == Some("doctor") {
//!         let diagnosis = builder(config).doctor().await;
//!         println!("{diagnosis}");
//!         return diagnosis.exit_code();
//!     }
//!     // … start and serve …
//! #   ExitCode::SUCCESS
//! }
//! ```
//!
//! Nothing is started, nothing is sent, no folder is made: it is safe beside the running service,
//! which then of course holds its own ports. Every question has a time limit.

#[cfg(feature = "_http")]
mod endpoint;
mod finding;
mod judge;
mod probe;

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use crate::{Builder, Config};
pub use finding::{Diagnosis, Finding, Verdict};

/// How long one question may take: longer than any of the channels' own limits for a probe that
/// answers at all.
const PATIENCE: Duration = Duration::from_secs(20);

impl Builder {
    /// Looks at everything that the configuration, the added checks and the added channels need.
    pub async fn doctor(self) -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        diagnosis.extend(judge::configuration(&self.config.unread));
        let Self {
            config,
            #[cfg(feature = "health")]
            checks,
            #[cfg(feature = "alerts")]
            channels,
            ..
        } = self;
        #[cfg(feature = "_http")]
        let (server, heartbeat) = endpoints(&config).await;
        #[cfg(not(feature = "_http"))]
        let (server, heartbeat) = (None, None);
        machine(server, &mut diagnosis);
        diagnosis.extend(folders(&config).await);
        #[cfg(feature = "axum")]
        diagnosis.extend(ports(&config));
        #[cfg(feature = "health")]
        diagnosis.extend(dependencies(&config, checks).await);
        #[cfg(feature = "alerts")]
        diagnosis.extend(reach(&config, channels).await);
        diagnosis.extend(heartbeat);
        diagnosis
    }
}

/// A host, the time that it gave, and the time here at that moment.
type Told = (String, Timestamp, Timestamp);

/// The clock, the zone, the calendar and the limits of the process.
fn machine(server: Option<Told>, diagnosis: &mut Diagnosis) {
    let now = server.as_ref().map(|(_, _, ours)| *ours);
    let now = now.unwrap_or_else(Timestamp::now);
    let server = server
        .as_ref()
        .map(|(host, theirs, _)| (host.as_str(), *theirs));
    diagnosis.push(judge::clock(now, probe::built(), server));
    diagnosis.push(judge::time_zone(probe::knows_seoul()));
    #[cfg(feature = "reports")]
    {
        use bongsu_reports::calendar::{Krx, date_in_seoul};
        let krx = Krx::new();
        // Of three days in a row one is no weekend, which the calendar knows without any data.
        let known = |year: i16| (2..=4).all(|day| krx.day(jiff::civil::date(year, 1, day)).is_ok());
        diagnosis.push(judge::calendar(date_in_seoul(now), known));
    }
    diagnosis.extend(judge::descriptors(probe::descriptors()));
}

/// Who gave its time first, in the order of the configuration; and whether the dead-man's switch,
/// which must not be pressed for a trial, is there.
#[cfg(feature = "_http")]
async fn endpoints(config: &Config) -> (Option<Told>, Option<Finding>) {
    use endpoint::Answer;
    let first = async {
        for origin in endpoint::origins(config) {
            if let Answer::Date(Some(theirs)) = endpoint::ask(&origin).await {
                return Some((endpoint::host(&origin), theirs, Timestamp::now()));
            }
        }
        None
    };
    let server = timeout(PATIENCE, first).await.ok().flatten();
    let mut heartbeat = None;
    let url = config.alerts.heartbeat.as_ref();
    if let Some(origin) = url.and_then(|url| endpoint::origin(url.expose())) {
        let host = endpoint::host(&origin);
        let answer = endpoint::ask(&origin).await;
        heartbeat = Some(judge::heartbeat(&host, &answer));
    }
    (server, heartbeat)
}

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

#[cfg(feature = "axum")]
fn ports(config: &Config) -> Vec<Finding> {
    let http = &config.http;
    let mut wanted = vec![("BONGSU_BIND", http.bind)];
    if let Some(port) = http.ops_port {
        wanted.push(("METRICS_PORT", (http.bind.ip(), port).into()));
    }
    let look = |(variable, address)| judge::port(variable, address, &probe::listen(address));
    wanted.into_iter().map(look).collect()
}

/// A real ping of everything that health watches.
#[cfg(feature = "health")]
async fn dependencies(config: &Config, added: Vec<bongsu_health::Check>) -> Vec<Finding> {
    use bongsu_health::{HealthCheck, HealthStatus};
    use judge::Ping;

    const DATABASE: &str = "database";
    const REMEDY: &str = "correct the check, or the URL that it is made of";
    let configured = match crate::database::checks(config) {
        Ok(checks) => checks,
        Err(error) => return vec![Finding::failed("checks", error.chain(), REMEDY)],
    };
    // The first answer counts, and a slow one is better than none.
    let patient = |check: bongsu_health::Check| {
        #[cfg(feature = "postgres")]
        let check = match config.postgres_url() {
            Some(url) if check.name() == DATABASE => crate::database::direct(url),
            _ => check,
        };
        check.failure_threshold(1).timeout(Duration::from_secs(10))
    };
    let health = HealthCheck::builder(&config.service.name)
        .checks(configured.into_iter().map(patient))
        .checks(added.into_iter().map(|check| check.failure_threshold(1)))
        .build();
    let health = match health {
        Ok(health) => health,
        Err(error) => return vec![Finding::failed("checks", error.to_string(), REMEDY)],
    };
    let snapshot = health.refresh_all().await;
    let missing_file = config.sqlite_path().is_some_and(|path| !path.exists());
    let judged = snapshot.dependencies().map(|(dependency, _)| {
        let why = dependency.message.as_deref().unwrap_or("no reason given");
        let ping = match dependency.status {
            HealthStatus::Healthy => Ping::Answered,
            HealthStatus::Degraded => Ping::Degraded(why),
            _ if missing_file && dependency.name == DATABASE => Ping::NoFile,
            _ => Ping::Failed(why),
        };
        let subject = match dependency.name.as_str() {
            DATABASE => "DATABASE_URL",
            "redis" => "REDIS_URL",
            other => other,
        };
        judge::dependency(subject, ping)
    });
    judged.collect()
}

/// Whether each channel's far side is there and takes the credentials; all at the same time.
#[cfg(feature = "alerts")]
async fn reach(
    config: &Config,
    added: Vec<std::sync::Arc<dyn bongsu_alerts::Channel>>,
) -> Vec<Finding> {
    let manager = match crate::alerting::detached(config, added) {
        Ok(Some(manager)) => manager,
        Ok(None) => return vec![judge::no_channel()],
        Err(error) => {
            let remedy = "give each channel an id of its own";
            return vec![Finding::failed("channels", error.chain(), remedy)];
        }
    };
    let mut probes = tokio::task::JoinSet::new();
    for (place, id) in manager.channel_ids().into_iter().enumerate() {
        let manager = manager.clone();
        probes.spawn(async move {
            let outcome = match timeout(PATIENCE, manager.probe(&id)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => bongsu_alerts::Outcome::broken(error.to_string()),
                Err(_) => bongsu_alerts::Outcome::transient("no answer in time"),
            };
            (place, judge::channel(&id, &outcome))
        });
    }
    let mut found = probes.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, finding)| finding).collect()
}
