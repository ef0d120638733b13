//! `docs/runbooks.md`: one section a rule, so that no link leads nowhere.

use std::fmt::Write as _;

use crate::rule::Group;

pub(crate) fn page(groups: &[Group]) -> String {
    let mut page = String::from(
        "<!-- Written by `cargo xtask dashboards`; edit xtask/dashboards instead. -->\n\
         # Runbooks\n\n\
         One section an alert. *Critical* wakes somebody, *warning* is looked at the same day.\n",
    );
    for group in groups {
        let _ = writeln!(page, "\n## {}\n\n{}", group.name, group.about);
        for alert in &group.alerts {
            let keep = alert
                .keep
                .map(|time| format!(", goes on for {time} after its end"));
            let [means, look, act] = alert.runbook;
            let _ = write!(
                page,
                "\n### {}\n\n**{}**, after {}{}.\n\n{means}\n\n```promql\n{}\n```\n\n\
                 - **Look**: {look}\n- **Do**: {act}\n",
                alert.name,
                alert.severity.as_str(),
                alert.pending,
                keep.unwrap_or_default(),
                alert.expr,
            );
        }
    }
    page
}
