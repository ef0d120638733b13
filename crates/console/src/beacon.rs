//! One word for the whole service, and why.

use crate::{Breaker, Lang, Level, Snapshot, Status, format};

/// Share of requests answered with 5xx from which the service is watched.
pub(crate) const ERRORS_WATCH: f64 = 0.01;
/// The same for an alarm.
pub(crate) const ERRORS_ALARM: f64 = 0.05;
/// Errors in the log of the last five minutes from which the service is watched.
const LOGGED_WATCH: u64 = 5;
/// Share of the halt line from which the drawdown is watched.
pub(crate) const DRAWDOWN_WATCH: f64 = 0.75;

/// How many fires burn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beacon {
    /// One fire: all is well.
    Calm,
    /// Three: something is worth a look.
    Watch,
    /// Five: act now.
    Alarm,
}

impl Beacon {
    /// The name in style sheets.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Watch => "watch",
            Self::Alarm => "alarm",
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Calm => lang.pick("Calm", "평온"),
            Self::Watch => lang.pick("Watch", "주의"),
            Self::Alarm => lang.pick("Alarm", "비상"),
        }
    }

    /// Fires of the five that burn.
    #[must_use]
    pub const fn fires(self) -> usize {
        match self {
            Self::Calm => 1,
            Self::Watch => 3,
            Self::Alarm => 5,
        }
    }
}

/// Why a beacon is not calm.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// How many fires it is worth.
    pub beacon: Beacon,
    /// What it is about.
    pub cause: Cause,
}

/// What is not as it should be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// A dependency does not do well.
    Dependency {
        /// Its name.
        name: String,
        /// How it does.
        status: Status,
    },
    /// Alerts fire.
    Alerts {
        /// Their level.
        level: Level,
        /// How many, at least one.
        count: usize,
        /// The title of the oldest.
        title: String,
        /// Somebody knows about all of them.
        known: bool,
    },
    /// A channel cannot be used.
    Channel {
        /// Its name.
        name: String,
        /// Why.
        breaker: Breaker,
    },
    /// No channel can be used: nobody would hear of anything.
    NoChannel,
    /// Too many requests fail.
    Errors {
        /// The share, 0 to 1.
        ratio: f64,
    },
    /// Errors are logged again and again.
    Logged {
        /// How many in the last five minutes.
        lately: u64,
    },
    /// The drawdown is near or past the line.
    Drawdown {
        /// Percent.
        percent: f64,
        /// The line, percent.
        halt: f64,
    },
    /// Too much of something is in use.
    Usage {
        /// Of what.
        resource: Resource,
        /// Whether the container's share rather than the machine's.
        container: bool,
        /// Percent.
        percent: f64,
    },
    /// The last report failed.
    Report,
    /// It is out of service on purpose, and nobody is told of what fires.
    Maintenance {
        /// When that ends.
        until: jiff::Timestamp,
        /// Who asked for it.
        by: String,
    },
}

/// What can run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
    /// Disk.
    Disk,
}

impl Resource {
    /// The word for people.
    #[must_use]
    pub const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => lang.pick("Memory", "메모리"),
            Self::Disk => lang.pick("Disk", "디스크"),
        }
    }
}

/// The beacon of a snapshot with every reason for it, the worst first.
///
/// ```
/// use bongsu_console::{Beacon, Service, Snapshot, beacon};
///
/// let snapshot = Snapshot::new(jiff::Timestamp::UNIX_EPOCH, Service::default());
/// assert_eq!(beacon(&snapshot), (Beacon::Calm, vec![]));
/// ```
#[must_use]
pub fn beacon(snapshot: &Snapshot) -> (Beacon, Vec<Reason>) {
    let mut reasons = Vec::new();
    maintenance(snapshot, &mut reasons);
    portfolio(snapshot, &mut reasons);
    alerts(snapshot, &mut reasons);
    dependencies(snapshot, &mut reasons);
    http(snapshot, &mut reasons);
    logged(snapshot, &mut reasons);
    channels(snapshot, &mut reasons);
    usage(snapshot, &mut reasons);
    let last = snapshot.reports.last.value();
    if last.is_some_and(|report| report.problem.is_some()) {
        reasons.push(Reason {
            beacon: Beacon::Watch,
            cause: Cause::Report,
        });
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.beacon));
    let worst = reasons.first().map_or(Beacon::Calm, |reason| reason.beacon);
    (worst, reasons)
}

fn maintenance(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    if let Some(it) = snapshot.maintenance.as_ref().filter(|it| it.active) {
        reasons.push(Reason {
            beacon: Beacon::Watch,
            cause: Cause::Maintenance {
                until: it.until,
                by: it.by.clone(),
            },
        });
    }
}

fn portfolio(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    let book = &snapshot.portfolio;
    let (Some(halt), Some(&percent)) = (book.halt_percent, book.drawdown_percent.value()) else {
        return;
    };
    let beacon = match percent {
        p if p >= halt => Beacon::Alarm,
        p if p >= halt * DRAWDOWN_WATCH => Beacon::Watch,
        _ => return,
    };
    reasons.push(Reason {
        beacon,
        cause: Cause::Drawdown { percent, halt },
    });
}

fn alerts(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    let Some(all) = snapshot.alerts.value() else {
        return;
    };
    for level in Level::WORST_FIRST {
        for known in [false, true] {
            let these = || {
                all.iter()
                    .filter(|a| a.level == level && a.acknowledged_by.is_some() == known)
            };
            let Some(oldest) = these().min_by_key(|alert| alert.since) else {
                continue;
            };
            let beacon = match level {
                Level::Info => continue,
                Level::Warning => Beacon::Watch,
                // Somebody is on it: worth a look, not another call.
                Level::Error | Level::Critical if known => Beacon::Watch,
                Level::Error | Level::Critical => Beacon::Alarm,
            };
            reasons.push(Reason {
                beacon,
                cause: Cause::Alerts {
                    level,
                    count: these().count(),
                    title: oldest.title.clone(),
                    known,
                },
            });
        }
    }
}

fn dependencies(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    for dependency in snapshot.dependencies.value().into_iter().flatten() {
        let beacon = match dependency.status {
            Status::Healthy => continue,
            Status::Unhealthy if dependency.required => Beacon::Alarm,
            _ => Beacon::Watch,
        };
        reasons.push(Reason {
            beacon,
            cause: Cause::Dependency {
                name: dependency.name.clone(),
                status: dependency.status,
            },
        });
    }
}

fn http(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    let Some(&ratio) = snapshot.http.error_ratio.value() else {
        return;
    };
    let beacon = match ratio {
        r if r >= ERRORS_ALARM => Beacon::Alarm,
        r if r >= ERRORS_WATCH => Beacon::Watch,
        _ => return,
    };
    reasons.push(Reason {
        beacon,
        cause: Cause::Errors { ratio },
    });
}

/// Nothing may fire while something goes wrong all the time.
fn logged(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    let groups = snapshot.errors.value().into_iter().flatten();
    let lately: u64 = groups.map(|group| group.lately).sum();
    if lately >= LOGGED_WATCH {
        reasons.push(Reason {
            beacon: Beacon::Watch,
            cause: Cause::Logged { lately },
        });
    }
}

fn channels(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    let Some(all) = snapshot.channels.value() else {
        return;
    };
    if !all.is_empty() && all.iter().all(|c| c.breaker != Breaker::Closed) {
        reasons.push(Reason {
            beacon: Beacon::Alarm,
            cause: Cause::NoChannel,
        });
    }
    for channel in all {
        if matches!(channel.breaker, Breaker::Open | Breaker::Broken) {
            reasons.push(Reason {
                beacon: Beacon::Watch,
                cause: Cause::Channel {
                    name: channel.name.clone(),
                    breaker: channel.breaker,
                },
            });
        }
    }
}

fn usage(snapshot: &Snapshot, reasons: &mut Vec<Reason>) {
    let limits = snapshot.limits;
    for (of, container) in [(&snapshot.host, false), (&snapshot.container, true)] {
        for (resource, percent, (warning, critical)) in [
            (Resource::Cpu, &of.cpu_percent, limits.cpu),
            (Resource::Memory, &of.memory_percent, limits.memory),
            (Resource::Disk, &of.disk_percent, limits.disk),
        ] {
            let Some(&percent) = percent.value() else {
                continue;
            };
            // A full disk or memory stops the service; a busy CPU slows it.
            let beacon = match (percent, resource) {
                (p, Resource::Memory | Resource::Disk) if p >= critical => Beacon::Alarm,
                (p, _) if p >= warning => Beacon::Watch,
                _ => continue,
            };
            reasons.push(Reason {
                beacon,
                cause: Cause::Usage {
                    resource,
                    container,
                    percent,
                },
            });
        }
    }
}

impl Cause {
    /// The panel of the first screen that shows more.
    #[must_use]
    pub const fn panel(&self) -> &'static str {
        match self {
            Self::Dependency { .. } => "dependencies",
            Self::Alerts { .. } | Self::Maintenance { .. } => "alerts",
            Self::Channel { .. } | Self::NoChannel => "channels",
            Self::Errors { .. } => "http",
            Self::Logged { .. } => "errors",
            Self::Drawdown { .. } => "portfolio",
            Self::Usage { .. } => "resources",
            Self::Report => "session",
        }
    }

    /// The cause in words.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let ko = lang == Lang::Ko;
        match self {
            Self::Dependency { name, status } => match status {
                Status::Unhealthy if ko => format!("{name} 응답 없음"),
                Status::Unhealthy => format!("{name} is unhealthy"),
                Status::Degraded if ko => format!("{name} 성능 저하"),
                Status::Degraded => format!("{name} is degraded"),
                _ if ko => format!("{name} 상태 미확인"),
                _ => format!("nothing is known of {name}"),
            },
            Self::Alerts {
                level,
                count,
                title,
                known,
            } => {
                let more = match (count - 1, ko) {
                    (0, _) => String::new(),
                    (n, true) => format!(" 외 {n}건"),
                    (n, false) => format!(" and {n} more"),
                };
                let known = if *known {
                    lang.pick(", acknowledged", " (확인됨)")
                } else {
                    ""
                };
                format!("{}: {title}{more}{known}", format::level(*level, lang))
            }
            Self::Channel { name, breaker } => {
                let state = format::breaker(*breaker, lang);
                if ko {
                    format!("{name} 채널: {state}")
                } else {
                    format!("channel {name}: {state}")
                }
            }
            Self::NoChannel => lang
                .pick("no channel can deliver alerts", "알림을 보낼 채널이 없음")
                .to_owned(),
            Self::Errors { ratio } => {
                let share = format::percent(ratio * 100.0);
                if ko {
                    format!("요청의 {share} 실패")
                } else {
                    format!("{share} of requests fail")
                }
            }
            Self::Logged { lately } => lang.pick_made(
                format!("{lately} errors in the log within five minutes"),
                format!("5분간 로그 오류 {lately}건"),
            ),
            Self::Drawdown { percent, halt } => {
                let (percent, halt) = (format::percent(*percent), format::percent(*halt));
                if ko {
                    format!("낙폭 {percent} (거래 중단선 {halt})")
                } else {
                    format!("drawdown {percent}, trading halts at {halt}")
                }
            }
            Self::Usage {
                resource,
                container,
                percent,
            } => {
                let (what, share) = (resource.word(lang), format::percent(*percent));
                match (container, ko) {
                    (false, false) => format!("{what} of the host at {share}"),
                    (true, false) => format!("{what} of the container at {share}"),
                    (false, true) => format!("호스트 {what} {share}"),
                    (true, true) => format!("컨테이너 {what} {share}"),
                }
            }
            Self::Report => lang
                .pick("the last report failed", "최근 보고서 실패")
                .to_owned(),
            Self::Maintenance { until, by } => {
                let until = &format::clock(*until)[..5];
                lang.pick_made(
                    format!("maintenance until {until}, by {by}"),
                    format!("{until}까지 점검 중 ({by})"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{AlertDetail, Channel, Dependency, Figure, FiringAlert, LastReport, Service};

    fn calm() -> Snapshot {
        Snapshot::new(Timestamp::UNIX_EPOCH, Service::default())
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Snapshot), want: Beacon, words: &[&str]) {
        let mut snapshot = calm();
        change(&mut snapshot);
        let (beacon, reasons) = beacon(&snapshot);
        let said: Vec<_> = reasons.iter().map(|r| r.cause.words(Lang::En)).collect();
        assert_eq!(
            (beacon, &said[..]),
            (
                want,
                &words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..]
            )
        );
        for reason in reasons {
            assert!(!reason.cause.words(Lang::Ko).is_empty());
        }
    }

    fn alert(level: Level, second: u64, by: Option<&str>) -> FiringAlert {
        FiringAlert {
            key: String::new(),
            level,
            title: format!("since {second}"),
            message: String::new(),
            source: String::new(),
            since: Timestamp::UNIX_EPOCH + Duration::from_secs(second),
            count: 1,
            acknowledged_by: by.map(str::to_owned),
            silenced_until: None,
            standing: Default::default(),
            detail: AlertDetail::default(),
        }
    }

    fn dependency(status: Status, required: bool) -> Figure<Vec<Dependency>> {
        Figure::Known(vec![Dependency {
            name: "db".to_owned(),
            kind: String::new(),
            status,
            required,
            latency_ms: Figure::default(),
            since: Figure::default(),
            message: None,
        }])
    }

    fn channels(breakers: &[Breaker]) -> Figure<Vec<Channel>> {
        let channel = |breaker: &Breaker| Channel {
            name: "slack".to_owned(),
            queued: 0,
            delivered: 0,
            dead: 0,
            last_success: Figure::default(),
            breaker: *breaker,
        };
        Figure::Known(breakers.iter().map(channel).collect())
    }

    #[test]
    fn alerts_table() {
        use Beacon::{Alarm, Calm, Watch};
        use Level::{Critical, Error, Info, Warning};
        let fire = |alerts: &[FiringAlert]| {
            let alerts = alerts.to_vec();
            move |s: &mut Snapshot| s.alerts = Figure::Known(alerts)
        };
        check(|_| {}, Calm, &[]);
        check(fire(&[]), Calm, &[]);
        check(fire(&[alert(Info, 1, None)]), Calm, &[]);
        check(
            fire(&[alert(Warning, 1, None)]),
            Watch,
            &["warning: since 1"],
        );
        check(
            fire(&[alert(Error, 7, None), alert(Error, 3, None)]),
            Alarm,
            &["error: since 3 and 1 more"],
        );
        check(
            fire(&[alert(Critical, 1, Some("minji"))]),
            Watch,
            &["critical: since 1, acknowledged"],
        );
        check(
            fire(&[alert(Critical, 1, Some("minji")), alert(Error, 2, None)]),
            Alarm,
            &["error: since 2", "critical: since 1, acknowledged"],
        );
    }

    #[test]
    fn dependencies_and_channels_table() {
        use Beacon::{Alarm, Calm, Watch};
        let depend = |status, required| {
            move |s: &mut Snapshot| s.dependencies = dependency(status, required)
        };
        check(depend(Status::Healthy, true), Calm, &[]);
        check(
            depend(Status::Unknown, true),
            Watch,
            &["nothing is known of db"],
        );
        check(depend(Status::Degraded, true), Watch, &["db is degraded"]);
        check(
            depend(Status::Unhealthy, false),
            Watch,
            &["db is unhealthy"],
        );
        check(depend(Status::Unhealthy, true), Alarm, &["db is unhealthy"]);
        let with =
            |breakers: &'static [Breaker]| move |s: &mut Snapshot| s.channels = channels(breakers);
        check(with(&[]), Calm, &[]);
        check(with(&[Breaker::Closed, Breaker::Disabled]), Calm, &[]);
        check(
            with(&[Breaker::Closed, Breaker::Open]),
            Watch,
            &["channel slack: paused after failures"],
        );
        check(
            with(&[Breaker::Broken]),
            Alarm,
            &[
                "no channel can deliver alerts",
                "channel slack: needs mending",
            ],
        );
    }

    #[test]
    fn figures_table() {
        use Beacon::{Alarm, Calm, Watch};
        let drawdown = |v| {
            move |s: &mut Snapshot| {
                s.portfolio.drawdown_percent = Figure::Known(v);
                s.portfolio.halt_percent = Some(28.0);
            }
        };
        // A service that halts at nothing has no line to come near to.
        let without = |s: &mut Snapshot| s.portfolio.drawdown_percent = Figure::Known(99.0);
        check(without, Calm, &[]);
        check(drawdown(20.9), Calm, &[]);
        check(
            drawdown(21.0),
            Watch,
            &["drawdown 21.0%, trading halts at 28.0%"],
        );
        check(
            drawdown(28.0),
            Alarm,
            &["drawdown 28.0%, trading halts at 28.0%"],
        );
        check(drawdown(f64::NAN), Calm, &[]);
        let errors = |v| move |s: &mut Snapshot| s.http.error_ratio = Figure::Known(v);
        check(errors(0.009), Calm, &[]);
        check(errors(0.01), Watch, &["1.0% of requests fail"]);
        check(errors(0.05), Alarm, &["5.0% of requests fail"]);
        let cpu = |v| move |s: &mut Snapshot| s.host.cpu_percent = Figure::Known(v);
        check(cpu(69.9), Calm, &[]);
        check(cpu(99.0), Watch, &["CPU of the host at 99.0%"]);
        let memory = |v| move |s: &mut Snapshot| s.container.memory_percent = Figure::Known(v);
        check(memory(80.0), Watch, &["Memory of the container at 80.0%"]);
        check(memory(95.0), Alarm, &["Memory of the container at 95.0%"]);
        check(
            |s| {
                s.reports.last = Figure::Known(LastReport {
                    session: jiff::civil::date(2026, 5, 27),
                    at: Timestamp::UNIX_EPOCH,
                    problem: Some("no source".to_owned()),
                });
            },
            Watch,
            &["the last report failed"],
        );
        let maintenance = |active| {
            move |s: &mut Snapshot| {
                s.maintenance = Some(crate::Maintenance {
                    id: String::new(),
                    start: None,
                    until: Timestamp::UNIX_EPOCH,
                    active,
                    holds: Vec::new(),
                    held: 0,
                    by: "kim".to_owned(),
                    reason: String::new(),
                });
            }
        };
        check(
            maintenance(true),
            Watch,
            &["maintenance until 09:00, by kim"],
        );
        check(maintenance(false), Calm, &[]);
    }
}
