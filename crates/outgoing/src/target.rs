//! What was called.

use std::borrow::Cow;
use std::fmt;

/// What was called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A server that speaks HTTP.
    #[non_exhaustive]
    Http {
        /// Its name, with the port where that is not the scheme's.
        host: String,
        /// The same for the first hundred hosts, `other` for the rest: fit for a label.
        label: String,
        /// The method; one that HTTP does not define is `other`.
        method: &'static str,
    },
    /// A table of a database.
    #[non_exhaustive]
    Database {
        /// Which kind of database, by OpenTelemetry's names: `postgresql`, `sqlite`, `redis`.
        system: Cow<'static, str>,
        /// What is done: `SELECT`.
        operation: Cow<'static, str>,
        /// To what.
        table: Cow<'static, str>,
    },
    /// A cache.
    #[non_exhaustive]
    Cache {
        /// Its name.
        name: Cow<'static, str>,
        /// Whether it had what was looked for; nothing where it could not be asked.
        hit: Option<bool>,
    },
}

impl Target {
    /// What of it works or does not: the host's label, the database's kind, the cache's name.
    #[must_use]
    pub fn dependency(&self) -> &str {
        match self {
            Self::Http { label, .. } => label,
            Self::Database { system, .. } => system,
            Self::Cache { name, .. } => name,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { host, method, .. } => write!(f, "{method} {host}"),
            Self::Database {
                operation, table, ..
            } => write!(f, "{operation} {table}"),
            Self::Cache { name, .. } => write!(f, "cache {name}"),
        }
    }
}
