//! A headless Chromium, driven through WebDriver as the distribution ships it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::PATIENCE;

/// The rules of axe, as they are published.
const AXE: &str = include_str!("axe/axe.min.js");

/// A browser with a profile of its own, gone when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts a driver and a browser.
    ///
    /// # Panics
    ///
    /// Without the packages `chromium` and `chromium-driver`; `cargo xtask test` installs them.
    pub fn start(profile: PathBuf) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let driver = Command::new("/usr/bin/chromedriver")
            .args([format!("--port={port}"), "--silent".to_owned()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let driver = driver.expect("chromium-driver is installed by `cargo xtask test`");
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            profile,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "the driver does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &format!("--user-data-dir={}", browser.profile.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let session = browser.ask("POST", "/session", &wanted);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    /// Opens an address and waits until it is loaded.
    pub fn open(&self, address: &str) {
        self.command("POST", "/url", &json!({"url": address}));
    }

    /// What the body of a function returns in the page.
    pub fn run(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.command("POST", "/execute/sync", &body)
    }

    /// Waits until a script returns true.
    ///
    /// # Panics
    ///
    /// When it does not in time.
    #[track_caller]
    pub fn until(&self, what: &str, script: &str) {
        let started = Instant::now();
        while self.run(script) != json!(true) {
            let text = || self.run("return document.body.innerText");
            assert!(
                started.elapsed() < PATIENCE,
                "not seen: {what} in {}",
                text()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What axe finds wrong with the page, with everything that folds open.
    pub fn barriers(&self) -> Vec<String> {
        if self.run("return typeof axe") == json!("undefined") {
            self.run(&format!("{AXE};window.axe=axe"));
        }
        let found = self.run(
            "document.querySelectorAll('details').forEach(fold => { fold.open = true; });\
             return axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations.map(rule =>\
             rule.id + ': ' + rule.nodes.slice(0, 4).map(node => node.html + ' ' + node.failureSummary).join(' | ')))",
        );
        let found = found.as_array().unwrap().iter();
        found
            .map(|rule| rule.as_str().unwrap().to_owned())
            .collect()
    }

    /// Makes the window so wide and high, light or dark.
    pub fn look(&self, size: (u32, u32), scheme: &str) {
        self.look_with(size, &[("prefers-color-scheme", scheme)]);
    }

    /// Makes the window so wide and high, for somebody who prefers these.
    pub fn look_with(&self, (width, height): (u32, u32), preferred: &[(&str, &str)]) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.protocol("Emulation.setDeviceMetricsOverride", &size);
        let features = preferred.iter();
        let features = features.map(|(name, value)| json!({"name": name, "value": value}));
        let features = json!({ "features": features.collect::<Vec<_>>() });
        self.protocol("Emulation.setEmulatedMedia", &features);
    }

    /// Whether pages may run scripts from now on.
    pub fn scripts(&self, on: bool) {
        self.protocol(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": !on}),
        );
    }

    /// A click on the first element that a selector finds, as a user's.
    pub fn click(&self, selector: &str) {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.command("POST", "/element", &wanted);
        let id = found.as_object().unwrap().values().next().unwrap();
        let path = format!("/element/{}/click", id.as_str().unwrap());
        self.command("POST", &path, &json!({}));
    }

    /// Types into the first element that a selector finds.
    pub fn write(&self, selector: &str, text: &str) {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.command("POST", "/element", &wanted);
        let id = found.as_object().unwrap().values().next().unwrap();
        let path = format!("/element/{}/value", id.as_str().unwrap());
        self.command("POST", &path, &json!({"text": text}));
    }

    /// Waits until the page's source contains a text: for a page whose scripts are off.
    ///
    /// # Panics
    ///
    /// When it does not in time.
    #[track_caller]
    pub fn until_source(&self, text: &str) {
        let started = Instant::now();
        while !self.source().contains(text) {
            assert!(
                started.elapsed() < PATIENCE,
                "{text:?} is not in {}",
                self.source()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The page as the browser has it.
    pub fn source(&self) -> String {
        let source = self.command("GET", "/source", &Value::Null);
        source.as_str().unwrap().to_owned()
    }

    /// What the browser complained of since it was last asked.
    pub fn complaints(&self) -> Vec<String> {
        let lines = self.command("POST", "/se/log", &json!({"type": "browser"}));
        let lines = lines.as_array().unwrap().iter();
        lines.map(|line| line["message"].to_string()).collect()
    }

    fn protocol(&self, command: &str, parameters: &Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.command("POST", "/goog/cdp/execute", &body);
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while {
            line.clear();
            answer.read_line(&mut line).unwrap()
        } > 0
            && line != "\r\n"
        {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).unwrap();
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.command("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
