//! What a reader sees: marks, missing figures, signs, contrast, accessibility.

use super::*;
use crate::Figure;
use crate::render::text::text;
use crate::render::{ColourScheme, Units, slack};
use crate::summary::{Edition, SessionKind};

/// Every form as text.
fn forms(summary: &DailySummary, options: &RenderOptions) -> Vec<(&'static str, String)> {
    vec![
        ("mail", mail(summary, options)),
        ("page", html::page(summary, options)),
        ("text", text(summary, options)),
        ("slack", slack::message(summary, options).to_string()),
    ]
}

#[test]
fn a_report_says_how_it_stands_to_its_schedule() {
    let mut summary = DailySummary::sample();
    summary.edition = Edition {
        revision: 2,
        late_since: Some("2026-05-28T11:10:00Z".parse().unwrap()),
        as_of: Some("2026-05-28T05:20:00Z".parse().unwrap()),
    };
    summary.session.kind = SessionKind::Closed {
        reason: "Chuseok".into(),
    };
    let english = [
        "Revision 2",
        "Late (2026-05-28 20:10 KST)",
        "As of 2026-05-28 14:20 KST",
        "Market closed: Chuseok",
    ];
    let korean = [
        "2차 정정",
        "지연 발송 (2026-05-28 20:10 KST)",
        "기준 시각 2026-05-28 14:20 KST",
        "휴장일: 추석",
    ];
    for (lang, marks) in [(Lang::En, english), (Lang::Ko, korean)] {
        for (form, shown) in forms(&summary, &options(lang)) {
            for mark in marks {
                assert!(shown.contains(mark), "{form} lacks {mark}");
            }
        }
        for (form, shown) in forms(&DailySummary::sample(), &options(lang)) {
            for mark in marks {
                assert!(
                    !shown.contains(mark),
                    "{form} of an ordinary report has {mark}"
                );
            }
        }
    }
}

#[test]
fn a_missing_figure_is_a_dash_with_its_reason() {
    let mut summary = DailySummary::sample();
    summary.trading_stats.win_rate = Figure::Missing(crate::Missing::NoClosedTrades);
    summary.portfolio_stats.unrealised =
        Figure::Missing(crate::Missing::UnpricedPositions { count: 3 });
    let text = text(&summary, &options(Lang::En));
    assert!(
        text.contains("Win rate                – (no closed trades)"),
        "{text}"
    );
    assert!(text.contains("– (3 positions without a price)"));
    let page = html::page(&summary, &options(Lang::Ko));
    let cell = r#"<span class="v muted">–</span> <span class="note">매도 체결 없음</span>"#;
    assert!(page.contains(cell));
}

#[test]
fn without_the_source_no_amount_is_shown() {
    let summary = DailySummary::sample_unavailable();
    for (form, shown) in forms(&summary, &options(Lang::En)) {
        assert!(!shown.contains('₩'), "{form} shows an amount");
        assert!(
            shown.contains("connection refused"),
            "{form} lacks the reason"
        );
        assert!(!shown.contains("18.18"), "{form} shows a rate");
    }
    assert!(text(&summary, &options(Lang::En)).contains("[!] The data source could not be read"));
}

#[test]
fn an_unbalanced_reconciliation_is_told() {
    let mut summary = DailySummary::sample();
    summary.reconciliation.balanced = Figure::Known(false);
    summary.reconciliation.difference = Figure::Known((-5_000).into());
    for (form, shown) in forms(&summary, &options(Lang::En)) {
        assert!(shown.contains("Not balanced, Difference -₩5,000"), "{form}");
    }
}

#[test]
fn halted_trading_is_told_first() {
    let mut summary = DailySummary::sample();
    summary.risk_metrics.trading_halted = Figure::Known(crate::summary::Halt {
        halted: true,
        reason: Some("daily loss limit".into()),
    });
    for (form, shown) in forms(&summary, &options(Lang::En)) {
        assert!(
            shown.contains("Trading was halted: daily loss limit"),
            "{form}"
        );
    }
}

#[test]
fn gains_and_losses_have_arrow_and_sign_beside_their_colour() {
    for scheme in [ColourScheme::Korean, ColourScheme::Western] {
        let page = html::page(&DailySummary::sample(), &options(Lang::En).colours(scheme));
        for (class, arrow, sign) in [("up", '▲', '+'), ("down", '▼', '-')] {
            let open =
                format!(r#"<span class="v {class}"><span aria-hidden="true" class="arrow">"#);
            let mut seen = 0;
            for cell in page.split(&open).skip(1) {
                assert!(cell.starts_with(arrow), "{class}");
                let figure = cell.split("</span> ").nth(1).unwrap();
                assert!(figure.starts_with(sign), "{class}: {}", &figure[..20]);
                seen += 1;
            }
            assert!(seen > 5, "{class}");
            let all = page
                .matches(&format!(r#"<span class="v {class}">"#))
                .count();
            assert_eq!(all, seen, "no {class} without an arrow");
        }
    }
}

#[test]
fn colours_follow_the_scheme() {
    let loss = |scheme| {
        let mail = mail(&DailySummary::sample(), &options(Lang::En).colours(scheme));
        let at = mail.find(r#"<span class="down" style="color:"#).unwrap();
        mail[at + 32..at + 39].to_owned()
    };
    assert_eq!(loss(ColourScheme::Korean), "#1864ab");
    assert_eq!(loss(ColourScheme::Western), "#c92a2a");
}

#[test]
fn amounts_can_be_short() {
    let korean = text(
        &DailySummary::sample(),
        &options(Lang::Ko).units(Units::Short),
    );
    assert!(korean.contains("4억 9,543만원"), "{korean}");
    let english = text(
        &DailySummary::sample(),
        &options(Lang::En).units(Units::Short),
    );
    assert!(english.contains("₩495.43M"), "{english}");
}

/// WCAG 2 contrast of two `#rrggbb` colours.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |hex: &str| {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

/// The value of a custom property in the n-th rule that sets it, a colour.
fn property(page: &str, name: &str, nth: usize) -> String {
    let value = page.split(&format!("--{name}:")).nth(nth + 1).unwrap();
    let value = value.split([';', '}']).next().unwrap();
    if value.len() == 4 {
        value
            .chars()
            .flat_map(|c| if c == '#' { vec![c] } else { vec![c, c] })
            .collect()
    } else {
        value.to_owned()
    }
}

#[test]
fn every_text_has_enough_contrast() {
    assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 0.01);
    for scheme in [ColourScheme::Korean, ColourScheme::Western] {
        let page = html::page(&DailySummary::sample(), &options(Lang::En).colours(scheme));
        for (nth, theme) in ["light", "dark"].into_iter().enumerate() {
            for name in ["ink", "muted", "up", "down", "good", "warn", "bad"] {
                for behind in ["card", "bg"] {
                    let ratio =
                        contrast(&property(&page, name, nth), &property(&page, behind, nth));
                    assert!(ratio >= 4.5, "{theme} {name} on {behind}: {ratio:.2}");
                }
            }
            for name in ["good", "warn", "bad"] {
                let behind = property(&page, &format!("{name}-bg"), nth);
                let ratio = contrast(&property(&page, name, nth), &behind);
                assert!(ratio >= 4.5, "{theme} {name} badge: {ratio:.2}");
            }
        }
    }
    // The mail's colours are inline, on its white card and on the tints of its badges.
    let mail = mail(&DailySummary::sample(), &options(Lang::En));
    let body = &mail[mail.find("<body").unwrap()..];
    let mut seen = 0;
    for part in body.split("background:#").skip(1) {
        let (behind, style) = (format!("#{}", &part[..6]), part.split('"').next().unwrap());
        if let Some(at) = style.find(";color:#") {
            let colour = &style[at + 7..at + 14];
            let ratio = contrast(colour, &behind);
            assert!(ratio >= 4.5, "{colour} on {behind}: {ratio:.2}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "the badges at least");
    for colour in body
        .split("color:#")
        .skip(1)
        .map(|part| format!("#{}", &part[..6]))
    {
        // The hidden preview line has the background's colour on purpose.
        let text = !["#f3f5f8", "#ffffff"].contains(&colour.as_str());
        assert!(
            !text || contrast(&colour, "#ffffff") >= 4.5,
            "{colour} on white"
        );
    }
}

#[test]
fn the_page_is_accessible() {
    for (lang, tag) in [(Lang::En, "en"), (Lang::Ko, "ko")] {
        let summary = DailySummary::sample();
        for html in [
            html::page(&summary, &options(lang)),
            mail(&summary, &options(lang)),
        ] {
            assert!(html.contains(&format!(r#"<html lang="{tag}">"#)));
            assert_eq!(html.matches("<h1").count(), 1);
            assert_eq!(
                html.matches("<th").count() - html.matches("<thead").count(),
                html.matches("scope=\"").count()
            );
            assert!(!html.contains('\u{2212}'), "U+2212");
            assert!(html.contains("name=\"viewport\""));
            let levels: Vec<usize> = (1..=3)
                .flat_map(|level| {
                    html.match_indices(&format!("<h{level}"))
                        .map(move |(at, _)| (at, level))
                        .collect::<Vec<_>>()
                })
                .collect::<std::collections::BTreeMap<_, _>>()
                .into_values()
                .collect();
            assert!(
                levels.windows(2).all(|w| w[1] <= w[0] + 1),
                "a heading level is skipped: {levels:?}"
            );
        }
        let page = html::page(&summary, &options(lang));
        assert_eq!(
            page.matches("<svg ").count(),
            page.matches(r#"role="img" aria-label=""#).count()
        );
        for id in [
            "performers",
            "trading",
            "portfolio",
            "risk",
            "reconciliation",
            "alerts",
            "system",
            "quality",
            "fills",
        ] {
            assert_eq!(page.matches(&format!(r#"id="{id}""#)).count(), 1, "{id}");
        }
        assert!(page.contains("prefers-color-scheme:dark") && page.contains("max-width:600px"));
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !outside.contains("http") && !outside.contains("<script"),
            "stands alone"
        );
    }
    #[cfg(feature = "charts")]
    {
        let mail = crate::render::render(&DailySummary::sample(), &options(Lang::En)).html;
        assert_eq!(mail.matches("<img ").count(), 3);
        assert_eq!(mail.matches(" alt=\"").count(), 3);
        assert!(!mail.contains("alt=\"\""));
    }
}

#[test]
fn a_day_without_trades_reads_well() {
    let mut summary = DailySummary::sample();
    summary.fills.clear();
    summary.portfolio_stats.positions.clear();
    summary.top_performers.best.clear();
    summary.top_performers.worst.clear();
    summary.position_pnl.clear();
    summary.alerts_summary.worst.clear();
    summary.system_health.transitions.clear();
    summary.data_quality.clear();
    for (lang, texts) in [
        (
            Lang::En,
            [
                "No fills.",
                "No open positions.",
                "No closed trades.",
                "No alerts.",
                "No findings.",
            ],
        ),
        (
            Lang::Ko,
            [
                "체결 내역이 없습니다.",
                "보유 종목이 없습니다.",
                "매도 체결이 없습니다.",
                "알림이 없습니다.",
                "발견된 문제가 없습니다.",
            ],
        ),
    ] {
        for (form, shown) in forms(&summary, &options(lang)).into_iter().take(3) {
            for text in texts {
                assert!(shown.contains(text), "{form} lacks {text}");
            }
        }
    }
}

#[test]
fn every_account_has_its_positions() {
    let mut summary = DailySummary::sample();
    assert!(!html::page(&summary, &options(Lang::En)).contains("Positions of each account"));
    let mut portfolio = summary.portfolio_stats.clone();
    portfolio.positions.truncate(2);
    portfolio.positions[0].ticker = "ZZZ001".into();
    summary.accounts = vec![crate::summary::AccountSection {
        account: "second".into(),
        trading_stats: summary.trading_stats.clone(),
        portfolio_stats: portfolio,
        risk_metrics: summary.risk_metrics.clone(),
        reconciliation: summary.reconciliation.clone(),
        data_quality: Vec::new(),
    }];
    for (lang, caption) in [
        (Lang::En, "Positions of each account"),
        (Lang::Ko, "계좌별 보유 종목"),
    ] {
        for (form, shown) in forms(&summary, &options(lang)) {
            if form != "slack" {
                assert!(
                    shown.contains(caption) && shown.contains("ZZZ001"),
                    "{form}"
                );
            }
        }
    }
}

#[test]
fn orders_of_korean_and_english_words_read_well_in_either_language() {
    for (words, en, ko) in [
        (&["체결", "FILLED", "Executed"][..], "filled", "체결"),
        (&["취소", "CANCELLED", "canceled"], "cancelled", "취소"),
        (&["거부", "REJECTED", " 거절"], "rejected", "거부"),
        (&["정정", "amended", "정정확인"], "amended", "정정"),
        (&["만료", "EXPIRED"], "expired", "만료"),
        (
            &["부분체결", "PARTIALLY_FILLED", "partially filled"],
            "partly filled",
            "부분 체결",
        ),
        (&["접수", "PENDING", "미체결"], "open", "미체결"),
        (&["VI 발동"], "VI 발동", "VI 발동"),
    ] {
        for word in words {
            assert_eq!(crate::i18n::order_status(Lang::En, word), en, "{word}");
            assert_eq!(crate::i18n::order_status(Lang::Ko, word), ko, "{word}");
        }
    }
    for (word, en, ko) in [
        ("매수", "Buy", "매수"),
        ("sell", "Sell", "매도"),
        ("sell short", "Short sale", "공매도"),
        ("환매수", "Cover", "환매수"),
        ("swap", "swap", "swap"),
    ] {
        assert_eq!(crate::i18n::order_side(Lang::En, word), en, "{word}");
        assert_eq!(crate::i18n::order_side(Lang::Ko, word), ko, "{word}");
    }
    let mut summary = DailySummary::sample();
    summary.trading_stats.unfilled[0].status = "REJECTED".into();
    summary.fills[0].status = "체결".into();
    let page = html::page(&summary, &options(Lang::Ko));
    assert!(page.contains("거부") && !page.contains("REJECTED"));
    assert!(html::page(&summary, &options(Lang::En)).contains("filled"));
}

#[test]
fn the_report_of_a_period_is_about_the_period() {
    let mut summary = DailySummary::sample();
    summary.period = Some(crate::summary::PeriodKind::Week);
    let of = |kind| move |period: &&mut crate::summary::Period| period.kind == kind;
    let week = summary
        .periods
        .iter_mut()
        .find(of(crate::summary::PeriodKind::Week));
    let week = week.unwrap();
    week.fills = Figure::Known(123_457);
    week.realised = Figure::Known(rust_decimal::Decimal::from(7_654_321));
    for (lang, parts) in [
        (
            Lang::En,
            ["2026-05-25 – ", "week Fills", "123,457", "7,654,321"],
        ),
        (
            Lang::Ko,
            ["2026-05-25 – ", "금주 체결", "123,457", "7,654,321"],
        ),
    ] {
        // What is of its last day says so.
        let t = crate::i18n::Texts::of(lang);
        let of_the_day = [t.trading, t.reconciliation, t.fills_table, t.performers]
            .map(|title| format!("{title} · 2026-05-28"));
        for (form, shown) in forms(&summary, &options(lang)) {
            let parts = parts.iter().map(|part| (*part).to_owned());
            for part in parts.chain(of_the_day.clone()) {
                let shown = shown.to_lowercase();
                assert!(
                    form == "slack" || shown.contains(&part.to_lowercase()),
                    "{form} lacks {part}: {shown}"
                );
            }
        }
    }
}
