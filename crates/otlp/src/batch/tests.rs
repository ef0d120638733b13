use super::*;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn limits() -> Limits {
    Limits {
        waiting: 1_000,
        batch: (100, 5),
        linger: seconds(1),
        patience: seconds(60),
    }
}

fn sent(next: Next) -> Vec<u8> {
    match next {
        Next::Send(body) => body.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_batch_goes_when_it_is_full_or_its_time_has_come() {
    let start = Instant::now();
    let mut batcher = Batcher::new(limits());
    assert_eq!(batcher.next(start), Next::Idle);
    assert!(
        batcher.push(start, &[1], 1),
        "somebody has to wait for its time"
    );
    assert!(!batcher.push(start + seconds(0), &[2], 1));
    assert_eq!(batcher.next(start), Next::Wait(start + seconds(1)));
    assert_eq!(sent(batcher.next(start + seconds(1))), [1, 2]);
    assert_eq!(
        batcher.next(start + seconds(2)),
        Next::Idle,
        "one at a time"
    );
    batcher.settle(start, &Answer::Taken { rejected: 0 }, 0.0);
    assert!(batcher.is_empty());
    let told: Vec<bool> = (0..6).map(|i| batcher.push(start, &[i], 1)).collect();
    assert_eq!(told, [true, false, false, false, true, false]);
    assert_eq!(sent(batcher.next(start)), [0, 1, 2, 3, 4], "by items");
    batcher.settle(start, &Answer::Taken { rejected: 2 }, 0.0);
    batcher.push(start, &[9; 99], 1);
    batcher.push(start, &[8; 99], 1);
    assert_eq!(sent(batcher.next(start)).len(), 100, "by bytes");
    batcher.settle(start, &Answer::Refused, 0.0);
    batcher.hurry();
    assert_eq!(sent(batcher.next(start)).len(), 99);
    batcher.settle(start, &Answer::Taken { rejected: 7 }, 0.0);
    let counts = batcher.counts;
    assert_eq!((counts.sent, counts.rejected, counts.refused), (5, 3, 2));
    assert!(batcher.is_empty());
}

#[test]
fn what_is_too_large_for_a_batch_goes_alone_and_what_finds_no_room_is_counted() {
    let start = Instant::now();
    let mut batcher = Batcher::new(limits());
    batcher.push(start, &[1; 900], 3);
    assert_eq!(sent(batcher.next(start)).len(), 900);
    batcher.push(start, &[2; 101], 1);
    assert_eq!(
        batcher.counts.overflowed, 1,
        "what is under way has its room"
    );
    batcher.push(start, &[3; 100], 1);
    batcher.push(start, &[4; 50], 2);
    assert_eq!(batcher.counts.overflowed, 2, "the oldest gave way");
    assert_eq!(batcher.give_up(), 5);
    assert_eq!((batcher.counts.lost(), batcher.bytes()), (7, 0));
}

#[test]
fn a_receivers_word_on_when_is_heeded_within_reason() {
    let pause = |said: Option<u64>, failures: u32| {
        let start = Instant::now();
        let mut batcher = Batcher::new(limits());
        batcher.push(start, &[1], 1);
        let mut now = start + seconds(1);
        for _ in 0..failures {
            sent(batcher.next(now));
            batcher.settle(now, &Answer::Later(None), 1.0);
            let Next::Wait(due) = batcher.next(now) else {
                panic!()
            };
            now = due;
        }
        sent(batcher.next(now));
        batcher.settle(now, &Answer::Later(said.map(seconds)), 1.0);
        match batcher.next(now) {
            Next::Wait(due) => (due - now).as_secs(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        [0, 1, 2, 3].map(|failures| pause(None, failures)),
        [1, 2, 4, 8]
    );
    assert_eq!(pause(Some(20), 0), 20);
    assert_eq!(pause(Some(0), 2), 4, "never sooner than its own pause");
    assert_eq!(pause(Some(86_400), 0), 60, "nor beyond all patience");
}

/// An hour without a receiver: a span every 100 ms, then it is back.
#[test]
fn an_hour_without_a_receiver() {
    let start = Instant::now();
    let limits = Limits {
        waiting: 64 << 10,
        batch: (8 << 10, 64),
        ..Limits::default()
    };
    let mut batcher = Batcher::new(limits);
    let (mut pushed, mut arrived, mut most) = (0_u32, Vec::new(), 0);
    let hour = 36_000;
    for tick in 0..hour + 3_000 {
        let now = start + Duration::from_millis(100) * tick;
        let mut item = pushed.to_be_bytes().to_vec();
        item.resize(40, 0);
        batcher.push(now, &item, 1);
        pushed += 1;
        while let Next::Send(body) = batcher.next(now) {
            if tick < hour {
                batcher.settle(now, &Answer::Later(None), f64::from(tick % 10) / 10.0);
            } else {
                arrived.extend(
                    body.chunks(40)
                        .map(|item| u32::from_be_bytes(item[..4].try_into().unwrap())),
                );
                batcher.settle(now, &Answer::Taken { rejected: 0 }, 0.0);
            }
        }
        most = most.max(batcher.bytes());
    }
    assert!(most <= 64 << 10, "{most}");
    let counts = batcher.counts;
    let kept = batcher.give_up();
    assert_eq!(u64::from(pushed), counts.sent + counts.lost() + kept);
    assert_eq!(counts.sent, arrived.len() as u64);
    assert!(
        counts.overflowed > 0 && counts.expired > 0 && counts.retries > 10,
        "{counts:?}"
    );
    assert!(
        arrived.windows(2).all(|pair| pair[0] < pair[1]),
        "each once, in order"
    );
    let after = arrived.iter().filter(|id| **id >= hour).count() as u64;
    assert_eq!(after + kept, 3_000, "all that came after it was back");
}
