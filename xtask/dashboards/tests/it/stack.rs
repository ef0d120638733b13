//! The compose file and what it mounts, by structure: it holds where no engine runs.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use yaml_rust2::Yaml;

use crate::support::{Running, free_port, output, read, root, said, yaml};

const COMPOSE: &str = "docker/compose.yml";
const HOLDS_BY_DEFAULT: [&str; 5] = [
    "trading-engine",
    "alert-receiver",
    "prometheus",
    "alertmanager",
    "grafana",
];

/// A key of a service, or of the block that it merges.
fn of<'a>(service: &'a Yaml, key: &str) -> &'a Yaml {
    let own = &service[key];
    if own.is_badvalue() {
        &service["<<"][key]
    } else {
        own
    }
}

fn services() -> Vec<(String, Yaml)> {
    let compose = yaml(COMPOSE);
    let services = compose["services"].as_hash().unwrap().clone();
    services
        .into_iter()
        .map(|(name, service)| (name.into_string().unwrap(), service))
        .collect()
}

fn list(yaml: &Yaml) -> Vec<String> {
    let items = yaml.as_vec().cloned().unwrap_or_default();
    items.into_iter().filter_map(Yaml::into_string).collect()
}

#[test]
fn every_image_has_a_tag_that_stays() {
    let froms: Vec<String> = read("docker/Dockerfile")
        .lines()
        .filter_map(|l| l.strip_prefix("FROM "))
        .map(str::to_owned)
        .collect();
    assert_eq!(froms.len(), 2);
    let froms = froms
        .iter()
        .map(|from| from.split(' ').find(|it| !it.starts_with("--")))
        .map(|image| image.unwrap().to_owned());
    let images = services()
        .into_iter()
        .map(|(_, s)| s["image"].as_str().unwrap().to_owned());
    for image in images.chain(froms) {
        let tag = image
            .rsplit_once(':')
            .unwrap_or_else(|| panic!("{image} has no tag"))
            .1;
        assert!(
            tag.matches('.').count() >= 1 && tag.contains(|c: char| c.is_ascii_digit()),
            "{image}"
        );
    }
}

#[test]
fn ports_are_for_this_machine_only() {
    let mut seen = 0;
    for (name, service) in services() {
        for port in list(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
            seen += 1;
        }
    }
    assert_eq!(seen, 6);
}

#[test]
fn every_service_is_hardened() {
    for (name, service) in services() {
        assert_eq!(of(&service, "read_only").as_bool(), Some(true), "{name}");
        assert_eq!(list(of(&service, "cap_drop")), ["ALL"], "{name}");
        assert_eq!(
            list(of(&service, "security_opt")),
            ["no-new-privileges:true"],
            "{name}"
        );
        assert_eq!(
            of(&service, "restart").as_str(),
            Some("unless-stopped"),
            "{name}"
        );
        assert!(
            of(&service, "logging")["options"]["max-size"]
                .as_str()
                .is_some(),
            "{name}"
        );
        assert!(
            of(&service, "privileged").is_badvalue() && of(&service, "network_mode").is_badvalue()
        );
        assert!(of(&service, "user").as_str() != Some("root"), "{name}");
        if HOLDS_BY_DEFAULT.contains(&name.as_str()) {
            assert!(service["profiles"].is_badvalue(), "{name}");
            assert!(
                !list(&service["healthcheck"]["test"]).is_empty(),
                "{name} has no health check"
            );
        } else {
            let profiles = list(&service["profiles"]);
            assert!(
                ["remote-write", "logs", "otlp"].contains(&profiles[0].as_str()),
                "{name}"
            );
        }
    }
    let dockerfile = read("docker/Dockerfile");
    let last = dockerfile.rsplit("\nFROM ").next().unwrap();
    assert!(
        last.contains("\nUSER 10001:10001\n"),
        "the image runs as root"
    );
}

#[test]
fn a_cluster_is_asked_for_what_the_stack_is_asked_for() {
    let text = read("docker/kubernetes/engine.yaml");
    let documents = yaml_rust2::YamlLoader::load_from_str(&text).unwrap();
    let pod = &documents[0]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let engine = &yaml(COMPOSE)["services"]["trading-engine"];
    let grace = pod["terminationGracePeriodSeconds"].as_i64().unwrap();
    assert_eq!(
        engine["stop_grace_period"].as_str(),
        Some(format!("{grace}s").as_str())
    );
    assert_eq!(container["image"], engine["image"]);
    let ports = container["ports"].as_vec().unwrap();
    for (probe, path) in [
        ("startupProbe", "/startup"),
        ("readinessProbe", "/ready"),
        ("livenessProbe", "/liveness"),
    ] {
        let asked = &container[probe]["httpGet"];
        assert_eq!(asked["path"].as_str(), Some(path), "{probe}");
        assert!(
            ports.iter().any(|port| port["name"] == asked["port"]),
            "{probe}"
        );
    }
    let ops = ports
        .iter()
        .find(|port| port["name"].as_str() == Some("ops"))
        .unwrap();
    let variables = container["env"].as_vec().unwrap();
    let metrics = variables
        .iter()
        .find(|v| v["name"].as_str() == Some("METRICS_PORT"))
        .unwrap();
    let port = ops["containerPort"].as_i64().unwrap().to_string();
    assert_eq!(metrics["value"].as_str(), Some(port.as_str()));

    // The labels by which each finds the next.
    let pod_labels = &documents[0]["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&documents[0]["spec"]["selector"]["matchLabels"], pod_labels);
    assert_eq!(&documents[2]["spec"]["selector"], pod_labels);
    let monitors =
        yaml_rust2::YamlLoader::load_from_str(&read("docker/kubernetes/monitors.yaml")).unwrap();
    assert_eq!(
        &monitors[0]["spec"]["selector"]["matchLabels"],
        &documents[2]["metadata"]["labels"]
    );
    for (monitor, endpoints) in monitors.iter().zip(["endpoints", "podMetricsEndpoints"]) {
        // Or the operator's own label `endpoint` takes the route's place.
        assert_eq!(
            monitor["spec"][endpoints][0]["honorLabels"].as_bool(),
            Some(true)
        );
    }
}

/// What every engine's own builder knows: a frontend would be one more image, fetched at every build.
#[test]
fn the_image_is_built_from_two_others_in_one_pass() {
    let dockerfile = read("docker/Dockerfile");
    assert!(!dockerfile.contains("# syntax="), "a frontend is fetched");
    assert_eq!(dockerfile.matches("cargo build").count(), 1);
    let base = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "))
        .next_back();
    let label = format!("org.opencontainers.image.base.name={:?}", base.unwrap());
    assert!(
        dockerfile.contains(&label),
        "{label} is not what it is built on"
    );
}

/// The dead man's switch: the lengths must not be equal, or sending takes every second turn away.
#[test]
fn the_watchdog_comes_each_minute() {
    let config = yaml("docker/alertmanager/alertmanager.yml");
    let seconds = |route: &Yaml, key: &str| -> u32 {
        let text = route[key].as_str().unwrap();
        text.strip_suffix('s').unwrap().parse().unwrap()
    };
    let routes = config["route"]["routes"].as_vec().unwrap();
    let route = routes
        .iter()
        .find(|route| route["receiver"].as_str() == Some("watchdog"))
        .unwrap();
    let (group, repeat) = (
        seconds(route, "group_interval"),
        seconds(route, "repeat_interval"),
    );
    // Told at the first look after the repeat interval: that look must be the one at 60 s.
    assert_eq!(repeat.div_ceil(group) * group, 60);
    assert!(
        repeat % group > 5,
        "{repeat} s are a look at a group themselves"
    );
}

#[test]
fn no_secret_is_written_down() {
    let compose = read(COMPOSE);
    let password = compose
        .lines()
        .find(|line| line.contains("GF_SECURITY_ADMIN_PASSWORD"))
        .unwrap();
    assert!(
        password.contains("${GRAFANA_ADMIN_PASSWORD:?"),
        "{password}"
    );
    for file in ["docker/.env.example", "docker/service.env.example"] {
        for line in read(file).lines() {
            let Some((key, value)) = line.trim_start_matches(['#', ' ']).split_once('=') else {
                continue;
            };
            let secret = ["PASSWORD", "TOKEN", "SECRET", "WEBHOOK"]
                .iter()
                .any(|word| key.contains(word));
            assert!(!secret || value.is_empty(), "{file}: {line}");
        }
    }
    let ignored = read("docker/.gitignore");
    for file in [".env", "service.env", "prometheus/secrets/"] {
        assert!(
            ignored.lines().any(|line| line == file),
            "{file} is not ignored"
        );
    }
}

#[test]
fn what_is_mounted_exists_and_is_declared() {
    let compose = yaml(COMPOSE);
    let declared: BTreeSet<String> = compose["volumes"]
        .as_hash()
        .unwrap()
        .keys()
        .map(|k| k.as_str().unwrap().to_owned())
        .collect();
    let mut used = BTreeSet::new();
    for (name, service) in services() {
        for volume in list(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            if let Some(path) = source.strip_prefix("./") {
                assert!(
                    root().join("docker").join(path).is_dir(),
                    "{name}: {source}"
                );
                assert!(
                    volume.ends_with(":ro"),
                    "{name}: {volume} could be written to"
                );
            } else {
                used.insert(source.to_owned());
            }
        }
        let after = match &service["depends_on"] {
            Yaml::Array(_) => list(&service["depends_on"]),
            Yaml::Hash(map) => map
                .keys()
                .filter_map(|k| k.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        for other in after {
            assert!(
                services().iter().any(|(known, _)| *known == other),
                "{name} waits for {other}"
            );
        }
    }
    assert_eq!(used, declared);
}

/// `host:port` of every URL or target in a text.
fn addresses(text: &str) -> Vec<(String, String)> {
    let starts = text.split(['/', '\'', '"', ' ', '\n', '[', ',']);
    let pairs = starts.filter_map(|word| word.trim_end_matches([']', '}']).split_once(':'));
    pairs
        .filter(|(host, port)| {
            host.starts_with(|c: char| c.is_ascii_lowercase())
                && port.len() > 3
                && port.bytes().all(|b| b.is_ascii_digit())
        })
        .map(|(host, port)| (host.to_owned(), port.to_owned()))
        .collect()
}

#[test]
fn every_address_is_a_service_of_the_stack() {
    let ports = [
        ("trading-engine", "8000"),
        ("alert-receiver", "8080"),
        ("prometheus", "9090"),
        ("alertmanager", "9093"),
        ("grafana", "3000"),
        ("victoria-metrics", "8428"),
        ("loki", "3100"),
        // A server's own page.
        ("localhost", "9090"),
    ];
    let names: BTreeSet<String> = services().into_iter().map(|(name, _)| name).collect();
    let mut seen = BTreeSet::new();
    for file in [
        "docker/prometheus/prometheus.yml",
        "docker/prometheus/remote-write.yml",
        "docker/alertmanager/alertmanager.yml",
        "docker/grafana/provisioning/datasources/prometheus.yml",
        "docker/vector/vector.yaml",
        "docker/otel/collector.yml",
    ] {
        yaml(file);
        // Comments name other products' addresses.
        let text: String = read(file)
            .lines()
            .filter(|l| !l.trim_start().starts_with('#'))
            .flat_map(|l| [l, "\n"])
            .collect();
        for (host, port) in addresses(&text) {
            assert!(
                ports.contains(&(host.as_str(), port.as_str())),
                "{file}: {host}:{port}"
            );
            assert!(
                host == "localhost" || names.contains(&host),
                "{file}: {host}"
            );
            seen.insert(host);
        }
    }
    assert_eq!(seen.len(), ports.len(), "{seen:?}");
}

#[test]
fn the_service_is_scraped_where_it_listens() {
    let engine = services()
        .into_iter()
        .find(|(name, _)| name == "trading-engine")
        .unwrap()
        .1;
    assert_eq!(
        engine["environment"]["BONGSU_BIND"].as_str(),
        Some("0.0.0.0:8000")
    );
    let prometheus = yaml("docker/prometheus/prometheus.yml");
    let job = &prometheus["scrape_configs"][0];
    assert_eq!(job["job_name"].as_str(), Some("trading-engine"));
    assert_eq!(job["metrics_path"].as_str(), Some("/metrics"));
    assert_eq!(
        list(&job["static_configs"][0]["targets"]),
        ["trading-engine:8000"]
    );
}

#[test]
fn grafana_finds_the_dashboards() {
    let provider = yaml("docker/grafana/provisioning/dashboards/bongsu.yml");
    let path = provider["providers"][0]["options"]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    let grafana = services()
        .into_iter()
        .find(|(name, _)| name == "grafana")
        .unwrap()
        .1;
    assert!(list(&grafana["volumes"]).contains(&format!("./grafana/dashboards:{path}:ro")));
    let home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        .as_str()
        .unwrap();
    let file = home.strip_prefix(&format!("{path}/")).unwrap();
    assert!(
        root()
            .join("docker/grafana/dashboards")
            .join(file)
            .is_file()
    );
}

#[test]
fn remote_write_adds_one_thing() {
    let strip = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    };
    let plain = strip(&read("docker/prometheus/prometheus.yml"));
    let remote = strip(&read("docker/prometheus/remote-write.yml"));
    let (same, added) = remote.split_once("\nremote_write:").unwrap();
    assert_eq!(same, plain);
    assert!(added.contains("url: http://victoria-metrics:8428/api/v1/write"));
    let prometheus = services()
        .into_iter()
        .find(|(name, _)| name == "prometheus")
        .unwrap()
        .1;
    assert!(list(&prometheus["command"])[0].ends_with("${PROMETHEUS_CONFIG:-prometheus.yml}"));
}

#[test]
fn the_health_checks_tell_well_from_ill() {
    let services = services();
    let check = |name: &str, from: &str, port: u16| {
        let service = &services.iter().find(|(known, _)| known == name).unwrap().1;
        let test = list(&service["healthcheck"]["test"]);
        assert_eq!(test[..3], ["CMD", "bash", "-c"], "{name}");
        assert!(test[3].contains(from), "{name}: {}", test[3]);
        let script = test[3].replace(from, &format!("/{port}"));
        let mut bash = Command::new("bash");
        output("bash", bash.args(["-c", &script])).status.success()
    };
    let mut receiver = Command::new(env!("CARGO_BIN_EXE_alert-receiver"));
    receiver.arg("127.0.0.1:0").stdout(Stdio::piped());
    let mut receiver = Running::start("of this repository", &mut receiver);
    let mut first = String::new();
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap());
    lines.read_line(&mut first).unwrap();
    let port = first
        .trim_end()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    // Both ask for /liveness, which the receiver has as well.
    for (name, from) in [("alert-receiver", "/8080"), ("trading-engine", "/8000")] {
        assert!(check(name, from, port), "{name}");
        assert!(!check(name, from, free_port()), "{name}");
    }
}

#[test]
fn compose_itself_agrees_where_it_is_installed() {
    let mut compose = Command::new("docker");
    compose
        .args(["compose", "--file"])
        .arg(root().join(COMPOSE))
        .args(["--profile", "*", "config", "--quiet"]);
    compose.env("GRAFANA_ADMIN_PASSWORD", "x");
    let installed = Command::new("docker").args(["compose", "version"]).output();
    // The structure is held by the tests above wherever Compose is not installed.
    if installed.is_ok_and(|done| done.status.success()) {
        let done = compose.output().unwrap();
        assert!(done.status.success(), "{}", said(&done));
    }
}
