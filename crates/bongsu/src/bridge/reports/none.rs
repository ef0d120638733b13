//! A part that is not compiled in has nothing to do with the report.

use bongsu_reports::ReportGeneratorBuilder;

use super::Wiring;

pub(super) fn wire(builder: ReportGeneratorBuilder, _: &mut Wiring<'_>) -> ReportGeneratorBuilder {
    builder
}
