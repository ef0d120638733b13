//! A file system that stops answering: a FUSE mount whose server never replies.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_resources::testing::FakeDisks;
use bongsu_resources::{DiskError, ResourceMonitor, ResourceMonitorBuilder};

use crate::support::{Running, eventually, python};

/// Opens `/dev/fuse`, mounts it and reads nothing. When the process ends, so does the hang.
const SERVER: &str = "
import ctypes, os, sys
fd = os.open('/dev/fuse', os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f'fd={fd},rootmode=40000,user_id=0,group_id=0'.encode()
if libc.mount(b'bongsu-test', sys.argv[1].encode(), b'fuse', 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
print('mounted', flush=True)
sys.stdin.read()
";

struct Mount {
    path: PathBuf,
    _server: Running,
    _folder: tempfile::TempDir,
}

impl Mount {
    /// The error says why this system lets nobody mount.
    fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hung");
        std::fs::create_dir(&path).unwrap();
        let mut server = Command::new(python());
        server
            .args(["-c", SERVER])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut server = Running(server.spawn().map_err(|e| e.to_string())?);
        let mut said = String::new();
        BufReader::new(server.0.stdout.take().unwrap())
            .read_line(&mut said)
            .map_err(|e| e.to_string())?;
        if said.trim() == "mounted" {
            return Ok(Self {
                path,
                _server: server,
                _folder: folder,
            });
        }
        let mut why = String::new();
        let _ = std::io::Read::read_to_string(&mut server.0.stderr.take().unwrap(), &mut why);
        Err(why)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // lazily: whoever hangs in it is let go when the server ends right after
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// The scenario: two disks, the main one hangs.
fn check(builder: ResourceMonitorBuilder, hung: &Path) {
    let monitor = builder
        .interval(Duration::from_millis(50))
        .disk_path(hung)
        .disk_path("/")
        .build()
        .unwrap();
    let guard = monitor.start();
    let first = eventually("a sample beside the hung mount", || {
        monitor.get_resources().ok_or("none")
    });
    assert_eq!((first.disks[0].figures, first.disks[0].stale), (None, true));
    assert_eq!(first.disks[0].error, Some(DiskError::TimedOut));
    assert!(
        !first.disks[1].stale && first.disks[1].figures.is_some(),
        "the other disk: {:?}",
        first.disks[1]
    );
    assert!(first.memory_total_bytes > 0 && first.process.is_some());
    eventually("samples that keep coming", || {
        let samples = monitor.stats().samples_total;
        if samples >= 10 { Ok(()) } else { Err(samples) }
    });

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answers = runtime.block_on(monitor.disk_usage([hung, Path::new("/")]));
    assert_eq!(answers[0].1, Err(DiskError::TimedOut));
    assert!(answers[1].1.is_ok());

    drop(guard); // does not wait for the thread that hangs
    eventually("the sampling thread to end", || {
        if monitor.stats().running {
            Err("runs")
        } else {
            Ok(())
        }
    });
}

#[test]
fn a_mount_that_never_answers() {
    match Mount::new() {
        Ok(mount) => check(ResourceMonitor::builder(), &mount.path),
        Err(why) => {
            println!(
                "no mount can be made here ({}), so a probe that hangs stands in for it",
                why.trim()
            );
            let disks = FakeDisks::new();
            disks.set_percent("/", 10.0);
            disks.hang("/hung");
            check(
                ResourceMonitor::builder().disk_probe(disks.clone()),
                Path::new("/hung"),
            );
            disks.set_percent("/hung", 10.0);
        }
    }
}
