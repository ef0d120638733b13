//! How what is sent looks, by what way it goes, and to whom: language, zone, links, proxies,
//! authorities, levels, the channels of reports.

use std::{collections::BTreeMap, path::PathBuf};

use bongsu_lang::Lang;
use bongsu_severity::Severity;

use super::{
    Config, Secret,
    reader::Findings,
    value::{choice, list, masked, put, word, zone},
    variables::{Set, Show, Variable},
};

/// How what is sent looks, by what way it goes, and to whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryConfig {
    /// The language of alerts.
    pub language: Lang,
    /// The zone of the times in them, by its IANA name.
    pub time_zone: String,
    /// Where the console is reached from outside.
    pub public_url: Option<String>,
    /// What a runbook's name is appended to.
    pub runbook_url: Option<String>,
    /// Certificate authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// A proxy for whatever goes out over HTTP.
    pub proxy: Option<Secret>,
    /// A proxy for `https` alone.
    pub https_proxy: Option<Secret>,
    /// A proxy for `http` alone.
    pub http_proxy: Option<Secret>,
    /// Hosts that are reached without a proxy.
    pub no_proxy: Option<String>,
    /// The channels that carry the report, by name; none: those that people read.
    pub report_channels: Vec<String>,
    /// The least level by kind of channel: `slack`, `email`, ….
    pub min_levels: BTreeMap<&'static str, Severity>,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            language: Lang::En,
            time_zone: "Asia/Seoul".to_owned(),
            public_url: None,
            runbook_url: None,
            ca_file: None,
            proxy: None,
            https_proxy: None,
            http_proxy: None,
            no_proxy: None,
            report_channels: Vec::new(),
            min_levels: BTreeMap::new(),
        }
    }
}

const LANGUAGES: [(&str, Lang); 2] = [("en", Lang::En), ("ko", Lang::Ko)];

pub(super) const LOOK: &[Variable] = &[
    Variable::new(
        "BONGSU_LANGUAGE",
        "en",
        "language of alerts: `en` or `ko`",
        |c, v| put(&mut c.delivery.language, choice(v, &LANGUAGES)),
        |c| word(&c.delivery.language, &LANGUAGES),
    )
    .needs("alerts"),
    Variable::new(
        "BONGSU_TIME_ZONE",
        "Asia/Seoul",
        "zone of the times in alerts, e.g. `Asia/Seoul`, `UTC`, `+09:00`",
        |c, v| put(&mut c.delivery.time_zone, zone(v).map(|_| v.to_owned())),
        |c| Some(c.delivery.time_zone.clone()),
    )
    .needs("alerts"),
    Variable::new(
        "BONGSU_PUBLIC_URL",
        "",
        "where the console is reached from outside, e.g. `https://ops.example.com`: alerts link to it",
        |c, v| put(&mut c.delivery.public_url, link(v).map(Some)),
        |c| c.delivery.public_url.clone(),
    )
    .needs("alerts"),
    Variable::new(
        "BONGSU_RUNBOOK_URL",
        "",
        "what a runbook's name is appended to, e.g. `https://wiki.example.com/runbooks/`; without it alerts name their runbook of docs/runbooks.md",
        |c, v| put(&mut c.delivery.runbook_url, link(v).map(Some)),
        |c| c.delivery.runbook_url.clone(),
    )
    .needs("alerts"),
];

pub(super) const WAY: &[Variable] = &[
    proxy(
        "BONGSU_PROXY_URL",
        "proxy for everything that alerts send over HTTP; before `HTTPS_PROXY` and `HTTP_PROXY`",
        |c, v| put(&mut c.delivery.proxy, Ok(Some(Secret::new(v)))),
        |c| masked(c.delivery.proxy.as_ref()),
    ),
    proxy(
        "HTTPS_PROXY",
        "proxy for `https` URLs",
        |c, v| put(&mut c.delivery.https_proxy, Ok(Some(Secret::new(v)))),
        |c| masked(c.delivery.https_proxy.as_ref()),
    )
    .shared()
    .also(&["https_proxy"]),
    proxy(
        "HTTP_PROXY",
        "proxy for `http` URLs",
        |c, v| put(&mut c.delivery.http_proxy, Ok(Some(Secret::new(v)))),
        |c| masked(c.delivery.http_proxy.as_ref()),
    )
    .shared()
    .also(&["http_proxy"]),
    Variable::new(
        "NO_PROXY",
        "",
        "hosts, domains and networks reached without a proxy, separated by commas; this machine always is",
        |c, v| put(&mut c.delivery.no_proxy, Ok(Some(v.to_owned()))),
        |c| c.delivery.no_proxy.clone(),
    )
    .shared()
    .also(&["no_proxy"])
    .needs("alerts"),
    Variable::new(
        "BONGSU_CA_FILE",
        "",
        "PEM file of certificate authorities that channels trust besides the public ones",
        |c, v| put(&mut c.delivery.ca_file, Ok(Some(v.into()))),
        |c| c.delivery.ca_file.as_ref().map(|file| file.display().to_string()),
    )
    .needs("alerts"),
];

pub(super) const REPORT: &[Variable] = &[
    Variable::new(
        "REPORT_CHANNELS",
        "",
        "channels that carry the report, by name, separated by commas, e.g. `email,telegram`; default every one that people read",
        |c, v| put(&mut c.delivery.report_channels, Ok(list(v))),
        |c| Some(c.delivery.report_channels.join(",")),
    )
    .needs("reports"),
];

const fn proxy(name: &'static str, help: &'static str, set: Set, show: Show) -> Variable {
    Variable::new(name, "", help, set, show)
        .secret()
        .needs("alerts")
}

pub(super) fn set_min_level(
    config: &mut Config,
    kind: &'static str,
    text: &str,
) -> Result<(), String> {
    let level = choice(text, &Severity::ALL.map(|level| (level.as_str(), level)))?;
    config.delivery.min_levels.insert(kind, level);
    Ok(())
}

pub(super) fn min_level(config: &Config, kind: &str) -> Severity {
    let level = config.delivery.min_levels.get(kind).copied();
    level.unwrap_or(Severity::Info)
}

fn link(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest)
            if !rest.is_empty()
                && !rest.contains(|c: char| c.is_whitespace() || "<>\"'".contains(c)) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("is not an http or https URL, e.g. https://ops.example.com".to_owned()),
    }
}

/// A file that is named has to be there: without it no channel would trust its server.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    if let Some(file) = &config.delivery.ca_file
        && let Err(error) = std::fs::read(file)
    {
        let message = format!("cannot read {}: {error}", file.display());
        findings.problem("BONGSU_CA_FILE", message);
    }
}
