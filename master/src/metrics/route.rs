//! Which route a call is of, by its path: a label must not be what a caller chooses.

use warp::http::{Method, StatusCode};

/// Every route of the API, with `:id` for what differs from call to call.
const ROUTES: [&str; 33] = [
    "/healthz",
    "/metrics",
    "/v1/agents",
    "/v1/agents/:id",
    "/v1/agents/:id/drain",
    "/v1/agents/:id/undrain",
    "/v1/backup",
    "/v1/counters",
    "/v1/enrollments",
    "/v1/enrollments/:id",
    "/v1/enrollments/:id/rotate",
    "/v1/events",
    "/v1/frameworks",
    "/v1/frameworks/:id",
    "/v1/frameworks/:id/revive",
    "/v1/frameworks/:id/suppress",
    "/v1/join",
    "/v1/join-tokens",
    "/v1/join-tokens/:id",
    "/v1/modules",
    "/v1/modules/:id",
    "/v1/offers",
    "/v1/offers/:id/accept",
    "/v1/offers/:id/decline",
    "/v1/restore",
    "/v1/tasks",
    "/v1/tasks/:id",
    "/v1/tasks/:id/kill",
    "/v1/tasks/:id/message",
    "/v1/tasks/:id/output",
    "/v1/tasks/:id/usage",
    "/v1/tokens",
    "/v1/tokens/:id",
];

/// What is told of calls to any other path.
const NO_ROUTE: &str = "none";

/// The route of `path`.
pub(super) fn of(path: &str) -> &'static str {
    let is_it = |route: &&str| {
        let mut segments = path.split('/');
        let fits = |part: &str| {
            segments
                .next()
                .is_some_and(|it| part == ":id" || it == part)
        };
        route.split('/').all(fits) && segments.next().is_none()
    };
    ROUTES.into_iter().find(is_it).unwrap_or(NO_ROUTE)
}

/// The name of `method`, where the API has it.
pub(super) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The class of `status`.
pub(super) fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_its_route_whatever_it_names() {
        let cases = [
            ("/healthz", "/healthz"),
            ("/v1/agents", "/v1/agents"),
            ("/v1/agents/0000000a", "/v1/agents/:id"),
            ("/v1/tasks/1/kill", "/v1/tasks/:id/kill"),
            ("/v1/tasks/1/kill/now", "none"),
            ("/v1/tasks/1/eat", "none"),
            ("/v1/agents/", "/v1/agents/:id"),
            ("/", "none"),
            ("", "none"),
        ];
        for (path, route) in cases {
            assert_eq!(of(path), route, "{path}");
        }
    }

    #[test]
    fn every_call_of_the_table_has_a_route() {
        let table = include_str!("../../../protocol/src/api/mod.rs");
        let calls = table
            .lines()
            .filter_map(|line| line.strip_prefix("//! | `"));
        let mut seen = 0;
        for call in calls {
            let end = call.find(" | ").expect("a column");
            let mut last = String::new();
            for path in call[..end].split('`').filter(|it| it.contains('/')) {
                let path = path.split(' ').next_back().expect("a path");
                let whole =
                    match path.starts_with("/v1/") || path == "/healthz" || path == "/metrics" {
                        true => path.to_owned(),
                        // `GET /v1/tasks`, `/{id}`; `POST /v1/frameworks/{id}/suppress`, `/revive`.
                        false if path.starts_with("/{") => format!("{last}{path}"),
                        false => format!("{}{path}", last.rsplit_once('/').expect("a path").0),
                    };
                assert_ne!(of(&whole), NO_ROUTE, "{whole}");
                last = whole;
                seen += 1;
            }
        }
        assert!(seen >= 30, "{seen}");
    }
}
