//! The model checker's primitives, and sizes that are full after a step or two.

use std::fmt;

use loom::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Release};
pub(crate) use loom::sync::{
    Mutex,
    atomic::{AtomicU64, AtomicUsize},
};

pub(crate) const SLAB_CHUNK: usize = 8;
pub(crate) const FIRST_TABLE: usize = 2;
pub(crate) const TABLES: usize = 3;

/// The standard library's, which promises that whoever sees the value sees all that was done to make it.
pub(crate) struct OnceLock<T> {
    value: AtomicPtr<T>,
    making: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: AtomicPtr::new(std::ptr::null_mut()),
            making: Mutex::new(()),
        }
    }

    #[expect(unsafe_code, reason = "a value that is never moved is lent")]
    pub(crate) fn get(&self) -> Option<&T> {
        let value = self.value.load(Acquire);
        // SAFETY: null, or a box that was leaked into it and lives as long as this.
        unsafe { value.as_ref() }
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _one = self.making.lock().unwrap();
        if self.get().is_none() {
            self.value.store(Box::into_raw(Box::new(make())), Release);
        }
        self.get().unwrap()
    }
}

impl<T> Drop for OnceLock<T> {
    #[expect(unsafe_code, reason = "what was leaked is taken back")]
    fn drop(&mut self) {
        let value = self.value.with_mut(|value| *value);
        if !value.is_null() {
            // SAFETY: it came out of a box, and nobody has it any more.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceLock")
    }
}
