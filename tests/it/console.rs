//! The console in a real browser: it loads, lives, acts, and comes back.

use std::{net::SocketAddr, sync::Arc};

use bongsu::{
    axum_glue::{ConsoleOptions, OpsPolicy, ServeOptions, console_router, serve},
    console::testing::FakeSource,
};
use bongsu_tests::Browser;
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};

/// A service that can be stopped and started on its port.
pub(crate) struct Site {
    pub(crate) source: Arc<FakeSource>,
    policy: OpsPolicy,
    runtime: Runtime,
    address: SocketAddr,
    running: Vec<JoinHandle<()>>,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::behind(OpsPolicy::loopback())
    }

    #[expect(clippy::disallowed_methods, reason = "a test at the present time")]
    pub(crate) fn behind(policy: OpsPolicy) -> Self {
        let mut site = Self {
            policy,
            source: Arc::new(FakeSource::new(jiff::Timestamp::now)),
            runtime: Runtime::new().unwrap(),
            address: "127.0.0.1:0".parse().unwrap(),
            running: Vec::new(),
        };
        site.serve();
        site
    }

    fn serve(&mut self) {
        let listener = self
            .runtime
            .block_on(TcpListener::bind(self.address))
            .unwrap();
        self.address = listener.local_addr().unwrap();
        let source = &self.source;
        let (router, publisher) = console_router(
            source.operator(),
            source.memory(),
            self.policy.clone(),
            ConsoleOptions::default(),
        );
        let never = std::future::pending();
        let served = async {
            serve(
                vec![(listener, router)],
                ServeOptions::default(),
                never,
                || {},
            )
            .await;
        };
        self.running = vec![
            self.runtime.spawn(served),
            self.runtime.spawn(publisher.run()),
        ];
    }

    /// Ends at once, as a crash does.
    pub(crate) fn stop(&mut self) {
        for task in self.running.drain(..) {
            task.abort();
            assert!(self.runtime.block_on(task).is_err());
        }
    }

    pub(crate) fn page(&self, path: &str) -> String {
        format!("http://{}/console{path}", self.address)
    }
}

const ACKNOWLEDGE: &str = "form[action='/console/acknowledge']";
const SILENCE: &str = "form[action='/console/silence']";

#[test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
fn a_person_at_the_console() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start();
    let browser = Browser::start(folder.path().join("profile"));
    browser.look((1440, 900), "light");
    browser.open(&site.page(""));

    // The first screen: everything on it, without scrolling, nothing that the policy forbids.
    assert_eq!(
        browser.run(
            "const d=document.documentElement;return [d.scrollWidth<=1440,d.scrollHeight<=900]"
        ),
        json!([true, true])
    );
    for panel in [
        "beacon",
        "session",
        "portfolio",
        "http",
        "resources",
        "alerts",
        "dependencies",
        "channels",
    ] {
        let seen = format!(
            "return document.getElementById('{panel}').getBoundingClientRect().bottom<=900"
        );
        assert_eq!(browser.run(&seen), json!(true), "{panel}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // It lives, and an open form with what was typed in it stays as it is.
    browser.run("window.seen=document.querySelector('.who time').dateTime");
    browser.click("details.act summary");
    browser.write(&format!("{ACKNOWLEDGE} [name=by]"), "minji");
    browser.until(
        "an update",
        "return document.querySelector('.who time').dateTime!==window.seen",
    );
    browser.until(
        "that it is live",
        "return document.getElementById('live').textContent==='live'",
    );
    assert_eq!(
        browser.run("const d=document.querySelector('details.act');return [d.open,d.querySelector('[name=by]').value,document.activeElement.name]"),
        json!([true, "minji", "by"])
    );

    // It acts, and remembers who.
    browser.click(&format!("{ACKNOWLEDGE} button"));
    browser.until(
        "the acknowledgment",
        "return document.body.innerText.includes('acknowledged by minji')",
    );
    browser.until(
        "the notice",
        "return document.querySelector('.notice').innerText.includes('Acknowledged.')",
    );
    browser.click("details.act summary");
    assert_eq!(
        browser.run("return document.querySelector('[name=by]').value"),
        json!("minji")
    );
    browser.write(&format!("{SILENCE} [name=reason]"), "known");
    browser.click(&format!("{SILENCE} button"));
    browser.until(
        "the silence",
        "return document.body.innerText.includes('silenced for')",
    );

    // It filters, and the tail moves on.
    browser.open(&site.page("/logs?level=error"));
    let levels = "const l=[...document.querySelectorAll('td.lv')];return l.length>0&&l.every(e=>e.textContent.includes('error'))";
    assert_eq!(browser.run(levels), json!(true));
    browser.run("window.seen=document.querySelector('#lines time').dateTime");
    browser.until(
        "newer lines",
        "return document.querySelector('#lines time').dateTime!==window.seen",
    );

    // It says that the service is gone, and comes back with it; its forms then carry the new token.
    browser.open(&site.page(""));
    browser.until(
        "that it is live",
        "return document.getElementById('live').className==='live on'",
    );
    site.stop();
    site.source = Arc::new(FakeSource::new(jiff::Timestamp::now));
    browser.until(
        "that it is lost",
        "return document.getElementById('live').className==='live off'",
    );
    site.serve();
    browser.until(
        "that it is back",
        "return document.getElementById('live').className==='live on'",
    );
    browser.click("details.act summary");
    browser.write(&format!("{ACKNOWLEDGE} [name=by]"), "-again");
    browser.click(&format!("{ACKNOWLEDGE} button"));
    browser.until(
        "the second acknowledgment",
        "return document.body.innerText.includes('acknowledged by minji-again')",
    );
    browser.complaints();

    // It is narrow and dark.
    for path in [
        "",
        "/alerts",
        "/trends",
        "/requests",
        "/logs",
        "/metrics",
        "/rules",
        "/reports",
        "/config",
    ] {
        browser.look((390, 844), "dark");
        browser.open(&site.page(path));
        assert_eq!(
            browser.run("return document.documentElement.scrollWidth<=390"),
            json!(true),
            "{path}"
        );
        let dark = "return getComputedStyle(document.body).backgroundColor";
        assert_eq!(browser.run(dark), json!("rgb(11, 16, 22)"), "{path}");
    }

    // It is read and acted upon without its script.
    browser.scripts(false);
    browser.open(&site.page(""));
    browser.click("details.act summary");
    browser.write(&format!("{SILENCE} [name=by]"), "soo");
    browser.write(&format!("{SILENCE} [name=reason]"), "no script");
    browser.click(&format!("{SILENCE} button"));
    browser.until_source("Silenced.");
    assert!(browser.source().contains("as loaded"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    site.stop();
}
