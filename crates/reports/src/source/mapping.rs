//! Any schema as a source: a named query for each table that a report reads.
//!
//! ```text
//! -- name: trades
//! SELECT order_no AS id, code AS ticker, bs AS action, qty AS executed_quantity,
//!        won AS total_amount, fee AS commission, tax, done_at AS executed_at FROM orders
//! -- name: portfolio_risk_metrics
//! SELECT owner AS user_id, at AS date, nav AS total_value, cash AS cash_balance FROM nav
//! ```

use std::collections::BTreeMap;

/// The tables a report reads, those that must be there first.
pub(super) const TABLES: [&str; 8] = [
    "trades",
    "portfolio_risk_metrics",
    "stocks",
    "stock_prices",
    "portfolios",
    "cash_flows",
    "position_flows",
    "stock_splits",
];

/// Queries in place of tables, by the table's name. What is not named is read from the table itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    queries: BTreeMap<&'static str, String>,
}

/// What is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping line {line}: {problem}")]
pub struct BadMapping {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl std::str::FromStr for Mapping {
    type Err = BadMapping;

    /// Reads named queries: a line `-- name: trades` begins one. Its columns are the table's; see
    /// `docs/reports.md` for those that are needed.
    fn from_str(text: &str) -> Result<Self, BadMapping> {
        let mut queries: BTreeMap<&'static str, String> = BTreeMap::new();
        let mut present: Option<(&'static str, usize)> = None;
        for (at, line) in text.lines().enumerate() {
            let bad = |problem: String| BadMapping {
                line: at + 1,
                problem,
            };
            let comment = line.trim().strip_prefix("--").map(str::trim);
            if let Some(name) = comment.and_then(named) {
                let known = TABLES.into_iter().find(|table| *table == name);
                let known = known.ok_or_else(|| {
                    bad(format!(
                        "unknown name {name:?}, expected one of {}",
                        TABLES.join(", ")
                    ))
                })?;
                if queries.insert(known, String::new()).is_some() {
                    return Err(bad(format!("{name} is named twice")));
                }
                present = Some((known, at + 1));
            } else if comment.is_some() || line.trim().is_empty() {
                // Nothing to run.
            } else if let Some((name, _)) = present {
                let query = queries.entry(name).or_default();
                query.push_str(line);
                query.push('\n');
            } else {
                return Err(bad("a query before the first `-- name: …`".to_owned()));
            }
        }
        for (name, query) in &mut queries {
            let bare = query.trim().trim_end_matches(';').trim_end();
            let problem = if bare.is_empty() {
                Some(format!("{name} has no query"))
            } else if has_semicolon(bare) {
                Some(format!("{name}: one query only, without a `;` within"))
            } else {
                None
            };
            if let Some(problem) = problem {
                let is_its = |line: &str| {
                    let comment = line.trim().strip_prefix("--").map(str::trim);
                    comment.and_then(named) == Some(*name)
                };
                let line = text.lines().position(is_its);
                return Err(BadMapping {
                    line: line.map_or(1, |at| at + 1),
                    problem,
                });
            }
            *query = bare.to_owned();
        }
        Ok(Self { queries })
    }
}

/// The name that a comment gives to the query below it.
fn named(comment: &str) -> Option<&str> {
    let (word, name) = comment.split_once(':')?;
    word.trim()
        .eq_ignore_ascii_case("name")
        .then(|| name.trim())
}

/// Does a statement end before the text does? Not where the `;` is quoted or in a comment.
fn has_semicolon(query: &str) -> bool {
    let mut rest = query;
    while let Some(at) = rest.find([';', '\'', '"', '-', '/']) {
        let (begun, after) = rest[at..].split_at(1);
        let end = match (begun, after.as_bytes().first()) {
            (";", _) => return true,
            ("-", Some(b'-')) => after.find('\n'),
            ("/", Some(b'*')) => after.find("*/").map(|end| end + 1),
            ("-" | "/", _) => {
                rest = after;
                continue;
            }
            // A quote within is written twice: what follows then is quoted again.
            (quote, _) => after.find(quote),
        };
        match end {
            Some(end) => rest = &after[end + 1..],
            None => return false,
        }
    }
    false
}

impl Mapping {
    /// What stands after `FROM`.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn relation(&self, table: &'static str) -> String {
        match self.queries.get(table) {
            // A comment may end the query's last line.
            Some(query) => format!("({query}\n) AS {table}"),
            None => table.to_owned(),
        }
    }

    /// Is the table a query of the mapping?
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn has(&self, table: &str) -> bool {
        self.queries.contains_key(table)
    }

    /// All queries, for an identity.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn text(&self) -> String {
        let all = self.queries.iter();
        all.map(|(name, query)| format!("{name}={query};"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_queries() {
        let mapping: Mapping = "-- ours\n-- name: trades\nSELECT 1 AS id -- of the order\nFROM orders;\n\n-- name: stocks\nSELECT 2\n"
            .parse()
            .unwrap();
        assert_eq!(
            mapping.queries["trades"],
            "SELECT 1 AS id -- of the order\nFROM orders"
        );
        assert_eq!(mapping.queries["stocks"], "SELECT 2");
        for quoted in [
            "SELECT ';' AS id, \"a;b\" FROM orders;",
            "SELECT 'it''s; so' AS id FROM orders -- a; b",
            "SELECT 1 - 2 /* none; */ AS id\nFROM orders",
        ] {
            let text = format!("-- Name: trades\n{quoted}\n");
            let mapping: Mapping = text.parse().unwrap();
            assert_eq!(mapping.queries["trades"], quoted.trim_end_matches(';'));
        }
        for (text, line, said) in [
            ("SELECT 1", 1, "before the first"),
            (
                "-- name: trades\nSELECT '' AS id /* */; SELECT 2",
                1,
                "one query only",
            ),
            (
                "-- name: trade\nSELECT 1",
                1,
                "unknown name \"trade\", expected one of trades",
            ),
            (
                "-- name: trades\n-- name: stocks\nSELECT 1",
                1,
                "trades has no query",
            ),
            (
                "-- name: trades\nSELECT 1; DROP TABLE x",
                1,
                "one query only",
            ),
            (
                "-- name: trades\nSELECT 1\n-- name: trades\nSELECT 1",
                3,
                "named twice",
            ),
        ] {
            let error = text.parse::<Mapping>().unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.problem.contains(said), "{error}");
        }
    }
}
