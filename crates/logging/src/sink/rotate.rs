//! When a file is full and which old ones go: decisions only, no file is touched here.

use std::time::Duration;

/// How often a new file is begun, at boundaries of the timestamps' zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Period {
    /// At every full hour.
    Hourly,
    /// At midnight.
    Daily,
}

impl Period {
    fn seconds(self) -> i64 {
        match self {
            Period::Hourly => 3_600,
            Period::Daily => 86_400,
        }
    }
}

/// When the log file is rotated and what is kept.
///
/// The default rotates at 100 MiB and at midnight, gzips, and keeps 30 files, 2 GiB at most. Rotated files
/// are named `<name>.<UTC time>-<number>.log[.gz]`; no other file of the folder is ever touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) period: Option<Period>,
    pub(crate) keep_files: Option<usize>,
    pub(crate) keep_for: Option<Duration>,
    pub(crate) keep_bytes: Option<u64>,
    pub(crate) gzip: bool,
}

impl Default for Rotation {
    fn default() -> Rotation {
        Rotation {
            max_bytes: Some(100 << 20),
            period: Some(Period::Daily),
            keep_files: Some(30),
            keep_for: None,
            keep_bytes: Some(2 << 30),
            gzip: true,
        }
    }
}

impl Rotation {
    /// No rotation and nothing deleted; for logrotate and its like.
    #[must_use]
    pub fn never() -> Rotation {
        Rotation {
            max_bytes: None,
            period: None,
            keep_files: None,
            keep_for: None,
            keep_bytes: None,
            gzip: false,
        }
    }

    /// Rotates before the file would grow past so many bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Rotates at the period's boundaries.
    #[must_use]
    pub fn every(mut self, period: Period) -> Self {
        self.period = Some(period);
        self
    }

    /// Keeps so many rotated files.
    #[must_use]
    pub fn keep_files(mut self, files: usize) -> Self {
        self.keep_files = Some(files);
        self
    }

    /// Keeps rotated files for so long.
    #[must_use]
    pub fn keep_for(mut self, age: Duration) -> Self {
        self.keep_for = Some(age);
        self
    }

    /// Keeps so many bytes of rotated files.
    #[must_use]
    pub fn keep_bytes(mut self, bytes: u64) -> Self {
        self.keep_bytes = Some(bytes);
        self
    }

    /// Compresses rotated files, on a thread of its own.
    #[must_use]
    pub fn gzip(mut self, on: bool) -> Self {
        self.gzip = on;
        self
    }

    /// Whether a new file is due before `incoming` bytes are added to one of `size` bytes that was
    /// written last at `last` (both moments in shifted Unix seconds).
    pub(crate) fn due(&self, size: u64, incoming: u64, last: i64, now: i64) -> bool {
        if size == 0 {
            return false;
        }
        let full = self.max_bytes.is_some_and(|max| size + incoming > max);
        let over = self.period.is_some_and(|period| {
            now.div_euclid(period.seconds()) > last.div_euclid(period.seconds())
        });
        full || over
    }

    /// The files to delete, oldest first.
    pub(crate) fn expired(&self, mut files: Vec<Rotated>, now: i64) -> Vec<Rotated> {
        files.sort_by_key(|file| (file.at, file.number));
        files.reverse();
        let (mut kept, mut bytes) = (0usize, 0u64);
        let mut out: Vec<Rotated> = Vec::new();
        for file in files {
            let too_old = self
                .keep_for
                .is_some_and(|age| now.saturating_sub(file.at) > age.as_secs() as i64);
            let too_many = self.keep_files.is_some_and(|max| kept >= max);
            let too_much = self.keep_bytes.is_some_and(|max| bytes + file.bytes > max);
            // Once one goes, all older ones go: no holes in the history.
            if !out.is_empty() || too_old || too_many || too_much {
                out.push(file);
            } else {
                kept += 1;
                bytes += file.bytes;
            }
        }
        out.reverse();
        out
    }
}

/// A rotated file, as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rotated {
    pub(crate) name: String,
    /// Unix seconds of the rotation.
    pub(crate) at: i64,
    pub(crate) number: u32,
    pub(crate) gzip: bool,
    pub(crate) bytes: u64,
}

/// The active file's name without `.log`.
pub(crate) fn base(active: &str) -> &str {
    active.strip_suffix(".log").unwrap_or(active)
}

/// `base.20261123T133636Z-0001.log`.
pub(crate) fn rotated_name(base: &str, at: i64, number: u32) -> String {
    let mut second = crate::json::time::Second::EMPTY;
    let (text, _) = second.render(at, 0);
    let digits: String = text[..19]
        .iter()
        .map(|b| char::from(*b))
        .filter(|c| *c != '-' && *c != ':')
        .collect();
    format!("{base}.{digits}Z-{number:04}.log")
}

/// Reads a rotated file's name back, strictly: anything else in the folder is somebody else's.
pub(crate) fn parse_rotated(base: &str, name: &str) -> Option<Rotated> {
    let rest = name.strip_prefix(base)?.strip_prefix('.')?;
    let (rest, gzip) = match rest.strip_suffix(".gz") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (stamp, number) = rest.strip_suffix(".log")?.split_once("Z-")?;
    let number_digits = number.len() >= 4 && number.bytes().all(|b| b.is_ascii_digit());
    let b = stamp.as_bytes();
    if !number_digits || b.len() != 15 || b[8] != b'T' {
        return None;
    }
    let field = |from: usize, to: usize| -> Option<i64> {
        let digits = &b[from..to];
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    };
    let (year, month, day) = (field(0, 4)?, field(4, 6)?, field(6, 8)?);
    let (hour, minute, second) = (field(9, 11)?, field(11, 13)?, field(13, 15)?);
    // Days from a date, the inverse of the one in `json::time`.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    let days = era * 146_097 + doe - 719_468;
    let rotated = Rotated {
        name: name.to_owned(),
        at: days * 86_400 + hour * 3_600 + minute * 60 + second,
        number: number.parse().ok()?,
        gzip,
        bytes: 0,
    };
    // A date that does not exist does not come back as itself.
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    (rotated_name(base, rotated.at, rotated.number) == plain).then_some(rotated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(at: i64, bytes: u64) -> Rotated {
        Rotated {
            name: rotated_name("svc", at, 1),
            at,
            number: 1,
            gzip: false,
            bytes,
        }
    }

    fn check(rotation: &Rotation, files: &[(i64, u64)], now: i64, want: &[i64]) {
        let files = files.iter().map(|(at, bytes)| file(*at, *bytes)).collect();
        let gone: Vec<i64> = rotation.expired(files, now).iter().map(|f| f.at).collect();
        assert_eq!(gone, want, "{rotation:?}");
    }

    #[test]
    fn retention() {
        let files = [(300, 10), (100, 10), (200, 10), (400, 10)];
        check(&Rotation::never(), &files, 1_000, &[]);
        check(&Rotation::never().keep_files(3), &files, 1_000, &[100]);
        check(
            &Rotation::never().keep_files(0),
            &files,
            1_000,
            &[100, 200, 300, 400],
        );
        check(
            &Rotation::never().keep_bytes(25),
            &files,
            1_000,
            &[100, 200],
        );
        let age = Rotation::never().keep_for(Duration::from_secs(700));
        check(&age, &files, 1_000, &[100, 200]);
        // No holes: what is older than a deleted file goes with it.
        let bytes = Rotation::never().keep_bytes(25);
        check(
            &bytes,
            &[(100, 1), (200, 100), (300, 1)],
            1_000,
            &[100, 200],
        );
    }

    #[test]
    fn due() {
        let by_size = Rotation::never().max_bytes(100);
        assert!(!by_size.due(0, 1_000, 0, 0), "an empty file takes any line");
        assert!(!by_size.due(50, 50, 0, 0));
        assert!(by_size.due(50, 51, 0, 0));
        let daily = Rotation::never().every(Period::Daily);
        assert!(!daily.due(1, 1, 86_400, 172_799));
        assert!(daily.due(1, 1, 86_399, 86_400));
        assert!(!daily.due(1, 1, 172_800, 86_400), "a clock set back");
        assert!(
            Rotation::never()
                .every(Period::Hourly)
                .due(1, 1, 3_599, 3_600)
        );
    }

    #[test]
    fn only_our_own_names() {
        for name in [
            "svc.log",
            "svc.db",
            "svc.log.1",
            "svc.20261123T133636Z-0001.db",
            "svc.20261123T133636Z-0001.log.gz.tmp",
            "svc.20261123T133636Z-001.log",
            "svc.20261123T133636-0001.log",
            "svc.20261323T133636Z-0001.log",
            "svc.20260230T133636Z-0001.log",
            "svc2.20261123T133636Z-0001.log",
            "svc.extra.20261123T133636Z-0001.log",
            "svc",
            "",
        ] {
            assert_eq!(parse_rotated("svc", name), None, "{name}");
        }
        let own = parse_rotated("svc", "svc.20261123T133636Z-0001.log.gz").unwrap();
        assert_eq!((own.at, own.number, own.gzip), (1_795_440_996, 1, true));
    }

    proptest! {
        #[test]
        fn names_read_back(at in 0i64..200_000_000_000, number in 0u32..100_000) {
            let name = rotated_name("a.b", at, number);
            let read = parse_rotated("a.b", &name).unwrap();
            prop_assert_eq!((read.at, read.number), (at, number));
        }

        #[test]
        fn any_name_is_refused_or_ours(name: String) {
            if let Some(read) = parse_rotated("svc", &name) {
                prop_assert!(name.starts_with(&rotated_name("svc", read.at, read.number)));
            }
        }
    }
}
