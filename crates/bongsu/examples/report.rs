//! The daily report by hand: `cargo xtask report preview|send|resend`.
//!
//! Usage: `report <preview|send|resend> <YYYY-MM-DD> [--out <folder>] [--recompute]`, with the
//! service's own environment (`DATABASE_URL`, `SMTP_…`, `SLACK_…`), while the service is stopped: its
//! data folder belongs to one process. Of a running one, `/admin/reports/{date}` and its `resend`.

use std::{path::Path, process::ExitCode};

use bongsu::{
    Bongsu, Config, Error,
    reports::{DeliveryReport, RenderedReport, ReportGenerator},
};
use jiff::civil::Date;

struct Request {
    what: String,
    session: Date,
    out: String,
    recompute: bool,
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

fn request() -> Result<Request, String> {
    let usage = "usage: report <preview|send|resend> <YYYY-MM-DD> [--out <folder>] [--recompute]";
    let mut args = std::env::args().skip(1);
    let (Some(what), Some(session)) = (args.next(), args.next()) else {
        return Err(usage.to_owned());
    };
    if !["preview", "send", "resend"].contains(&what.as_str()) {
        return Err(usage.to_owned());
    }
    let session = session
        .parse()
        .map_err(|_| format!("{session:?} is not a date, e.g. 2026-05-28"))?;
    let mut request = Request {
        what,
        session,
        out: "report-preview".to_owned(),
        recompute: false,
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--out" => request.out = args.next().ok_or(usage)?,
            "--recompute" => request.recompute = true,
            _ => return Err(usage.to_owned()),
        }
    }
    Ok(request)
}

async fn answer(reports: &ReportGenerator, request: &Request) -> Result<(), String> {
    let session = request.session;
    match request.what.as_str() {
        "preview" => {
            let summary = reports
                .generate_daily_summary(session)
                .await
                .map_err(|e| e.chain())?;
            let folder = Path::new(&request.out);
            write(&reports.render(&summary).await, folder)
                .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
            say(&format!(
                "Nothing was sent. Look at {}",
                folder.join("preview.html").display()
            ));
            Ok(())
        }
        "send" => {
            let summary = if request.recompute {
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
