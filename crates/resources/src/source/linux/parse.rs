//! The kernel's text files, read without allocating.

use crate::sample::{PressureLine, Stall};
use crate::source::traffic::{Interface, Traffic};
use crate::source::{CpuReading, MemoryReading, NetworkReading, Reading};

/// Lines of a file, without their line feeds.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b'\n').filter(|line| !line.is_empty())
}

/// Words of a line.
pub(crate) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// A whole word of digits; `None` when it is anything else or does not fit.
pub(crate) fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|d| *d <= 9)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// `12.34`, as the kernel writes its fixed-point numbers.
pub(crate) fn decimal(word: &[u8]) -> Option<f64> {
    let dot = word.iter().position(|b| *b == b'.');
    let (whole, fraction) = match dot {
        Some(at) => (word.get(..at)?, word.get(at + 1..)?),
        None => (word, &b"0"[..]),
    };
    let scale = 10f64.powi(i32::try_from(fraction.len()).ok()?);
    Some(number(whole)? as f64 + number(fraction)? as f64 / scale)
}

/// The value of `key value` in a file of such lines.
pub(crate) fn keyed(text: &[u8], key: &[u8]) -> Option<u64> {
    lines(text).find_map(|line| {
        let rest = line.strip_prefix(key)?;
        number(rest.strip_prefix(b" ")?.trim_ascii())
    })
}

/// The cpu lines of `/proc/stat`: all CPUs into `out.cpu`, each into `out.cores`.
pub(crate) fn stat(text: &[u8], out: &mut Reading) -> Option<()> {
    let mut found = false;
    for line in lines(text) {
        let Some(rest) = line.strip_prefix(b"cpu") else {
            break;
        };
        let (name, figures) = rest.split_at(rest.iter().position(|b| *b == b' ')?);
        let times = cpu_times(figures)?;
        if name.is_empty() {
            out.cpu = times;
            found = true;
        } else {
            out.cores.push(times);
        }
    }
    found.then_some(())
}

/// `user nice system idle iowait irq softirq steal guest guest_nice`; guest time is in user already.
fn cpu_times(figures: &[u8]) -> Option<CpuReading> {
    let (mut total, mut idle) = (0u64, 0u64);
    let mut count = 0;
    for (at, word) in words(figures).take(8).enumerate() {
        let ticks = number(word)?;
        total = total.wrapping_add(ticks);
        if at == 3 || at == 4 {
            idle = idle.wrapping_add(ticks);
        }
        count = at + 1;
    }
    (count >= 4).then_some(CpuReading::Times {
        busy: total.wrapping_sub(idle),
        total,
    })
}

/// `btime` of `/proc/stat`: boot, seconds since 1970.
pub(crate) fn boot_time(text: &[u8]) -> Option<u64> {
    keyed(text, b"btime")
}

/// `/proc/meminfo`.
pub(crate) fn meminfo(text: &[u8]) -> Option<MemoryReading> {
    let mut out = MemoryReading::default();
    let (mut total, mut available) = (None, None);
    let mut reclaimable = 0u64; // before kernel 3.14 there is no MemAvailable
    for line in lines(text) {
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let (key, rest) = line.split_at(colon);
        let wanted: &mut u64 = match key {
            b"MemTotal" => total.insert(0),
            b"MemAvailable" => available.insert(0),
            b"SwapTotal" => &mut out.swap_total,
            b"SwapFree" => &mut out.swap_free,
            b"MemFree" | b"Buffers" | b"Cached" => {
                reclaimable = reclaimable.saturating_add(kilobytes(rest)?);
                continue;
            }
            _ => continue,
        };
        *wanted = kilobytes(rest)?;
        if key == b"SwapFree" {
            break; // the last one that is needed
        }
    }
    out.total = total?;
    out.available = available.unwrap_or(reclaimable);
    Some(out)
}

fn kilobytes(rest: &[u8]) -> Option<u64> {
    number(words(rest.strip_prefix(b":")?).next()?)?.checked_mul(1024)
}

/// The three averages of `/proc/loadavg`.
pub(crate) fn loadavg(text: &[u8]) -> Option<[f64; 3]> {
    let mut values = words(text);
    Some([
        decimal(values.next()?)?,
        decimal(values.next()?)?,
        decimal(values.next()?)?,
    ])
}

/// `/proc/net/dev`: two heading lines, then `name: received … sent …` with 8 columns each.
pub(crate) fn net_dev(
    text: &[u8],
    traffic: &mut Traffic,
    look: impl Fn(&[u8]) -> Interface,
) -> Option<NetworkReading> {
    for line in lines(text).skip(2) {
        // an alias has a colon in its name: `eth0:1: …`
        let colon = line.iter().rposition(|b| *b == b':')?;
        let name = line.get(..colon)?.trim_ascii();
        let mut columns = words(line.get(colon + 1..)?);
        let mut column = |skip| number(columns.nth(skip)?);
        let counters = NetworkReading {
            received: column(0)?,
            received_errors: column(1)?,
            received_dropped: column(0)?,
            sent: column(4)?,
            sent_errors: column(1)?,
            sent_dropped: column(0)?,
        };
        traffic.add(name, counters);
    }
    Some(traffic.finish(look))
}

/// The soft limit of descriptors in `/proc/self/limits`; `None` for `unlimited`.
pub(crate) fn max_open_files(text: &[u8]) -> Option<u64> {
    let line = lines(text).find_map(|line| line.strip_prefix(b"Max open files"))?;
    number(words(line).next()?)
}

/// What is used of `/proc/<pid>/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidStat<'a> {
    pub(crate) pid: u64,
    pub(crate) name: &'a [u8],
    pub(crate) state: u8,
    /// User and system time, clock ticks.
    pub(crate) cpu_ticks: u64,
    pub(crate) threads: u64,
    /// Start after boot, clock ticks.
    pub(crate) start_ticks: u64,
    /// Resident pages.
    pub(crate) resident_pages: u64,
}

/// `pid (name) state ppid …`; a name may hold blanks and parentheses.
pub(crate) fn pid_stat(text: &[u8]) -> Option<PidStat<'_>> {
    let open = text.iter().position(|b| *b == b'(')?;
    let close = text.iter().rposition(|b| *b == b')')?;
    let mut rest = words(text.get(close + 1..)?); // field 3 on
    let state = *rest.next()?.first()?;
    let mut field = |skip: usize| rest.nth(skip).and_then(number);
    let user = field(10)?; // 14
    let system = field(0)?; // 15
    let threads = field(4)?; // 20
    let start_ticks = field(1)?; // 22
    let resident_pages = field(1)?; // 24
    Some(PidStat {
        pid: number(text.get(..open)?.trim_ascii())?,
        name: text.get(open + 1..close)?,
        state,
        cpu_ticks: user.saturating_add(system),
        threads,
        start_ticks,
        resident_pages,
    })
}

/// A pressure file: `some avg10=… avg60=… avg300=… total=…` and often a `full` line.
pub(crate) fn pressure(text: &[u8]) -> Option<PressureLine> {
    let mut some = None;
    let mut full = None;
    for line in lines(text) {
        let mut parts = words(line);
        let slot = match parts.next()? {
            b"some" => &mut some,
            b"full" => &mut full,
            _ => continue,
        };
        let mut value = |key: &[u8]| parts.next()?.strip_prefix(key);
        *slot = Some(Stall {
            avg10: decimal(value(b"avg10=")?)?,
            avg60: decimal(value(b"avg60=")?)?,
            avg300: decimal(value(b"avg300=")?)?,
            total_micros: number(value(b"total=")?)?,
        });
    }
    Some(PressureLine { some: some?, full })
}

#[cfg(test)]
mod tests;
