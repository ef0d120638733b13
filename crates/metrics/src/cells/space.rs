//! The lanes' memory: chunks made when a lane first touches them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::lane::{self, EXCLUSIVE};

/// Cells in a chunk; an allocation never crosses one.
pub(crate) const CHUNK: usize = 1024;

type Chunk = Box<[AtomicU64; CHUNK]>;

/// All copies of a chunk's cells. A handle that is held keeps it, so that to add is to look up the lane alone.
pub(crate) struct Copies {
    /// Each with one writer.
    exclusive: [OnceLock<Chunk>; EXCLUSIVE],
    shared: OnceLock<Chunk>,
}

impl Default for Copies {
    fn default() -> Self {
        Self {
            exclusive: [const { OnceLock::new() }; EXCLUSIVE],
            shared: OnceLock::new(),
        }
    }
}

impl Copies {
    /// This thread's copy of the chunk, when it has one of its own and it was made.
    #[inline]
    fn own(&self) -> Option<&Chunk> {
        self.exclusive.get(lane::known())?.get()
    }

    /// The same, made; the shared one for a thread that has none of its own. Says whether that is so.
    #[cold]
    fn open(&self) -> (&Chunk, bool) {
        match self.exclusive.get(lane::current()) {
            Some(own) => (own.get_or_init(zeros), false),
            None => (self.shared(), true),
        }
    }

    #[inline]
    fn writer(&self) -> (&Chunk, bool) {
        match self.own() {
            Some(own) => (own, false),
            None => self.open(),
        }
    }

    #[inline]
    fn shared(&self) -> &Chunk {
        self.shared.get_or_init(zeros)
    }

    /// Adds to the integer in a cell of the chunk.
    #[inline]
    pub(crate) fn add(&self, cell: u32, n: u64) {
        if !self.add_to_own(cell, n) {
            self.add_slow(cell as usize % CHUNK, n);
        }
    }

    /// The same when this thread has its own copy at hand; says whether it has.
    #[inline]
    pub(crate) fn add_to_own(&self, cell: u32, n: u64) -> bool {
        match self.own() {
            Some(own) => {
                add_own(&own[cell as usize % CHUNK], n);
                true
            }
            None => false,
        }
    }

    #[cold]
    fn add_slow(&self, cell: usize, n: u64) {
        match self.open() {
            (own, false) => add_own(&own[cell], n),
            (shared, true) => {
                shared[cell].fetch_add(n, Relaxed);
            }
        }
    }
}

fn zeros() -> Chunk {
    Box::new([const { AtomicU64::new(0) }; CHUNK])
}

#[inline]
fn add_own(cell: &AtomicU64, n: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
}

/// One registry's cells, in all lanes.
pub(crate) struct CellSpace {
    chunks: Box<[OnceLock<Arc<Copies>>]>,
    next: Mutex<usize>,
}

impl CellSpace {
    /// Room for `cells` cells.
    pub(crate) fn new(cells: usize) -> Self {
        let chunks = cells.div_ceil(CHUNK).max(1);
        Self {
            chunks: (0..chunks).map(|_| OnceLock::new()).collect(),
            next: Mutex::new(0),
        }
    }

    /// `cells` adjacent cells inside one chunk, or `None` when the space is used up.
    pub(crate) fn alloc(&self, cells: usize) -> Option<u32> {
        debug_assert!(cells > 0 && cells <= CHUNK);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let room = CHUNK - *next % CHUNK;
        let start = if cells <= room { *next } else { *next + room };
        if start + cells > self.chunks.len() * CHUNK {
            return None;
        }
        *next = start + cells;
        Some(start as u32)
    }

    /// This thread's copies of the cells `base..base + len`.
    #[inline]
    pub(crate) fn writer(&self, base: u32, len: usize) -> Writer<'_> {
        let at = base as usize % CHUNK;
        let (chunk, shared) = self.copies(base).writer();
        Writer {
            cells: &chunk[at..at + len],
            shared,
        }
    }

    /// Adds to the integer in a cell.
    #[inline]
    pub(crate) fn add(&self, cell: u32, n: u64) {
        self.copies(cell).add(cell, n);
    }

    /// The copies in the shared lane: home of gauges and of counters that are set, not added to.
    #[inline]
    pub(crate) fn shared(&self, base: u32, len: usize) -> &[AtomicU64] {
        let at = base as usize % CHUNK;
        &self.copies(base).shared()[at..at + len]
    }

    /// All copies of the chunk with this cell.
    #[inline]
    pub(crate) fn copies(&self, cell: u32) -> &Arc<Copies> {
        let place = &self.chunks[cell as usize / CHUNK];
        match place.get() {
            Some(copies) => copies,
            None => Self::open(place),
        }
    }

    #[cold]
    fn open(place: &OnceLock<Arc<Copies>>) -> &Arc<Copies> {
        place.get_or_init(Arc::default)
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
        let Some(copies) = self.chunks[base / CHUNK].get() else {
            return;
        };
        for lane in copies.exclusive.iter().chain([&copies.shared]) {
            if let Some(chunk) = lane.get() {
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
            add_own(cell, n);
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
