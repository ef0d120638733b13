//! Receives Alertmanager's webhooks and prints one line an alert: the end of the stack's loop.
//!
//! `alert-receiver 127.0.0.1:8080`; with port 0 the first line says which one it became.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    net::{TcpListener, TcpStream},
    process::ExitCode,
    thread,
    time::Duration,
};

use bongsu_dashboards::receiver;
use tokio::signal::unix::{SignalKind, signal};

/// Alertmanager's bodies are a few kilobytes.
const MOST_BODY: usize = 1 << 20;
const MOST_HEAD: u64 = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

// The first process of a container has no default for a signal: it must take SIGTERM to end by it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        let _ = writeln!(io::stderr(), "usage: alert-receiver <address:port>");
        return ExitCode::from(2);
    };
    match serve(&address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "alert-receiver: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until SIGTERM or Ctrl-C.
async fn serve(address: &str) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(address)?;
    print(&format!("listening on {}", listener.local_addr()?))?;
    thread::spawn(move || receive(&listener));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// One at a time: Alertmanager keeps what it could not hand over and tries again.
fn receive(listener: &TcpListener) {
    for stream in listener.incoming() {
        if let Err(error) = stream.and_then(|stream| answer(&stream)) {
            let _ = writeln!(io::stderr(), "alert-receiver: {error}");
        }
    }
}

fn answer(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = BufReader::new(stream).take(MOST_HEAD);
    let mut request = String::new();
    head.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        head.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(usize::MAX);
        }
    }
    if request.starts_with("GET /liveness ") {
        return reply(stream, "200 OK");
    }
    if !request.starts_with("POST ") {
        return reply(stream, "405 Method Not Allowed");
    }
    if length > MOST_BODY {
        return reply(stream, "413 Content Too Large");
    }
    let mut body = vec![0; length];
    head.into_inner().read_exact(&mut body)?;
    match receiver::lines(&body) {
        Ok(lines) => {
            for line in lines {
                print(&line)?;
            }
            reply(stream, "200 OK")
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "alert-receiver: {error}");
            reply(stream, "400 Bad Request")
        }
    }
}

fn reply(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
