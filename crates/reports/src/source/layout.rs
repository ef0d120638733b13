//! Which of the tables are there, with which columns.

use std::collections::HashMap;

use super::mapping::{Mapping, TABLES};
use super::{SourceError, SourceProblem};

/// Columns without which a table is of no use.
const REQUIRED: [(&str, &[&str]); 8] = [
    (
        "trades",
        &["id", "ticker", "action", "executed_quantity", "executed_at"],
    ),
    (
        "portfolio_risk_metrics",
        &["user_id", "date", "total_value"],
    ),
    ("stocks", &["ticker"]),
    ("stock_prices", &["date", "close"]),
    ("portfolios", &["user_id", "ticker", "quantity"]),
    ("cash_flows", &["user_id", "date", "amount"]),
    ("position_flows", &["user_id", "date", "ticker", "quantity"]),
    (
        "stock_splits",
        &["date", "ticker", "numerator", "denominator"],
    ),
];

/// Tables without which there is no report; the others are read where they are.
const NEEDED: usize = 4;

/// The columns that tell whose a fill is.
const OWNERS: [&str; 3] = ["user_id", "account_id", "account"];

/// A table or a query that is there.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// What stands after `FROM`.
    pub(super) from: String,
    /// Names and, where the database has any, types, both in lower case.
    columns: HashMap<String, String>,
}

impl Relation {
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// The column's type, where the database has types.
    #[cfg(feature = "postgres")]
    pub(super) fn kind(&self, column: &str) -> &str {
        self.columns.get(column).map_or("", String::as_str)
    }

    /// The column, or NULL.
    pub(super) fn or_null<'a>(&self, column: &'a str) -> &'a str {
        if self.has(column) { column } else { "NULL" }
    }

    /// The column that tells whose a row is.
    pub(super) fn owner(&self) -> Option<&'static str> {
        OWNERS.into_iter().find(|column| self.has(column))
    }
}

/// Every table that was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    found: HashMap<&'static str, Relation>,
    pub(super) problems: Vec<SourceProblem>,
}

impl Layout {
    /// Adds what was found of a table: its columns, that it is not there, or that asking failed.
    pub(super) fn add(
        &mut self,
        table: &'static str,
        mapping: &Mapping,
        found: Result<Option<HashMap<String, String>>, String>,
    ) {
        let mapped = mapping.has(table);
        let mut problem = |problem: String| {
            self.problems.push(SourceProblem {
                table: table.to_owned(),
                problem,
            });
        };
        let needed = TABLES[..NEEDED].contains(&table);
        match found {
            Err(why) if mapped => problem(format!("the query fails: {why}")),
            Err(why) => problem(format!("cannot be read: {why}")),
            Ok(None) if needed => problem(
                "there is no such table: make it (docs/reports.md has a CREATE TABLE) or name a \
                 query for it in the mapping file"
                    .to_owned(),
            ),
            Ok(None) => {}
            Ok(Some(columns)) => {
                let wanted = REQUIRED.iter().find(|(name, _)| *name == table);
                let wanted = wanted.map_or(&[][..], |(_, columns)| *columns);
                let missing: Vec<&str> = wanted
                    .iter()
                    .copied()
                    .filter(|column| !columns.contains_key(*column))
                    .collect();
                let either =
                    |a: &str, b: &str| !columns.contains_key(a) && !columns.contains_key(b);
                let priceless = table == "trades" && either("total_amount", "executed_price");
                let nameless = table == "stock_prices" && either("stock_id", "ticker");
                if !missing.is_empty() || priceless || nameless {
                    let mut names = missing.join(", ");
                    for (is, pair) in [
                        (priceless, "total_amount or executed_price"),
                        (nameless, "stock_id or ticker"),
                    ] {
                        if is {
                            names = [names.as_str(), pair].join(", ");
                        }
                    }
                    let names = names.trim_start_matches(", ");
                    problem(if mapped {
                        format!("the query has no column {names}: name it with AS")
                    } else {
                        format!(
                            "the table has no column {names}: add it or name a query for {table} in \
                             the mapping file"
                        )
                    });
                } else {
                    self.found.insert(
                        table,
                        Relation {
                            from: mapping.relation(table),
                            columns,
                        },
                    );
                }
            }
        }
    }

    /// A table that may be missing, but must not be wrong.
    pub(super) fn optional(&self, table: &str) -> Result<Option<&Relation>, SourceError> {
        match self.problems.iter().find(|problem| problem.table == table) {
            Some(problem) => Err(SourceError::Layout(problem.clone())),
            None => Ok(self.found.get(table)),
        }
    }

    /// A table that must be there.
    pub(super) fn required(&self, table: &'static str) -> Result<&Relation, SourceError> {
        self.optional(table)?.ok_or_else(|| {
            SourceError::Layout(SourceProblem {
                table: table.to_owned(),
                problem: "there is no such table".to_owned(),
            })
        })
    }
}

/// The columns of a fill, in the order in which the readers take them: every one for a detailed row,
/// and else what the positions need.
pub(super) fn trade_columns(
    trades: &Relation,
    wide: bool,
    cast: impl Fn(&str, Kind) -> String,
) -> String {
    let pick = |column: &str, kind: Kind| {
        let there = trades.or_null(column);
        if there == "NULL" {
            cast("NULL", kind)
        } else {
            cast(column, kind)
        }
    };
    let lean = !wide && trades.has("total_amount") && trades.has("executed_price");
    let price = if lean {
        let price = cast("executed_price", Kind::Number);
        format!("CASE WHEN total_amount IS NULL THEN {price} END")
    } else {
        pick("executed_price", Kind::Number)
    };
    let mut list = vec![
        pick("id", Kind::Int),
        pick("ticker", Kind::Text),
        pick("action", Kind::Text),
        // As a number: one that is not whole is to be told from none.
        pick("executed_quantity", Kind::Number),
        pick("total_amount", Kind::Number),
        pick("commission", Kind::Number),
        pick("tax", Kind::Number),
        pick("executed_at", Kind::Time),
        pick("status", Kind::Text),
        price,
    ];
    if wide {
        list.extend([
            pick("order_id", Kind::Text),
            pick("strategy", Kind::Text),
            pick("quantity", Kind::Int),
            pick("price", Kind::Number),
            pick("reason", Kind::Text),
            pick("venue", Kind::Text),
            pick("created_at", Kind::Time),
        ]);
    }
    list.join(", ")
}

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Number,
    Text,
    Time,
}
