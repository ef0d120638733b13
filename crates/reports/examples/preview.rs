//! Writes the sample report into a folder in every form, to look at it in a browser:
//! `cargo run -p bongsu-reports --features charts --example preview -- DIR`.

use std::path::PathBuf;

use bongsu_reports::DailySummary;
use bongsu_reports::i18n::Lang;
use bongsu_reports::render::{RenderOptions, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .ok_or("give the folder to write into")?,
    );
    std::fs::create_dir_all(&dir)?;
    for lang in [Lang::En, Lang::Ko] {
        let tag = lang.tag();
        for (name, summary) in [
            ("sample", DailySummary::sample()),
            ("unavailable", DailySummary::sample_unavailable()),
        ] {
            let report = render(&summary, &RenderOptions::default().lang(lang));
            let file = |suffix: &str| dir.join(format!("{name}.{tag}.{suffix}"));
            // A browser has no mail parts: the pictures become files beside the mail.
            let mut mail = report.html;
            for part in report.inline {
                let picture = format!("{name}.{tag}.{}", part.filename);
                std::fs::write(dir.join(&picture), &part.bytes)?;
                mail = mail.replace(&format!("cid:{}", part.cid), &picture);
            }
            std::fs::write(file("mail.html"), mail)?;
            std::fs::write(file("page.html"), report.preview_html)?;
            std::fs::write(file("txt"), report.text)?;
            std::fs::write(file("json"), report.json)?;
            std::fs::write(file("csv"), report.csv)?;
            std::fs::write(
                file("slack.json"),
                serde_json::to_string_pretty(&report.slack_blocks)?,
            )?;
        }
    }
    Ok(())
}
