//! The lanes' memory: chunks made when a lane first touches them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::lane::{self, LANES, SHARED};

/// Cells in a chunk; an allocation never crosses one.
pub(crate) const CHUNK: usize = 1024;

type Chunk = Box<[AtomicU64; CHUNK]>;

struct Lane {
    chunks: Box<[OnceLock<Chunk>]>,
}

impl Lane {
    fn new(chunks: usize) -> Self {
        Self {
            chunks: (0..chunks).map(|_| OnceLock::new()).collect(),
        }
    }
}

/// One registry's cells, in all lanes.
pub(crate) struct CellSpace {
    lanes: Box<[OnceLock<Lane>]>,
    chunks: usize,
    next: Mutex<usize>,
}

impl CellSpace {
    /// Room for `cells` cells.
    pub(crate) fn new(cells: usize) -> Self {
        Self {
            lanes: (0..LANES).map(|_| OnceLock::new()).collect(),
            chunks: cells.div_ceil(CHUNK).max(1),
            next: Mutex::new(0),
        }
    }

    /// `cells` adjacent cells inside one chunk, or `None` when the space is used up.
    pub(crate) fn alloc(&self, cells: usize) -> Option<u32> {
        debug_assert!(cells > 0 && cells <= CHUNK);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let room = CHUNK - *next % CHUNK;
        let start = if cells <= room { *next } else { *next + room };
        if start + cells > self.chunks * CHUNK {
            return None;
        }
        *next = start + cells;
        Some(start as u32)
    }

    /// This thread's copies of the cells `base..base + len`.
    #[inline]
    pub(crate) fn writer(&self, base: u32, len: usize) -> Writer<'_> {
        let lane = lane::current();
        Writer {
            cells: self.cells(lane, base, len),
            shared: lane == SHARED,
        }
    }

    /// The copies in the shared lane: home of gauges and of counters that are set, not added to.
    #[inline]
    pub(crate) fn shared(&self, base: u32, len: usize) -> &[AtomicU64] {
        self.cells(SHARED, base, len)
    }

    #[inline]
    fn cells(&self, lane: usize, base: u32, len: usize) -> &[AtomicU64] {
        let base = base as usize;
        let lane = match self.lanes[lane].get() {
            Some(lane) => lane,
            None => self.open_lane(lane),
        };
        let chunk = match lane.chunks[base / CHUNK].get() {
            Some(chunk) => chunk,
            None => Self::open_chunk(lane, base / CHUNK),
        };
        &chunk[base % CHUNK..base % CHUNK + len]
    }

    #[cold]
    fn open_lane(&self, lane: usize) -> &Lane {
        self.lanes[lane].get_or_init(|| Lane::new(self.chunks))
    }

    #[cold]
    fn open_chunk(lane: &Lane, chunk: usize) -> &Chunk {
        lane.chunks[chunk].get_or_init(|| Box::new([const { AtomicU64::new(0) }; CHUNK]))
    }

    /// Raises the total of a cell that lanes add to; a smaller total than it has is ignored.
    pub(crate) fn raise(&self, cell: u32, total: u64) {
        // One at a time, so that two do not both add what is missing.
        let _one = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = [0];
        self.sum(cell, &mut sum);
        if let Some(missing) = total.checked_sub(sum[0]) {
            self.shared(cell, 1)[0].fetch_add(missing, Relaxed);
        }
    }

    /// Adds every lane's copy of the cells from `base` on to `out`, as integers.
    pub(crate) fn sum(&self, base: u32, out: &mut [u64]) {
        self.each(base, out.len(), |cells| {
            for (sum, cell) in out.iter_mut().zip(cells) {
                *sum = sum.wrapping_add(cell.load(Relaxed));
            }
        });
    }

    /// The same for cells that hold `f64` bits. Lanes are added in a fixed order, so that the total
    /// never goes back while each lane only grows.
    pub(crate) fn sum_f64(&self, base: u32, out: &mut [f64]) {
        self.each(base, out.len(), |cells| {
            for (sum, cell) in out.iter_mut().zip(cells) {
                *sum += f64::from_bits(cell.load(Relaxed));
            }
        });
    }

    fn each(&self, base: u32, len: usize, mut visit: impl FnMut(&[AtomicU64])) {
        let base = base as usize;
        let at = base % CHUNK;
        for lane in &self.lanes {
            if let Some(chunk) = lane.get().and_then(|lane| lane.chunks[base / CHUNK].get()) {
                visit(&chunk[at..at + len]);
            }
        }
    }
}

/// Cells that the current thread may add to.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    cells: &'a [AtomicU64],
    shared: bool,
}

impl Writer<'_> {
    /// Adds to the integer in the cell.
    #[inline]
    pub(crate) fn add(&self, cell: usize, n: u64) {
        let cell = &self.cells[cell];
        if self.shared {
            cell.fetch_add(n, Relaxed);
        } else {
            cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
        }
    }

    /// Adds to the `f64` in the cell.
    #[inline]
    pub(crate) fn add_f64(&self, cell: usize, n: f64) {
        let cell = &self.cells[cell];
        if self.shared {
            add_f64(cell, n);
        } else {
            cell.store((f64::from_bits(cell.load(Relaxed)) + n).to_bits(), Relaxed);
        }
    }
}

/// Atomic add to an `f64` kept as bits.
pub(crate) fn add_f64(cell: &AtomicU64, n: f64) {
    let mut seen = cell.load(Relaxed);
    while let Err(now) =
        cell.compare_exchange_weak(seen, (f64::from_bits(seen) + n).to_bits(), Relaxed, Relaxed)
    {
        seen = now;
    }
}
