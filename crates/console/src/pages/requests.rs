//! The routes, and the calls that the service makes, with their last minute, the worst first.

use askama::Template;

use super::{Cell, Chrome, Place, rendered};
use crate::{
    Calls, Http, Lang, OpsError, Route,
    beacon::{ERRORS_ALARM, ERRORS_WATCH},
    format,
};

/// Most rows of a table.
const MOST: usize = 200;

/// The page.
#[must_use]
pub fn page(
    chrome: &Chrome,
    routes: &Result<Vec<Route>, OpsError>,
    calls: &Result<Vec<Calls>, OpsError>,
) -> String {
    let l = chrome.lang;
    rendered(&Page {
        c: chrome.at(Place::Requests),
        l,
        routes: match routes {
            Ok(all) => Ok(rows(
                all.iter().map(|it| (&*it.method, &*it.endpoint, &it.http)),
                l,
            )),
            Err(why) => Err(why.to_string()),
        },
        calls: match calls {
            Ok(all) => Ok(rows(
                all.iter().map(|it| (&*it.method, &*it.host, &it.http)),
                l,
            )),
            Err(why) => Err(why.to_string()),
        },
    })
}

#[derive(Template)]
#[template(path = "requests.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    routes: Result<Vec<Row<'a>>, String>,
    calls: Result<Vec<Row<'a>>, String>,
}

struct Row<'a> {
    method: &'a str,
    /// The route's pattern, or the host.
    name: &'a str,
    class: &'static str,
    glyph: &'static str,
    rate: Cell,
    errors: Cell,
    p50: Cell,
    p95: Cell,
    p99: Cell,
}

/// The worst first: by the share of errors, then by how slow the slowest are.
fn rows<'a>(all: impl Iterator<Item = (&'a str, &'a str, &'a Http)>, l: Lang) -> Vec<Row<'a>> {
    let figure = |figure: &crate::Figure<f64>| figure.value().copied().unwrap_or(-1.0);
    let mut all: Vec<_> = all.collect();
    all.sort_by(|(.., a), (.., b)| {
        let errors = figure(&b.error_ratio).total_cmp(&figure(&a.error_ratio));
        errors.then(figure(&b.p99_ms).total_cmp(&figure(&a.p99_ms)))
    });
    let rows = all.into_iter().take(MOST).map(|(method, name, h)| {
        let millis = |figure| Cell::of(figure, l, |ms| format::millis(*ms)).short();
        let (class, glyph) = match h.error_ratio.value() {
            Some(ratio) if *ratio >= ERRORS_ALARM => ("error", "✕"),
            Some(ratio) if *ratio >= ERRORS_WATCH => ("warning", "◐"),
            _ => ("", ""),
        };
        Row {
            method,
            name,
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
    use crate::Figure;

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
        let rows = rows(
            routes
                .iter()
                .map(|it| (&*it.method, &*it.endpoint, &it.http)),
            Lang::En,
        );
        let order: Vec<_> = rows.iter().map(|row| row.name).collect();
        assert_eq!(order, ["/bad", "/slow", "/quick", "/quiet"]);
        assert_eq!(rows[0].class, "error");
        assert!(rows[3].p99.to_string().contains('–'));
    }
}
