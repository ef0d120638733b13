//! The trading engine as a child process: started, watched, asked to stop.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::Failure;

pub struct Engine {
    pub base: String,
    client: reqwest::Client,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Engine {
    /// Starts `binary` on `port` with nothing but the demo's own settings.
    pub fn start(binary: &Path, dir: &Path, port: u16, receiver: u16) -> Result<Self, Failure> {
        let mut command = Command::new(binary);
        for variable in bongsu::config::variables::all() {
            command.env_remove(variable.name);
            command.env_remove(format!("{}_FILE", variable.name));
        }
        let mut child = command
            .current_dir(dir)
            .env("SERVICE_NAME", "trading_engine")
            .env("ENVIRONMENT", "demo")
            .env("BONGSU_BIND", format!("127.0.0.1:{port}"))
            .env("BONGSU_DATA_DIR", dir)
            .env(
                "DATABASE_URL",
                format!("sqlite:{}", dir.join("engine.db").display()),
            )
            .env("BONGSU_RESOURCE_INTERVAL_SECONDS", "1")
            .env("DISK_WARNING_THRESHOLD", "1")
            .env("DISK_CRITICAL_THRESHOLD", "99.9")
            .env(
                "ALERT_WEBHOOK_URLS",
                format!("http://127.0.0.1:{receiver}/webhook"),
            )
            .env(
                "SLACK_WEBHOOK_URL",
                format!("http://127.0.0.1:{receiver}/slack"),
            )
            .env("BONGSU_DRAIN_SECONDS", "1")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure(format!("cannot start {}: {error}", binary.display())))?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| Failure("the engine has no output".into()))?;
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let reader = tokio::task::spawn(keep_lines(stdout, lines.clone(), dir.join("engine.log")));
        Ok(Self {
            base: format!("http://127.0.0.1:{port}"),
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                .no_proxy()
                .build()
                .map_err(Failure::from_error)?,
            child,
            lines,
            reader,
        })
    }

    /// Waits until `/ready` says 200; fails when the engine ends or takes longer than 30 s.
    pub async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().map_err(Failure::from_error)? {
                return Err(Failure(format!("the engine ended early: {status}")));
            }
            if self
                .get("/ready")
                .await
                .is_ok_and(|(status, _)| status == 200)
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Failure("the engine was not ready after 30 s".into()));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Status and body of `GET path`.
    pub async fn get(&self, path: &str) -> Result<(u16, String), Failure> {
        let response = self.client.get(format!("{}{path}", self.base)).send().await;
        let response = response.map_err(Failure::from_error)?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.map_err(Failure::from_error)?))
    }

    /// Status, returned request id and body of `POST path`.
    pub async fn post(&self, path: &str, id: &str, body: String) -> Result<Answer, Failure> {
        let response = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .header("x-request-id", id)
            .body(body)
            .send()
            .await
            .map_err(Failure::from_error)?;
        let header = response.headers().get("x-request-id");
        Ok(Answer {
            status: response.status().as_u16(),
            request_id: header
                .and_then(|id| id.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            body: serde_json::from_str(&response.text().await.map_err(Failure::from_error)?)
                .unwrap_or(Value::Null),
        })
    }

    /// What the engine wrote so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends SIGTERM and waits for the end.
    pub async fn stop(mut self) -> Result<ExitStatus, Failure> {
        if let Some(pid) = self.child.id() {
            let kill = Command::new("sh")
                .args(["-c", &format!("kill -TERM {pid}")])
                .status()
                .await;
            kill.map_err(Failure::from_error)?;
        }
        let status = timeout(Duration::from_secs(30), self.child.wait())
            .await
            .map_err(|_| Failure("the engine did not stop within 30 s".into()))?
            .map_err(Failure::from_error)?;
        let _ = self.reader.await;
        Ok(status)
    }
}

pub struct Answer {
    pub status: u16,
    pub request_id: String,
    pub body: Value,
}

/// Keeps the newest lines for the checks and all of them in a file.
async fn keep_lines(
    output: impl tokio::io::AsyncRead + Unpin,
    lines: Arc<Mutex<Vec<String>>>,
    path: PathBuf,
) {
    const KEPT: usize = 100_000;
    let mut file = tokio::fs::File::create(path).await.ok();
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        if let Some(file) = &mut file {
            let _ = file.write_all(format!("{line}\n").as_bytes()).await;
        }
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.drain(..KEPT / 2);
        }
        lines.push(line);
    }
    if let Some(file) = &mut file {
        let _ = file.flush().await;
    }
}
