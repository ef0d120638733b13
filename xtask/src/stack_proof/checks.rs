//! What must be so while the stack lives, and after it.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use super::{Clock, engine::Engine, wait::until};
use crate::{
    http,
    json::Json,
    run::{Failure, root, run, say},
    stack::image,
};

const ENGINE: u16 = 8000;
const PROMETHEUS: u16 = 9090;
const LONG_MEMORY: u16 = 8428;
const JSON: &str = "Content-Type: application/json\r\n";
/// For what a server does on its next round: a scrape, an evaluation, a health check.
const ROUND: Duration = Duration::from_secs(60);
const SERVICES: [&str; 5] = [
    "trading-engine",
    "alert-receiver",
    "prometheus",
    "alertmanager",
    "grafana",
];

pub(super) fn run_all(engine: &Engine, clock: &mut Clock) -> Result<(), Failure> {
    let stack = Stack {
        engine,
        _env: EnvFile::set_aside()?,
    };
    refuses_what_cannot_work(&stack)?;
    clock.say("what cannot work is refused before anything starts");

    stack.up(&[])?;
    stack.healthy(&SERVICES)?;
    clock.say("cargo xtask up: all healthy");
    clock.say(&size_and_start(&stack)?);
    folders_are_its_own(&stack)?;
    let missing = http::request(
        ENGINE,
        "GET",
        "/nope",
        "X-Forwarded-For: 203.0.113.9\r\n",
        "",
    )?
    .0;
    expect(missing == 404, || {
        format!("an unknown path answers {missing}")
    })?;
    targets_and_rules()?;
    clock.say("targets are up, rules evaluate");
    alert_arrives(&stack)?;
    clock.say("trade, shock, alert at the receiver");
    limits_are_exported(&stack)?;
    clock.say("a container's limits are on its page");
    trouble_is_survived(&stack)?;
    clock.say("killed, it comes back; out of memory, it lives; paused, Prometheus knows");

    stack.up(&["--profile", "remote-write"])?;
    remembers()?;
    stack.up(&[])?;
    remembers()?;
    clock.say("the long memory stays on");
    stops_in_time(&stack)?;
    clock.say("each container stops with 0 within its grace");
    stack.xtask("down", &[])?;
    stack.nothing_left(&["container", "network"])?;
    stack.up(&["--no-profile", "remote-write"])?;
    stack.healthy(&SERVICES)?;
    history_is_kept()?;
    clock.say("after down and up: history kept, orders pass");
    stack.xtask("down", &["--volumes"])?;
    stack.nothing_left(&["container", "network", "volume"])?;
    clock.say("down --volumes leaves nothing");
    say(&format!("the stack is proven, {:.0} s", clock.seconds()));
    Ok(())
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure(otherwise()))
    }
}

struct Stack<'a> {
    engine: &'a Engine,
    /// Put back when the proof ends.
    _env: EnvFile,
}

impl Stack<'_> {
    fn command(&self, name: &str, args: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        self.engine.at(&mut command).arg(name).args(args);
        for name in [
            "GRAFANA_ADMIN_PASSWORD",
            "COMPOSE_PROFILES",
            "PROMETHEUS_CONFIG",
        ] {
            command.env_remove(name);
        }
        Ok(command)
    }

    /// `cargo xtask …` at this engine.
    fn xtask(&self, name: &str, args: &[&str]) -> Result<(), Failure> {
        // Compose's progress is for a terminal; what it says of a failure comes with the failure.
        let output = self.command(name, args)?.output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        let end = lines[lines.len().saturating_sub(40)..].join("\n");
        Err(Failure(format!(
            "cargo xtask {name} {}: {}\n{end}",
            args.join(" "),
            output.status
        )))
    }

    fn up(&self, args: &[&str]) -> Result<(), Failure> {
        self.xtask("up", args)
    }

    fn docker(&self, args: &[&str]) -> Result<String, Failure> {
        self.engine.said(args)
    }

    fn container(service: &str) -> String {
        format!("bongsu-{service}-1")
    }

    fn inspect(&self, service: &str, format: &str) -> Result<String, Failure> {
        self.docker(&["inspect", "--format", format, &Self::container(service)])
    }

    fn healthy(&self, services: &[&str]) -> Result<(), Failure> {
        for service in services {
            let health = self.inspect(service, "{{.State.Health.Status}}")?;
            expect(health == "healthy", || format!("{service} is {health}"))?;
        }
        Ok(())
    }

    fn nothing_left(&self, kinds: &[&str]) -> Result<(), Failure> {
        for kind in kinds {
            let label = "label=com.docker.compose.project=bongsu";
            let mut args = vec![*kind, "ls", "--quiet", "--filter", label];
            if *kind == "container" {
                args.push("--all");
            }
            let left = self.docker(&args)?;
            expect(left.is_empty(), || format!("a {kind} is left: {left}"))?;
        }
        Ok(())
    }
}

/// docker/.env of whoever works here is not the proof's; it is put back at the end.
struct EnvFile(Option<Vec<u8>>);

impl EnvFile {
    fn set_aside() -> Result<Self, Failure> {
        let path = root().join("docker/.env");
        let before = fs::read(&path).ok();
        if before.is_some() {
            fs::remove_file(&path)?;
        }
        Ok(Self(before))
    }
}

impl Drop for EnvFile {
    fn drop(&mut self) {
        let path = root().join("docker/.env");
        let _made_by_the_proof = fs::remove_file(&path);
        if let Some(before) = &self.0 {
            use std::os::unix::fs::PermissionsExt as _;
            let _as_it_was = fs::write(&path, before);
            let _own = fs::set_permissions(&path, fs::Permissions::from_mode(0o600));
        }
    }
}

/// Each is told in words, with the exit code 1, and nothing runs afterwards.
fn refuses_what_cannot_work(stack: &Stack<'_>) -> Result<(), Failure> {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 9093));
    taken
        .as_ref()
        .map_err(|error| Failure(format!("port 9093: {error}")))?;
    for (args, words) in [
        (&["--profile", "nonsense"][..], "no profile nonsense"),
        (&[], "port 9093"),
    ] {
        let output = stack.command("up", args)?.output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        expect(
            output.status.code() == Some(1) && said.contains(words),
            || format!("up {args:?} says, with {}: {said}", output.status),
        )?;
    }
    stack.nothing_left(&["container"])
}

/// What a query gives; none where the server does not answer.
fn query(port: u16, expression: &str) -> Result<Vec<Json>, Failure> {
    let encoded: String = expression
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let path = format!("/api/v1/query?query={encoded}");
    let (status, body) = http::request(port, "GET", &path, "", "")?;
    expect(status == 200, || format!("{expression}: {status} {body}"))?;
    let Json::Map(answer) = Json::parse(&body)? else {
        return Err(Failure(format!("{expression}: {body}")));
    };
    let data = answer.into_iter().find(|(key, _)| key == "data");
    let result = data.and_then(|(_, data)| match data {
        Json::Map(entries) => entries.into_iter().find(|(key, _)| key == "result"),
        _ => None,
    });
    match result {
        Some((_, Json::List(samples))) => Ok(samples),
        _ => Err(Failure(format!("{expression}: {body}"))),
    }
}

fn holds(expression: &str) -> Result<(), Failure> {
    until(expression, ROUND, || {
        let found = !query(PROMETHEUS, expression)?.is_empty();
        expect(found, || "no sample".to_owned())
    })
}

fn targets_and_rules() -> Result<(), Failure> {
    holds("count(up == 1) == 4")?;
    until("every rule evaluates", ROUND, || {
        let (_, body) = http::request(PROMETHEUS, "GET", "/api/v1/rules", "", "")?;
        let answer = Json::parse(&body)?;
        let groups = answer.at(&["data", "groups"]).list();
        let rules: Vec<&Json> = groups
            .iter()
            .flat_map(|group| group.at(&["rules"]).list())
            .collect();
        expect(rules.len() > 20, || {
            format!("{} rules are loaded", rules.len())
        })?;
        let unwell = rules
            .iter()
            .find(|rule| rule.at(&["health"]).text() != Some("ok"));
        expect(unwell.is_none(), || {
            let name = unwell.and_then(|rule| rule.at(&["name"]).text());
            format!("{} does not evaluate", name.unwrap_or_default())
        })
    })
}

fn order(quantity: u32) -> Result<(), Failure> {
    let body = format!(r#"{{"symbol": "005930", "side": "buy", "quantity": {quantity}}}"#);
    let (status, said) = http::request(ENGINE, "POST", "/trade", JSON, &body)?;
    expect(status == 200, || {
        format!("an order is answered with {status}: {said}")
    })
}

/// What whoever deploys the engine asks first. The image stands on this machine's packages and holds what it
/// has built, debug programs here, stripped.
fn size_and_start(stack: &Stack<'_>) -> Result<String, Failure> {
    let format = ["image", "inspect", "--format", "{{.Size}}"];
    let size = stack.docker(&[&format[..], &[&image("bongsu/trading-engine")?]].concat())?;
    let mib = size.parse::<u64>().unwrap_or_default() >> 20;
    expect(mib > 0, || format!("the image's size is {size:?}"))?;
    let began = second_of_day(&stack.inspect("trading-engine", "{{.State.StartedAt}}")?);
    let log = stack.docker(&["logs", &Stack::container("trading-engine")])?;
    let line = log
        .lines()
        .find(|line| line.contains(r#""message":"listening""#));
    let line = Json::parse(line.unwrap_or("{}"))?;
    let listening = line.at(&["timestamp"]).text().and_then(second_of_day);
    let (Some(began), Some(listening)) = (began, listening) else {
        return Err(Failure(
            "when the engine began to listen is not told".into(),
        ));
    };
    // Over midnight too.
    let milliseconds = (listening - began).rem_euclid(86_400.0) * 1e3;
    Ok(format!(
        "its image has {mib} MiB; from the container's start to listening {milliseconds:.0} ms"
    ))
}

/// The service writes in its folders, and nobody else reads them.
fn folders_are_its_own(stack: &Stack<'_>) -> Result<(), Failure> {
    let container = Stack::container("trading-engine");
    for (folder, wanted) in [
        ("/var/lib/bongsu", "10001:10001 750"),
        ("/var/log/bongsu", "10001:10001 750"),
        ("/var/lib", "0:0 755"),
    ] {
        let owner = ["exec", &container, "stat", "--format", "%u:%g %a", folder];
        let owner = stack.docker(&owner)?;
        expect(owner == wanted, || {
            format!("{folder} is {owner}, not {wanted}")
        })?;
    }
    Ok(())
}

/// The second of the day in `2026-11-29T13:29:33.335392Z`.
fn second_of_day(time: &str) -> Option<f64> {
    let (_, time) = time.trim_end_matches('Z').split_once('T')?;
    let parts = time.split(':').map(str::parse::<f64>);
    parts
        .into_iter()
        .try_fold(0.0, |all, part| Some(all * 60.0 + part.ok()?))
}

/// The walk-through of docs/stack.md.
fn alert_arrives(stack: &Stack<'_>) -> Result<(), Failure> {
    order(3_000)?;
    let (status, said) =
        http::request(ENGINE, "POST", "/market/shock", JSON, r#"{"percent": -90}"#)?;
    expect(status == 204, || {
        format!("the shock is answered with {status}: {said}")
    })?;
    until("RiskViolation at the receiver", ROUND, || {
        let container = Stack::container("alert-receiver");
        let mut logs = stack.engine.docker();
        let seen = logs
            .args(["logs", &container])
            .stderr(Stdio::null())
            .output()?;
        let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
        let arrived = seen.contains(r#""alertname":"RiskViolation""#);
        expect(
            arrived && seen.contains(r#""alertname":"Watchdog""#),
            || seen,
        )
    })
}

/// What kills is on the page: a container of 256 MiB says so.
fn limits_are_exported(stack: &Stack<'_>) -> Result<(), Failure> {
    let image = image("bongsu/trading-engine")?;
    stack.docker(&[
        "run",
        "--detach",
        "--name",
        "bongsu-limited",
        "--memory",
        "256m",
        "--cpus",
        "0.5",
        "--env",
        "SERVICE_NAME=limited",
        "--env",
        "BONGSU_BIND=0.0.0.0:8000",
        "--env",
        "BONGSU_RESOURCE_INTERVAL_SECONDS=1",
        "--publish",
        "127.0.0.1:18001:8000",
        &image,
    ])?;
    let seen = until(
        "a limit of 256 MiB on /metrics",
        Duration::from_secs(20),
        || {
            let (_, page) = http::request(18001, "GET", "/metrics", "", "")?;
            let limit = page.lines().find(|line| {
                let value = line
                    .rsplit(' ')
                    .next()
                    .and_then(|value| value.parse::<f64>().ok());
                line.starts_with("container_") && value == Some(268_435_456.0)
            });
            expect(limit.is_some(), || {
                let own: Vec<&str> = page
                    .lines()
                    .filter(|line| line.starts_with("container_"))
                    .collect();
                format!("the page has {own:?}")
            })
        },
    );
    stack.docker(&["rm", "--force", "--volumes", "bongsu-limited"])?;
    seen
}

fn trouble_is_survived(stack: &Stack<'_>) -> Result<(), Failure> {
    let name = Stack::container("trading-engine");
    // Killed from outside, as the kernel would: Docker's own kill is a wish that it stays down.
    let pid = stack.inspect("trading-engine", "{{.State.Pid}}")?;
    run(Command::new("kill").args(["-KILL", &pid]))?;
    until("the engine comes back", ROUND, || {
        let restarts = stack.inspect("trading-engine", "{{.RestartCount}}")?;
        expect(restarts == "1", || format!("{restarts} restarts"))?;
        let (status, _) = http::request(ENGINE, "GET", "/ready", "", "")?;
        expect(status == 200, || format!("/ready is {status}"))
    })?;
    order(1)?;

    // Something else in the container takes more than there is: the kernel ends that, not the engine.
    stack.docker(&["update", "--memory", "192m", "--memory-swap", "192m", &name])?;
    let glutton = "x=$(head -c 400000000 /dev/zero | tr '\\0' x); echo survived";
    let mut exec = stack.engine.docker();
    let ate = exec.args(["exec", &name, "bash", "-c", glutton]).output()?;
    expect(
        !String::from_utf8_lossy(&ate.stdout).contains("survived"),
        || "the limit on memory was not enforced".to_owned(),
    )?;
    until("the engine lives on", ROUND, || {
        let (status, _) = http::request(ENGINE, "GET", "/liveness", "", "")?;
        expect(status == 200, || format!("/liveness is {status}"))
    })?;

    stack.docker(&["pause", &name])?;
    let told = holds(r#"up{job="trading-engine"} == 0"#)
        .and_then(|()| holds(r#"ALERTS{alertname="ServiceDown"}"#));
    stack.docker(&["unpause", &name])?;
    told?;
    holds(r#"up{job="trading-engine"} == 1"#)
}

fn remembers() -> Result<(), Failure> {
    until("the long memory is fed", ROUND, || {
        let (_, config) = http::request(PROMETHEUS, "GET", "/api/v1/status/config", "", "")?;
        expect(config.contains("remote_write"), || {
            "Prometheus writes to nobody".to_owned()
        })?;
        let kept = query(
            LONG_MEMORY,
            r#"count_over_time(up{job="trading-engine"}[10m])"#,
        )?;
        expect(!kept.is_empty(), || "nothing has arrived".to_owned())
    })
}

fn stops_in_time(stack: &Stack<'_>) -> Result<(), Failure> {
    for service in [
        "trading-engine",
        "alert-receiver",
        "prometheus",
        "alertmanager",
        "grafana",
    ] {
        stack.docker(&["stop", &Stack::container(service)])?;
        let code = stack.inspect(service, "{{.State.ExitCode}}")?;
        expect(code == "0", || format!("{service} ends with {code}"))?;
    }
    Ok(())
}

fn history_is_kept() -> Result<(), Failure> {
    order(1)?;
    until("history from before", ROUND, || {
        let old = query(PROMETHEUS, r#"portfolio_value_krw offset 40s"#)?;
        expect(!old.is_empty(), || "Prometheus has forgotten".to_owned())
    })
}
