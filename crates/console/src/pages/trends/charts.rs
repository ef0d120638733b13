//! The charts of a stretch.

use std::borrow::Cow;

use super::{
    Range, Subject, columns,
    lead::{Figure, Lead},
};
use crate::{
    Lang,
    chart::Markup,
    format,
    history::{Band, Series},
    plot::{Axis, plot},
};

/// Most dependencies with a chart.
const MOST_DEPENDENCIES: usize = 20;

pub(super) struct Chart {
    pub(super) name: String,
    /// The lines' names, where there are several.
    pub(super) lines: Vec<&'static str>,
    pub(super) picture: Option<Markup>,
    pub(super) values: Vec<String>,
    /// What each column says, for the read-out.
    pub(super) columns: String,
    pub(super) summary: String,
    /// What it is of, where its name does not say it.
    pub(super) note: Option<String>,
    /// It is what the page was opened for.
    pub(super) is_lead: bool,
}

/// How a chart's values read and where its axis begins.
type Show = fn(f64, Lang) -> String;

pub(super) fn charts(
    subject: &Subject<'_>,
    marks: &[(usize, &'static str)],
    l: Lang,
) -> Vec<Chart> {
    let (trend, limits) = (subject.trend, &subject.now.limits);
    let percent: Show = |v, _| format::percent(v);
    let share: Show = |v, _| format::percent(v * 100.0);
    let millis: Show = |v, _| format::millis(v);
    let plain: Show = |v, _| format::short(v);
    let count: Show = |v, _| format::grouped(v.round() as i64);
    let won: Show = format::brief_won;
    let halt = subject.now.portfolio.halt_percent;
    let usage = |(warn, bad): (f64, f64)| vec![(warn, "limit warn"), (bad, "limit bad")];
    let one = |name: &str, series, show, from_zero, limits| Plan {
        show,
        from_zero,
        limits,
        ..Plan::new(name, vec![("", trend.series(series).into())])
    };
    let resource = |en, ko, on_host: bool| match on_host {
        true => format!("{}, {}", l.pick(en, ko), l.pick("host", "호스트")),
        false => format!("{}, {}", l.pick(en, ko), l.pick("container", "컨테이너")),
    };
    let mut plans = vec![
        one(
            l.pick("Requests a second", "초당 요청"),
            Series::Requests,
            plain,
            true,
            vec![],
        ),
        one(
            l.pick("Requests that failed (5xx)", "실패한 요청 비율 (5xx)"),
            Series::ErrorRatio,
            share,
            true,
            vec![],
        ),
        Plan {
            show: millis,
            ..Plan::new(
                l.pick("Duration of requests", "요청 처리 시간"),
                [
                    ("p99", Series::P99),
                    ("p95", Series::P95),
                    ("p50", Series::P50),
                ]
                .map(|(name, series)| (name, trend.series(series).into()))
                .into(),
            )
        },
        one(
            l.pick("Firing alerts", "발생 중인 알림"),
            Series::Firing,
            count,
            true,
            vec![],
        )
        .counted(),
        one(
            l.pick("Deliveries waiting", "전달 대기"),
            Series::Queued,
            count,
            true,
            vec![],
        )
        .counted(),
        one(
            l.pick("Lateness of the runtime", "런타임 지연"),
            Series::Lag,
            millis,
            true,
            vec![],
        ),
        one(
            l.pick("Portfolio", "포트폴리오"),
            Series::Portfolio,
            won,
            false,
            vec![],
        ),
        one(
            l.pick("Gain or loss of the day", "당일 손익"),
            Series::DayPnl,
            won,
            true,
            vec![],
        ),
        one(
            l.pick("Drawdown", "낙폭"),
            Series::Drawdown,
            percent,
            true,
            halt.map(|halt| (halt, "limit bad")).into_iter().collect(),
        )
        .of(Figure::Drawdown),
    ];
    for (of, en, ko, host, container, at) in [
        (
            "cpu",
            "CPU",
            "CPU",
            Series::HostCpu,
            Series::ContainerCpu,
            limits.cpu,
        ),
        (
            "memory",
            "Memory",
            "메모리",
            Series::HostMemory,
            Series::ContainerMemory,
            limits.memory,
        ),
        (
            "disk",
            "Disk",
            "디스크",
            Series::HostDisk,
            Series::ContainerDisk,
            limits.disk,
        ),
    ] {
        for (series, on_host) in [(host, true), (container, false)] {
            let name = resource(en, ko, on_host);
            let plan = one(&name, series, percent, true, usage(at));
            plans.push(plan.of(Figure::Resource(of.to_owned())));
        }
    }
    for (name, bands) in trend.dependencies().take(MOST_DEPENDENCIES) {
        let plan = Plan::new(
            &format!("{}: {name}", l.pick("Answer time", "응답 시간")),
            vec![("", bands.into())],
        );
        plans.push(
            Plan {
                show: millis,
                ..plan
            }
            .of(Figure::Dependency(name.to_owned())),
        );
    }
    if let Some(lead) = subject.lead {
        lead_on(&mut plans, lead, &subject.range, l);
    }
    let wanted = subject.text.to_lowercase();
    let asked = |plan: &Plan<'_>| plan.name.to_lowercase().contains(&wanted);
    plans
        .into_iter()
        .filter(asked)
        .map(|plan| plan.chart(marks, l))
        .collect()
}

/// What the page was opened for comes first, with its limit.
fn lead_on(plans: &mut Vec<Plan<'_>>, lead: &Lead, range: &Range, l: Lang) {
    if let Some(figure) = &lead.rule {
        let (lines, limits) = columns::of_rule(figure, range, l);
        plans.push(Plan {
            is_lead: true,
            limits,
            note: Some(figure.expression.clone()),
            ..Plan::new(&lead.name, lines)
        });
    }
    for plan in plans.iter_mut() {
        if plan.figure.is_some() && plan.figure == lead.figure {
            plan.is_lead = true;
            let known = |limit: &f64| plan.limits.iter().any(|(there, _)| there == limit);
            let more = lead.limit.filter(|limit| !known(limit));
            plan.limits.extend(more.map(|limit| (limit, "limit bad")));
        }
    }
    plans.sort_by_key(|plan| !plan.is_lead);
}

/// What is drawn in one chart.
struct Plan<'a> {
    name: String,
    lines: Vec<(&'static str, Cow<'a, [Option<Band>]>)>,
    show: Show,
    from_zero: bool,
    /// Nothing lies between two whole numbers.
    is_count: bool,
    limits: Vec<(f64, &'static str)>,
    figure: Option<Figure>,
    note: Option<String>,
    is_lead: bool,
}

impl<'a> Plan<'a> {
    fn new(name: &str, lines: Vec<(&'static str, Cow<'a, [Option<Band>]>)>) -> Self {
        Self {
            name: name.to_owned(),
            lines,
            show: |value, _| format::short(value),
            from_zero: true,
            is_count: false,
            limits: Vec::new(),
            figure: None,
            note: None,
            is_lead: false,
        }
    }

    fn counted(mut self) -> Self {
        self.is_count = true;
        self
    }

    fn of(mut self, figure: Figure) -> Self {
        self.figure = Some(figure);
        self
    }

    fn chart(self, marks: &[(usize, &'static str)], l: Lang) -> Chart {
        let show = |value: f64| (self.show)(value, l);
        let bands: Vec<&[Option<Band>]> = self.lines.iter().map(|(_, bands)| &**bands).collect();
        let limits: Vec<f64> = self.limits.iter().map(|(value, _)| *value).collect();
        let axis = Axis::of(&bands, self.from_zero, self.is_count, &limits);
        let many = self.lines.len() > 1;
        let columns = bands.iter().map(|line| line.len()).max().unwrap_or(0);
        let column = |place: usize| {
            let of = |(name, bands): &(&'static str, Cow<'_, [Option<Band>]>)| {
                let band = (*bands.get(place)?)?;
                let words = spread(band, many, &show);
                Some(if many {
                    format!("{name} {words}")
                } else {
                    words
                })
            };
            let words: Vec<_> = self.lines.iter().filter_map(of).collect();
            words.join(" · ")
        };
        let said: Vec<_> = (0..columns).map(column).collect();
        Chart {
            lines: self
                .lines
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| !name.is_empty())
                .collect(),
            values: axis.iter().flat_map(Axis::values).map(show).collect(),
            picture: axis.map(|axis| plot(&bands, &axis, &self.limits, marks)),
            summary: summary(bands.first().copied().unwrap_or_default(), &show, l),
            columns: if axis.is_some() {
                said.join("|")
            } else {
                String::new()
            },
            note: self.note,
            is_lead: self.is_lead,
            name: self.name,
        }
    }
}

/// A column's average, with its greatest where that differs and there is room.
fn spread(band: Band, is_brief: bool, show: &impl Fn(f64) -> String) -> String {
    let [max, mean] = [band.max, band.mean].map(|value| show(value.into()));
    if is_brief || max == mean {
        return mean;
    }
    format!("{mean} ≤ {max}")
}

/// The stretch in words, for whoever sees no picture.
fn summary(line: &[Option<Band>], show: &impl Fn(f64) -> String, l: Lang) -> String {
    let known = || line.iter().flatten();
    let Some(last) = known().next_back() else {
        return String::new();
    };
    let least = known().map(|band| band.min).fold(f32::INFINITY, f32::min);
    let most = known()
        .map(|band| band.max)
        .fold(f32::NEG_INFINITY, f32::max);
    format!(
        "{} {} · {} {} · {} {}",
        l.pick("last", "최근"),
        show(last.mean.into()),
        l.pick("least", "최소"),
        show(least.into()),
        l.pick("most", "최대"),
        show(most.into()),
    )
}
