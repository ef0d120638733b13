use super::*;
use crate::testing::{FakeDisks, FakeSource};

fn run<T>(future: impl Future<Output = T>) -> T {
    // no timer, no I/O driver: the queries need neither
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn monitor(disks: &FakeDisks) -> ResourceMonitor {
    ResourceMonitor::builder()
        .source(FakeSource::new())
        .disk_probe(disks.clone())
        .build()
        .unwrap()
}

#[test]
fn more_paths_than_threads() {
    let disks = FakeDisks::new();
    let paths: Vec<String> = (0..100).map(|n| format!("/{n}")).collect();
    for path in &paths {
        disks.set_percent(path, 10.0);
    }
    disks.set_error("/7", DiskError::Denied);
    let monitor = monitor(&disks);
    let answers = run(monitor.disk_usage(&paths));
    assert_eq!(answers.len(), 100);
    for (at, (path, answer)) in answers.iter().enumerate() {
        assert_eq!(path.to_str(), Some(paths[at].as_str()));
        assert_eq!(answer.is_ok(), at != 7, "{at}: {answer:?}");
    }
    assert_eq!(answers[7].1, Err(DiskError::Denied));
    assert_eq!(monitor.stats().queries_refused_total, 0);
    assert_eq!(run(monitor.disk_usage::<&str>([])), []);
}

#[test]
fn hung_paths_fill_the_bound_and_no_more() {
    let disks = FakeDisks::new();
    let paths: Vec<String> = (0..40).map(|n| format!("/{n}")).collect();
    for path in &paths {
        disks.hang(path);
    }
    disks.set_percent("/fine", 10.0);
    let monitor = monitor(&disks);
    let count = |answers: &[(PathBuf, Result<DiskFigures, DiskError>)], error: DiskError| {
        answers
            .iter()
            .filter(|(_, answer)| *answer == Err(error.clone()))
            .count()
    };
    let answers = run(monitor.disk_usage(&paths));
    // one of the 32 threads coordinates
    assert_eq!(
        (
            count(&answers, DiskError::TimedOut),
            count(&answers, DiskError::Busy)
        ),
        (31, 9)
    );
    assert_eq!(monitor.stats().queries_refused_total, 9);
    // the threads still hang, so there is room for a question but not for its paths
    let answers = run(monitor.disk_usage(["/fine"]));
    assert_eq!(answers[0].1, Err(DiskError::Busy));
    for path in &paths {
        disks.set_percent(path, 10.0);
    }
    while run(monitor.disk_usage(["/fine"]))[0].1.is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn what_the_query_s_thread_loses_is_an_error() {
    let queries = Arc::new(Queries::default());
    let lost = run(queries.ask(|| -> u8 { panic!("double") }));
    assert!(matches!(lost, Err(QueryError::Lost)));
    assert_eq!(queries.running.load(Relaxed), 0, "the permit came back");
    assert_eq!(run(queries.ask(|| 7)).unwrap(), 7);
}
