//! The first screen.

use std::time::Duration;

use askama::{Template, filters::HtmlSafe};
use jiff::Timestamp;

use super::{
    Cell, Chrome, Place,
    forms::{Action, Form, Typed},
    maintenance::Shown,
    rendered,
};
use crate::{
    Beacon, Breaker, Figure, FiringAlert, Held, Lang, Level, LoggedErrors, SessionState, Snapshot,
    Status, Usage, VenueSession,
    beacon::{DRAWDOWN_WATCH, ERRORS_ALARM, ERRORS_WATCH, Resource, beacon},
    chart::{self, Markup, Scale},
    format,
    history::{Band, RESOLUTION, Series, Trend},
};

/// What the charts of the last hour cover.
pub const SHORT: Duration = Duration::from_secs(3600);
/// What the portfolio's chart covers.
pub const LONG: Duration = Duration::from_secs(24 * 3600);
/// Columns of a chart: one for half a minute of the last hour.
pub const COLUMNS: usize = 120;

/// A chart of a service that is young covers a multiple of this, and in its first minutes a multiple of one.
const YOUNG: Duration = Duration::from_secs(300);
const VERY_YOUNG: Duration = Duration::from_secs(60);

/// What a chart of `span` covers, and in how many columns, where the oldest sample was `known` ago: a service that is
/// young has no empty charts.
#[must_use]
pub fn covered(span: Duration, known: Duration) -> (Duration, usize) {
    let part = if known < YOUNG { VERY_YOUNG } else { YOUNG };
    let parts = known.as_secs().div_ceil(part.as_secs()).max(1);
    let covered = span.min(part * u32::try_from(parts).unwrap_or(u32::MAX));
    let samples = covered.as_secs() / RESOLUTION.as_secs();
    (covered, COLUMNS.min(samples as usize))
}

/// Most alerts and dependencies on the first screen; the rest is counted.
const MOST: usize = 50;
/// Most reasons beside the beacon.
const MOST_REASONS: usize = 4;
/// Most symbols under the portfolio.
const MOST_SYMBOLS: usize = 4;

/// The whole page. `hour` covers [`SHORT`], `day` [`LONG`], or what there is of them ([`covered`]).
#[must_use]
pub fn page(chrome: &Chrome, snapshot: &Snapshot, hour: &Trend, day: &Trend) -> String {
    let panels = Panels::new(chrome, snapshot, hour, day);
    rendered(&Page {
        c: chrome.at(Place::Overview),
        word: panels.beacon_word,
        panels,
    })
}

/// The panels alone: what an update of the live page carries.
#[must_use]
pub fn fragment(chrome: &Chrome, snapshot: &Snapshot, hour: &Trend, day: &Trend) -> String {
    rendered(&Panels::new(chrome, snapshot, hour, day))
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    c: Chrome,
    word: &'static str,
    panels: Panels<'a>,
}

#[derive(Template)]
#[template(path = "panels.html")]
struct Panels<'a> {
    l: Lang,
    s: &'a Snapshot,
    /// What the charts cover.
    hour: String,
    day: String,
    uptime: String,
    clock: String,
    beacon: Beacon,
    beacon_word: &'static str,
    fires: Markup,
    reasons: Vec<(&'static str, String)>,
    more_reasons: usize,
    portfolio: PortfolioPanel,
    http: HttpPanel,
    usage: Vec<UsageRow>,
    session: SessionPanel<'a>,
    alerts: Result<Vec<AlertRow<'a>>, String>,
    maintenance: Option<Shown<'a>>,
    more_alerts: usize,
    counts: Vec<(Level, &'static str, usize)>,
    dependencies: Result<Vec<DependencyRow<'a>>, String>,
    more_dependencies: usize,
    channels: Result<Vec<ChannelRow<'a>>, String>,
    errors: Result<Vec<ErrorRow<'a>>, String>,
    /// Errors of the last minutes, of whatever place.
    lately: u64,
    lag: Cell,
}

impl HtmlSafe for Panels<'_> {}

struct PortfolioPanel {
    value: Cell,
    day: Cell,
    day_percent: Cell,
    drawdown: Cell,
    halt: Option<String>,
    bar: Option<Markup>,
    positions: Cell,
    chart: Markup,
    symbols: Vec<(String, Option<String>, Cell)>,
    trades: Option<[String; 4]>,
    held: Option<HeldRows>,
}

/// What was held at a close: the day, the positions, how many more.
type HeldRows = (String, Vec<[String; 4]>, usize);

struct HttpPanel {
    requests: Cell,
    errors: Cell,
    error_tone: &'static str,
    p50: Cell,
    p95: Cell,
    p99: Cell,
    in_flight: Cell,
    requests_chart: Markup,
    latency_chart: Markup,
}

struct UsageRow {
    name: &'static str,
    /// Of the host, of the container.
    cells: [UsageCell; 2],
}

struct UsageCell {
    figure: Cell,
    detail: String,
    state: &'static str,
    tone: &'static str,
    bar: Markup,
    chart: Markup,
}

struct VenueRow<'a> {
    venue: &'a str,
    class: &'static str,
    glyph: &'static str,
    state: String,
    note: &'a str,
    what: &'static str,
    clock: String,
    at: String,
}

struct SessionPanel<'a> {
    venues: Vec<VenueRow<'a>>,
    state: Cell,
    class: &'static str,
    glyph: &'static str,
    note: String,
    until: Option<(String, String, String)>,
    bar: Markup,
    next: Cell,
    last: Cell,
    last_problem: Option<String>,
    level: Cell,
}

struct AlertRow<'a> {
    key: &'a str,
    class: &'static str,
    glyph: &'static str,
    level: &'static str,
    title: &'a str,
    message: &'a str,
    source: &'a str,
    since: String,
    age: String,
    count: u64,
    acknowledged: Option<&'a str>,
    silenced: Option<String>,
    forms: Vec<Form>,
}

struct DependencyRow<'a> {
    name: &'a str,
    kind: &'a str,
    class: &'static str,
    glyph: &'static str,
    status: &'static str,
    required: bool,
    latency: Cell,
    chart: Markup,
    since: Cell,
    message: Option<&'a str>,
}

struct ErrorRow<'a> {
    group: &'a LoggedErrors,
    first: String,
    last: String,
}

struct ChannelRow<'a> {
    form: Form,
    name: &'a str,
    class: &'static str,
    glyph: &'static str,
    state: &'static str,
    queued: u64,
    dead: u64,
    last: Cell,
}

impl<'a> Panels<'a> {
    fn new(chrome: &'a Chrome, s: &'a Snapshot, hour: &Trend, day: &Trend) -> Self {
        let l = chrome.lang;
        let (beacon, reasons) = beacon(s);
        let shown = reasons.iter().take(MOST_REASONS);
        let rows = |missing: &crate::Missing| missing.words(l).into_owned();
        let alerts = match &s.alerts {
            Figure::Known(_) => Ok(alert_rows(s, chrome)),
            Figure::Missing(missing) => Err(rows(missing)),
        };
        let dependencies = match &s.dependencies {
            Figure::Known(_) => Ok(dependency_rows(s, hour, l)),
            Figure::Missing(missing) => Err(rows(missing)),
        };
        let channels = match &s.channels {
            Figure::Known(_) => Ok(channel_rows(s, chrome)),
            Figure::Missing(missing) => Err(rows(missing)),
        };
        let errors = match &s.errors {
            Figure::Known(_) => Ok(error_rows(s, l)),
            Figure::Missing(missing) => Err(rows(missing)),
        };
        let groups = s.errors.value().into_iter().flatten();
        let lately = groups.map(|group| group.lately).sum();
        let past = |count: usize| count.saturating_sub(MOST);
        Self {
            l,
            s,
            hour: stretch(hour, SHORT, l),
            day: stretch(day, LONG, l),
            uptime: format::span(s.service.uptime, l),
            clock: format::clock(s.at),
            beacon,
            beacon_word: beacon.word(l),
            fires: chart::fires(beacon.fires()),
            reasons: shown.map(|r| (r.cause.panel(), r.cause.words(l))).collect(),
            more_reasons: reasons.len().saturating_sub(MOST_REASONS),
            portfolio: portfolio(s, day, l),
            http: http(s, hour, l),
            usage: usage(s, hour, l),
            session: session(s, l),
            alerts,
            maintenance: s.maintenance.as_ref().map(Shown::new),
            more_alerts: past(s.alerts.value().map_or(0, Vec::len)),
            counts: counts(s, l),
            dependencies,
            more_dependencies: past(s.dependencies.value().map_or(0, Vec::len)),
            channels,
            errors,
            lately,
            lag: Cell::of(&s.lag_ms, l, |ms| format::millis(*ms)),
        }
    }
}

/// What a trend covers; `usual` where there is none.
fn stretch(trend: &Trend, usual: Duration, l: Lang) -> String {
    let span = if trend.span().is_zero() {
        usual
    } else {
        trend.span()
    };
    match (span.as_secs() / 60, l) {
        (minutes, Lang::En) if minutes < 60 => format!("{minutes} min"),
        (minutes, Lang::Ko) if minutes < 60 => format!("{minutes}분"),
        (minutes, Lang::En) => format!("{} h", minutes.div_ceil(60)),
        (minutes, Lang::Ko) => format!("{}시간", minutes.div_ceil(60)),
    }
}

fn portfolio(s: &Snapshot, day: &Trend, l: Lang) -> PortfolioPanel {
    let p = &s.portfolio;
    let pnl = p.day_pnl_krw.value().map(|krw| *krw as f64);
    // What shows as zero is neither a gain nor a loss.
    let day_percent = p
        .day_pnl_percent
        .clone()
        .map(|v| (v * 100.0).round() / 100.0);
    let drawdown = p.drawdown_percent.value().copied();
    let tone = match drawdown {
        Some(d) if p.halt_percent.is_some_and(|halt| d >= halt) => "bad",
        Some(d)
            if p.halt_percent
                .is_some_and(|halt| d >= halt * DRAWDOWN_WATCH) =>
        {
            "warn"
        }
        _ => "ok",
    };
    let mut symbols: Vec<_> = p.symbols.iter().collect();
    symbols.sort_by_key(|symbol| std::cmp::Reverse(symbol.pnl_krw.unsigned_abs()));
    let symbols = symbols.into_iter().take(MOST_SYMBOLS).map(|symbol| {
        let figure = Figure::Known(symbol.pnl_krw);
        let cell = Cell::of(&figure, l, |krw| format::signed_won(*krw));
        (
            symbol.symbol.clone(),
            symbol.name.clone(),
            cell.signed(Some(symbol.pnl_krw as f64)),
        )
    });
    PortfolioPanel {
        value: Cell::of(&p.value_krw, l, |krw| format::won(*krw)),
        day: Cell::of(&p.day_pnl_krw, l, |krw| format::signed_won(*krw)).signed(pnl),
        day_percent: Cell::of(&day_percent, l, |v| format::signed_percent(*v))
            .signed(day_percent.value().copied()),
        drawdown: Cell::of(&p.drawdown_percent, l, |v| format::percent(*v)),
        halt: p.halt_percent.map(format::percent),
        bar: p
            .halt_percent
            .map(|halt| chart::bar(drawdown, halt * 1.25, &[halt], tone)),
        positions: Cell::of(&p.positions, l, |n| format::grouped(*n as i64)),
        chart: chart::area(day.series(Series::Portfolio), 56, Scale::Fit),
        symbols: symbols.collect(),
        trades: p.trades.map(|it| {
            let count = |n: u64| format::grouped(n as i64);
            let since = format::clock(it.since)[..5].to_owned();
            [count(it.orders), count(it.fills), count(it.rejects), since]
        }),
        held: p.held.as_ref().map(held_rows),
    }
}

fn held_rows(held: &Held) -> HeldRows {
    let rows = held.positions.iter().map(|it| {
        [
            it.name.clone().unwrap_or_default(),
            it.symbol.clone(),
            it.quantity.clone(),
            it.value_krw.map_or_else(|| "–".to_owned(), format::won),
        ]
    });
    (held.session.to_string(), rows.collect(), held.omitted)
}

fn http(s: &Snapshot, hour: &Trend, l: Lang) -> HttpPanel {
    let h = &s.http;
    let millis = |figure| Cell::of(figure, l, |ms| format::millis(*ms));
    let error_tone = match h.error_ratio.value() {
        Some(ratio) if *ratio >= ERRORS_ALARM => "bad",
        Some(ratio) if *ratio >= ERRORS_WATCH => "warn",
        _ => "",
    };
    HttpPanel {
        requests: Cell::of(&h.requests_per_second, l, |v| format::short(*v)),
        errors: Cell::of(&h.error_ratio, l, |ratio| format::percent(ratio * 100.0)),
        error_tone,
        p50: millis(&h.p50_ms),
        p95: millis(&h.p95_ms),
        p99: millis(&h.p99_ms),
        in_flight: Cell::of(&h.in_flight, l, |n| format::grouped(*n as i64)),
        requests_chart: chart::area(hour.series(Series::Requests), 40, Scale::FromZero),
        latency_chart: chart::area(hour.series(Series::P99), 40, Scale::FromZero),
    }
}

fn usage(s: &Snapshot, hour: &Trend, l: Lang) -> Vec<UsageRow> {
    let row = |resource: Resource,
               (host, container): (Series, Series),
               limits: (f64, f64),
               pick: fn(&Usage) -> &Figure<f64>,
               detail: &dyn Fn(&Usage) -> String| {
        let cell = |usage: &Usage, series| {
            let figure = pick(usage);
            let value = figure.value().copied();
            let (tone, state) = match value {
                Some(v) if v >= limits.1 => ("bad", l.pick("critical", "위험")),
                Some(v) if v >= limits.0 => ("warn", l.pick("high", "높음")),
                _ => ("ok", ""),
            };
            UsageCell {
                figure: Cell::of(figure, l, |v| format::percent(*v)),
                detail: detail(usage),
                state,
                tone,
                bar: chart::bar(value, 100.0, &[limits.0, limits.1], tone),
                chart: chart::spark(hour.series(series), 24, Scale::Until(100.0)),
            }
        };
        UsageRow {
            name: resource.word(l),
            cells: [cell(&s.host, host), cell(&s.container, container)],
        }
    };
    let of = |used: &Figure<u64>, total: &Figure<u64>| match (used.value(), total.value()) {
        (Some(used), Some(total)) => {
            format!("{} / {}", format::bytes(*used), format::bytes(*total))
        }
        (Some(used), None) => format::bytes(*used),
        _ => String::new(),
    };
    let free = |usage: &Usage| match (usage.disk_free_bytes.value(), l) {
        (Some(free), Lang::En) => format!("{} free", format::bytes(*free)),
        (Some(free), Lang::Ko) => format!("{} 남음", format::bytes(*free)),
        (None, _) => String::new(),
    };
    vec![
        row(
            Resource::Cpu,
            (Series::HostCpu, Series::ContainerCpu),
            s.limits.cpu,
            |u| &u.cpu_percent,
            &|_| String::new(),
        ),
        row(
            Resource::Memory,
            (Series::HostMemory, Series::ContainerMemory),
            s.limits.memory,
            |u| &u.memory_percent,
            &|u| of(&u.memory_used_bytes, &u.memory_total_bytes),
        ),
        row(
            Resource::Disk,
            (Series::HostDisk, Series::ContainerDisk),
            s.limits.disk,
            |u| &u.disk_percent,
            &free,
        ),
    ]
}

fn session(s: &Snapshot, l: Lang) -> SessionPanel<'_> {
    let known = s.session.value();
    let (class, glyph) = known.map_or(("", ""), |session| look(&session.state));
    let note = known
        .map_or("", |session| reason(&session.state, l))
        .to_owned();
    let until = known.map(|session| {
        (
            until(&session.state, l).to_owned(),
            format::countdown(session.changes_at, s.at, l),
            session.changes_at.to_string(),
        )
    });
    let share = known.and_then(|session| {
        let whole = format::between(session.began_at?, session.changes_at).as_secs_f64();
        let gone = format::between(session.began_at?, s.at).as_secs_f64();
        (whole > 0.0).then(|| gone / whole)
    });
    let last = s.reports.last.value();
    SessionPanel {
        venues: s.venues.iter().map(|it| venue(it, s.at, l)).collect(),
        state: Cell::of(&s.session, l, |session| word(&session.state, l).to_owned()),
        class,
        glyph,
        note,
        until,
        bar: chart::bar(share, 1.0, &[], "session"),
        next: Cell::of(&s.reports.next, l, |at| format::day_time(*at)),
        last: Cell::of(&s.reports.last, l, |report| report.session.to_string()),
        last_problem: last.and_then(|report| report.problem.clone()),
        level: Cell::of(&s.log_level, l, |level| match level.until {
            Some(until) => format!(
                "{} ({} {})",
                level.directives,
                l.pick("for", "남은 시간"),
                format::since(s.at, until, l)
            ),
            None => level.directives.clone(),
        }),
    }
}

fn word(state: &SessionState, l: Lang) -> &'static str {
    match state {
        SessionState::Open => l.pick("Open", "장중"),
        SessionState::BeforeOpen => l.pick("Before open", "개장 전"),
        SessionState::Closed => l.pick("Closed", "장 마감"),
        SessionState::Holiday(_) => l.pick("Holiday", "휴장"),
    }
}

const fn look(state: &SessionState) -> (&'static str, &'static str) {
    match state {
        SessionState::Open => ("open", "●"),
        SessionState::BeforeOpen => ("before", "◐"),
        SessionState::Closed => ("closed", "○"),
        SessionState::Holiday(_) => ("closed", "◇"),
    }
}

fn reason(state: &SessionState, l: Lang) -> &str {
    match state {
        SessionState::Holiday(reason) if reason == "Saturday" => l.pick("Saturday", "토요일"),
        SessionState::Holiday(reason) if reason == "Sunday" => l.pick("Sunday", "일요일"),
        SessionState::Holiday(reason) => reason,
        _ => "",
    }
}

fn until(state: &SessionState, l: Lang) -> &'static str {
    match state {
        SessionState::Open => l.pick("closes in", "마감까지"),
        _ => l.pick("opens in", "개장까지"),
    }
}

/// A venue's clock: which part of its day, and when that ends or begins.
fn venue(it: &VenueSession, now: Timestamp, l: Lang) -> VenueRow<'_> {
    let session = &it.session;
    let phase = format::phase(&it.phase, l);
    let (class, glyph) = look(&session.state);
    VenueRow {
        venue: &it.venue,
        class,
        glyph,
        state: match session.state {
            SessionState::Open => phase.to_owned(),
            ref state => format!("{}, {} {phase}", word(state, l), l.pick("next", "다음")),
        },
        note: reason(&session.state, l),
        what: until(&session.state, l),
        clock: format::countdown(session.changes_at, now, l),
        at: session.changes_at.to_string(),
    }
}

fn counts(s: &Snapshot, l: Lang) -> Vec<(Level, &'static str, usize)> {
    let all = s.alerts.value().map_or(&[][..], Vec::as_slice);
    Level::WORST_FIRST
        .into_iter()
        .map(|level| {
            let count = all.iter().filter(|alert| alert.level == level).count();
            (level, format::level(level, l), count)
        })
        .filter(|(_, _, count)| *count > 0)
        .collect()
}

fn alert_rows<'a>(s: &'a Snapshot, chrome: &Chrome) -> Vec<AlertRow<'a>> {
    let l = chrome.lang;
    let forms = |alert: &FiringAlert| {
        let typed = Typed::default().with("key", alert.key.as_str());
        let form = |action| Form::new(action, l, &chrome.token, &typed).short();
        let known = alert.acknowledged_by.is_some();
        let first = (!known).then(|| form(Action::Acknowledge));
        first.into_iter().chain([form(Action::Silence)]).collect()
    };
    let mut all: Vec<_> = s.alerts.value().into_iter().flatten().collect();
    all.sort_by(|a, b| {
        let order =
            (b.level, a.acknowledged_by.is_some()).cmp(&(a.level, b.acknowledged_by.is_some()));
        order.then(b.since.cmp(&a.since))
    });
    let rows = all.into_iter().take(MOST).map(|alert| AlertRow {
        key: &alert.key,
        class: alert.level.as_str(),
        glyph: glyph(alert.level),
        level: format::level(alert.level, l),
        title: &alert.title,
        message: &alert.message,
        source: &alert.source,
        since: alert.since.to_string(),
        age: format::since(alert.since, s.at, l),
        count: alert.count,
        acknowledged: alert.acknowledged_by.as_deref(),
        silenced: alert
            .silenced_until
            .filter(|until| *until > s.at)
            .map(|until| format::since(s.at, until, l)),
        forms: forms(alert),
    });
    rows.collect()
}

/// A level's shape.
pub(super) const fn glyph(level: Level) -> &'static str {
    match level {
        Level::Critical => "◆",
        Level::Error => "▲",
        Level::Warning => "●",
        Level::Info => "○",
    }
}

fn dependency_rows<'a>(s: &'a Snapshot, hour: &Trend, l: Lang) -> Vec<DependencyRow<'a>> {
    let mut all: Vec<_> = s.dependencies.value().into_iter().flatten().collect();
    // A stable sort: what is well stays in its own order.
    all.sort_by_key(|dependency| std::cmp::Reverse(dependency.status));
    let rows = all.into_iter().take(MOST).map(|dependency| {
        let (class, glyph) = match dependency.status {
            Status::Healthy => ("ok", "●"),
            Status::Unknown => ("idle", "○"),
            Status::Degraded => ("warn", "◐"),
            Status::Unhealthy => ("bad", "✕"),
        };
        let bands: &[Option<Band>] = hour.dependency(&dependency.name);
        DependencyRow {
            name: &dependency.name,
            kind: &dependency.kind,
            class,
            glyph,
            status: format::status(dependency.status, l),
            required: dependency.required,
            latency: Cell::of(&dependency.latency_ms, l, |ms| format::millis(*ms)),
            chart: chart::spark(bands, 24, Scale::FromZero),
            since: Cell::of(&dependency.since, l, |since| format::since(*since, s.at, l)),
            message: dependency
                .message
                .as_deref()
                .filter(|_| dependency.status != Status::Healthy),
        }
    });
    rows.collect()
}

fn error_rows(s: &Snapshot, l: Lang) -> Vec<ErrorRow<'_>> {
    let groups = s.errors.value().into_iter().flatten().take(MOST);
    let rows = groups.map(|group| ErrorRow {
        group,
        first: format::clock(group.first),
        last: format::since(group.last, s.at, l),
    });
    rows.collect()
}

fn channel_rows<'a>(s: &'a Snapshot, chrome: &Chrome) -> Vec<ChannelRow<'a>> {
    let l = chrome.lang;
    let all = s.channels.value().into_iter().flatten().take(MOST);
    let rows = all.map(|channel| {
        let (class, glyph) = match channel.breaker {
            Breaker::Closed => ("ok", "●"),
            Breaker::Open => ("warn", "◐"),
            Breaker::Broken => ("bad", "✕"),
            Breaker::Disabled => ("idle", "○"),
        };
        let typed = Typed::default().with("channel", channel.name.as_str());
        ChannelRow {
            form: Form::new(Action::TestChannel, l, &chrome.token, &typed),
            name: &channel.name,
            class,
            glyph,
            state: format::breaker(channel.breaker, l),
            queued: channel.queued,
            dead: channel.dead,
            last: Cell::of(&channel.last_success, l, |at| format::since(*at, s.at, l)),
        }
    });
    rows.collect()
}
