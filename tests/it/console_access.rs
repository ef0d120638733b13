//! Every page for everybody: axe finds nothing, in both languages, light and dark, wide and narrow.

use bongsu::axum_glue::OpsPolicy;
use bongsu_tests::Browser;
use serde_json::json;

use crate::console::Site;

const PAGES: &[&str] = &[
    "",
    "/alerts",
    "/alerts?key=risk%7Cvar",
    "/alerts?key=gone",
    "/trends",
    "/trends?key=resource%7Cmemory",
    "/requests",
    "/logs",
    "/logs?column=symbol",
    "/metrics",
    "/rules",
    "/reports",
    "/config",
];

/// Language, window and colours.
type Look = (
    &'static str,
    (u32, u32),
    &'static [(&'static str, &'static str)],
);

const LIGHT: &[(&str, &str)] = &[("prefers-color-scheme", "light")];
const DARK: &[(&str, &str)] = &[("prefers-color-scheme", "dark")];
const WIDE: (u32, u32) = (1280, 800);
const PHONE: (u32, u32) = (360, 780);

/// Between them each language, width and colour; with `BONGSU_TEST_EVERY_LOOK=true` all that can be made of them.
fn looks() -> Vec<Look> {
    let mut looks = vec![("en", WIDE, LIGHT), ("ko", PHONE, DARK)];
    if bongsu_testkit::asked("BONGSU_TEST_EVERY_LOOK", false) {
        looks.extend([
            ("en", PHONE, DARK),
            ("en", WIDE, DARK),
            ("en", PHONE, LIGHT),
        ]);
        looks.extend([
            ("ko", WIDE, LIGHT),
            ("ko", WIDE, DARK),
            ("ko", PHONE, LIGHT),
        ]);
    }
    looks
}

/// What is wrong, by page and look; nothing.
fn look(browser: &Browser, found: &mut Vec<String>, what: &str) {
    let wide = browser.run("return document.documentElement.scrollWidth-innerWidth");
    if wide.as_i64().unwrap() > 0 {
        found.push(format!("{what}: {wide} px wider than the window"));
    }
    let barriers = browser.barriers().into_iter();
    found.extend(barriers.map(|barrier| format!("{what}: {barrier}")));
}

/// Every page by the looks of this window.
fn every_page(window: (u32, u32)) {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start();
    let browser = Browser::start(folder.path().join("profile"));
    let mut found = Vec::new();
    let looks = looks().into_iter().filter(|(_, size, _)| *size == window);
    for (lang, size, preferred) in looks {
        browser.open(&site.page(&format!("/lang?to={lang}&back=/console/config")));
        browser.look_with(size, preferred);
        for path in PAGES {
            browser.open(&site.page(path));
            let what = format!("{path} {lang} {size:?} {preferred:?}");
            look(&browser, &mut found, &what);
        }
    }
    site.stop();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn axe_finds_nothing_on_any_page() {
    every_page(WIDE);
}

#[test]
fn axe_finds_nothing_on_a_phone() {
    every_page(PHONE);
}

#[test]
fn nor_on_what_is_seldom_seen() {
    let folder = tempfile::tempdir().unwrap();
    let browser = Browser::start(folder.path().join("profile"));
    let mut found = Vec::new();
    let token = OpsPolicy::token("a-token-of-some-length");
    let mut door = Site::behind(token);
    let mut site = Site::start();
    for (lang, size, preferred) in looks() {
        browser.open(&site.page(&format!("/lang?to={lang}&back=/console/config")));
        browser.look_with(size, preferred);
        browser.open(&door.page(""));
        look(
            &browser,
            &mut found,
            &format!("the door {size:?} {preferred:?}"),
        );
        // A form that is refused comes back, with why.
        browser.open(&site.page("/config"));
        browser.run("document.querySelector('form[action$=level]').submit()");
        browser.until(
            "the refusal",
            "return !!document.querySelector('[role=alert]')",
        );
        look(
            &browser,
            &mut found,
            &format!("a refusal {size:?} {preferred:?}"),
        );
        for dialog in ["palette", "keys"] {
            browser.open(&site.page("/rules"));
            browser.run(&format!("document.getElementById('{dialog}').showModal()"));
            look(
                &browser,
                &mut found,
                &format!("{dialog} {size:?} {preferred:?}"),
            );
        }
    }
    // Who wants more contrast, or less motion, has it.
    browser.look_with(
        (1280, 800),
        &[
            ("prefers-contrast", "more"),
            ("prefers-reduced-motion", "reduce"),
        ],
    );
    browser.open(&site.page(""));
    look(&browser, &mut found, "more contrast");
    let moving = "return document.getAnimations().filter(a=>a.playState==='running').length";
    assert_eq!(browser.run(moving), json!(0));
    assert_eq!(found, Vec::<String>::new());
    door.stop();
    site.stop();
}
