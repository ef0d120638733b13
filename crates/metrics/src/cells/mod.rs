//! Numbers that threads add to without meeting each other.
//!
//! A *cell* is one `u64`. Each recording thread holds a *lane* (a small number, see [`lane`]) and adds to
//! its own copy of a cell with a plain load, add and store; a scrape sums the copies. Lanes are
//! recycled when threads end, together with what was counted in them, so totals never shrink.
//! Threads beyond the bound share one last lane by atomic adds.
//!
//! Invariant: a lane other than [`lane::SHARED`] has one writer at a time. The hand-over from an ended
//! thread to the next one goes through the mutex of the free list, which orders their stores.

pub(crate) mod lane;
mod space;

pub(crate) use space::{CHUNK, CellSpace, Copies, Writer, add_f64};
