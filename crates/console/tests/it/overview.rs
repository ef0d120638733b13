//! The first screen: what is missing is said, what is there is shown, and it stays light.

use bongsu_console::{
    AlertDetail, Breaker, Channel, Dependency, Figure, FiringAlert, Lang, Level, Missing, Session,
    SessionState, Status, assets, pages::overview,
};

use crate::{at, bare, chrome, markup, now, overview_page, trend};

/// The text of a page with its white space made one.
fn text(page: &str) -> String {
    let (_, text) = markup::read(page);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_missing_figure_is_a_dash_with_its_reason() {
    let mut snapshot = bare();
    snapshot.portfolio.value_krw = Missing::NotRecorded.into();
    snapshot.http.p99_ms = Missing::Failed("the clock stood still".to_owned()).into();
    snapshot.alerts = Missing::NotConfigured.into();
    let english = text(&overview_page(&snapshot, Lang::En));
    for part in [
        "Portfolio 1 h Trends – not recorded",
        "– the clock stood still p99",
        "History – not configured",
        "Positions – not measured yet",
        "Dependencies 1 h – not measured yet",
    ] {
        assert!(english.contains(part), "{part:?} in {english}");
    }
    assert!(!english.contains("NaN") && !english.contains("₩0"));
    let korean = text(&overview_page(&snapshot, Lang::Ko));
    assert!(korean.contains("보유 종목 – 아직 측정 전"), "{korean}");
}

#[test]
fn figures_in_both_languages() {
    let mut snapshot = bare();
    snapshot.portfolio.value_krw = Figure::Known(1_284_300_000);
    snapshot.portfolio.day_pnl_krw = Figure::Known(-1_500);
    snapshot.portfolio.day_pnl_percent = Figure::Known(0.001);
    snapshot.portfolio.drawdown_percent = Figure::Known(12.4);
    let without = text(&overview_page(&snapshot, Lang::En));
    assert!(without.contains("Drawdown 12.4%") && !without.contains("trading halts"));
    snapshot.portfolio.halt_percent = Some(28.0);
    snapshot.portfolio.symbols = vec![bongsu_console::SymbolPnl {
        symbol: "005930".to_owned(),
        name: Some("삼성전자".to_owned()),
        pnl_krw: -3_000,
    }];
    snapshot.http.error_ratio = Figure::Known(0.004);
    snapshot.session = Figure::Known(Session {
        state: SessionState::Open,
        changes_at: at("2026-05-28T06:30:00Z"),
        began_at: Some(at("2026-05-28T00:00:00Z")),
    });
    let english = text(&overview_page(&snapshot, Lang::En));
    for part in [
        "₩1,284,300,000",
        "today ▼ −₩1,500 0.00%",
        "Drawdown 12.4% trading halts at 28.0%",
        "Realised by symbol 삼성전자 005930",
        "Errors 0.40%",
        "● Open closes in 06:29:00",
        "as of 09:01:00 KST",
        "Calm Nothing that is known is amiss; not everything is known.",
    ] {
        assert!(english.contains(part), "{part:?} in {english}");
    }
    let page = overview_page(&snapshot, Lang::Ko);
    assert!(page.contains("<html lang=\"ko\">"));
    let korean = text(&page);
    for part in [
        "평온",
        "오늘 ▼ −₩1,500",
        "낙폭 12.4% 거래 중단선 28.0%",
        "● 장중 마감까지 06:29:00",
    ] {
        assert!(korean.contains(part), "{part:?} in {korean}");
    }
}

#[test]
fn calm_is_said_of_what_is_known() {
    let mut snapshot = bare();
    snapshot.dependencies = Figure::Known(vec![]);
    snapshot.alerts = Figure::Known(vec![]);
    let english = text(&overview_page(&snapshot, Lang::En));
    let sentence = "Calm Everything that is checked answers, and nothing fires.";
    assert!(english.contains(sentence), "{english}");
}

#[test]
fn gains_are_red_and_losses_blue_each_with_its_arrow() {
    let mut snapshot = bare();
    let mut check = |krw, want: &str| {
        snapshot.portfolio.day_pnl_krw = Figure::Known(krw);
        let page = overview_page(&snapshot, Lang::En);
        assert!(page.contains(want), "{want} in {page}");
    };
    check(
        7,
        "<span class=\"v up\"><span class=\"mark\" aria-hidden=\"true\">▲</span> +₩7</span>",
    );
    check(
        -7,
        "<span class=\"v down\"><span class=\"mark\" aria-hidden=\"true\">▼</span> −₩7</span>",
    );
    check(0, "<span class=\"v \">₩0</span>");
    let colour = |name: &str| {
        let rest = assets::STYLE.split(name).nth(1).unwrap();
        let hex = |at: usize| u8::from_str_radix(&rest[at..at + 2], 16).unwrap();
        (hex(0), hex(4))
    };
    let ((up_red, up_blue), (down_red, down_blue)) = (colour("--up:#"), colour("--down:#"));
    assert!(up_red > up_blue && down_blue > down_red);
}

fn alert(i: usize, level: Level) -> FiringAlert {
    FiringAlert {
        key: format!("key {i}"),
        level,
        title: format!("Risk Threshold Breach {i}"),
        message: "the current value exceeds the threshold".to_owned(),
        source: "risk_manager".to_owned(),
        since: now() - std::time::Duration::from_secs(60 + i as u64),
        count: 1,
        acknowledged_by: None,
        silenced_until: None,
        standing: Default::default(),
        detail: AlertDetail::default(),
    }
}

#[test]
fn what_is_worst_comes_first_and_the_rest_is_counted() {
    let mut snapshot = bare();
    let mut alerts: Vec<_> = (0..70).map(|i| alert(i, Level::Info)).collect();
    alerts.push(alert(98, Level::Critical));
    alerts.push(alert(99, Level::Warning));
    snapshot.alerts = Figure::Known(alerts);
    let english = text(&overview_page(&snapshot, Lang::En));
    let place = |part: &str| english.find(part).unwrap();
    assert!(place("Breach 98 the current") < place("Breach 99 the current"));
    assert!(place("Breach 99 the current") < place("Breach 0 the current"));
    assert!(
        english.contains("1 critical 1 warning 70 info"),
        "{english}"
    );
    assert!(english.contains("not shown here: 22"), "{english}");
}

#[test]
fn a_full_page_with_everything_it_needs_is_light() {
    let mut snapshot = bare();
    snapshot.alerts = Figure::Known((0..8).map(|i| alert(i, Level::Error)).collect());
    let dependency = |i| Dependency {
        name: format!("dependency-{i}"),
        kind: "service".to_owned(),
        status: Status::Healthy,
        required: true,
        latency_ms: Figure::Known(12.3),
        since: Figure::Known(now()),
        message: None,
    };
    snapshot.dependencies = Figure::Known((0..12).map(dependency).collect());
    let channel = |i| Channel {
        name: format!("channel-{i}"),
        queued: 0,
        delivered: 3,
        dead: 0,
        last_success: Figure::Known(now()),
        breaker: Breaker::Closed,
    };
    snapshot.channels = Figure::Known((0..6).map(channel).collect());
    for figure in [
        &mut snapshot.http.requests_per_second,
        &mut snapshot.http.p99_ms,
        &mut snapshot.host.cpu_percent,
        &mut snapshot.host.memory_percent,
        &mut snapshot.host.disk_percent,
        &mut snapshot.container.cpu_percent,
        &mut snapshot.container.memory_percent,
    ] {
        *figure = Figure::Known(42.42);
    }
    snapshot.portfolio.value_krw = Figure::Known(1_284_300_000);
    for lang in Lang::ALL {
        let page = overview_page(&snapshot, lang).len();
        let all = page + assets::STYLE.len() + assets::SCRIPT.len() + assets::ICON.len();
        assert!(all <= 100 * 1024, "{all} bytes, {page} of them the page");
    }
}

#[test]
fn the_fragment_is_the_page_without_its_frame() {
    let snapshot = bare();
    let (chrome, trend) = (chrome(Lang::En), trend(&snapshot));
    let page = overview::page(&chrome, &snapshot, &trend, &trend);
    let fragment = overview::fragment(&chrome, &snapshot, &trend, &trend);
    assert!(page.contains(&fragment));
    assert!(!fragment.contains("<html"));
}

#[test]
fn charts_of_a_young_service_cover_what_there_is() {
    let minutes = |known: u64, span| {
        let (span, columns) = overview::covered(span, std::time::Duration::from_secs(known));
        (span.as_secs() / 60, columns)
    };
    assert_eq!(minutes(0, overview::SHORT), (1, 6));
    assert_eq!(minutes(170, overview::SHORT), (3, 18));
    assert_eq!(minutes(300, overview::SHORT), (5, 30));
    assert_eq!(minutes(301, overview::LONG), (10, 60));
    assert_eq!(minutes(3_400, overview::SHORT), (60, 120));
    assert_eq!(minutes(86_390, overview::SHORT), (60, 120));
    assert_eq!(minutes(5 * 3_600, overview::LONG), (300, 120));
    assert_eq!(minutes(86_390, overview::LONG), (1_440, 120));

    let snapshot = bare();
    let mut history = bongsu_console::history::History::new();
    history.push(now(), &bongsu_console::history::Sample::of(&snapshot));
    let [hour, day] = [overview::SHORT, overview::LONG].map(|span| {
        let (span, columns) = overview::covered(span, history.known(now()));
        history.trend(now(), span, columns)
    });
    for (lang, want) in [(Lang::En, "Requests 1 min"), (Lang::Ko, "요청 1분")] {
        let words = text(&overview::page(&chrome(lang), &snapshot, &hour, &day));
        assert!(words.contains(want), "{words}");
    }
}
