//! Secrets in every form that a variable or a request may hold them in: none is found in what a service
//! says of itself, sends, or keeps.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    process::{Process, ask_at, command, free_address, until},
    receiver::Receiver,
};

/// What is planted: each a word of its own, so that whoever leaks it is known.
#[derive(Default)]
struct Planted(Vec<String>);

impl Planted {
    /// A word in letters and digits.
    fn plain(&mut self) -> String {
        let word = format!("zq{:02}Kx7secret", self.0.len());
        self.0.push(word.clone());
        word
    }

    /// A word that has to be percent-encoded in a URL; as it is written there.
    fn encoded(&mut self) -> String {
        let word = format!("zq{:02}K/x 7:s@cret", self.0.len());
        let written = word.replace('/', "%2F").replace(' ', "%20");
        let written = written.replace(':', "%3A").replace('@', "%40");
        self.0.extend([word, written.clone()]);
        written
    }

    /// Where in `text` one of them stands, as it is or in base64.
    fn found_in(&self, text: &[u8]) -> Option<&str> {
        let text = String::from_utf8_lossy(text);
        let holds = |needle: &str| text.contains(needle);
        let found = |word: &&String| holds(word) || base64(word).iter().any(|it| holds(it));
        self.0.iter().find(found).map(String::as_str)
    }
}

/// What a word looks like in base64, wherever in three bytes it begins; without what its neighbours decide.
fn base64(word: &str) -> [String; 3] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    [0, 1, 2].map(|shift| {
        let bits: Vec<u8> = std::iter::repeat_n(0, shift * 8)
            .chain(
                word.bytes()
                    .flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)),
            )
            .collect();
        // Whole groups of six bits of the word alone.
        let first = (shift * 8).div_ceil(6);
        let whole = bits.chunks_exact(6).skip(first);
        let digit = |six: &[u8]| six.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit));
        whole.map(|six| char::from(DIGITS[digit(six)])).collect()
    })
}

fn variables(planted: &mut Planted, dead: &str, far: &str) -> Vec<(&'static str, String)> {
    let mut word = || planted.plain();
    let slack = format!(
        "http://{dead}/services/{},http://{far}/s/{}",
        word(),
        word()
    );
    let hooks = format!(
        "http://u:{}@{far}/h?token={},http://{dead}/{}",
        word(),
        word(),
        word()
    );
    let telegram = format!("123456:{}", word());
    let pagerduty = format!("R{:0<31}", word());
    let simple = [
        ("BONGSU_OPS_TOKEN", word()),
        ("SMTP_PASSWORD", word()),
        ("DISCORD_WEBHOOK_URL", format!("http://{far}/d/{}", word())),
        (
            "TEAMS_WEBHOOK_URL",
            format!("http://{far}/t?sig={}", word()),
        ),
        (
            "BONGSU_HEARTBEAT_URL",
            format!("http://{far}/beat/{}", word()),
        ),
        (
            "ALERTMANAGER_URLS",
            format!("http://{}:{}@{far}", word(), word()),
        ),
        ("HTTPS_PROXY", format!("http://u:{}@{dead}", word())),
        ("HTTP_PROXY", format!("http://u:{}@{dead}", word())),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://u:{}@{dead}/in?key={}", word(), word()),
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            format!("authorization=Bearer%20{},api-key={}", word(), word()),
        ),
        (
            "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
            format!("x-tenant={}", word()),
        ),
        // Seen by nobody but the service: it is not a variable of bongsu.
        ("BROKER_API_SECRET", word()),
    ];
    let database = format!("postgres://trader:{}@{dead}/trading", planted.encoded());
    let redis = format!("redis://ops:{}@{dead}/0", planted.encoded());
    let signing = "whsec_enExMUt4N3NlY3JldHNlY3JldHNlY3JldHNlY3Jl";
    planted
        .0
        .push("enExMUt4N3NlY3JldHNlY3JldHNlY3Jl".to_owned());
    let (host, port) = dead.split_once(':').unwrap();
    let more = [
        ("SLACK_WEBHOOK_URL", slack),
        ("ALERT_WEBHOOK_URLS", hooks),
        ("ALERT_WEBHOOK_SECRET", signing.to_owned()),
        ("TELEGRAM_BOT_TOKEN", telegram),
        ("TELEGRAM_CHAT_ID", "-1".to_owned()),
        ("PAGERDUTY_ROUTING_KEY", pagerduty),
        ("BONGSU_DATABASE_URL", database),
        ("BONGSU_REDIS_URL", redis),
        ("SMTP_HOST", host.to_owned()),
        ("SMTP_PORT", port.to_owned()),
        ("BONGSU_SMTP_TLS", "none".to_owned()),
        ("SMTP_USERNAME", "trader".to_owned()),
        ("ALERT_EMAIL_FROM", "a@example.com".to_owned()),
        ("ALERT_EMAIL_TO", "b@example.com".to_owned()),
        ("LOG_LEVEL", "trace".to_owned()),
        ("DISK_WARNING_THRESHOLD", "1".to_owned()),
        ("BONGSU_RESOURCE_INTERVAL_SECONDS", "1".to_owned()),
        ("BONGSU_ALERT_ON_ERRORS", "true".to_owned()),
    ];
    simple.into_iter().chain(more).collect()
}

/// Runs `example` to its end or until `work` is done; its outputs go to files of `dir`.
fn run(example: &str, dir: &Path, vars: &[(&str, &str)], args: &[&str]) -> Command {
    let name = [&[example], args].concat().join("-");
    let file = |of: &str| Stdio::from(fs::File::create(dir.join(format!("{name}.{of}"))).unwrap());
    let mut command = command(example, dir, vars);
    command.args(args).stdout(file("out")).stderr(file("err"));
    command
}

#[test]
fn what_is_planted_is_found_in_every_form() {
    let mut planted = Planted::default();
    let (plain, encoded) = (planted.plain(), planted.encoded());
    // `trader:<word>` and `u:<word>`, as a request's header would carry them.
    for text in [
        plain.as_str(),
        encoded.as_str(),
        "dHJhZGVyOnpxMDBLeDdzZWNyZXQ=",
        "dTp6cTAwS3g3c2VjcmV0",
        "enEwMEt4N3NlY3JldA==",
    ] {
        let line = format!("a line with {text} in it");
        assert!(planted.found_in(line.as_bytes()).is_some(), "{text}");
    }
    assert_eq!(planted.found_in(b"a line without"), None);
}

#[test]
fn no_secret_is_found_in_what_a_service_says_sends_or_keeps() {
    let dir = tempfile::tempdir().unwrap();
    // One far side refuses everything, one is not there.
    let receiver = Receiver::start(|_| "403 Forbidden");
    let far = receiver.address.to_string();
    let dead = free_address().to_string();
    let mut planted = Planted::default();
    let owned = variables(&mut planted, &dead, &far);
    let token = owned.iter().find(|(name, _)| *name == "BONGSU_OPS_TOKEN");
    let token = token.unwrap().1.clone();
    let address = free_address();
    let bind = address.to_string();
    let mut vars: Vec<(&str, &str)> = owned
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    vars.extend([
        ("SERVICE_NAME", "vault"),
        ("BONGSU_BIND", bind.as_str()),
        ("BONGSU_DRAIN_SECONDS", "0"),
    ]);
    let service = Process::start(
        &mut run("minimal", dir.path(), &vars, &[]),
        "of this repository",
    );
    until("it listens", || TcpStream::connect(address).ok());

    // What a request carries is nobody's to read either.
    let in_request: Vec<String> = (0..14).map(|_| planted.plain()).collect();
    let carried = format!(
        "authorization: Basic {}\r\ncookie: session={}; bongsu_console={}\r\nx-api-key: {}\r\n\
         proxy-authorization: Bearer {}\r\nx-auth-token: {}\r\nreferer: http://a/?token={}\r\nbaggage: user={}\r\n",
        in_request[0],
        in_request[1],
        in_request[2],
        in_request[3],
        in_request[4],
        in_request[8],
        in_request[9],
        in_request[10],
    );
    let query = format!(
        "/nowhere?token={}&password={}&api_key={}",
        in_request[5], in_request[6], in_request[7]
    );
    ask_at(address, "GET", &query, &carried, "");
    ask_at(address, "GET", "/admin", &carried, "");
    let login = format!("token={}", in_request[11]);
    ask_at(address, "POST", "/console/login", &carried, &login);
    let body = format!(
        r#"{{"password": "{}", "level": "{}"}}"#,
        in_request[12], in_request[13]
    );
    ask_at(address, "POST", "/admin/alerts", &carried, &body);

    let bearer = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let alert = r#"{"level":"critical","title":"t","message":"m","source":"s","key":"k"}"#;
    assert_eq!(
        ask_at(address, "POST", "/admin/alerts", &bearer, alert).0,
        200
    );
    let mut seen = Vec::new();
    for channel in [
        "slack",
        "slack-2",
        "webhook",
        "webhook-2",
        "telegram",
        "discord",
        "pagerduty",
        "teams",
        "alertmanager",
        "email",
    ] {
        let path = format!("/admin/channels/{channel}/test");
        seen.push((path.clone(), ask_at(address, "POST", &path, &bearer, "").1));
    }
    until("every channel was refused", || {
        let refused = receiver.received("POST").len() >= 6;
        refused.then_some(())
    });
    let pages = [
        "/health",
        "/ready",
        "/liveness",
        "/metrics",
        "/admin",
        "/admin/alerts",
        "/admin/alerts/history",
        "/admin/channels",
        "/admin/health",
        "/admin/log-level",
        "/admin/openapi.json",
        "/admin/silences",
        "/console",
        "/console/alerts",
        "/console/logs",
        "/console/metrics",
        "/console/reports",
        "/console/config",
    ];
    for page in pages {
        let (status, text) = ask_at(address, "GET", page, &bearer, "");
        assert!(matches!(status, 200 | 503), "{page}: {status}");
        seen.push((page.to_owned(), text));
    }
    for (page, text) in &seen {
        assert_eq!(planted.found_in(text.as_bytes()), None, "{page}: {text}");
    }
    assert!(service.stop().success());

    // What was sent holds its own address's secret alone, and no body holds any.
    for request in receiver.received("POST") {
        let own_key = request.body.contains("routing_key");
        assert!(
            own_key || planted.found_in(request.body.as_bytes()).is_none(),
            "{}",
            request.body
        );
    }
    for args in [&["doctor"][..], &["alert", "test"]] {
        let mut tool = run("bongsu", dir.path(), &vars, args);
        let _ = tool.status().unwrap();
    }
    let mut files = Vec::new();
    collect(dir.path(), &mut files);
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        let text = fs::read(&file).unwrap();
        let near = planted.found_in(&text).map(|word| {
            let text = String::from_utf8_lossy(&text).into_owned();
            let line = text
                .lines()
                .find(|line| line.contains(word))
                .unwrap_or_default();
            format!("{word} in {line:.600}")
        });
        assert_eq!(near, None, "{}", file.display());
    }
    assert!(planted.0.len() >= 40, "{}", planted.0.len());
}

/// A value that cannot be used is told by its name and what is wrong, never by what it holds.
#[test]
fn what_cannot_be_used_is_told_without_what_it_holds() {
    let mut planted = Planted::default();
    let shapes = [
        ("DATABASE_URL", "postgres://u:{}@host:port/db"),
        ("DATABASE_URL", "mysql://u:{}@host/db"),
        ("DATABASE_URL", "postgres:u:{}"),
        ("REDIS_URL", "redis://u:{}@host:99999/0"),
        ("REDIS_URL", "redis://u:{}@host/zero"),
        ("REDIS_URL", "{}"),
        ("SLACK_WEBHOOK_URL", "htp://hooks/{}"),
        ("SLACK_WEBHOOK_URL", "https://ok/a,nonsense {}"),
        ("ALERT_WEBHOOK_URLS", "http://u:{}@[::1/h"),
        ("ALERT_WEBHOOK_SECRET", "whsec_{}"),
        ("DISCORD_WEBHOOK_URL", "//{}"),
        ("TEAMS_WEBHOOK_URL", "mailto:{}"),
        ("TELEGRAM_BOT_TOKEN", "no token {}"),
        ("PAGERDUTY_ROUTING_KEY", "{}"),
        ("ALERTMANAGER_URLS", "ftp://u:{}@host"),
        ("BONGSU_HEARTBEAT_URL", "http//{}"),
        ("BONGSU_OPS_TOKEN", "{}\u{7f}"),
        ("HTTPS_PROXY", "socks9://u:{}@host"),
        ("HTTP_PROXY", "http://u:{}@:x"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:{}@host:x"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "u:{}@host"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization {}"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "a b={}"),
        ("SMTP_PASSWORD", "{}"),
    ];
    for (name, shape) in shapes {
        let word = planted.plain();
        let value = shape.replace("{}", &word);
        let vars = [("SERVICE_NAME", "vault"), (name, value.as_str())];
        let said = match bongsu::Config::from_vars(vars) {
            Ok(config) => {
                let shown: Vec<String> = config.settings().filter_map(|it| it.value).collect();
                format!("{:?}\n{config:?}\n{}", config.warnings, shown.join("\n"))
            }
            Err(error) => format!("{error}\n{error:?}"),
        };
        assert_eq!(planted.found_in(said.as_bytes()), None, "{name}: {said}");
    }
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
