//! The labels of a series.

use std::{fmt, sync::Arc};

/// The label that holds a metric's name.
pub(crate) const NAME: &str = "__name__";

/// Names and values, sorted by name, none empty; `__name__` is the metric's name. A copy shares them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Of pairs in any order: a value that is empty is no label, the last of two with one name counts.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut all = std::collections::BTreeMap::new();
        for (name, value) in pairs {
            all.insert(name.into(), value.into());
        }
        Self(
            all.into_iter()
                .filter(|(_, value): &(_, Arc<str>)| !value.is_empty())
                .collect(),
        )
    }

    /// The value of a name; what is not there is empty, as in PromQL.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.binary_search_by(|(it, _)| (**it).cmp(name));
        found.map_or("", |index| &*self.0[index].1)
    }

    /// Each name with its value, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose name `keep` takes.
    pub(crate) fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(
            self.0
                .iter()
                .filter(|(name, _)| keep(name))
                .cloned()
                .collect(),
        )
    }

    /// Those that tell series of one metric apart.
    pub(crate) fn without_name(&self) -> Self {
        self.only(|name| name != NAME)
    }

    /// With one of them set, or gone when the value is empty.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(it, _)| **it != *name).cloned();
        let mut all: Vec<_> = others.collect();
        if !value.is_empty() {
            let at = all.partition_point(|(it, _)| **it < *name);
            all.insert(at, (name.into(), value.into()));
        }
        Self(all.into())
    }
}

/// As PromQL writes a series: `up{job="engine"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(NAME))?;
        let mut others = self.iter().filter(|(name, _)| *name != NAME);
        let Some((name, value)) = others.next() else {
            return f.write_str(if self.is_empty() { "{}" } else { "" });
        };
        write!(f, "{{{name}={value:?}")?;
        for (name, value) in others {
            write!(f, ", {name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_none_is_empty() {
        let labels = Labels::new([("b", "2"), ("a", "1"), ("c", "")]);
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!((labels.get("b"), labels.get("c")), ("2", ""));
    }

    #[test]
    fn they_are_written_as_promql_writes_them() {
        let labels = Labels::new([(NAME, "up"), ("job", "a\"b"), ("instance", "x")]);
        assert_eq!(labels.to_string(), r#"up{instance="x", job="a\"b"}"#);
        assert_eq!(Labels::new([(NAME, "up")]).to_string(), "up");
        assert_eq!(Labels::default().to_string(), "{}");
    }

    #[test]
    fn one_is_set_replaced_and_taken_away() {
        let labels = Labels::new([(NAME, "up"), ("job", "a")]);
        assert_eq!(labels.with("job", "b").get("job"), "b");
        assert_eq!(labels.with("job", ""), Labels::new([(NAME, "up")]));
        assert_eq!(labels.with("z", "1").without_name().iter().len(), 2);
    }
}
