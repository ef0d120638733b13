use rust_decimal::Decimal;

use super::{Canvas, Chart, Palette, charts};
use crate::DailySummary;
use crate::i18n::Lang;
use crate::render::RenderOptions;
use crate::summary::{Performer, RatioPoint};

fn sample(lang: Lang) -> Vec<Chart> {
    charts(
        &DailySummary::sample(),
        &RenderOptions::default().lang(lang),
    )
}

#[test]
fn the_sample_has_four_charts_with_words() {
    let charts = sample(Lang::En);
    let ids: Vec<_> = charts.iter().map(Chart::id).collect();
    assert_eq!(ids, ["equity", "drawdown", "pnl", "intraday"]);
    assert_eq!(charts[0].title(), "Equity curve");
    assert!(
        charts[0].alt().contains("₩495,426,094"),
        "{}",
        charts[0].alt()
    );
    assert!(
        charts[2].alt().contains("▼ -376,867"),
        "{}",
        charts[2].alt()
    );
}

#[test]
fn without_data_there_is_no_chart() {
    assert_eq!(
        charts(
            &DailySummary::sample_unavailable(),
            &RenderOptions::default()
        ),
        []
    );
    let mut one = DailySummary::sample();
    one.series.equity.truncate(1);
    one.series.drawdown.clear();
    one.series.realised_intraday.clear();
    one.top_performers.by_ticker.clear();
    assert_eq!(charts(&one, &RenderOptions::default()), []);
}

#[test]
fn a_benchmark_without_matching_dates_is_left_out() {
    let mut summary = DailySummary::sample();
    summary.series.benchmark.clear();
    let svg = charts(&summary, &RenderOptions::default())[0].svg(&Canvas::WIDE, &Palette::LIGHT);
    assert!(!svg.contains("KOSPI") && !svg.contains("stroke-dasharray"));
}

/// Numbers that follow a word in an SVG.
fn numbers(svg: &str, before: &str) -> Vec<f64> {
    let parts = svg.split(before).skip(1);
    let texts = parts.map(|part| part.split('"').next().unwrap());
    texts.map(|text| text.parse().unwrap()).collect()
}

/// A label far from its dot would pass for that of another point.
#[test]
fn the_deepest_drawdown_has_its_label_beside_it() {
    let mut summary = DailySummary::sample();
    let day = |i: i32| {
        summary
            .session
            .date
            .saturating_sub(jiff::Span::new().days(240 - i))
    };
    // Down and up again all over, the deepest at a place that moves.
    for deepest in [3, 40, 77, 120, 200, 236] {
        let points = (0..240).map(|i| RatioPoint {
            date: day(i),
            value: match i {
                i if i == deepest => -0.01,
                i => -0.0009 * f64::from((i * 7) % 11),
            },
        });
        let points: Vec<_> = points.collect();
        summary.series.drawdown = points;
        let all = charts(&summary, &RenderOptions::default());
        let chart = all.iter().find(|chart| chart.id == "drawdown").unwrap();
        for canvas in [Canvas::MAIL, Canvas::WIDE, Canvas::NARROW] {
            let svg = chart.svg(&canvas, &Palette::LIGHT);
            let dot = (
                numbers(&svg, "<circle cx=\"")[0],
                numbers(&svg, "\" cy=\"")[0],
            );
            let (_, label) = svg.split_once("paint-order=\"stroke\"").unwrap();
            let label = (
                numbers(label, "<text x=\"")[0],
                numbers(label, "\" y=\"")[0],
            );
            let wide = super::svg::width("-1.00%", canvas.font_size);
            let off = (dot.0 - label.0).max(label.0 - dot.0 - wide).abs();
            let most = canvas.font_size * 8.0;
            assert!(
                off < most && (dot.1 - label.1).abs() < most,
                "{deepest}: {dot:?} {label:?}"
            );
        }
    }
}

/// An account that only gained has a line at zero, on an axis that can be read.
#[test]
fn a_drawdown_of_nothing_has_an_axis() {
    let mut summary = DailySummary::sample();
    for point in &mut summary.series.drawdown {
        point.value = 0.0;
    }
    let all = charts(&summary, &RenderOptions::default());
    let chart = all.iter().find(|chart| chart.id == "drawdown").unwrap();
    let svg = chart.svg(&Canvas::WIDE, &Palette::LIGHT);
    assert_eq!(svg.matches(">0%<").count(), 1, "{svg}");
    assert!(svg.contains(">-1.00%<"), "{svg}");
}

#[test]
fn a_report_of_a_longer_time_shows_no_single_day() {
    let mut summary = DailySummary::sample();
    summary.period = Some(crate::summary::PeriodKind::Month);
    let all = charts(&summary, &RenderOptions::default());
    let shown: Vec<_> = all.iter().map(|chart| chart.id).collect();
    assert_eq!(shown, ["equity", "drawdown"]);
}

#[test]
fn a_long_account_name_leaves_room_for_the_benchmark() {
    let mut summary = DailySummary::sample();
    summary.account = Some("한국초장기성장가치배당우선주알파".into());
    let chart = charts(&summary, &RenderOptions::default()).remove(0);
    let svg = chart.svg(&Canvas::NARROW, &Palette::LIGHT);
    let text = svg
        .split("<text x=\"")
        .find(|text| text.contains("KOSPI"))
        .unwrap();
    let start: f64 = text.split('"').next().unwrap().parse().unwrap();
    assert!(
        start + super::svg::width("KOSPI (rebased)", 12.0) <= Canvas::NARROW.width,
        "{start}"
    );
    assert!(svg.contains("…</text>"), "the account's name is cut");
}

#[test]
fn many_symbols_keep_the_best_and_the_worst() {
    let mut summary = DailySummary::sample();
    summary.top_performers.by_ticker = (0..40)
        .map(|i| Performer {
            ticker: format!("{i:06}"),
            name: None,
            realised: Decimal::from(2_000 - 100 * i),
            return_on_cost: crate::Figure::Known(0.0),
            closed: 1,
        })
        .collect();
    let svg = charts(&summary, &RenderOptions::default())[2].svg(&Canvas::MAIL, &Palette::LIGHT);
    for shown in ["000000", "000005", "000034", "000039", "and 28 more"] {
        assert!(svg.contains(shown), "{shown}");
    }
    assert!(!svg.contains("000006") && !svg.contains("000033"));
}

#[test]
fn long_series_keep_their_extremes_and_stay_small() {
    let mut summary = DailySummary::sample();
    let start = jiff::civil::date(2016, 1, 4);
    summary.series.drawdown = (0..3_000)
        .map(|i| RatioPoint {
            date: start.saturating_add(jiff::Span::new().days(i)),
            value: if i == 1_501 {
                -0.5
            } else {
                -0.001 * (i % 7) as f64
            },
        })
        .collect();
    let chart = charts(&summary, &RenderOptions::default()).remove(1);
    let svg = chart.svg(&Canvas::WIDE, &Palette::LIGHT);
    assert!(svg.len() < 20_000, "{}", svg.len());
    assert!(svg.contains("-50.00%"), "the deepest point is labelled");
    assert!(
        svg.contains("2016-01") && svg.contains("2024-03"),
        "years on the axis"
    );
}

#[cfg(feature = "charts")]
mod drawn {
    use proptest::prelude::*;
    use resvg::tiny_skia::Pixmap;
    use resvg::usvg::{Group, Node};

    use super::*;
    use crate::chart::png::{parse, png};
    use crate::render::Units;
    use crate::summary::MoneyPoint;

    #[test]
    fn a_png_has_the_right_size_and_a_picture() {
        for chart in sample(Lang::Ko) {
            let svg = chart.svg(&Canvas::MAIL, &Palette::LIGHT);
            let picture = Pixmap::decode_png(&png(&svg, 1.5).unwrap()).unwrap();
            assert_eq!(picture.width(), 900, "{}", chart.id());
            if chart.id() != "pnl" {
                assert_eq!(picture.height(), 375, "{}", chart.id());
            }
            let pixels = picture.pixels();
            let white = pixels
                .iter()
                .filter(|p| p.red() == 255 && p.blue() == 255)
                .count();
            let drawn = 1.0 - white as f64 / pixels.len() as f64;
            assert!(
                (0.01..0.6).contains(&drawn),
                "{}: {drawn} of the picture is drawn",
                chart.id()
            );
        }
    }

    #[test]
    fn gains_and_losses_have_their_colours() {
        let chart = sample(Lang::En).remove(2);
        let svg = chart.svg(&Canvas::MAIL, &Palette::LIGHT);
        let picture = Pixmap::decode_png(&png(&svg, 1.0).unwrap()).unwrap();
        let count = |(r, g, b)| {
            picture
                .pixels()
                .iter()
                .filter(|p| (p.red(), p.green(), p.blue()) == (r, g, b))
                .count()
        };
        assert!(count((0xc9, 0x2a, 0x2a)) > 100, "red bars");
        assert!(count((0x18, 0x64, 0xab)) > 100, "blue bars");
    }

    #[test]
    fn bad_sizes_and_texts_are_errors() {
        assert!(png("<svg", 1.0).is_err());
        let svg = sample(Lang::En)[0].svg(&Canvas::MAIL, &Palette::LIGHT);
        assert!(png(&svg, 0.0).is_err());
        assert!(png(&svg, 1_000.0).is_err());
    }

    /// Every glyph of every text: glyph 0 is the empty box of a character that the font lacks.
    fn missing_glyphs(group: &Group, missing: &mut Vec<String>, drawn: &mut usize) {
        for node in group.children() {
            match node {
                Node::Group(group) => missing_glyphs(group, missing, drawn),
                Node::Text(text) => {
                    for glyph in text
                        .layouted()
                        .iter()
                        .flat_map(|span| &span.positioned_glyphs)
                    {
                        *drawn += 1;
                        if glyph.id.0 == 0 {
                            missing.push(glyph.text.clone());
                        }
                    }
                }
                Node::Path(_) | Node::Image(_) => {}
            }
        }
    }

    fn check_glyphs(svg: &str, at_least: usize) {
        let (mut missing, mut drawn) = (Vec::new(), 0);
        missing_glyphs(parse(svg).unwrap().root(), &mut missing, &mut drawn);
        assert!(missing.is_empty(), "the font lacks {missing:?}");
        assert!(drawn >= at_least, "only {drawn} glyphs drawn");
    }

    #[test]
    fn every_glyph_drawn_is_in_the_font() {
        for lang in [Lang::En, Lang::Ko] {
            for units in [Units::Full, Units::Short] {
                let mut summary = DailySummary::sample();
                summary.account = Some("계좌 \u{2212} 漢字 🚀 é".into());
                summary.top_performers.by_ticker[0].name = Some("밝힘 \u{7}뷁 \u{1f4a9}".into());
                for chart in charts(&summary, &RenderOptions::default().lang(lang).units(units)) {
                    check_glyphs(&chart.svg(&Canvas::MAIL, &Palette::LIGHT), 20);
                }
            }
        }
    }

    #[test]
    fn every_character_called_drawable_is_in_the_font() {
        use crate::chart::svg::{drawable, escape};
        let all: String = ('\u{20}'..='\u{ffff}')
            .filter(|c| drawable(*c) && *c != ' ')
            .collect();
        assert!(all.chars().count() > 11_172 + 94);
        // In lines, so that the text is laid out in reasonable time.
        let characters: Vec<char> = all.chars().collect();
        let lines: String = characters
            .chunks(200)
            .map(|line| format!("<text>{}</text>", escape(&line.iter().collect::<String>())))
            .collect();
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{lines}</svg>"#
        );
        check_glyphs(&svg, all.chars().count());
        assert!(!drawable('\u{2212}'), "the font has no U+2212");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_data_gives_an_svg_that_parses(
            equity in prop::collection::vec(any::<i64>(), 0..40),
            drawdown in prop::collection::vec(any::<f64>(), 0..40),
            name in any::<String>(),
            lang in prop::sample::select(vec![Lang::En, Lang::Ko]),
        ) {
            let mut summary = DailySummary::sample();
            let day = |i: usize| summary.session.date.saturating_add(jiff::Span::new().days(i as i64));
            let money = |(i, v): (usize, &i64)| MoneyPoint { date: day(i), value: Decimal::from(*v) };
            let equity: Vec<_> = equity.iter().enumerate().map(money).collect();
            let ratio = |(i, v): (usize, &f64)| RatioPoint { date: day(i), value: *v };
            let drawdown: Vec<_> = drawdown.iter().enumerate().map(ratio).collect();
            summary.series.benchmark = equity.iter().rev().cloned().collect();
            summary.series.equity = equity;
            summary.series.drawdown = drawdown;
            summary.account = Some(name.clone());
            for performer in &mut summary.top_performers.by_ticker {
                performer.name = Some(name.clone());
                performer.realised = Decimal::MIN;
            }
            for chart in charts(&summary, &RenderOptions::default().lang(lang)) {
                for canvas in [Canvas::MAIL, Canvas::WIDE, Canvas::NARROW] {
                    let svg = chart.svg(&canvas, &Palette::LIGHT);
                    prop_assert!(parse(&svg).is_ok(), "{svg}");
                    prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
                }
            }
        }
    }
}
