//! A writer makes series, past the first table and the first chunk, while a reader looks them up and walks
//! over them.

use loom::sync::Arc;
use loom::thread;

use crate::explore;
use crate::index::{Found, Index};

fn found(cell: u32) -> Found<1> {
    Found {
        cell,
        more: [u64::from(cell) + 7],
    }
}

fn insert(index: &Index<1>, name: &str, cell: u32) -> Found<1> {
    let values = [name];
    index
        .get_or_insert(&values, |_| Some(found(cell)))
        .expect("there is room")
}

fn get(index: &Index<1>, name: &str) -> Option<Found<1>> {
    let values = [name];
    index.get(&values)
}

/// What a reader may see of the first `names`, in their order: each whole, and none without those before it.
fn walk(index: &Index<1>, names: &[&str]) {
    for ((entry, name), cell) in index.entries(1).zip(names).zip(0..) {
        let mut value = Vec::new();
        entry.each_value(|bytes| value.extend_from_slice(bytes));
        assert_eq!(value, name.as_bytes(), "a torn entry");
        assert_eq!(entry.cell(), cell);
    }
}

#[test]
fn a_reader_sees_a_series_whole_or_not_at_all() {
    const NAMES: [&str; 3] = ["a", "orders", "c"];
    explore(|| {
        let index = Arc::new(Index::<1>::new(1, 4));
        insert(&index, NAMES[0], 0);
        // The checker sees a load that follows a store, not a store that follows both its own and another's
        // load: so the reader is the thread that comes second.
        let reader = thread::spawn({
            let index = Arc::clone(&index);
            move || {
                assert_eq!(get(&index, NAMES[0]), Some(found(0)), "it went away");
                for (cell, name) in (1..).zip(&NAMES[1..]) {
                    let seen = get(&index, name);
                    assert!(seen.is_none() || seen == Some(found(cell)), "{seen:?}");
                }
                walk(&index, &NAMES);
            }
        });
        // The table grows with the second, the slab with the third.
        insert(&index, NAMES[1], 1);
        insert(&index, NAMES[2], 2);
        reader.join().unwrap();
        for (cell, name) in (0..).zip(NAMES) {
            assert_eq!(get(&index, name), Some(found(cell)), "{name} was lost");
        }
        assert_eq!(index.len(), NAMES.len());
    });
}

#[test]
fn two_that_make_one_series_get_the_same() {
    explore(|| {
        let index = Arc::new(Index::<1>::new(1, 4));
        let other = thread::spawn({
            let index = Arc::clone(&index);
            move || insert(&index, "a", 1)
        });
        let mine = insert(&index, "a", 2);
        assert_eq!(mine, other.join().unwrap());
        assert_eq!(index.len(), 1);
    });
}
