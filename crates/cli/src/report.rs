//! `report preview`, `send`, `resend` and `rebuild`: reports by hand, while the service is stopped: its data
//! folder belongs to one process.

use std::path::Path;

use bongsu::reports::{DeliveryReport, RenderedReport, ReportGenerator, summary::PeriodKind};
use jiff::civil::Date;

use crate::{Failure, builder, line::Line, say};

enum Request {
    Preview {
        day: Date,
        out: String,
        period: Option<PeriodKind>,
    },
    Send {
        day: Date,
        recompute: bool,
    },
    Resend {
        day: Date,
    },
    Rebuild {
        from: Option<Date>,
    },
}

pub(crate) async fn run(line: Line) -> Result<(), Failure> {
    let request = request(line)?;
    let bongsu = builder()?.report_schedule(false).start().await?;
    let done = match bongsu.reports() {
        Some(reports) => answer(reports, &request).await,
        None => Err("DATABASE_URL is not set: there is no source of figures".to_owned()),
    };
    bongsu.shutdown().await;
    done.map_err(Failure::undone)
}

fn request(mut line: Line) -> Result<Request, Failure> {
    let what = line.wanted("preview, send, resend or rebuild")?;
    let request = match what.as_str() {
        "preview" => Request::Preview {
            out: line
                .option("--out")?
                .unwrap_or_else(|| "report-preview".to_owned()),
            period: period(&mut line)?,
            day: day(&mut line)?,
        },
        "send" => Request::Send {
            recompute: line.flag("--recompute"),
            day: day(&mut line)?,
        },
        "resend" => Request::Resend {
            day: day(&mut line)?,
        },
        "rebuild" => {
            let from = line.option("--from")?;
            let from = from.map(|from| date("--from", &from)).transpose()?;
            Request::Rebuild { from }
        }
        other => {
            return Err(Failure::Usage(format!(
                "report {other:?}: there are preview, send, resend and rebuild"
            )));
        }
    };
    line.end()?;
    Ok(request)
}

fn day(line: &mut Line) -> Result<Date, Failure> {
    let text = line.wanted("DATE")?;
    date("DATE", &text)
}

fn date(what: &str, text: &str) -> Result<Date, Failure> {
    let date = Date::strptime("%Y-%m-%d", text);
    date.map_err(|_| {
        Failure::Usage(format!(
            "{what}: {text:?} is no date: write it as 2026-05-28"
        ))
    })
}

fn period(line: &mut Line) -> Result<Option<PeriodKind>, Failure> {
    let Some(word) = line.option("--period")? else {
        return Ok(None);
    };
    let all = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Year];
    let found = all.into_iter().find(|kind| kind.as_str() == word);
    let found = found.ok_or_else(|| {
        Failure::Usage(format!(
            "--period: {word:?} is none of week, month and year"
        ))
    });
    found.map(Some)
}

async fn answer(reports: &ReportGenerator, request: &Request) -> Result<(), String> {
    if !matches!(request, Request::Resend { .. }) {
        let source = reports.expect_source().await;
        source.map_err(|error| error.chain())?;
    }
    match *request {
        Request::Preview {
            day,
            ref out,
            period,
        } => {
            let reports = match period {
                None => reports,
                Some(kind) => reports.periodic(kind).ok_or_else(|| {
                    format!(
                        "the report of a {} is not asked for by any variable",
                        kind.as_str()
                    )
                })?,
            };
            let summary = reports.generate_daily_summary(day).await;
            let summary = summary.map_err(|error| error.chain())?;
            let folder = Path::new(out);
            write(&reports.render(&summary).await, folder)
                .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
            say(&format!(
                "Nothing was sent. Look at {}",
                folder.join("preview.html").display()
            ));
            Ok(())
        }
        Request::Send { day, recompute } => {
            let summary = match recompute {
                true => reports.recompute(day).await,
                false => reports.generate_daily_summary(day).await,
            };
            let summary = summary.map_err(|error| error.chain())?;
            tell(&reports.send_daily_report(&summary).await)
        }
        Request::Resend { day } => tell(&reports.resend(day).await.map_err(|error| error.chain())?),
        Request::Rebuild { from } => {
            let rows = reports.rebuild(from).await.map_err(|error| error.chain())?;
            let since = from.map_or_else(|| "the beginning".to_owned(), |from| from.to_string());
            say(&format!(
                "Positions since {since} are computed anew from {rows} rows."
            ));
            Ok(())
        }
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
        let state = delivery.state.as_str();
        say(&format!("{} to {}: {state}", key.channel, key.recipient));
    }
    match sent.all_delivered() {
        true => Ok(()),
        false => Err("not everything was delivered".to_owned()),
    }
}
