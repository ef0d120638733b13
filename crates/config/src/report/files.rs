//! The files that the report's configuration names.

pub(super) use bongsu_reports::{calendar::Calendar, source::Mapping};

use super::{Findings, ReportConfig};

/// Reads them: what is wrong with one is told at the start, with its line.
pub(super) fn read(report: &mut ReportConfig, findings: &mut Findings) {
    if let Some(path) = &report.calendar_file {
        match Calendar::from_file(path) {
            Ok(calendar) => report.calendar = calendar,
            Err(error) => findings.problem("BONGSU_CALENDAR", bongsu_text::chain(&error)),
        }
    }
    if let Some(path) = &report.mapping_file {
        let read = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
            .and_then(|text| text.parse().map_err(|error| format!("{error}")));
        match read {
            Ok(mapping) => report.mapping = mapping,
            Err(problem) => findings.problem("BONGSU_REPORT_MAPPING", problem),
        }
    }
}
