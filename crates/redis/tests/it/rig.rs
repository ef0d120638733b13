//! Redis servers that end with the test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bongsu_redis::Client;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody listens on it now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A `redis-server`, a Sentinel too.
pub(crate) struct Server(Child);

impl Server {
    /// Starts one in that folder and waits until it serves.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        let mut child = Command::new("redis-server")
            .args(args)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts (Debian package redis-server)");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serves = |line: &str| line.contains("eady to accept") || line.contains("Sentinel ID");
        let mut said = String::new();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push_str(&line);
            said.push('\n');
            serves(&line)
        });
        assert!(ready, "redis-server {args:?} ended: {said}");
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    /// A plain one.
    pub(crate) fn plain(folder: &Path, port: u16, more: &[&str]) -> Self {
        let port = port.to_string();
        let mut args = vec!["--port", &port, "--bind", "127.0.0.1", "--save", ""];
        args.extend(more);
        Self::start(folder, &args)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn client(url: &str) -> Client {
    // The machine may be busy.
    Client::new(url).unwrap().limit(Duration::from_secs(20))
}

/// Connects and pings; says what went wrong.
pub(crate) async fn ping(client: &Client) -> Result<(), String> {
    let mut link = client.connect().await.map_err(|error| error.to_string())?;
    let reply = link.one(&[b"PING"]).await.map_err(|e| e.to_string())?;
    assert_eq!(reply.text(), Some("PONG"));
    Ok(())
}
