//! Disk figures against `df`.

use std::path::Path;
use std::process::Command;

use bongsu_resources::DiskError;
use bongsu_resources::ResourceMonitor;
use bongsu_resources::disk::{DiskProbe, SystemProbe};

use crate::support::eventually;

/// The columns of `df -P`: blocks, used, available, percent, mount point.
fn df(option: &str, path: &str) -> Vec<u64> {
    let out = Command::new("df")
        .args(["-P", option, path])
        .output()
        .expect("df (Debian: coreutils)");
    let text = String::from_utf8(out.stdout).unwrap();
    let line = text.lines().nth(1).expect("a line for the path").to_owned();
    let columns = line.split_whitespace().skip(1).take(4);
    columns
        .map(|word| word.trim_end_matches('%').parse().unwrap_or(0))
        .collect()
}

/// Others write to the disk meanwhile, so `df` is asked before and after until both agree
/// to a megabyte; then ours lies in between.
#[test]
fn every_figure_is_df_s() {
    for path in ["/", "/dev/shm", "/tmp"] {
        eventually(path, || {
            let before = df("-k", path);
            let figures = SystemProbe.usage(Path::new(path)).unwrap();
            let after = df("-k", path);
            let ours = [
                figures.total_bytes / 1024,
                figures.used_bytes / 1024,
                figures.free_bytes / 1024,
            ];
            let near = |a: u64, b: u64| a.abs_diff(b) <= 1024;
            let quiet = before.iter().zip(&after).all(|(b, a)| near(*b, *a));
            let same = ours.iter().zip(&before).all(|(o, b)| near(*o, *b));
            // df rounds its percentage up
            let percent = (figures.percent().ceil() - before[3] as f64).abs() <= 1.0;
            if quiet && same && percent {
                Ok(())
            } else {
                Err((before, ours, figures.percent(), after))
            }
        });
        eventually(path, || {
            let (before, figures) = (df("-i", path), SystemProbe.usage(Path::new(path)).unwrap());
            let near = |a: u64, b: u64| a.abs_diff(b) <= 100;
            let used = figures.inodes_total - figures.inodes_free;
            let same = near(figures.inodes_total, before[0]) && near(used, before[1]);
            if same { Ok(()) } else { Err((before, figures)) }
        });
    }
}

#[test]
fn an_error_for_one_path_is_none_for_the_others() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let monitor = ResourceMonitor::builder().build().unwrap();
    let answers = runtime.block_on(monitor.disk_usage(["/", "/no/such/path", "/dev/shm"]));
    let paths: Vec<_> = answers
        .iter()
        .map(|(path, _)| path.to_str().unwrap())
        .collect();
    assert_eq!(paths, ["/", "/no/such/path", "/dev/shm"]);
    assert!(answers[0].1.as_ref().unwrap().total_bytes > 0);
    assert_eq!(answers[1].1, Err(DiskError::NotFound));
    assert!(answers[2].1.is_ok());
}
