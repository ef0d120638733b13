//! Reports as files: `FOLDER/2026-05-28/r0/{summary.json, mail.html, preview.html, report.txt, fills.csv, *.png}`.

use std::path::Path;

use jiff::civil::Date;

use super::{ReportEvent, ReportGenerator, Stage};
use crate::rendered::RenderedReport;
use crate::source::blocking;

impl ReportGenerator {
    /// Writes the report's files; a failure is told and stops nothing.
    pub(crate) async fn archive(&self, session: Date, revision: u32, report: &RenderedReport) {
        let Some(root) = self.inner.archive.clone() else {
            return;
        };
        let folder = root.join(session.to_string()).join(format!("r{revision}"));
        let report = report.clone();
        let failure = match blocking::run(move || write(&folder, &report)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        self.emit(ReportEvent::Failed {
            stage: Stage::Archive,
            session: Some(session),
            reason: failure,
        });
    }
}

fn write(folder: &Path, report: &RenderedReport) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let files = [
        ("summary.json", report.json.as_bytes()),
        ("mail.html", report.html.as_bytes()),
        ("preview.html", report.preview_html.as_bytes()),
        ("report.txt", report.text.as_bytes()),
        ("fills.csv", report.csv.as_bytes()),
    ];
    let parts = report
        .inline
        .iter()
        .map(|part| (file_name(&part.filename), part.bytes.as_slice()));
    for (name, bytes) in files.into_iter().chain(parts) {
        // Whole or not at all: another process may read the archive.
        let partial = folder.join(format!(".{name}.{}", std::process::id()));
        std::fs::write(&partial, bytes)?;
        std::fs::rename(&partial, folder.join(name))?;
    }
    Ok(())
}

/// The last part of a file name a renderer gave, so that it stays in the folder.
fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or("part")
}
