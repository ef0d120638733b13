//! From the page that is opened first to the cause, in a real browser, counting clicks.

use bongsu::console::{AlertDetail, FiringAlert, Level};
use bongsu_tests::Browser;
use serde_json::json;

use crate::console::Site;

/// Somebody who reads and clicks.
struct Person {
    browser: Browser,
    clicks: usize,
}

impl Person {
    fn click(&mut self, selector: &str) {
        self.browser.click(selector);
        self.clicks += 1;
    }

    #[track_caller]
    fn sees(&self, text: &str) {
        let script = format!("return document.body.innerText.includes({})", json!(text));
        self.browser.until(text, &script);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
fn full_disk() -> FiringAlert {
    FiringAlert {
        key: "resource|disk|/var".to_owned(),
        level: Level::Critical,
        title: "Disk almost full: /var".to_owned(),
        message: "97.1 % of /var is in use (threshold 95 %)".to_owned(),
        source: "resource_monitor".to_owned(),
        since: jiff::Timestamp::now(),
        count: 1,
        acknowledged_by: None,
        silenced_until: None,
        standing: bongsu::console::Standing {
            runbook: Some("https://wiki.example/runbooks/disk".to_owned()),
            ..Default::default()
        },
        detail: AlertDetail::default(),
    }
}

#[test]
fn from_the_first_page_to_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start();
    let browser = Browser::start(folder.path().join("profile"));
    browser.look((1440, 900), "light");
    let mut person = Person { browser, clicks: 0 };

    // A slow broker: what leans on what, and how it came, with the alert of it marked.
    person.browser.open(&site.page(""));
    person.sees("kis-broker-api");
    person.click("#dependencies a[href*='kis-broker-api']");
    person.sees("Answer time: kis-broker-api");
    person.sees("warning: kis-broker-api is degraded");
    assert!(person.clicks <= 2, "a slow broker: {}", person.clicks);

    // A burst of rejected orders: the group of errors, and its lines with their reasons.
    person.clicks = 0;
    person.browser.open(&site.page(""));
    person.sees("Errors in the log");
    person.click("#errors a.title");
    let lines =
        "return document.querySelectorAll('td.lv').length>0&&location.pathname==='/console/logs'";
    person.browser.until("its lines", lines);
    assert!(person.clicks <= 2, "rejected orders: {}", person.clicks);

    // A full disk: which one, how full, and what to do about it.
    person.clicks = 0;
    site.source.set_alerts(vec![full_disk()]);
    person.browser.open(&site.page(""));
    person.sees("97.1 % of /var is in use");
    person.click("#alerts a.title");
    person.sees("https://wiki.example/runbooks/disk");
    assert!(person.clicks <= 1, "a full disk: {}", person.clicks);
    // And from there to the figures around it.
    person.click("a[href*='/console/trends']");
    person.sees("critical: Disk almost full: /var");
    person.sees("Disk, host");
    assert_eq!(person.browser.complaints(), Vec::<String>::new());
    site.stop();
}

#[test]
fn a_chart_is_read_by_keys_and_by_pointer() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start();
    let browser = Browser::start(folder.path().join("profile"));
    browser.look((1440, 900), "light");
    browser.open(&site.page("/trends?range=15m"));
    let plot = "document.querySelector('.plot')";
    // Columns are compared, not clocks: the page is read anew meanwhile.
    let read = || {
        let said = browser.run(&format!(
            "const p={plot};return [p.parentElement.querySelector('.said').textContent,p.getAttribute('aria-valuetext'),p.getAttribute('aria-valuenow')]"
        ));
        let [said, heard, column] = [0, 1, 2].map(|at| said[at].as_str().unwrap().to_owned());
        assert_eq!(said, heard, "a screen reader hears what is shown");
        let clock = said.split(" · ").next().unwrap();
        assert!(
            clock.len() == 8 && clock.matches(':').count() == 2,
            "{said}"
        );
        column.parse::<usize>().unwrap()
    };
    let press = |key: &str| {
        browser.run(&format!(
            "const p={plot};p.focus();p.dispatchEvent(new KeyboardEvent('keydown',{{key:'{key}',bubbles:true}}))"
        ));
        read()
    };
    let last = press("End");
    assert_eq!(press("ArrowLeft"), last - 1);
    assert_eq!(press("ArrowRight"), last);
    assert_eq!(press("Home"), 0);
    assert_eq!(press("ArrowLeft"), 0, "it ends there");
    // The line stands on every chart.
    let drawn = "return [...document.querySelectorAll('.cursor')].every(c=>c.getAttribute('d')==='M0 0v400')";
    assert_eq!(browser.run(drawn), json!(true));
    // The pointer, in the middle of the picture.
    browser.run("const p=document.querySelector('.plot'),b=p.getBoundingClientRect();p.dispatchEvent(new PointerEvent('pointermove',{clientX:b.left+b.width/2,clientY:b.top+5,bubbles:true}))");
    let middle = read();
    assert!(middle.abs_diff(last / 2) <= 1, "{middle} of {last}");
    // It stays where it is while the page is read anew.
    browser.run("window.seen=document.getElementById('charts').dataset.end");
    browser.until(
        "an update",
        "return document.getElementById('charts').dataset.end!==window.seen",
    );
    assert_eq!(read(), middle);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    site.stop();
}
