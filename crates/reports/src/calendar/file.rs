//! An operator's own closures and hours, as lines of a file, and a calendar that is replaced while in use.
//!
//! ```text
//! # closures and hours beyond the published ones
//! 2026-12-24  closed       temporary holiday
//! 2026-05-25  open
//! 2027-03-02  10:00-15:30  late opening
//! 2028        complete
//! hours       NXT after 15:40-24:00 from 2027-01-04
//! hours       KRX off-hours none from 2027-01-04
//! settlement  T+1 from 2027-10-11
//! ```

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::civil::{Date, Time};

use super::venue::{Phase, Venue};
use super::{Hours, Krx};

/// A calendar file larger than this is refused.
const MAX_BYTES: u64 = 1024 * 1024;

/// What is wrong with a calendar file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadCalendar {
    /// It cannot be read.
    #[error("calendar file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: std::io::Error,
    },
    /// A line is not understood.
    #[error("calendar line {line}: {problem}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it, and what is accepted.
        problem: String,
    },
}

const FORMS: &str = "expected `DATE closed REASON`, `DATE open`, `DATE HH:MM-HH:MM REASON`, \
     `YEAR complete`, `hours VENUE PHASE HH:MM-HH:MM|none from DATE` or `settlement T+N from DATE`";

impl FromStr for Krx {
    type Err = BadCalendar;

    /// The published calendar with the lines of a calendar file.
    fn from_str(text: &str) -> Result<Self, BadCalendar> {
        let mut krx = Self::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            krx = apply(krx, &words).map_err(|problem| BadCalendar::Line {
                line: at + 1,
                problem,
            })?;
        }
        Ok(krx)
    }
}

fn apply(krx: Krx, words: &[&str]) -> Result<Krx, String> {
    match *words {
        ["hours", venue, phase, span, "from", since] => {
            let venue: Venue = venue.parse().map_err(|error| format!("{error}"))?;
            let phase = Phase::parse(phase).ok_or_else(|| {
                format!(
                    "unknown phase {phase:?}, expected pre, regular, auction, off-hours or after"
                )
            })?;
            let span = if span == "none" {
                None
            } else {
                Some(times(span)?)
            };
            Ok(krx.hours_from(venue, phase, date(since)?, span))
        }
        ["settlement", lag, "from", since] => {
            let lag = lag.strip_prefix("T+").and_then(|days| days.parse().ok());
            let lag = lag.filter(|lag| *lag <= 10);
            let lag = lag.ok_or("expected a settlement of T+0 to T+10")?;
            Ok(krx.settlement_from(date(since)?, lag))
        }
        [year, "complete"] => {
            let year = year.parse().map_err(|_| format!("{year:?} is no year"))?;
            Ok(krx.year(year))
        }
        [day, "open"] => Ok(krx.open(date(day)?)),
        [day, "closed", ref reason @ ..] => Ok(krx.close(date(day)?, reason.join(" "))),
        [day, span, ref reason @ ..] if span.contains(':') => {
            let (open, close) = times(span)?;
            if close <= open {
                return Err(format!("the session {span} ends before it begins"));
            }
            Ok(krx.special(date(day)?, Hours { open, close }, reason.join(" ")))
        }
        _ => Err(FORMS.to_owned()),
    }
}

fn date(word: &str) -> Result<Date, String> {
    word.parse()
        .map_err(|_| format!("{word:?} is no date of the form 2026-12-24"))
}

fn times(word: &str) -> Result<(Time, Time), String> {
    let time = |text: &str| -> Option<Time> {
        if text == "24:00" {
            return Some(Time::midnight());
        }
        text.parse().ok()
    };
    word.split_once('-')
        .and_then(|(from, to)| Some((time(from)?, time(to)?)))
        .ok_or_else(|| format!("{word:?} is no span of the form 09:00-15:30"))
}

/// A calendar that may be replaced while it is in use. Clones share it.
///
/// A file of it is read anew by [`Calendar::reload`]; what is wrong with it then leaves the present
/// calendar in force.
#[derive(Debug, Clone, Default)]
pub struct Calendar(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    now: RwLock<Arc<Krx>>,
    file: Option<PathBuf>,
    read: RwLock<Option<Stamp>>,
}

/// By what a changed file is known.
type Stamp = (Option<SystemTime>, u64);

impl From<Krx> for Calendar {
    fn from(krx: Krx) -> Self {
        Self(Arc::new(Shared {
            now: RwLock::new(Arc::new(krx)),
            ..Shared::default()
        }))
    }
}

impl Calendar {
    /// The published calendar with the lines of a file; see [`Krx::from_str`] for their forms:
    /// `DATE closed REASON`, `DATE open`, `DATE HH:MM-HH:MM REASON`, `YEAR complete`,
    /// `hours VENUE PHASE HH:MM-HH:MM|none from DATE`, `settlement T+N from DATE`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or a line is not understood.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, BadCalendar> {
        let path = path.into();
        let (krx, stamp) = read(&path)?;
        Ok(Self(Arc::new(Shared {
            now: RwLock::new(Arc::new(krx)),
            file: Some(path),
            read: RwLock::new(Some(stamp)),
        })))
    }

    /// The calendar in force.
    #[must_use]
    pub fn get(&self) -> Arc<Krx> {
        Arc::clone(&self.0.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another calendar in force.
    pub fn set(&self, krx: Krx) {
        *self.0.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(krx);
    }

    /// The file it is read from.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// Reads the file anew where it has changed; `true` when it had. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// As [`Calendar::from_file`]; the calendar in force stays, and the file is read again when it
    /// has changed once more.
    pub fn reload(&self) -> Result<bool, BadCalendar> {
        let Some(path) = &self.0.file else {
            return Ok(false);
        };
        let mut known = self.0.read.write().unwrap_or_else(PoisonError::into_inner);
        let seen = match stamp(path) {
            Ok(seen) => seen,
            // Told once, and again when it has been back in between.
            Err(_) if known.is_none() => return Ok(false),
            Err(error) => {
                *known = None;
                return Err(error);
            }
        };
        if *known == Some(seen) {
            return Ok(false);
        }
        *known = Some(seen);
        let (krx, _) = read(path)?;
        self.set(krx);
        Ok(true)
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> BadCalendar {
    let path = path.to_owned();
    move |cause| BadCalendar::Unreadable { path, cause }
}

fn stamp(path: &Path) -> Result<Stamp, BadCalendar> {
    let facts = std::fs::metadata(path).map_err(unreadable(path))?;
    Ok((facts.modified().ok(), facts.len()))
}

fn read(path: &Path) -> Result<(Krx, Stamp), BadCalendar> {
    let stamp = stamp(path)?;
    if stamp.1 > MAX_BYTES {
        let cause = std::io::Error::other("larger than 1 MiB");
        return Err(unreadable(path)(cause));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
    Ok((text.parse()?, stamp))
}
