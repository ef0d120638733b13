//! Real control groups: a child of this test is put into one with limits.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_resources::ResourceMonitor;
use bongsu_resources::source::linux::LinuxSource;
use bongsu_resources::source::{Reading, Source};
use serde_json::Value;

use crate::support::{eventually, python};

/// Set in the child, which prints what it sees.
const INSIDE: &str = "BONGSU_TEST_INSIDE_GROUP";
const MEMORY_LIMIT: u64 = 256 << 20;

/// A group that is removed when the test ends.
struct Group(PathBuf);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Where `controller` is mounted and the group below it that this process is in.
fn own_group(controller: &str) -> (PathBuf, PathBuf) {
    let text = fs::read_to_string("/proc/self/cgroup").expect("control groups");
    let path_of = |wanted: &dyn Fn(&str) -> bool| {
        text.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let names = parts.next().filter(|names| wanted(names))?.to_owned();
            Some((names, parts.next()?.trim_start_matches('/').to_owned()))
        })
    };
    let base = Path::new("/sys/fs/cgroup");
    if let Some((names, below)) = path_of(&|names| names.split(',').any(|n| n == controller)) {
        let mount = base.join(names);
        return (mount.clone(), mount.join(below));
    }
    let (_, below) = path_of(&str::is_empty).expect("a version 2 group");
    (base.to_path_buf(), base.join(below))
}

/// Makes a group for each controller, one for all where they share a hierarchy, below the
/// process's own group or at the top; `None` where that is not allowed.
fn new_groups(settings: &[(&str, &[(&str, String)])]) -> Option<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for (controller, files) in settings {
        let (mount, own) = own_group(controller);
        let made = [own, mount].into_iter().find_map(|parent| {
            let folder = parent.join(format!("bongsu-test-{}", std::process::id()));
            let shared = groups.iter().any(|group| group.0 == folder);
            if !shared {
                fs::create_dir(&folder).ok()?;
                groups.push(Group(folder.clone()));
            }
            // a group without the controller has none of its files
            let set = files
                .iter()
                .all(|(name, value)| fs::write(folder.join(name), value).is_ok());
            set.then_some(())
        });
        made?;
    }
    Some(groups)
}

fn is_v1(controller: &str) -> bool {
    own_group(controller).0 != Path::new("/sys/fs/cgroup")
}

/// Runs in the child only: takes a sample from inside and prints it.
#[test]
fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return; // the parent's run of it: `the_limits_of_a_real_group` starts the child
    }
    let ballast = vec![1u8; 64 << 20];
    let monitor = ResourceMonitor::builder()
        .interval(Duration::from_millis(500))
        .build()
        .unwrap();
    let _guard = monitor.start();
    let sample = eventually("a sample", || {
        std::hint::black_box(ballast.iter().map(|b| u64::from(*b)).sum::<u64>()); // keeps the CPU busy
        monitor.get_resources().ok_or("none")
    });
    println!(
        "inside: {}",
        serde_json::to_string(&sample.container).unwrap()
    );
}

#[test]
fn the_limits_of_a_real_group() {
    let limit = MEMORY_LIMIT.to_string();
    let memory = match is_v1("memory") {
        true => vec![("memory.limit_in_bytes", limit)],
        false => vec![("memory.max", limit)],
    };
    let cpu = match is_v1("cpu") {
        true => vec![
            ("cpu.cfs_period_us", "20000".to_owned()),
            ("cpu.cfs_quota_us", "10000".to_owned()),
        ],
        false => vec![("cpu.max", "10000 20000".to_owned())],
    };
    // version 1 counts CPU time in a hierarchy where the group has to exist as well
    let Some(groups) = new_groups(&[("memory", &memory), ("cpu", &cpu), ("cpuacct", &[])]) else {
        println!(
            "control groups cannot be made here: their limits are tested on recorded trees only"
        );
        return;
    };
    let mut enter = String::new();
    for group in &groups {
        enter.push_str(&format!(
            "echo $$ > '{}/cgroup.procs' && ",
            group.0.display()
        ));
    }
    let out = Command::new("sh")
        .args([
            "-c",
            &format!("{enter} \"$1\" -c \"$2\"; echo \"victim: $?\"; exec \"$0\" --exact cgroup::inside --nocapture"),
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(python())
        .arg("b'x' * (600 << 20)") // more than the limit, and touched: the kernel kills it
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .expect("sh");
    let text = String::from_utf8_lossy(&out.stdout);
    let line = text
        .lines()
        .find_map(|l| l.split_once("inside: ").map(|(_, json)| json.to_owned()));
    let line = line
        .unwrap_or_else(|| panic!("no answer: {text} {}", String::from_utf8_lossy(&out.stderr)));
    let container: Value = serde_json::from_str(&line).unwrap();
    let number = |key: &str| container[key].as_f64();
    assert_eq!(
        number("memory_limit_bytes"),
        Some(MEMORY_LIMIT as f64),
        "{container}"
    );
    let used = number("memory_used_bytes").unwrap();
    assert!(
        used >= f64::from(64 << 20) && used < MEMORY_LIMIT as f64,
        "{container}"
    );
    assert!(number("memory_percent").unwrap() >= 25.0, "{container}");
    // where there is swap, the victim may get through
    let killed = f64::from(u8::from(text.contains("victim: 137")));
    assert_eq!(
        number("oom_kills_total"),
        Some(killed),
        "{container} {text}"
    );
    assert_eq!(number("cpu_limit_cores"), Some(0.5), "{container}");
    assert!(
        number("cpu_throttled_periods_total").is_some(),
        "{container}"
    );
    // a debug build that sums 64 MB is busy all the time, so it hits half a CPU unless the machine is crowded
    assert!(
        number("cpu_percent").is_some_and(|p| p > 5.0 && p < 160.0),
        "{container}"
    );
}

/// The group that the test itself runs in, read the plain way.
#[test]
fn the_own_group_as_it_is() {
    let (mount, group) = own_group("memory");
    let text = |name: &str| fs::read_to_string(group.join(name)).ok();
    let mut source = LinuxSource::open().unwrap();
    let mut reading = Reading::default();
    let usage = || {
        text("memory.usage_in_bytes")
            .or_else(|| text("memory.current"))?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let Some(_) = usage() else {
        source.read(&mut reading).unwrap();
        assert!(
            reading.container.is_none_or(|c| c.memory.is_empty()),
            "no memory files, no figures"
        );
        return;
    };
    eventually("agreement on the own group", || {
        source.read(&mut reading).unwrap();
        let Some(own) = reading.container.as_ref().and_then(|c| c.memory.first()) else {
            // the machine's own group of version 1 limits nothing, so it is no container
            return if group == mount.join("") {
                Ok(())
            } else {
                Err("no container".to_owned())
            };
        };
        let stat = text("memory.stat").unwrap();
        let value = |key: &str| {
            let found = stat
                .lines()
                .find_map(|l| l.strip_prefix(key)?.strip_prefix(' ')?.parse::<u64>().ok());
            found.unwrap_or(0)
        };
        let key = if is_v1("memory") {
            "total_inactive_file"
        } else {
            "inactive_file"
        };
        let expected = usage().unwrap().saturating_sub(value(key));
        let close = own.working_set.abs_diff(expected) <= 32 << 20;
        if close {
            Ok(())
        } else {
            Err(format!("{} of {expected}", own.working_set))
        }
    });
}
