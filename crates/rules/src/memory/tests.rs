use std::fs;

use super::*;

fn labels(name: &str, venue: &str) -> Labels {
    Labels::new([("__name__", name), ("venue", venue)])
}

fn all(memory: &Memory) -> Vec<(Labels, Vec<(i64, u64)>)> {
    let found = memory.select(&Selector::of_name("x"), i64::MIN, i64::MAX);
    let mut all: Vec<_> = found
        .into_iter()
        .map(|it| {
            (
                it.labels,
                it.samples
                    .iter()
                    .map(|it| (it.time_ms, it.value.to_bits()))
                    .collect(),
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_seen_is_found_and_what_is_seen_no_more_has_ended() {
    let mut memory = Memory::new(1 << 20);
    memory.set_reach(Duration::from_secs(3_600));
    for step in 0..300 {
        memory.sample(step * 5_000, |round| {
            round.see(&labels("x", "KRX"), step as f64);
            if step < 10 {
                round.see(&labels("x", "NXT"), 1.0);
            }
            round.see(&labels("y", "KRX"), 0.0);
        });
    }
    let found = all(&memory);
    let lengths: Vec<_> = found
        .iter()
        .map(|(labels, samples)| (labels.get("venue"), samples.len()))
        .collect();
    assert_eq!(lengths, [("KRX", 300), ("NXT", 11)]);
    assert_eq!(found[1].1[10], (50_000, stale().to_bits()));
    let within = memory.select(&Selector::of_name("x"), 600_000, 700_000);
    assert_eq!((within.len(), within[0].samples.len()), (1, 21));
    // It comes back after its end.
    memory.sample(2_000_000, |round| round.see(&labels("x", "NXT"), 2.0));
    assert_eq!(all(&memory)[1].1.len(), 12);
}

/// What rules record is theirs to end.
#[test]
fn what_is_recorded_is_not_ended_by_sampling() {
    let mut memory = Memory::new(1 << 20);
    memory.set_reach(Duration::from_secs(3_600));
    let sample = |time_ms| Sample {
        time_ms,
        value: 1.0,
    };
    memory.append(&labels("x", "KRX"), sample(1_000));
    memory.sample(2_000, |_| {});
    memory.append(&labels("x", "KRX"), sample(1_000));
    memory.append(&labels("x", "KRX"), sample(500));
    assert_eq!(all(&memory)[0].1, [(1_000, 1.0_f64.to_bits())]);
}

#[test]
fn what_nobody_asks_for_is_forgotten_to_the_last_byte() {
    let mut memory = Memory::new(1 << 20);
    memory.set_reach(Duration::from_secs(60));
    for step in 0..1_000 {
        let now = labels("x", &(step / 20).to_string());
        memory.sample(step * 5_000, |round| round.see(&now, step as f64));
    }
    assert!(memory.statistics().series <= 5, "{:?}", memory.statistics());
    memory.sample(100_000_000, |_| {});
    memory.sample(200_000_000, |_| {});
    let empty = memory.statistics();
    assert_eq!((empty.series, empty.samples, empty.bytes), (0, 0, 0));
    assert!(memory.names.is_empty() && memory.series.len() < 10);
}

#[test]
fn the_bound_holds_and_what_is_lost_is_counted() {
    let bound = 60_000;
    let mut memory = Memory::new(bound);
    memory.set_reach(Duration::from_secs(86_400));
    for step in 0..600_i64 {
        memory.sample(step * 5_000, |round| {
            for venue in 0..200 {
                let noise = (step * 7_919 + venue * 104_729) as f64 * 0.37;
                round.see(&labels("x", &venue.to_string()), noise);
            }
        });
        // A chunk's last growth aside.
        assert!(
            memory.statistics().bytes <= bound + bound / 4,
            "{:?}",
            memory.statistics()
        );
    }
    let full = memory.statistics();
    assert!(
        full.refused > 0 && full.forgotten > 0 && full.series > 50,
        "{full:?}"
    );
    let chunks = memory.series.iter().flat_map(|it| &it.chunks);
    assert_eq!(full.samples, chunks.map(Chunk::count).sum::<usize>());
    // The newest is kept.
    let last = memory.select(&Selector::of_name("x"), 599 * 5_000, i64::MAX);
    assert!(last.len() > 50);
}

/// A memory and its files, and the folder that they are in.
fn kept(folder: &std::path::Path) -> (Memory, Segments, u64) {
    let mut memory = Memory::new(1 << 22);
    memory.set_reach(Duration::from_secs(3_600));
    let (segments, damaged) = Segments::open(folder, &mut memory).unwrap();
    (memory, segments, damaged)
}

#[test]
fn a_restart_loses_nothing_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = Vec::new();
    for run in 0..4_i64 {
        let (mut memory, mut segments, damaged) = kept(folder.path());
        assert_eq!((all(&memory), damaged), (before, 0), "{run}");
        for step in 0..50 {
            let now = (run * 50 + step) * 5_000;
            memory.sample(now, |round| {
                round.see(&labels("x", "KRX"), (now as f64).sqrt());
                round.see(&labels("x", "NXT"), f64::NAN);
            });
            if step % 12 == 11 {
                segments.write(&mut memory, now).unwrap();
            }
        }
        segments
            .write(&mut memory, run * 250_000 + 249_000)
            .unwrap();
        before = all(&memory);
    }
    // What was seen before the restart and is not after it has ended.
    let (mut memory, ..) = kept(folder.path());
    memory.sample(2_000_000, |round| round.see(&labels("x", "KRX"), 1.0));
    assert_eq!(all(&memory)[1].1.last().unwrap().1, stale().to_bits());
}

#[test]
fn what_is_torn_or_damaged_is_left_out_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (mut memory, mut segments, _) = kept(folder.path());
    for step in 0..24 {
        memory.sample(step * 5_000, |round| {
            round.see(&labels("x", "KRX"), step as f64)
        });
        if step % 12 == 11 {
            segments.write(&mut memory, step * 5_000).unwrap();
        }
    }
    let file = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let (memory, _, damaged) = kept(folder.path());
        let samples = memory.statistics().samples;
        assert!([0, 12].contains(&samples), "{length}: {samples}");
        let second = 16 + u32::from_le_bytes(whole[8..12].try_into().unwrap()) as usize;
        assert_eq!(
            damaged == 0,
            [0, 8, second].contains(&length),
            "{length}: {damaged}"
        );
    }
    for byte in 0..whole.len() {
        let mut other = whole.clone();
        other[byte] ^= 0x10;
        fs::write(&file, &other).unwrap();
        let (memory, _, damaged) = kept(folder.path());
        assert!(damaged > 0 && memory.statistics().samples <= 12, "{byte}");
    }
}

/// A service that starts again and again leaves what it saw each time, in one file.
#[test]
fn restarts_go_on_in_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..40_i64 {
        let (mut memory, mut segments, damaged) = kept(folder.path());
        assert_eq!(damaged, 0);
        assert_eq!(segments.last_ms(), (run > 0).then(|| (run - 1) * 2_000));
        memory.sample(run * 2_000, |round| {
            round.see(&labels("x", "KRX"), run as f64)
        });
        segments.write(&mut memory, run * 2_000).unwrap();
    }
    let (memory, ..) = kept(folder.path());
    assert_eq!(all(&memory)[0].1.len(), 40);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_that_nobody_asks_for_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut memory, mut segments, _) = kept(folder.path());
    memory.sample(0, |round| round.see(&labels("x", "KRX"), 1.0));
    segments.write(&mut memory, 0).unwrap();
    // Torn: nothing is written to it any more.
    let first = fs::read_dir(folder.path()).unwrap().next().unwrap();
    let mut torn = fs::File::options()
        .append(true)
        .open(first.unwrap().path())
        .unwrap();
    std::io::Write::write_all(&mut torn, b"x").unwrap();
    let (mut memory, mut segments, _) = kept(folder.path());
    memory.sample(5_000, |round| round.see(&labels("x", "KRX"), 2.0));
    segments.write(&mut memory, 5_000).unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files(), 2);
    segments.write(&mut memory, 3_700_000).unwrap();
    assert_eq!(files(), 1);
}

#[test]
fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("data/rules");
    let (mut memory, mut segments, _) = kept(&folder);
    memory.sample(1_000, |round| round.see(&labels("x", "KRX"), 1.0));
    segments.write(&mut memory, 1_000).unwrap();
    for state in [&b"{}"[..], b"{\"longer\": 1}", b"[]"] {
        segments.put("state.json", state).unwrap();
        assert_eq!(std::fs::read(folder.join("state.json")).unwrap(), state);
    }
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&folder) & 0o777, 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(files.len(), 2);
    for file in files {
        assert_eq!(mode(&file.unwrap().path()) & 0o777, 0o600);
    }
}
