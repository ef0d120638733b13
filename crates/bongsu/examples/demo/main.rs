//! `cargo xtask demo`: the trading engine under bongsu, with traffic, alerts and a report.
//!
//! Usage: `demo <engine binary> [--once] [--dir <folder>] [--port <port>]`

#![expect(
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "a program, not a library"
)]

mod engine;
mod ledger;
mod receiver;
mod scenario;
mod scrape;
mod traffic;

use std::{
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use engine::Engine;
use receiver::Receiver;
use serde_json::Value;
use tokio::sync::mpsc;

/// Why the demo ended.
#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    fn from_error(error: impl std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Options {
    engine: PathBuf,
    once: bool,
    dir: PathBuf,
    port: Option<u16>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match options() {
        Ok(options) => run(options).await,
        Err(failure) => Err(failure),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            say(&format!("demo: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Failure> {
    let usage =
        || Failure("usage: demo <engine binary> [--once] [--dir <folder>] [--port <port>]".into());
    let mut args = std::env::args().skip(1);
    let engine = args.next().ok_or_else(usage)?;
    let engine = Path::new(&engine)
        .canonicalize()
        .map_err(|error| Failure(format!("{engine}: {error}")))?;
    let mut options = Options {
        engine,
        once: false,
        dir: std::env::temp_dir().join(format!("bongsu-demo-{}", std::process::id())),
        port: None,
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--once" => options.once = true,
            "--dir" => options.dir = args.next().ok_or_else(usage)?.into(),
            "--port" => {
                let port = args.next().ok_or_else(usage)?;
                let parsed = port
                    .parse()
                    .map_err(|_| Failure(format!("--port {port} is not a port")))?;
                options.port = Some(parsed);
            }
            _ => return Err(usage()),
        }
    }
    Ok(options)
}

async fn run(options: Options) -> Result<ExitCode, Failure> {
    std::fs::create_dir_all(&options.dir)
        .map_err(|error| Failure(format!("cannot create {}: {error}", options.dir.display())))?;
    let dir = options.dir.canonicalize().map_err(Failure::from_error)?;
    let (arrivals, arrived) = mpsc::unbounded_channel();
    let receiver = Receiver::start(arrivals).await?;
    // The bounded run takes any free port, so that it passes beside a running demo.
    let port = options
        .port
        .unwrap_or(if options.once { free_port()? } else { 8000 });
    let mut engine = Engine::start(&options.engine, &dir, port, receiver.port)?;
    engine.wait_until_ready().await?;
    announce(&engine, &dir);
    if options.once {
        scenario::run(engine, receiver, &dir).await
    } else {
        forever(engine, arrived).await
    }
}

fn announce(engine: &Engine, dir: &Path) {
    say("The trading engine is ready, watched by bongsu. Look at\n");
    for path in ["/console", "/health", "/ready", "/liveness", "/metrics"] {
        say(&format!("  {}{path}", engine.base));
    }
    say(&format!(
        "\nIts log: {}\n",
        dir.join("engine.log").display()
    ));
}

/// Traffic and alerts until Ctrl-C; a report after the first half minute.
async fn forever(
    engine: Engine,
    mut alerts: mpsc::UnboundedReceiver<Value>,
) -> Result<ExitCode, Failure> {
    let stop = bongsu::stop_signal();
    say("Orders are flowing; alerts appear here as they arrive. Ctrl-C stops.\n");
    let traffic = async {
        traffic::run(&engine, 0, 150, Duration::from_millis(200)).await;
        match engine
            .post("/market/close", "demo-close", String::new())
            .await
        {
            Ok(answer) => report_files(&answer.body),
            Err(failure) => say(&format!("no report: {failure}")),
        }
        let mut first = 150;
        loop {
            traffic::run(&engine, first, 25, Duration::from_millis(400)).await;
            first += 25;
        }
    };
    let show = async {
        while let Some(alert) = alerts.recv().await {
            show_alert(&alert);
        }
    };
    tokio::select! {
        () = async { tokio::join!(traffic, show); } => {}
        () = stop => {}
    }
    say("\nStopping: readiness says no, open requests finish, alerts and logs are flushed.");
    let status = engine.stop().await?;
    say(&format!("The engine ended: {status}."));
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show_alert(alert: &Value) {
    let field = |name| alert.get(name).and_then(Value::as_str).unwrap_or_default();
    say(&format!(
        "  [{}] {}: {}",
        field("level").to_uppercase(),
        field("title"),
        field("message")
    ));
}

fn report_files(answer: &Value) {
    say("\nThe session is closed and its report written:");
    for file in answer["files"].as_array().into_iter().flatten() {
        say(&format!("  {}", file.as_str().unwrap_or_default()));
    }
    say("");
}

fn free_port() -> Result<u16, Failure> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(Failure::from_error)?;
    Ok(listener.local_addr().map_err(Failure::from_error)?.port())
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
pub fn say(text: &str) {
    println!("{text}");
}
