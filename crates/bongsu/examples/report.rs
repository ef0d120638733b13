//! The daily report by hand: `cargo xtask report preview|send|resend|rebuild`.
//!
//! Usage: `report <preview|send|resend> <YYYY-MM-DD> [--out <folder>] [--recompute]`, or
//! `report rebuild [--from <YYYY-MM-DD>]` for the kept positions, with the service's own environment (`DATABASE_URL`, `SMTP_…`, `SLACK_…`), while the service is stopped: its
//! data folder belongs to one process. Of a running one, `/admin/reports/{date}` and its `resend`.

use std::{path::Path, process::ExitCode};

use bongsu::{
    Bongsu, Config, Error,
    reports::{DeliveryReport, RenderedReport, ReportGenerator},
};
use jiff::civil::Date;

enum Request {
    /// `preview`, `send` or `resend` of a session.
    Report {
        what: String,
        session: Date,
        out: String,
        recompute: bool,
    },
    /// Positions computed anew, from a session on or from the first trade.
    Rebuild { from: Option<Date> },
}

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), Error> {
    let request = request().map_err(Error::service)?;
    let bongsu = Bongsu::builder(Config::from_env()?)
        .report_schedule(false)
        .start()
        .await?;
    let done = match bongsu.reports() {
        Some(reports) => answer(reports, &request).await,
        None => Err("DATABASE_URL is not set: there is no source of figures".to_owned()),
    };
    bongsu.shutdown().await;
    done.map_err(Error::service)
}

const USAGE: &str = "usage: report <preview|send|resend> <YYYY-MM-DD> [--out <folder>] [--recompute]\n       \
                     report rebuild [--from <YYYY-MM-DD>]";

fn request() -> Result<Request, String> {
    let mut args = std::env::args().skip(1);
    let what = args.next().ok_or(USAGE)?;
    if what == "rebuild" {
        let from = match (args.next().as_deref(), args.next(), args.next()) {
            (None, ..) => None,
            (Some("--from"), Some(day), None) => Some(date(&day)?),
            _ => return Err(USAGE.to_owned()),
        };
        return Ok(Request::Rebuild { from });
    }
    if !["preview", "send", "resend"].contains(&what.as_str()) {
        return Err(USAGE.to_owned());
    }
    let session = date(&args.next().ok_or(USAGE)?)?;
    let (mut out, mut recompute) = ("report-preview".to_owned(), false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--out" => out = args.next().ok_or(USAGE)?,
            "--recompute" => recompute = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(Request::Report {
        what,
        session,
        out,
        recompute,
    })
}

fn date(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a date, e.g. 2026-05-28"))
}

async fn answer(reports: &ReportGenerator, request: &Request) -> Result<(), String> {
    let (what, session, out, recompute) = match request {
        Request::Report {
            what,
            session,
            out,
            recompute,
        } => (what.as_str(), *session, out, *recompute),
        Request::Rebuild { from } => {
            let read = reports.rebuild(*from).await.map_err(|e| e.chain())?;
            say(&format!("Positions are computed anew from {read} rows."));
            return Ok(());
        }
    };
    match what {
        "preview" => {
            let summary = reports
                .generate_daily_summary(session)
                .await
                .map_err(|e| e.chain())?;
            let folder = Path::new(out);
            write(&reports.render(&summary).await, folder)
                .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
            say(&format!(
                "Nothing was sent. Look at {}",
                folder.join("preview.html").display()
            ));
            Ok(())
        }
        "send" => {
            let summary = if recompute {
                reports.recompute(session).await
            } else {
                reports.generate_daily_summary(session).await
            };
            let summary = summary.map_err(|e| e.chain())?;
            tell(&reports.send_daily_report(&summary).await)
        }
        _ => tell(&reports.resend(session).await.map_err(|e| e.chain())?),
    }
}

fn write(report: &RenderedReport, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("preview.html"), &report.preview_html)?;
    std::fs::write(folder.join("mail.html"), &report.html)?;
    std::fs::write(folder.join("report.txt"), &report.text)?;
    std::fs::write(folder.join("summary.json"), &report.json)?;
    std::fs::write(folder.join("fills.csv"), &report.csv)?;
    for part in &report.inline {
        std::fs::write(folder.join(&part.filename), &part.bytes)?;
    }
    Ok(())
}

/// Says what became of each delivery; anything that did not arrive is a failure.
fn tell(sent: &DeliveryReport) -> Result<(), String> {
    if sent.deliveries.is_empty() {
        return Err("nobody receives reports: set SMTP_HOST or SLACK_WEBHOOK_URL".to_owned());
    }
    for delivery in &sent.deliveries {
        let key = &delivery.key;
        say(&format!(
            "{} to {}: {}",
            key.channel,
            key.recipient,
            delivery.state.as_str()
        ));
    }
    if sent.all_delivered() {
        Ok(())
    } else {
        Err("not everything was delivered".to_owned())
    }
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn say(text: &str) {
    println!("{text}");
}
