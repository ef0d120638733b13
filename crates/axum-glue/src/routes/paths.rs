//! Which paths a router has, and which of them another cannot have beside it.

use std::collections::BTreeSet;

use axum::Router;

/// The paths of a router's own routes, without its fallback. axum shows them nowhere but in what it prints.
#[must_use]
pub fn route_paths(router: &Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let quoted = shown.split('"').skip(1).step_by(2);
    // A fallback is a route to it, of `/` and of everything.
    let paths = quoted.filter(|text| {
        text.starts_with('/') && *text != "/" && !text.starts_with("/{*__private__axum_fallback")
    });
    paths.map(str::to_owned).collect()
}

/// Whether two paths cannot both be routes of one router: whatever their parameters are called.
#[must_use]
pub fn paths_clash(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.starts_with('{') && b.starts_with('{') => {
                if a.starts_with("{*") || b.starts_with("{*") {
                    return true;
                }
            }
            (a, b) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{any, get};

    use super::*;

    #[test]
    fn the_routes_of_a_router_are_known() {
        let orders = Router::new().route("/{id}", get(|| async {}));
        let app: Router = Router::new()
            .route("/health", get(|| async {}).post(|| async {}))
            .nest("/orders", orders)
            .route("/files/{*rest}", any(|| async {}))
            .fallback(|| async {});
        let routes = route_paths(&app);
        assert!(
            ["/files/{*rest}", "/health", "/orders/{id}"]
                .iter()
                .all(|path| routes.iter().any(|r| r == path)),
            "{routes:?}"
        );
        assert!(route_paths(&Router::new()).is_empty());
        assert!(route_paths(&Router::new().fallback(|| async {})).is_empty());
    }

    #[test]
    fn two_paths_clash_where_the_router_would_refuse_them() {
        let paths = [
            "/health",
            "/health/",
            "/admin/{*rest}",
            "/admin/alerts",
            "/admin/reports/{date}",
            "/admin/reports/{id}",
            "/admin/reports/{*rest}",
            "/admin/reports/rebuild",
            "/admin/{section}/{id}",
            "/{id}",
            "/{*rest}",
        ];
        for one in paths {
            for other in paths {
                let refused = std::panic::catch_unwind(|| {
                    let route = |path| Router::<()>::new().route(path, get(|| async {}));
                    route(one).merge(route(other))
                });
                assert_eq!(paths_clash(one, other), refused.is_err(), "{one} {other}");
            }
        }
    }
}
