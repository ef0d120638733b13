//! The page on paper and the mail at its narrowest, in a real browser.

use std::path::Path;
use std::process::Command;

use bongsu_reports::i18n::Lang;
use bongsu_reports::render::{RenderOptions, render};
use bongsu_reports::{DailySummary, RenderedReport};

/// Runs Chromium to its end on a file, in a profile of its own.
fn chromium(folder: &Path, file: &str, arguments: &[&str]) -> String {
    let done = Command::new("timeout")
        .args(["120", "/usr/bin/chromium", "--headless=new", "--no-sandbox"])
        .args(["--disable-gpu", "--hide-scrollbars"])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(arguments)
        .arg(format!("file://{}", folder.join(file).display()))
        .output()
        .expect("chromium is installed by `cargo xtask test`");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    String::from_utf8(done.stdout).unwrap()
}

fn sample(lang: Lang) -> RenderedReport {
    let options = RenderOptions::default().lang(lang);
    render(&DailySummary::sample(), &options)
}

#[test]
fn the_page_prints_on_few_sheets_of_a4() {
    let folder = tempfile::tempdir().unwrap();
    for lang in [Lang::En, Lang::Ko] {
        std::fs::write(folder.path().join("page.html"), sample(lang).preview_html).unwrap();
        let pdf = folder.path().join("page.pdf");
        let into = format!("--print-to-pdf={}", pdf.display());
        chromium(
            folder.path(),
            "page.html",
            &["--no-pdf-header-footer", &into],
        );
        let pdf = String::from_utf8_lossy(&std::fs::read(&pdf).unwrap()).into_owned();
        let sheets = pdf.matches("/MediaBox [").count();
        assert!((3..=6).contains(&sheets), "{lang:?}: {sheets} sheets");
        let a4 = pdf.matches("/MediaBox [0 0 59").count();
        assert_eq!(a4, sheets, "{lang:?}");
    }
}

#[test]
fn nothing_of_the_mail_is_wider_than_640() {
    const MEASURE: &str = "<script>document.title = 'wide ' + \
        [...document.querySelectorAll('*')].filter(it => it.getBoundingClientRect().right > 640) \
        .map(it => it.tagName + ':' + it.innerText.slice(0, 40)).join(';') + ' end'</script></body>";
    let folder = tempfile::tempdir().unwrap();
    for lang in [Lang::En, Lang::Ko] {
        let mail = sample(lang).html.replace("</body>", MEASURE);
        std::fs::write(folder.path().join("mail.html"), mail).unwrap();
        let arguments = ["--window-size=640,900", "--dump-dom"];
        let page = chromium(folder.path(), "mail.html", &arguments);
        let (_, told) = page.split_once("<title>wide ").expect("the script ran");
        let (wide, _) = told.split_once(" end").unwrap();
        assert_eq!(wide, "", "{lang:?}");
    }
}

/// A table that is wider than its card would be cut in the middle of a figure.
#[test]
fn no_table_of_the_page_is_cut() {
    const MEASURE: &str = "<script>addEventListener('load', () => parent.postMessage( \
        [...document.querySelectorAll('.scroll')].filter(it => it.scrollWidth > it.clientWidth + 1) \
        .map(it => it.ariaLabel + ' ' + it.scrollWidth + '/' + it.clientWidth).join(';'), '*'))\
        </script></body>";
    // A window is never as narrow as a phone; a frame in it is.
    const FRAMES: &str = "<title>none</title><script>const all = []; \
        addEventListener('message', told => { all.push(told.data); \
        document.title = all.length + ' told ' + all.join('') + ' end' })</script>\
        <iframe src=page.html width=1280></iframe><iframe src=page.html width=800></iframe>\
        <iframe src=page.html width=500></iframe><iframe src=page.html width=360></iframe>";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("frames.html"), FRAMES).unwrap();
    for lang in [Lang::En, Lang::Ko] {
        let page = sample(lang).preview_html.replace("</body>", MEASURE);
        std::fs::write(folder.path().join("page.html"), page).unwrap();
        let arguments = ["--virtual-time-budget=5000", "--dump-dom"];
        let page = chromium(folder.path(), "frames.html", &arguments);
        let (_, told) = page.split_once("<title>4 told ").expect("every frame told");
        let (cut, _) = told.split_once(" end").unwrap();
        assert_eq!(cut, "", "{lang:?}");
    }
}
