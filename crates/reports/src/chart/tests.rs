use super::{Canvas, Palette, charts};
use crate::DailySummary;
use crate::render::RenderOptions;

#[test]
fn the_sample_has_four_charts() {
    let charts = charts(&DailySummary::sample(), &RenderOptions::default());
    let ids: Vec<_> = charts.iter().map(|chart| chart.id()).collect();
    assert_eq!(ids, ["equity", "drawdown", "pnl", "intraday"]);
    for chart in &charts {
        assert!(
            chart
                .svg(&Canvas::MAIL, &Palette::LIGHT)
                .ends_with("</svg>")
        );
    }
}
