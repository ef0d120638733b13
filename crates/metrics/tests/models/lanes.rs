//! A thread is modelled as *take a lane, add by load and store, give it back*.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
use loom::thread;

use crate::{explore, lane};

struct Model {
    pool: lane::Pool,
    cells: Vec<AtomicU64>,
    shared: AtomicU64,
}

impl Model {
    fn new(lanes: usize) -> Arc<Self> {
        Arc::new(Self {
            pool: lane::Pool::with_limit(lanes),
            cells: (0..lanes).map(|_| AtomicU64::new(0)).collect(),
            shared: AtomicU64::new(0),
        })
    }

    /// A thread's life.
    fn live(&self, adds: u64) {
        match self.pool.take() {
            Some(lane) => {
                for _ in 0..adds {
                    let cell = &self.cells[lane];
                    cell.store(cell.load(Relaxed) + 1, Relaxed);
                }
                self.pool.give_back(lane);
            }
            None => {
                for _ in 0..adds {
                    self.shared.fetch_add(1, Relaxed);
                }
            }
        }
    }

    fn sum(&self) -> u64 {
        self.cells
            .iter()
            .map(|cell| cell.load(Relaxed))
            .sum::<u64>()
            + self.shared.load(Relaxed)
    }
}

fn check(lanes: usize, threads: usize, adds: u64) {
    explore(move || {
        let model = Model::new(lanes);
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.live(adds))
            })
            .collect();
        // The scrape, at any moment.
        let first = model.sum();
        let second = model.sum();
        assert!(first <= second, "a total went back");
        for worker in workers {
            worker.join().expect("no panic");
        }
        assert_eq!(model.sum(), threads as u64 * adds, "a count was lost");
    });
}

#[test]
fn a_lane_handed_on_loses_nothing() {
    // Two threads, one lane: the second takes it over, or shares.
    check(1, 2, 2);
}

#[test]
fn threads_with_lanes_of_their_own_lose_nothing() {
    check(2, 2, 2);
}

#[test]
fn a_third_thread_shares_or_takes_over() {
    check(1, 3, 1);
}
