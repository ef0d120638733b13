//! The routes with their last minute, the worst first.

use askama::Template;

use super::{Cell, Chrome, Place, rendered};
use crate::{
    Lang, OpsError, Route,
    beacon::{ERRORS_ALARM, ERRORS_WATCH},
    format,
};

/// Most routes on the page.
const MOST: usize = 200;

/// The page.
#[must_use]
pub fn page(chrome: &Chrome, found: &Result<Vec<Route>, OpsError>) -> String {
    let l = chrome.lang;
    rendered(&Page {
        c: chrome.at(Place::Requests),
        l,
        rows: found
            .as_ref()
            .map(|routes| rows(routes, l))
            .map_err(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "requests.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    rows: Result<Vec<Row<'a>>, String>,
}

struct Row<'a> {
    route: &'a Route,
    class: &'static str,
    glyph: &'static str,
    rate: Cell,
    errors: Cell,
    p50: Cell,
    p95: Cell,
    p99: Cell,
}

/// The worst first: by the share of errors, then by how slow the slowest are.
fn rows(routes: &[Route], l: Lang) -> Vec<Row<'_>> {
    let figure = |figure: &crate::Figure<f64>| figure.value().copied().unwrap_or(-1.0);
    let mut all: Vec<&Route> = routes.iter().collect();
    all.sort_by(|a, b| {
        let (a, b) = (&a.http, &b.http);
        let errors = figure(&b.error_ratio).total_cmp(&figure(&a.error_ratio));
        errors.then(figure(&b.p99_ms).total_cmp(&figure(&a.p99_ms)))
    });
    let rows = all.into_iter().take(MOST).map(|route| {
        let h = &route.http;
        let millis = |figure| Cell::of(figure, l, |ms| format::millis(*ms)).short();
        let (class, glyph) = match h.error_ratio.value() {
            Some(ratio) if *ratio >= ERRORS_ALARM => ("error", "✕"),
            Some(ratio) if *ratio >= ERRORS_WATCH => ("warning", "◐"),
            _ => ("", ""),
        };
        Row {
            route,
            class,
            glyph,
            rate: Cell::of(&h.requests_per_second, l, |v| format::short(*v)).short(),
            errors: Cell::of(&h.error_ratio, l, |v| format::percent(v * 100.0)).short(),
            p50: millis(&h.p50_ms),
            p95: millis(&h.p95_ms),
            p99: millis(&h.p99_ms),
        }
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Figure, Http};

    #[test]
    fn the_worst_route_comes_first() {
        let route = |endpoint: &str, errors: Option<f64>, p99: Option<f64>| Route {
            method: "GET".to_owned(),
            endpoint: endpoint.to_owned(),
            http: Http {
                error_ratio: Figure::from_option(errors, crate::Missing::NotYet),
                p99_ms: Figure::from_option(p99, crate::Missing::NotYet),
                ..Http::default()
            },
        };
        let routes = [
            route("/quiet", None, None),
            route("/slow", Some(0.0), Some(900.0)),
            route("/quick", Some(0.0), Some(9.0)),
            route("/bad", Some(0.2), Some(1.0)),
        ];
        let rows = rows(&routes, Lang::En);
        let order: Vec<_> = rows.iter().map(|row| row.route.endpoint.as_str()).collect();
        assert_eq!(order, ["/bad", "/slow", "/quick", "/quiet"]);
        assert_eq!(rows[0].class, "error");
        assert!(rows[3].p99.to_string().contains('–'));
    }
}
