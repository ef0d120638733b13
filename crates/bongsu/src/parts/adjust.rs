//! What the service's code has to say about a part's own builder.

use std::fmt;

/// Changes to a builder, in the order in which they were asked for.
#[allow(dead_code, reason = "which parts there are depends on the features")]
pub(crate) struct Adjust<T>(Vec<Box<dyn FnOnce(T) -> T + Send + Sync>>);

#[allow(dead_code, reason = "which parts there are depends on the features")]
impl<T> Adjust<T> {
    pub(crate) fn push(&mut self, change: impl FnOnce(T) -> T + Send + Sync + 'static) {
        self.0.push(Box::new(change));
    }

    pub(crate) fn apply(self, builder: T) -> T {
        self.0
            .into_iter()
            .fold(builder, |builder, change| change(builder))
    }
}

impl<T> Default for Adjust<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> fmt::Debug for Adjust<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changes", self.0.len())
    }
}
