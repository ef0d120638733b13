//! Traces, and what goes out to a collector: by OpenTelemetry's variables
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>).

use std::{path::PathBuf, time::Duration};

use bongsu_trace::Sampler;

use super::{
    Config, Secret,
    reader::Findings,
    value::{boolean, choice, list, masked, number, put, seconds, time, word},
    variables::{Unit, Variable},
};

/// Which traces are recorded, and where spans, metrics and lines of the log go to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TraceConfig {
    /// The sampler's name.
    pub sampler: String,
    /// The share that it may need.
    pub sampler_arg: Option<f64>,
    /// From what time on a trace is kept that was not chosen.
    pub slow: Duration,
    /// Nothing is exported.
    pub disabled: bool,
    /// Base URL of a receiver of OTLP; for gRPC, a host and a port will do.
    pub endpoint: Option<Secret>,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
    /// Where the URL does not say so: without TLS.
    pub insecure: bool,
    /// What one signal's receiver has of its own: that of traces, metrics, logs.
    pub own: [SignalConfig; 3],
    /// Whether a signal is exported: traces, metrics, logs.
    pub exported: [bool; 3],
    /// Headers of each request, `name=value` separated by commas.
    pub headers: Option<Secret>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether requests are packed.
    pub gzip: bool,
    /// File with the certificates of whoever signed the receiver's, in PEM.
    pub certificate: Option<PathBuf>,
    /// File with the certificate that the service shows to the receiver, in PEM, its own first.
    pub client_certificate: Option<PathBuf>,
    /// File with the key of that certificate, in PEM.
    pub client_key: Option<PathBuf>,
    /// How often metrics go out.
    pub metric_interval: Duration,
    /// `service.name`, where it is another than the service's.
    pub service_name: Option<String>,
    /// What is said of the service besides.
    pub resource: Vec<(String, String)>,
}

/// How receivers of OTLP are spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtlpProtocol {
    /// Protocol Buffers over HTTP.
    #[default]
    HttpProtobuf,
    /// gRPC.
    Grpc,
}

/// What the receiver of one signal has of its own; it goes before what is said for all.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SignalConfig {
    /// Its whole URL.
    pub endpoint: Option<Secret>,
    /// How it is spoken to.
    pub protocol: Option<OtlpProtocol>,
    /// Where the URL does not say so: without TLS.
    pub insecure: Option<bool>,
    /// Headers of each request, `name=value` separated by commas: these and no others.
    pub headers: Option<Secret>,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
    /// Whether requests are packed.
    pub gzip: Option<bool>,
    /// File with the certificates of whoever signed its own, in PEM.
    pub certificate: Option<PathBuf>,
    /// File with the certificate that the service shows to it, in PEM.
    pub client_certificate: Option<PathBuf>,
    /// File with the key of that certificate, in PEM.
    pub client_key: Option<PathBuf>,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self {
            sampler: Sampler::default().name().0.to_owned(),
            sampler_arg: None,
            slow: Duration::from_secs(1),
            disabled: false,
            endpoint: None,
            protocol: OtlpProtocol::default(),
            insecure: false,
            own: Default::default(),
            exported: [true; 3],
            headers: None,
            timeout: Duration::from_secs(10),
            gzip: false,
            certificate: None,
            client_certificate: None,
            client_key: None,
            metric_interval: Duration::from_secs(60),
            service_name: None,
            resource: Vec::new(),
        }
    }
}

const TRACES: usize = 0;
const METRICS: usize = 1;
const LOGS: usize = 2;

impl TraceConfig {
    /// The decision that they stand for.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        let argument = self.sampler_arg.map(|share| share.to_string());
        Sampler::named(&self.sampler, argument.as_deref()).unwrap_or_default()
    }
}

/// Milliseconds that an answer may take.
const TIMEOUTS: (u64, u64) = (1, 600_000);

const PACKED: [(&str, bool); 2] = [("none", false), ("gzip", true)];

/// The URL of a receiver; it may hold a password, so that it is shown to nobody.
const fn endpoint(
    name: &'static str,
    help: &'static str,
    set: super::variables::Set,
    show: super::variables::Show,
) -> Variable {
    let variable = Variable::new(name, "", help, set, show);
    variable.secret().shared().needs("otlp")
}

/// What one signal's receiver has of its own.
const fn of_signal(
    name: &'static str,
    help: &'static str,
    set: super::variables::Set,
    show: super::variables::Show,
) -> Variable {
    Variable::new(name, "", help, set, show)
        .shared()
        .needs("otlp")
}

fn set_headers<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    pairs(text)?;
    put(
        &mut config.traces.own[SIGNAL].headers,
        Ok(Some(Secret::new(text))),
    )
}

fn show_headers<const SIGNAL: usize>(config: &Config) -> Option<String> {
    masked(config.traces.own[SIGNAL].headers.as_ref())
}

fn set_timeout<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    let timeout = milliseconds(text, TIMEOUTS).map(Some);
    put(&mut config.traces.own[SIGNAL].timeout, timeout)
}

fn show_timeout<const SIGNAL: usize>(config: &Config) -> Option<String> {
    let timeout = config.traces.own[SIGNAL].timeout;
    timeout.map(|timeout| timeout.as_millis().to_string())
}

fn set_packed<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    let gzip = choice(text, &PACKED).map(Some);
    put(&mut config.traces.own[SIGNAL].gzip, gzip)
}

fn show_packed<const SIGNAL: usize>(config: &Config) -> Option<String> {
    let gzip = config.traces.own[SIGNAL].gzip;
    gzip.and_then(|gzip| word(&gzip, &PACKED))
}

fn put_file(field: &mut Option<PathBuf>, text: &str) -> Result<(), String> {
    put(field, Ok(Some(PathBuf::from(text))))
}

fn shown_file(file: &Option<PathBuf>) -> Option<String> {
    file.as_ref().map(|file| file.display().to_string())
}

fn set_certificate<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    put_file(&mut config.traces.own[SIGNAL].certificate, text)
}

fn show_certificate<const SIGNAL: usize>(config: &Config) -> Option<String> {
    shown_file(&config.traces.own[SIGNAL].certificate)
}

fn set_client_certificate<const SIGNAL: usize>(
    config: &mut Config,
    text: &str,
) -> Result<(), String> {
    put_file(&mut config.traces.own[SIGNAL].client_certificate, text)
}

fn show_client_certificate<const SIGNAL: usize>(config: &Config) -> Option<String> {
    shown_file(&config.traces.own[SIGNAL].client_certificate)
}

fn set_client_key<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    put_file(&mut config.traces.own[SIGNAL].client_key, text)
}

fn show_client_key<const SIGNAL: usize>(config: &Config) -> Option<String> {
    shown_file(&config.traces.own[SIGNAL].client_key)
}

const PROTOCOLS: [(&str, OtlpProtocol); 2] = [
    ("http/protobuf", OtlpProtocol::HttpProtobuf),
    ("grpc", OtlpProtocol::Grpc),
];

fn protocol(text: &str) -> Result<OtlpProtocol, String> {
    if text.eq_ignore_ascii_case("http/json") {
        return Err("http/json is not spoken here; http/protobuf is, on the same port of a receiver, and grpc".to_owned());
    }
    choice(text, &PROTOCOLS)
}

fn set_protocol<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    let protocol = protocol(text).map(Some);
    put(&mut config.traces.own[SIGNAL].protocol, protocol)
}

fn show_protocol<const SIGNAL: usize>(config: &Config) -> Option<String> {
    let protocol = config.traces.own[SIGNAL].protocol;
    protocol.and_then(|protocol| word(&protocol, &PROTOCOLS))
}

fn set_insecure<const SIGNAL: usize>(config: &mut Config, text: &str) -> Result<(), String> {
    let insecure = boolean(text).map(Some);
    put(&mut config.traces.own[SIGNAL].insecure, insecure)
}

fn show_insecure<const SIGNAL: usize>(config: &Config) -> Option<String> {
    let insecure = config.traces.own[SIGNAL].insecure;
    insecure.map(|insecure| insecure.to_string())
}

/// Whether a signal is exported.
const fn exporter(
    name: &'static str,
    help: &'static str,
    set: super::variables::Set,
    show: super::variables::Show,
) -> Variable {
    Variable::new(name, "otlp", help, set, show)
        .shared()
        .needs("otlp")
}

pub(super) const VARS: &[Variable] = &[
    endpoint(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "base URL of a receiver of OTLP, e.g. `http://collector:4318`, or for gRPC `http://collector:4317`: spans, metrics and log lines go there; unset: nothing goes out",
        |c, v| put(&mut c.traces.endpoint, url(v)),
        |c| masked(c.traces.endpoint.as_ref()),
    ),
    endpoint(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "whole URL for spans alone, before the base URL",
        |c, v| put(&mut c.traces.own[TRACES].endpoint, url(v)),
        |c| masked(c.traces.own[TRACES].endpoint.as_ref()),
    ),
    endpoint(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "whole URL for metrics alone",
        |c, v| put(&mut c.traces.own[METRICS].endpoint, url(v)),
        |c| masked(c.traces.own[METRICS].endpoint.as_ref()),
    ),
    endpoint(
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "whole URL for log lines alone",
        |c, v| put(&mut c.traces.own[LOGS].endpoint, url(v)),
        |c| masked(c.traces.own[LOGS].endpoint.as_ref()),
    ),
    Variable::new(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "",
        "headers of each request, e.g. `api-key=…,tenant=desk`",
        |c, v| {
            pairs(v)?;
            put(&mut c.traces.headers, Ok(Some(Secret::new(v))))
        },
        |c| masked(c.traces.headers.as_ref()),
    )
    .secret()
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "http/protobuf",
        "the protocol: `http/protobuf`, which receivers speak on port 4318, or `grpc`, on port 4317",
        |c, v| put(&mut c.traces.protocol, protocol(v)),
        |c| word(&c.traces.protocol, &PROTOCOLS),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_INSECURE",
        "false",
        "whether gRPC goes without TLS where the endpoint has neither `http://` nor `https://` before it",
        |c, v| put(&mut c.traces.insecure, boolean(v)),
        |c| Some(c.traces.insecure.to_string()),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "10000",
        "how long an answer may take, in milliseconds",
        |c, v| put(&mut c.traces.timeout, milliseconds(v, TIMEOUTS)),
        |c| Some(c.traces.timeout.as_millis().to_string()),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "none",
        "`gzip` or `none`",
        |c, v| put(&mut c.traces.gzip, choice(v, &PACKED)),
        |c| word(&c.traces.gzip, &PACKED),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "",
        "file with the certificates, in PEM, that the receiver is known by besides the system's",
        |c, v| put_file(&mut c.traces.certificate, v),
        |c| shown_file(&c.traces.certificate),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "",
        "file with the certificate, in PEM, that the service shows to the receiver; with `OTEL_EXPORTER_OTLP_CLIENT_KEY`",
        |c, v| put_file(&mut c.traces.client_certificate, v),
        |c| shown_file(&c.traces.client_certificate),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "",
        "file with the key of that certificate, in PEM",
        |c, v| put_file(&mut c.traces.client_key, v),
        |c| shown_file(&c.traces.client_key),
    )
    .shared()
    .needs("otlp"),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "headers of requests with spans, instead of those for all",
        set_headers::<TRACES>,
        show_headers::<TRACES>,
    )
    .secret(),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "how long the answer to spans may take, in milliseconds",
        set_timeout::<TRACES>,
        show_timeout::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "`gzip` or `none` for spans",
        set_packed::<TRACES>,
        show_packed::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
        "file with certificates, in PEM, that the receiver of spans is known by",
        set_certificate::<TRACES>,
        show_certificate::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
        "file with the certificate, in PEM, that is shown to the receiver of spans",
        set_client_certificate::<TRACES>,
        show_client_certificate::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        "file with the key of the certificate for spans, in PEM",
        set_client_key::<TRACES>,
        show_client_key::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "the protocol for spans: `http/protobuf` or `grpc`",
        set_protocol::<TRACES>,
        show_protocol::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
        "whether gRPC goes without TLS for spans, where their endpoint does not say so",
        set_insecure::<TRACES>,
        show_insecure::<TRACES>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        "headers of requests with metrics, instead of those for all",
        set_headers::<METRICS>,
        show_headers::<METRICS>,
    )
    .secret(),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
        "how long the answer to metrics may take, in milliseconds",
        set_timeout::<METRICS>,
        show_timeout::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
        "`gzip` or `none` for metrics",
        set_packed::<METRICS>,
        show_packed::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
        "file with certificates, in PEM, that the receiver of metrics is known by",
        set_certificate::<METRICS>,
        show_certificate::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
        "file with the certificate, in PEM, that is shown to the receiver of metrics",
        set_client_certificate::<METRICS>,
        show_client_certificate::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
        "file with the key of the certificate for metrics, in PEM",
        set_client_key::<METRICS>,
        show_client_key::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "the protocol for metrics: `http/protobuf` or `grpc`",
        set_protocol::<METRICS>,
        show_protocol::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
        "whether gRPC goes without TLS for metrics, where their endpoint does not say so",
        set_insecure::<METRICS>,
        show_insecure::<METRICS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
        "headers of requests with log lines, instead of those for all",
        set_headers::<LOGS>,
        show_headers::<LOGS>,
    )
    .secret(),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
        "how long the answer to log lines may take, in milliseconds",
        set_timeout::<LOGS>,
        show_timeout::<LOGS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
        "`gzip` or `none` for log lines",
        set_packed::<LOGS>,
        show_packed::<LOGS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
        "file with certificates, in PEM, that the receiver of log lines is known by",
        set_certificate::<LOGS>,
        show_certificate::<LOGS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
        "file with the certificate, in PEM, that is shown to the receiver of log lines",
        set_client_certificate::<LOGS>,
        show_client_certificate::<LOGS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
        "file with the key of the certificate for log lines, in PEM",
        set_client_key::<LOGS>,
        show_client_key::<LOGS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        "the protocol for log lines: `http/protobuf` or `grpc`",
        set_protocol::<LOGS>,
        show_protocol::<LOGS>,
    ),
    of_signal(
        "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
        "whether gRPC goes without TLS for log lines, where their endpoint does not say so",
        set_insecure::<LOGS>,
        show_insecure::<LOGS>,
    ),
    exporter(
        "OTEL_TRACES_EXPORTER",
        "`none`, or anything but `otlp`: no spans go out",
        |c, v| put(&mut c.traces.exported[TRACES], Ok(names_otlp(v))),
        |c| Some(exporter_of(c.traces.exported[TRACES])),
    ),
    exporter(
        "OTEL_METRICS_EXPORTER",
        "the same for metrics",
        |c, v| put(&mut c.traces.exported[METRICS], Ok(names_otlp(v))),
        |c| Some(exporter_of(c.traces.exported[METRICS])),
    ),
    exporter(
        "OTEL_LOGS_EXPORTER",
        "the same for log lines",
        |c, v| put(&mut c.traces.exported[LOGS], Ok(names_otlp(v))),
        |c| Some(exporter_of(c.traces.exported[LOGS])),
    ),
    Variable::new(
        "OTEL_METRIC_EXPORT_INTERVAL",
        "60000",
        "how often metrics go out, in milliseconds",
        |c, v| put(&mut c.traces.metric_interval, milliseconds(v, (100, 86_400_000))),
        |c| Some(c.traces.metric_interval.as_millis().to_string()),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_SERVICE_NAME",
        "",
        "`service.name` of what goes out; unset: `SERVICE_NAME`",
        |c, v| put(&mut c.traces.service_name, Ok(Some(v.to_owned()))),
        |c| c.traces.service_name.clone(),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_RESOURCE_ATTRIBUTES",
        "",
        "what is said of the service besides, e.g. `deployment.environment.name=live,cloud.region=seoul`",
        |c, v| put(&mut c.traces.resource, pairs(v)),
        |c| {
            let pairs = c.traces.resource.iter();
            let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
            Some(pairs.join(","))
        },
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "OTEL_SDK_DISABLED",
        "false",
        "whether nothing goes out, whatever else is set",
        |c, v| put(&mut c.traces.disabled, boolean(v)),
        |c| Some(c.traces.disabled.to_string()),
    )
    .shared()
    .needs("otlp"),
    Variable::new(
        "BONGSU_TRACE_SLOW_SECONDS",
        "1",
        "from what time on a request's trace is kept that was not chosen at its beginning; one that failed or logged an ERROR always is",
        |c, v| put(&mut c.traces.slow, time(v, (0.001, 86_400.0))),
        |c| seconds(c.traces.slow),
    )
    .counts(Unit::Seconds)
    .needs("otlp"),
    Variable::new(
        "OTEL_TRACES_SAMPLER",
        "parentbased_always_on",
        "which traces are recorded, here and by the services that are called: `always_on`, `always_off`, `traceidratio`, or one of them after `parentbased_`, which heeds what the caller decided",
        |c, v| put(&mut c.traces.sampler, sampler(v)),
        |c| Some(c.traces.sampler.clone()),
    )
    .shared(),
    Variable::new(
        "OTEL_TRACES_SAMPLER_ARG",
        "",
        "share of the traces that a sampler by ratio records, from 0 to 1",
        |c, v| put(&mut c.traces.sampler_arg, share(v).map(Some)),
        |c| c.traces.sampler_arg.map(|share| share.to_string()),
    )
    .shared(),
];

fn sampler(text: &str) -> Result<String, String> {
    let sampler = Sampler::named(text, None);
    sampler.map_err(|error| error.to_string())?;
    Ok(text.to_ascii_lowercase())
}

fn share(text: &str) -> Result<f64, String> {
    Sampler::named("traceidratio", Some(text)).map_err(|error| error.to_string())?;
    text.parse()
        .map_err(|_| format!("{text:?} is not a number"))
}

fn url(text: &str) -> Result<Option<Secret>, String> {
    let rest = match text.split_once("://") {
        Some(("http" | "https", rest)) => rest,
        // A host and a port, which gRPC's receivers may be named by.
        None if text.contains(':') => text,
        _ => "",
    };
    if rest.is_empty() || rest.starts_with(['/', ':']) || rest.contains(char::is_whitespace) {
        return Err("is no http or https URL, e.g. http://collector:4318".to_owned());
    }
    Ok(Some(Secret::new(text)))
}

/// What is told of the URLs together with the protocols.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    let traces = &config.traces;
    let mut told: Vec<String> = Vec::new();
    for (place, name) in ["TRACES", "METRICS", "LOGS"].iter().enumerate() {
        let own = &traces.own[place];
        let (variable, endpoint) = match (&own.endpoint, &traces.endpoint) {
            _ if !traces.exported[place] => continue,
            (Some(own), _) => (format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT"), own),
            (None, Some(all)) => ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), all),
            (None, None) => continue,
        };
        let grpc = own.protocol.unwrap_or(traces.protocol) == OtlpProtocol::Grpc;
        let text = endpoint.expose();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let port = |wanted| {
            rest.split('/')
                .next()
                .is_some_and(|it| it.ends_with(wanted))
        };
        let message = match scheme {
            None if !grpc => {
                "has no http:// or https:// before it, which http/protobuf needs; nothing is exported there"
            }
            _ if !grpc && port(":4317") => {
                "has port 4317, where receivers speak gRPC: OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or port 4318"
            }
            _ if grpc && port(":4318") => {
                "has port 4318, where receivers speak HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or port 4317"
            }
            _ => continue,
        };
        if !told.contains(&variable) {
            findings.warning(&variable, message);
            told.push(variable);
        }
    }
}

fn milliseconds(text: &str, (least, most): (u64, u64)) -> Result<Duration, String> {
    let read: u64 = number(text, "a number of milliseconds")?;
    if !(least..=most).contains(&read) {
        return Err(format!(
            "{text} is not between {least} and {most} milliseconds"
        ));
    }
    Ok(Duration::from_millis(read))
}

/// Whether OTLP is among the exporters that are named.
fn names_otlp(text: &str) -> bool {
    list(text)
        .iter()
        .any(|name| name.eq_ignore_ascii_case("otlp"))
}

fn exporter_of(exported: bool) -> String {
    if exported { "otlp" } else { "none" }.to_owned()
}

/// `name=value` separated by commas, values percent-encoded, as in W3C's baggage. Errors show no value.
///
/// # Errors
///
/// Which of them is no pair, in words.
pub fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let items = list(text);
    let pair = |(place, item): (usize, &String)| {
        let wrong = || format!("has no name=value in place {}", place + 1);
        let (name, value) = item.split_once('=').ok_or_else(wrong)?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return Err(wrong());
        }
        Ok((decoded(name), decoded(value)))
    };
    items.iter().enumerate().map(pair).collect()
}

/// Without its percent signs, those that are followed by two digits.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>();
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let hex = digits.filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()));
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                out.push(decoded);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn others_samplers_end_no_start() {
        let check = |name: &str, argument: &str, want: (&str, Option<f64>), warned: usize| {
            let vars = [
                ("SERVICE_NAME", "desk"),
                ("OTEL_TRACES_SAMPLER", name),
                ("OTEL_TRACES_SAMPLER_ARG", argument),
            ];
            let config = Config::from_vars(vars).unwrap();
            assert_eq!(config.traces.sampler().name(), want, "{name} {argument}");
            assert_eq!(config.warnings.len(), warned, "{:?}", config.warnings);
        };
        let default = ("parentbased_always_on", None);
        check("", "", default, 0);
        check("ALWAYS_OFF", "", ("always_off", None), 0);
        check("traceidratio", "0.25", ("traceidratio", Some(0.25)), 0);
        check("parentbased_traceidratio", "", default, 0);
        check("jaeger_remote", "endpoint=http://h:14250", default, 2);
        check("traceidratio", "2", ("always_on", None), 1);
    }

    #[test]
    fn lists_of_pairs() {
        let check = |text: &str, want: Option<&[(&str, &str)]>| {
            let want = want.map(|pairs| {
                let owned =
                    |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                pairs.iter().map(owned).collect::<Vec<_>>()
            });
            assert_eq!(super::pairs(text).ok(), want, "{text}");
        };
        check("", Some(&[]));
        check("a=1", Some(&[("a", "1")]));
        check(" a = 1 , b=2=3,", Some(&[("a", "1"), ("b", "2=3")]));
        check("key=%ED%95%9C%2C%", Some(&[("key", "한,%")]));
        check(
            "authorization=Basic%20dTpw",
            Some(&[("authorization", "Basic dTpw")]),
        );
        check("a=%+1%g0", Some(&[("a", "%+1%g0")]));
        check("a", None);
        check("=1", None);
        assert!(!super::pairs("a=1,s3cret").unwrap_err().contains("s3cret"));
    }

    /// An environment that is meant for other programs ends no start, and is not silently half used.
    #[cfg(feature = "otlp")]
    #[test]
    fn an_environment_full_of_others() {
        let vars = [
            ("SERVICE_NAME", "desk"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "http://collector:4318/v1/traces",
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "tenant"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "nonsense"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_LOGS_EXPORTER", "console,OTLP"),
            ("OTEL_PROPAGATORS", "tracecontext,baggage,b3"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "2048"),
            ("OTEL_SDK_DISABLED", "perhaps"),
            ("OTEL_LOG_LEVEL", "info"),
        ];
        let config = Config::from_vars(vars).unwrap();
        assert_eq!(config.traces.exported, [true, false, true]);
        assert!(config.traces.endpoint.is_some() && config.traces.own[0].endpoint.is_some());
        assert_eq!(config.traces.protocol, crate::OtlpProtocol::Grpc);
        let mut warned: Vec<&str> = config.warnings.iter().map(|w| &*w.variable).collect();
        warned.sort_unstable();
        assert_eq!(
            warned,
            [
                "OTEL_EXPORTER_OTLP_COMPRESSION",
                "OTEL_EXPORTER_OTLP_HEADERS",
                "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
                "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                "OTEL_SDK_DISABLED",
            ]
        );
        assert!(config.unread.is_empty(), "{:?}", config.unread);
    }
}
