//! How long a test runs, where somebody asks for more of it than the default.

use std::str::FromStr;

/// What the environment asks for under a name (`BONGSU_TEST_…`), or else what does for every day.
///
/// # Panics
/// When what is asked for cannot be read.
#[must_use]
pub fn asked<T: FromStr>(name: &str, otherwise: T) -> T {
    let Ok(asked) = std::env::var(name) else {
        return otherwise;
    };
    let read = asked.parse();
    read.unwrap_or_else(|_| panic!("{name}={asked} is not what it should be"))
}
