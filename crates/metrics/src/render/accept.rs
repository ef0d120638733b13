//! Which format and which coding the client asked for.

/// The two text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `text/plain; version=0.0.4`
    Text,
    /// `application/openmetrics-text; version=1.0.0`
    OpenMetrics,
}

impl Format {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A list member's name, parameters and weight in thousandths.
fn members(header: &str) -> impl Iterator<Item = (&str, Vec<(&str, &str)>, u32)> {
    header.split(',').map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let mut weight = 1000;
        let mut parameters = Vec::new();
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            if key.trim().eq_ignore_ascii_case("q") {
                // A weight that is not a number is taken as a refusal.
                let q = value.trim().parse::<f64>().unwrap_or(0.0);
                weight = (q.clamp(0.0, 1.0) * 1000.0) as u32;
            } else {
                parameters.push((key.trim(), value.trim().trim_matches('"')));
            }
        }
        (name, parameters, weight)
    })
}

/// OpenMetrics when it is asked for by name, in a version we speak, and not less than the text format.
pub(crate) fn choose_format(accept: Option<&str>) -> Format {
    let (mut open, mut text) = (0, 0);
    for (name, parameters, weight) in members(accept.unwrap_or_default()) {
        let version = parameters
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case("version"))
            .map(|(_, value)| *value);
        if name.eq_ignore_ascii_case("application/openmetrics-text") {
            if matches!(version, None | Some("1.0.0" | "0.0.1")) {
                open = open.max(weight);
            }
        } else if name.eq_ignore_ascii_case("text/plain") && matches!(version, None | Some("0.0.4"))
        {
            text = text.max(weight);
        }
    }
    if open > 0 && open >= text {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// Whether the client takes gzip.
pub(crate) fn wants_gzip(accept_encoding: Option<&str>) -> bool {
    let (mut named, mut any) = (None, None);
    for (name, _, weight) in members(accept_encoding.unwrap_or_default()) {
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            named = Some(weight);
        } else if name == "*" {
            any = Some(weight);
        }
    }
    named.or(any).unwrap_or(0) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_by_accept() {
        let check =
            |accept: &str, format| assert_eq!(choose_format(Some(accept)), format, "{accept}");
        assert_eq!(choose_format(None), Format::Text);
        check("", Format::Text);
        check("*/*", Format::Text);
        check("text/html,*/*;q=0.1", Format::Text);
        check("application/openmetrics-text", Format::OpenMetrics);
        check(
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            Format::OpenMetrics,
        );
        // What Prometheus 2.42 and 3.x send.
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::OpenMetrics,
        );
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            Format::OpenMetrics,
        );
        check("application/openmetrics-text;version=2.0.0", Format::Text);
        check("application/openmetrics-text;q=0", Format::Text);
        check(
            "application/openmetrics-text;q=0.2,text/plain;q=0.9",
            Format::Text,
        );
        check("application/openmetrics-text;q=nonsense", Format::Text);
        check(";;,,q=", Format::Text);
    }

    #[test]
    fn gzip_by_accept_encoding() {
        let check = |accept: &str, gzip| assert_eq!(wants_gzip(Some(accept)), gzip, "{accept}");
        assert!(!wants_gzip(None));
        check("", false);
        check("gzip", true);
        check("deflate, GZIP;q=0.5", true);
        check("gzip;q=0", false);
        check("gzip;q=0, *", false);
        check("*", true);
        check("br, identity", false);
    }
}
