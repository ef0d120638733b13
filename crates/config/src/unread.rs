//! Variables that are set and that nothing reads: most of them are a name with a slip in it.

use std::fmt;

use super::variables::{self, OWN, Variable};

/// Not for a service: the project's tests hand these to the processes that they start.
const OF_TESTS: [&str; 2] = ["BONGSU_TEST_", "BONGSU_ALERTS_TEST_"];
/// Slips (a letter too many, too few, another one, two in the wrong order) that still tell what was
/// meant; a short name has fewer, for `PATH` is not a slip of anything.
const SLIPS: usize = 2;
const SHORT: usize = 8;

/// A variable that is set and that nothing reads.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UnreadVariable {
    /// Its name. Its value is not kept: it may be a secret.
    pub name: String,
    /// The variable that is likely meant; none for a `BONGSU_…` that is like no other.
    pub meant: Option<String>,
}

impl fmt::Display for UnreadVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is set and nothing reads it", self.name)?;
        match &self.meant {
            Some(meant) => write!(f, "; is {meant} meant?"),
            None => Ok(()),
        }
    }
}

/// Those among `names` that are likely meant for the configuration and are not read by it.
pub(super) fn among(names: impl IntoIterator<Item = String>) -> Vec<UnreadVariable> {
    let known: Vec<String> = variables::all().flat_map(Variable::all_names).collect();
    let strangers = names.into_iter().filter(|name| !known.contains(name));
    strangers
        .filter_map(|name| {
            let meant = meant(&name, &known).cloned();
            let own = name.starts_with(OWN) && !OF_TESTS.iter().any(|of| name.starts_with(of));
            (own || meant.is_some()).then_some(UnreadVariable { name, meant })
        })
        .collect()
}

/// The known name that `name` is a slip of, a part of, or that lacks its beginning.
fn meant<'k>(name: &str, known: &'k [String]) -> Option<&'k String> {
    let upper = name.to_ascii_uppercase();
    let slips = if name.len() < SHORT { 1 } else { SLIPS };
    let near = known
        .iter()
        // The names of others are too short and too common to be meant by a slip.
        .filter(|known| known.contains('_'))
        .map(|known| (strsim::osa_distance(&upper, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= slips)
        .map(|(_, known)| known);
    let own = format!("{OWN}{upper}");
    near.or_else(|| known.iter().find(|known| **known == own))
        .or_else(|| known.iter().find(|known| is_part(&upper, known)))
}

/// Whether all of `name`'s words stand in `known` in this order from the first on, the last of them
/// perhaps cut short: `CPU_THRESHOLD`, `SLACK_WEBHOOK`, `SMTP_PASS`.
fn is_part(name: &str, known: &str) -> bool {
    const STEM: usize = 4;
    let mut words = name.split('_').peekable();
    let mut known = known.split('_');
    if !name.contains('_') || words.next() != known.next() {
        return false;
    }
    while let Some(word) = words.next() {
        let stem = words.peek().is_none() && word.len() >= STEM;
        let same = |known: &str| known == word || (stem && known.starts_with(word));
        if word.is_empty() || !known.any(same) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, want: Option<Option<&str>>) {
        let found = among([name.to_owned()]);
        let meant = found.first().map(|unread| unread.meant.as_deref());
        assert_eq!(meant, want, "{name}");
    }

    #[test]
    fn a_slip_is_told_from_a_stranger() {
        check("SLACK_WEBHOOK_URL", None);
        check("SLACK_WEBHOOK_URL_FILE", None);
        check("SLACK_WEBHOK_URL", Some(Some("SLACK_WEBHOOK_URL")));
        check("SLACK_WEBHOOK_ULR", Some(Some("SLACK_WEBHOOK_URL")));
        check("SLACK_WEBHOOK", Some(Some("SLACK_WEBHOOK_URL")));
        check("slack_webhook_url", Some(Some("SLACK_WEBHOOK_URL")));
        check("CPU_WARNING", Some(Some("CPU_WARNING_THRESHOLD")));
        check("SMTP_PASSWD", Some(Some("SMTP_PASSWORD")));
        check("ALERT_EMAILS_TO", Some(Some("ALERT_EMAIL_TO")));
        check("BONGSU_REPORT_TIEM", Some(Some("BONGSU_REPORT_TIME")));
        check("SMTP_PASS", Some(Some("SMTP_PASSWORD")));
        check("CPU_THRESHOLD", Some(Some("CPU_WARNING_THRESHOLD")));
        check(
            "ALERT_COOLDOWN_SECONDS",
            Some(Some("BONGSU_ALERT_COOLDOWN_SECONDS")),
        );
        check("SMTP_TLS", Some(Some("BONGSU_SMTP_TLS")));
        check("BONGSU_DATABASE_ULR", Some(Some("BONGSU_DATABASE_URL")));
        check("BONGSU_FIRE", Some(None));
        check("BONGSU_DATABASE_URL_FILE", None);
        check("BONGSU_TEST_ROLE", None);
    }

    /// What a shell, cargo, a container and other programs set.
    #[test]
    fn what_others_set_is_theirs() {
        for name in [
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "TERM",
            "PWD",
            "SHLVL",
            "USER",
            "HOSTNAME",
            "PORT",
            "HOST",
            "TZ",
            "LOGNAME",
            "MAIL",
            "SHELL",
            "EDITOR",
            "CI",
            "RUST_LOG",
            "RUST_BACKTRACE",
            "CARGO_HOME",
            "DATABASE_POOL_SIZE",
            "PGHOST",
            "PGPASSWORD",
            "REDIS_PORT",
            "SMTP_FROM",
            "AWS_REGION",
            "KUBERNETES_SERVICE_HOST",
            "KUBERNETES_SERVICE_PORT",
            "SERVICE_VERSION",
            "OTEL_SERVICE_NAME",
            "SENTRY_DSN",
            "HTTP_PROXY",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "SYSTEMD_EXEC_PID",
            "INVOCATION_ID",
            "JOURNAL_STREAM",
            "NOTIFY_SOCKET",
            "LOG",
            "SLACK_TOKEN",
            "_",
            "",
        ] {
            check(name, None);
        }
    }
}
