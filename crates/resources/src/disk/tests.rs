use std::path::Path;

use super::*;
use crate::testing::FakeDisks;

#[test]
fn percent_is_what_df_says() {
    let check = |total: u64, used: u64, free: u64, expected: f64| {
        let figures = DiskFigures {
            total_bytes: total,
            used_bytes: used,
            free_bytes: free,
            inodes_total: 0,
            inodes_free: 0,
        };
        assert!(
            (figures.percent() - expected).abs() < 1e-9,
            "{figures:?} {}",
            figures.percent()
        );
    };
    check(100, 32, 68, 32.0);
    check(264, 24, 70, 24.0 / 94.0 * 100.0); // two thirds are root's reserve
    check(0, 0, 0, 0.0); // proc and its like
    check(100, 100, 0, 100.0);
    check(u64::MAX, u64::MAX, u64::MAX, 100.0);
    let figures = |inodes_total, inodes_free| DiskFigures {
        total_bytes: 1,
        used_bytes: 1,
        free_bytes: 1,
        inodes_total,
        inodes_free,
    };
    assert_eq!(figures(200, 50).inodes_percent(), Some(75.0));
    assert_eq!(figures(0, 0).inodes_percent(), None);
    assert_eq!(figures(1, 2).inodes_percent(), None);
}

#[test]
fn errors_by_kind() {
    assert_eq!(
        SystemProbe.usage(Path::new("/no/such/path")),
        Err(DiskError::NotFound)
    );
    let inside_a_file = Path::new("/proc/version/x");
    assert!(matches!(
        SystemProbe.usage(inside_a_file),
        Err(DiskError::Other(_))
    ));
}

#[test]
fn a_probe_that_panics_is_an_error() {
    #[derive(Debug)]
    struct Panics;
    impl DiskProbe for Panics {
        fn usage(&self, _: &Path) -> Result<DiskFigures, DiskError> {
            panic!("double")
        }
    }
    assert_eq!(
        ask(&Panics, Path::new("/")),
        Err(DiskError::Other("disk probe panicked".to_owned()))
    );
}

#[test]
fn a_stuck_path_is_waited_for_once() {
    let disks = FakeDisks::new();
    disks.hang("/hung");
    disks.set_percent("/", 10.0);
    let probe: Arc<dyn DiskProbe> = Arc::new(disks.clone());
    let workers = DiskWorkers::start(&[Path::new("/hung").into(), Path::new("/").into()], &probe);
    let mut out = Vec::new();
    workers.ask();
    assert_eq!(workers.collect(&mut out, Duration::from_millis(200)), 1);
    // patience of an hour would be felt: a path known to be stuck gets none
    workers.ask();
    workers.collect(&mut out, Duration::from_secs(3600));
    assert!(out[0].stale && out[0].figures.is_none());
    disks.set_percent("/hung", 20.0);
    workers.ask();
    let fresh = |out: &[DiskUsage]| out.iter().all(|usage| !usage.stale);
    while !fresh(&out) {
        workers.ask();
        workers.collect(&mut out, Duration::from_millis(200));
    }
    assert!((out[0].figures.unwrap().percent() - 20.0).abs() < 1e-9);
    assert_eq!(out[0].age, Duration::ZERO);
}
