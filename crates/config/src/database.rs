//! What a database's URL means, in the forms in which services have it.

use std::path::PathBuf;

/// A database that bongsu reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Database {
    /// `sqlite:<path>`.
    Sqlite(PathBuf),
    /// `postgres://…`, without the name of a driver.
    Postgres(String),
}

/// Reads `sqlite:` and `postgres:` URLs as sqlx, diesel and SQLAlchemy write them. The error shows
/// nothing of the URL but its scheme: the rest holds the password.
pub(super) fn read(url: &str) -> Result<Database, String> {
    const FORMS: &str = "sqlite:<path> or postgres://user:password@host/database";
    let (scheme, rest) = url
        .split_once(':')
        .ok_or_else(|| format!("is no URL of a database; bongsu reads {FORMS}"))?;
    let scheme = scheme.to_ascii_lowercase();
    let (kind, driver) = match scheme.split_once('+') {
        Some((kind, driver)) => (kind, Some(driver)),
        None => (scheme.as_str(), None),
    };
    match kind {
        "sqlite" | "sqlite3" => sqlite(rest, driver.is_some()).map(Database::Sqlite),
        "postgres" | "postgresql" if rest.starts_with("//") => {
            // asyncpg's word for what libpq calls `sslmode`.
            let rest = rest
                .replace("?ssl=", "?sslmode=")
                .replace("&ssl=", "&sslmode=");
            Ok(Database::Postgres(format!("postgres:{rest}")))
        }
        _ if is_scheme(kind) => Err(format!("{kind}: is no database that bongsu reads: {FORMS}")),
        _ => Err(format!("is no URL of a database; bongsu reads {FORMS}")),
    }
}

/// Whether it may be shown: a password with a colon in it is no scheme.
fn is_scheme(text: &str) -> bool {
    const KNOWN: [&str; 8] = [
        "mysql",
        "mariadb",
        "mssql",
        "sqlserver",
        "mongodb",
        "oracle",
        "redis",
        "http",
    ];
    KNOWN.contains(&text)
}

/// The file of what follows `sqlite:`. With a driver's name it is SQLAlchemy's form, in which three
/// slashes lead to a relative path and four to an absolute one.
fn sqlite(rest: &str, sqlalchemy: bool) -> Result<PathBuf, String> {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path = match path.strip_prefix("//") {
        Some(path) if sqlalchemy => path.strip_prefix('/').unwrap_or(path),
        Some(path) => path,
        None => path,
    };
    if path.is_empty() || path == ":memory:" || rest.contains("mode=memory") {
        return Err(
            "a database in memory is seen by its own connection alone; name a file".to_owned(),
        );
    }
    Ok(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: &str) {
        let got = match read(url) {
            Ok(Database::Sqlite(path)) => format!("file {}", path.display()),
            Ok(Database::Postgres(url)) => url,
            Err(error) => {
                assert!(!error.contains("hunter2"), "{error}");
                "none".to_owned()
            }
        };
        assert_eq!(got, want, "{url}");
    }

    #[test]
    fn forms_of_other_libraries_are_understood() {
        check("sqlite:engine.db", "file engine.db");
        check("sqlite://engine.db?mode=rwc", "file engine.db");
        check(
            "sqlite:///var/lib/engine.db?cache=shared",
            "file /var/lib/engine.db",
        );
        check("sqlite+aiosqlite:///engine.db", "file engine.db");
        check("sqlite+aiosqlite:////var/engine.db", "file /var/engine.db");
        check("sqlite::memory:", "none");
        check("sqlite://:memory:", "none");
        check("sqlite:x?mode=memory", "none");
        check("sqlite:", "none");
        check("postgres://u:hunter2@h/db", "postgres://u:hunter2@h/db");
        check("postgresql://h/db?a=b", "postgres://h/db?a=b");
        check(
            "postgresql+asyncpg://u:hunter2@h/db?ssl=require",
            "postgres://u:hunter2@h/db?sslmode=require",
        );
        check("postgresql+psycopg2://h/db", "postgres://h/db");
        check("mysql://u:hunter2@h/db", "none");
        check("hunter2:x", "none");
        check("hunter2", "none");
    }
}
