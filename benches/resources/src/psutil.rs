//! Python's psutil, without its sleep.

use std::process::Command;

const SCRIPT: &str = "
import psutil, time, statistics
me = psutil.Process()
def sample():
    psutil.cpu_percent(None); psutil.cpu_percent(None, percpu=True)
    psutil.virtual_memory(); psutil.swap_memory(); psutil.getloadavg()
    psutil.disk_usage('/'); psutil.net_io_counters(); len(psutil.pids())
    with me.oneshot():
        me.cpu_percent(None); me.memory_info(); me.num_threads(); me.create_time()
    me.num_fds()
for _ in range(20): sample()
rounds = []
for _ in range(15):
    start = time.thread_time_ns()
    for _ in range(40): sample()
    rounds.append((time.thread_time_ns() - start) / 40e3)
print(statistics.median(rounds))
";

/// Microseconds of CPU time for one sample.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark is told where Python is"
)]
pub fn micros() -> Result<f64, String> {
    // The distribution's, which sees the package python3-psutil.
    let named =
        std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned());
    let out = Command::new(&named)
        .args(["-c", SCRIPT])
        .output()
        .map_err(|e| format!("{named}: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    text.trim()
        .parse()
        .map_err(|_| format!("{named}: {}", String::from_utf8_lossy(&out.stderr)))
}
