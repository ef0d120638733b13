//! What a mail server and a webhook's receiver may answer.

use std::{
    io::Write as _,
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use bongsu::{Bongsu, Config};
use tokio::runtime::Runtime;

use super::Check;

pub(super) const WORDS: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 503 Slow down\r\n",
    b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\n",
    b"Retry-After: 99999999999",
    b"Content-Length: 5\r\n",
    b"Content-Encoding: gzip\r\n",
    b"220 mail.example\r\n",
    b"250-SIZE 10\r\n",
    b"250 STARTTLS\r\n",
    b"354 go on\r\n",
    b"421 later\r\n",
    b"550 5.1.1 unknown\r\n",
];

/// The input is the answer to whoever connects; a test message through each channel comes to an outcome.
pub(super) fn prepare() -> Check {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let answer = Arc::new(Mutex::new(Vec::new()));
    let given = Arc::clone(&answer);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let bytes = given.lock().map(|bytes| bytes.clone());
            let _ = stream.write_all(&bytes.unwrap_or_default());
        }
    });
    let hook = format!("http://{address}/hook");
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let vars = [
        ("SERVICE_NAME", "fuzz".to_owned()),
        ("ALERT_WEBHOOK_URLS", hook.clone()),
        ("SMTP_HOST", host),
        ("SMTP_PORT", port),
        ("BONGSU_SMTP_TLS", "none".to_owned()),
        ("ALERT_EMAIL_FROM", "a@example.com".to_owned()),
        ("ALERT_EMAIL_TO", "b@example.com".to_owned()),
    ];
    let config = Config::from_vars(vars).expect("the variables are right");
    let runtime = Runtime::new().expect("a runtime can be made");
    Box::new(move |bytes| {
        if let Ok(mut answer) = answer.lock() {
            *answer = bytes.to_vec();
        }
        let tested = runtime.block_on(Bongsu::builder(config.clone()).test_alerts(None));
        let tested = tested.map_err(|error| error.to_string())?;
        let outcomes: Vec<String> = tested.iter().map(|one| super::word(&one.outcome)).collect();
        Ok(outcomes.join(" "))
    })
}
