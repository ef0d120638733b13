use super::*;

fn process(pid: u32, cpu_percent: f64, memory_bytes: u64) -> ProcessInfo {
    ProcessInfo {
        pid,
        name: String::new(),
        status: "running",
        cpu_percent,
        memory_percent: 0.0,
        memory_bytes,
        threads: None,
        start_time_seconds: 0.0,
    }
}

#[test]
fn most_first_and_stable() {
    let mut all = [
        process(4, 1.0, 5),
        process(3, 1.0, 5),
        process(2, 9.0, 1),
        process(1, 1.0, 7),
    ];
    let pids = |all: &[ProcessInfo]| all.iter().map(|p| p.pid).collect::<Vec<_>>();
    sort(&mut all, ProcessSort::Cpu);
    assert_eq!(pids(&all), [2, 1, 3, 4]);
    sort(&mut all, ProcessSort::Memory);
    assert_eq!(pids(&all), [1, 3, 4, 2]);
}
