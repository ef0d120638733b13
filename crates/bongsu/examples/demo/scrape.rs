//! Just enough of the Prometheus text format to compare two scrapes.

use std::collections::BTreeMap;

/// Series as written, with their values.
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    pub fn parse(page: &str) -> Self {
        let samples = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (series, value) = line.rsplit_once(' ')?;
                Some((series.to_owned(), value.parse().ok()?))
            });
        Self(samples.collect())
    }

    /// Sum over the series of `name`, or none when there is none.
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.matching(name, "")
    }

    /// Sum over the series of `name` whose labels contain `label`.
    pub fn matching(&self, name: &str, label: &str) -> Option<f64> {
        let mut found = self.0.iter().filter(|(series, _)| {
            let bare = series.split('{').next().unwrap_or(series);
            bare == name && series.contains(label)
        });
        let first = *found.next()?.1;
        Some(found.fold(first, |sum, (_, value)| sum + value))
    }
}
