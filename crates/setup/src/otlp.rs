//! What goes out over OTLP, and to which receiver each signal goes.

use std::path::{Path, PathBuf};

use bongsu_config::{Config, OtlpProtocol, Problem};
use bongsu_otlp::{Attributes, Identity, Options, Protocol, Receiver, Signal};
use bongsu_secret::Secret;
use bongsu_trace::random;

/// What goes out, and to whom: none where nobody receives anything. And the files of certificates and keys that
/// cannot be used.
#[must_use]
pub fn options(config: &Config) -> (Option<Options>, Vec<Problem>) {
    let traces = &config.traces;
    let mut problems: Vec<Problem> = Vec::new();
    if traces.disabled {
        return (None, problems);
    }
    let mut receiver = |place: usize, signal: Signal| {
        let own = &traces.own[place];
        let protocol = match own.protocol.unwrap_or(traces.protocol) {
            OtlpProtocol::Grpc => Protocol::Grpc,
            _ => Protocol::HttpProtobuf,
        };
        let grpc = protocol == Protocol::Grpc;
        let insecure = own.insecure.unwrap_or(traces.insecure);
        let whole = |url: &Secret| match url.expose().contains("://") {
            true => Some(url.clone()),
            // Told by the configuration.
            false if !grpc => None,
            false => Some(with_scheme(url, insecure)),
        };
        let mut receiver = match (&own.endpoint, &traces.endpoint) {
            _ if !traces.exported[place] => return None,
            (Some(own), _) => Receiver::new(whole(own)?),
            (None, Some(base)) if grpc => Receiver::new(whole(base)?),
            (None, Some(base)) => Receiver::at_base(&whole(base)?, signal),
            (None, None) => return None,
        };
        receiver.protocol = protocol;
        let headers = own.headers.as_ref().or(traces.headers.as_ref());
        let pairs = headers.and_then(|it| bongsu_config::pairs(it.expose()).ok());
        receiver.headers = pairs
            .into_iter()
            .flatten()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect();
        receiver.timeout = own.timeout.unwrap_or(traces.timeout);
        receiver.gzip = own.gzip.unwrap_or(traces.gzip);
        let mut read = |file: Option<(&PathBuf, bool)>, what: &str| {
            let (file, own) = file?;
            let problem = match std::fs::read(file) {
                Ok(pem) => return Some(pem),
                Err(error) => unread(variable(own.then_some(signal), what), file, &error),
            };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            None
        };
        let certificate = chosen(&own.certificate, &traces.certificate);
        receiver.certificates = read(certificate, "CERTIFICATE");
        let certificate = chosen(&own.client_certificate, &traces.client_certificate);
        let key = chosen(&own.client_key, &traces.client_key);
        let shown = read(certificate, "CLIENT_CERTIFICATE");
        receiver.identity = match (shown, read(key, "CLIENT_KEY")) {
            (Some(certificate), Some(key)) => Some(Identity::new(certificate, key)),
            _ => None,
        };
        for (there, missing, (what, other)) in [
            (certificate, key, ("CLIENT_CERTIFICATE", "CLIENT_KEY")),
            (key, certificate, ("CLIENT_KEY", "CLIENT_CERTIFICATE")),
        ] {
            if let (Some((_, own)), None) = (there, missing) {
                let signal = own.then_some(signal);
                let needed = variable(signal, other);
                let message = format!("needs {needed} too; it is not used");
                let problem = Problem::new(variable(signal, what), message);
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
        Some(receiver)
    };
    let mut options = Options::new(resource(config));
    options.traces = receiver(0, Signal::Traces);
    options.metrics = receiver(1, Signal::Metrics);
    options.logs = receiver(2, Signal::Logs);
    options.sampler = traces.sampler();
    options.slow = traces.slow;
    let all = [&options.traces, &options.metrics, &options.logs];
    let anybody = all.iter().any(|receiver| receiver.is_some());
    (anybody.then_some(options), problems)
}

/// A host and a port alone have TLS unless it is said that they have not.
fn with_scheme(url: &Secret, insecure: bool) -> Secret {
    let scheme = if insecure { "http" } else { "https" };
    Secret::new(format!("{scheme}://{}", url.expose()))
}

/// A signal's own file, or that for all, and whether it is its own.
fn chosen<'a>(own: &'a Option<PathBuf>, all: &'a Option<PathBuf>) -> Option<(&'a PathBuf, bool)> {
    let own = own.as_ref().map(|file| (file, true));
    own.or_else(|| all.as_ref().map(|file| (file, false)))
}

fn variable(signal: Option<Signal>, what: &str) -> String {
    match signal {
        Some(signal) => {
            let signal = signal.as_str().to_ascii_uppercase();
            format!("OTEL_EXPORTER_OTLP_{signal}_{what}")
        }
        None => format!("OTEL_EXPORTER_OTLP_{what}"),
    }
}

/// A file of certificates or of a key that cannot be read.
fn unread(variable: String, file: &Path, error: &std::io::Error) -> Problem {
    let message = format!("cannot read {}: {error}; it is not used", file.display());
    Problem::new(variable, message)
}

/// What is said of the service, what the environment says of it last.
fn resource(config: &Config) -> Attributes {
    let (service, traces) = (&config.service, &config.traces);
    let [high, low] = random::words();
    let instance = bongsu_trace::Hex::<32>::of(u128::from(high) << 64 | u128::from(low));
    let mut resource = Attributes::new()
        .with("service.name", &*service.name)
        .with("service.version", &*service.version)
        .with("service.instance.id", &*instance)
        .with("deployment.environment.name", &*service.environment)
        .with("process.pid", i64::from(std::process::id()))
        .with("telemetry.sdk.name", "bongsu")
        .with("telemetry.sdk.language", "rust")
        .with("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
    for (name, value) in &traces.resource {
        resource.set(name.clone(), &**value);
    }
    if let Some(name) = &traces.service_name {
        resource.set("service.name", &**name);
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of one signal goes before what is said for all, as the specification has it.
    #[test]
    fn each_signal_has_its_own_receiver() {
        let vars = [
            ("SERVICE_NAME", "desk"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "tenant=desk,api-key=a"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/all.pem"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://spans:4318/in"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=b%20c"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "250"),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
            ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/nowhere/logs.pem"),
            ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
        ];
        let config = Config::from_vars(vars).unwrap();
        let (options, problems) = options(&config);
        let options = options.unwrap();
        let shown = |receiver: &Option<Receiver>| {
            let receiver = receiver.as_ref().unwrap();
            let headers: Vec<String> = receiver
                .headers
                .iter()
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .collect();
            let url = receiver.url.expose().to_owned();
            let millis = receiver.timeout.as_millis();
            (url, headers.join(","), millis, receiver.gzip)
        };
        let all = "tenant=desk,api-key=a".to_owned();
        let url = |text: &str| text.to_owned();
        assert_eq!(
            shown(&options.traces),
            (
                url("http://spans:4318/in"),
                "api-key=b c".to_owned(),
                3_000,
                true
            )
        );
        assert_eq!(
            shown(&options.metrics),
            (url("http://all:4318/v1/metrics"), all.clone(), 250, false)
        );
        assert_eq!(
            shown(&options.logs),
            (url("http://all:4318/v1/logs"), all, 3_000, true)
        );
        let warned = config.warnings.iter().chain(&problems);
        let warned: Vec<&str> = warned.map(|it| &*it.variable).collect();
        assert_eq!(
            warned,
            [
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
                "OTEL_EXPORTER_OTLP_CERTIFICATE",
                "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE"
            ]
        );
        let shown = format!("{:?}", config.traces);
        assert!(
            config.warnings[0].message.contains("http/json"),
            "{:?}",
            config.warnings
        );
        assert!(
            !shown.contains("b%20c") && !shown.contains("api-key"),
            "{shown}"
        );
    }

    /// A certificate of one's own needs its key; a signal may have another.
    #[test]
    fn what_is_shown_to_a_receiver() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            path.display().to_string()
        };
        let [all, own] =
            ["all", "own"].map(|of| [file(&format!("{of}.pem")), file(&format!("{of}.key"))]);
        let check = |vars: &[(&str, &str)], wanted: [bool; 3], warned: &[&str]| {
            let base = [
                ("SERVICE_NAME", "desk"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4318"),
            ];
            let named = |name: &str| match name.split_once('_') {
                Some(("ALL", what)) => format!("OTEL_EXPORTER_OTLP_CLIENT_{what}"),
                _ => format!("OTEL_EXPORTER_OTLP_LOGS_CLIENT_{}", &name[5..]),
            };
            let vars = vars
                .iter()
                .map(|(name, value)| (named(name), (*value).to_owned()));
            let base = base.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let config = Config::from_vars(base.into_iter().chain(vars)).unwrap();
            let (options, problems) = options(&config);
            let options = options.unwrap();
            let receivers = [options.traces, options.metrics, options.logs];
            let shown = receivers.map(|receiver| receiver.unwrap().identity.is_some());
            let said = problems.iter().map(|it| it.to_string());
            let said: Vec<String> = said.collect();
            assert_eq!(shown, wanted, "{said:?}");
            assert_eq!(said.len(), warned.len(), "{said:?}");
            for (said, wanted) in said.iter().zip(warned) {
                assert!(said.contains(wanted), "{said}");
            }
        };
        let (whole, pair) = ([("ALL_CERTIFICATE", &*all[0]), ("ALL_KEY", &*all[1])], &own);
        check(&whole, [true; 3], &[]);
        check(
            &whole[..1],
            [false; 3],
            &["needs OTEL_EXPORTER_OTLP_CLIENT_KEY too"],
        );
        check(
            &whole[1..],
            [false; 3],
            &["needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE too"],
        );
        let logs = [("LOGS_CERTIFICATE", &*pair[0]), ("LOGS_KEY", &*pair[1])];
        check(&logs, [false, false, true], &[]);
        check(
            &logs[..1],
            [false; 3],
            &["needs OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY too"],
        );
        // The certificate for all with a key of the signal's own: the key says which.
        check(
            &[whole[0], logs[1]],
            [false, false, true],
            &["needs OTEL_EXPORTER_OTLP_CLIENT_KEY too"],
        );
        let nowhere = [whole[0], ("ALL_KEY", "/nowhere/all.key")];
        check(&nowhere, [false; 3], &["cannot read /nowhere/all.key"]);
    }

    /// Over gRPC there are no paths, and an endpoint may be a host and a port.
    #[test]
    fn receivers_that_speak_grpc() {
        let receivers = |vars: &[(&'static str, &'static str)]| {
            let vars = vars.iter().copied().chain([("SERVICE_NAME", "desk")]);
            let config = Config::from_vars(vars).unwrap();
            let (options, _) = options(&config);
            let warned = config.warnings.iter().map(|it| it.variable.clone());
            let warned: Vec<String> = warned.collect();
            let shown = options.map(|options| {
                [options.traces, options.metrics, options.logs].map(|receiver| {
                    let receiver = receiver.unwrap();
                    let grpc = receiver.protocol == Protocol::Grpc;
                    (receiver.url.expose().to_owned(), grpc)
                })
            });
            (shown, warned)
        };
        let all = |url: &str, grpc| Some([(); 3].map(|()| (url.to_owned(), grpc)));
        let at = |url| ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "true");
        let check = |vars: &[_], wanted, warned: &[&str]| {
            let (got, told) = receivers(vars);
            assert_eq!(got, wanted, "{vars:?}");
            assert_eq!(told, warned, "{vars:?}");
        };
        let plain = "http://collector:4317";
        check(&[grpc, at(plain)], all(plain, true), &[]);
        check(
            &[grpc, at("collector:4317")],
            all("https://collector:4317", true),
            &[],
        );
        check(
            &[grpc, insecure, at("collector:4317")],
            all(plain, true),
            &[],
        );
        let tls = "https://collector:4317";
        check(&[grpc, insecure, at(tls)], all(tls, true), &[]);
        let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
        check(&[at("collector:4318")], None, &[endpoint]);
        check(
            &[grpc, at("http://collector:4318")],
            all("http://collector:4318", true),
            &[endpoint],
        );
        let mixed = [
            at("http://collector:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "spans:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true"),
        ];
        let wanted = [
            ("http://spans:4317", true),
            ("http://collector:4318/v1/metrics", false),
            ("http://collector:4318/v1/logs", false),
        ];
        check(
            &mixed,
            Some(wanted.map(|(url, grpc)| (url.to_owned(), grpc))),
            &[],
        );
    }
}
