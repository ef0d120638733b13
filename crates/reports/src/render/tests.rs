use super::*;
use crate::i18n::Lang;

#[test]
fn the_subject_is_fixed() {
    let report = render(
        &DailySummary::sample(),
        &RenderOptions::default().lang(Lang::Ko),
    );
    assert_eq!(report.subject, "Daily Trading Summary - 2026-05-28");
}
