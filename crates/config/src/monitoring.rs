//! What is watched: databases, the machine, metrics.

use std::{path::PathBuf, time::Duration};

use super::{
    Config, Secret,
    database::{self, Database},
    reader::Findings,
    value::{boolean, masked, percent, put, seconds, time},
    variables::{Unit, Variable},
};

/// CPU, memory and disk: how often and which limits, in percent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResourceConfig {
    /// Time between samples.
    pub interval: Duration,
    /// Path on the watched file system.
    pub disk_path: PathBuf,
    /// Warning and critical.
    pub cpu: (f64, f64),
    /// Warning and critical.
    pub memory: (f64, f64),
    /// Warning and critical.
    pub disk: (f64, f64),
    /// How long a threshold must be passed before it is told, where it is not the default.
    pub hold: Option<Duration>,
    /// What else the file says of CPU, memory and disk.
    pub tuning: (ThresholdTuning, ThresholdTuning, ThresholdTuning),
}

/// When passing a threshold is told, and when it counts as over.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ThresholdTuning {
    /// How long it must be passed before it is told; none: [`ResourceConfig::hold`].
    pub hold: Option<Duration>,
    /// How far below it the value has to fall to count as over, in percentage points; none: 5, or less
    /// below a low threshold.
    pub margin: Option<f64>,
}

impl Default for ResourceConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            disk_path: "/".into(),
            cpu: (70.0, 90.0),
            memory: (80.0, 95.0),
            disk: (85.0, 95.0),
            hold: None,
            tuning: Default::default(),
        }
    }
}

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "PROMETHEUS_ENABLED",
        "true",
        "whether `/metrics` is served",
        |c, v| put(&mut c.http.metrics, boolean(v)),
        |c| Some(c.http.metrics.to_string()),
    )
    .needs("metrics"),
    Variable::new(
        "DATABASE_URL",
        "",
        "`sqlite:<path>` or `postgres://…`: health check and source of the daily report",
        set_database,
        |c| masked(c.database_url.as_ref()),
    )
    .secret()
    .shared(),
    Variable::new(
        "REDIS_URL",
        "",
        "`redis://[[user]:password@]host[:port][/database]`, `rediss://…?ca=file`, `unix:///socket` or `redis-sentinel://host1,host2/name`: health check and shared alert cooldown",
        set_redis,
        |c| masked(c.redis_url.as_ref()),
    )
    .secret()
    .shared()
    .needs("redis"),
    Variable::new(
        "BONGSU_RESOURCE_INTERVAL_SECONDS",
        "15",
        "time between two samples of CPU, memory, disk and network",
        |c, v| put(&mut c.resources.interval, time(v, (0.01, 3_600.0))),
        |c| seconds(c.resources.interval),
    )
    .counts(Unit::Seconds)
    .needs("resources"),
    Variable::new(
        "BONGSU_DISK_PATH",
        "/",
        "path whose file system is watched",
        |c, v| put(&mut c.resources.disk_path, Ok(PathBuf::from(v))),
        |c| Some(c.resources.disk_path.display().to_string()),
    )
    .needs("resources"),
    Variable::new(
        "BONGSU_RESOURCE_HOLD_SECONDS",
        "",
        "how long a threshold must be passed before it is told; unset: each resource its own",
        |c, v| put(&mut c.resources.hold, time(v, (0.0, 86_400.0)).map(Some)),
        |c| c.resources.hold.and_then(seconds),
    )
    .counts(Unit::Seconds)
    .needs("resources"),
    limit(
        "CPU_WARNING_THRESHOLD",
        "70",
        "from here on the CPU is a warning",
        |c, v| put(&mut c.resources.cpu.0, percent(v)),
        |c| Some(c.resources.cpu.0.to_string()),
    ),
    limit(
        "CPU_CRITICAL_THRESHOLD",
        "90",
        "from here on it is critical",
        |c, v| put(&mut c.resources.cpu.1, percent(v)),
        |c| Some(c.resources.cpu.1.to_string()),
    ),
    limit(
        "MEMORY_WARNING_THRESHOLD",
        "80",
        "from here on memory is a warning",
        |c, v| put(&mut c.resources.memory.0, percent(v)),
        |c| Some(c.resources.memory.0.to_string()),
    ),
    limit(
        "MEMORY_CRITICAL_THRESHOLD",
        "95",
        "from here on it is critical",
        |c, v| put(&mut c.resources.memory.1, percent(v)),
        |c| Some(c.resources.memory.1.to_string()),
    ),
    limit(
        "DISK_WARNING_THRESHOLD",
        "85",
        "from here on the disk is a warning",
        |c, v| put(&mut c.resources.disk.0, percent(v)),
        |c| Some(c.resources.disk.0.to_string()),
    ),
    limit(
        "DISK_CRITICAL_THRESHOLD",
        "95",
        "from here on it is critical",
        |c, v| put(&mut c.resources.disk.1, percent(v)),
        |c| Some(c.resources.disk.1.to_string()),
    ),
];

const fn limit(
    name: &'static str,
    default: &'static str,
    help: &'static str,
    set: super::variables::Set,
    show: super::variables::Show,
) -> Variable {
    Variable::new(name, default, help, set, show)
        .counts(Unit::Percent)
        .needs("resources")
}

/// Keeps the URL in bongsu's own form, if this build can read it.
fn set_database(config: &mut Config, text: &str) -> Result<(), String> {
    let (url, feature) = match database::read(text)? {
        Database::Sqlite(path) => (format!("sqlite:{}", path.display()), "sqlite"),
        Database::Postgres(url) => (url, "postgres"),
    };
    if !crate::has_feature(feature) {
        return Err(format!("needs bongsu's feature `{feature}`"));
    }
    #[cfg(feature = "postgres")]
    if feature == "postgres" && url.parse::<sqlx::postgres::PgConnectOptions>().is_err() {
        return Err("is not a valid postgres:// URL".to_owned());
    }
    config.database_url = Some(Secret::new(url));
    Ok(())
}

/// Judged by whoever will use it.
fn set_redis(config: &mut Config, text: &str) -> Result<(), String> {
    #[cfg(feature = "redis")]
    bongsu_redis::Client::new(text).map_err(|error| error.to_string())?;
    config.redis_url = Some(Secret::new(text));
    Ok(())
}

pub(super) fn check(config: &Config, findings: &mut Findings) {
    let resources = &config.resources;
    let limits = [
        ("CPU", resources.cpu),
        ("MEMORY", resources.memory),
        ("DISK", resources.disk),
    ];
    for (name, (warning, critical)) in limits {
        if warning >= critical {
            let variable = format!("{name}_WARNING_THRESHOLD");
            let message = format!("{warning} must be below {name}_CRITICAL_THRESHOLD ({critical})");
            let places = [&*variable, &*format!("{name}_CRITICAL_THRESHOLD")];
            match places.iter().find_map(|it| config.place_in_file(it)) {
                Some(place) => findings.problem(place, format!("{variable} {message}")),
                None => findings.problem(&variable, message),
            }
        }
    }
    for (name, (warning, critical)) in limits {
        for (which, percent) in [("WARNING", warning), ("CRITICAL", critical)] {
            if percent > 0.0 && percent < 1.0 {
                let meant = percent * 100.0;
                let message = format!(
                    "{percent} is {percent} percent, which is nearly always passed; write {meant:.1} if a \
                     share of 1 was meant"
                );
                findings.warning(&format!("{name}_{which}_THRESHOLD"), message);
            }
        }
    }
    let path = &resources.disk_path;
    if crate::has_feature("resources") && !path.exists() {
        let message = format!(
            "{} does not exist: the disk is not watched; name a folder on the disk that fills up",
            path.display()
        );
        findings.warning("BONGSU_DISK_PATH", message);
    }
}
