//! Keeps web pages out: the API has none, so a page that calls it is another's.
//!
//! A page may post to any address, though it cannot read the answer; its `Origin` gives it
//! away. One whose own name was made to point here (DNS rebinding) may read, too, and its GETs
//! bear no `Origin`: there its name, in `Host`, does. A page cannot have an address of ours or
//! `localhost` for its name without being served from here.

use std::net::IpAddr;

use warp::host::Authority;
use warp::http::Method;
use warp::{Filter, Rejection};

use super::Failure;

/// Refuses what a web page sends. A master of `any_name` has a certificate, which a page's own name
/// is not in, or was told to be insecure.
pub(super) fn not_from_a_page(
    any_name: bool,
) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and(warp::header::optional::<String>("origin"))
        .and(warp::host::optional())
        .and_then(
            move |method: Method, origin: Option<String>, host: Option<Authority>| async move {
                let host = host.filter(|_| !any_name);
                check(&method, origin.as_deref(), host.as_ref()).map_err(warp::reject::custom)
            },
        )
        .untuple_one()
}

fn check(method: &Method, origin: Option<&str>, host: Option<&Authority>) -> Result<(), Failure> {
    if origin.is_some() && method != Method::GET {
        return Err(Failure::cross_origin());
    }
    match host.map(Authority::host).filter(|host| !is_local(host)) {
        Some(host) => Err(Failure::foreign_host(host)),
        None => Ok(()),
    }
}

/// Whether no name server has a say in where `host` is.
fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_refused_and_programs_are_not() {
        let page = Some("http://evil.example:8080");
        let cases = [
            (Method::GET, None, None, true),
            (Method::GET, None, Some("127.0.0.1:8080"), true),
            (Method::GET, None, Some("[::1]:8080"), true),
            (Method::POST, None, Some("LocalHost:8080"), true),
            (Method::GET, None, Some("evil.example:8080"), false),
            (Method::POST, None, Some("evil.example:8080"), false),
            (Method::GET, None, Some("127.0.0.1.evil.example"), false),
            (Method::GET, None, Some("localhost.evil.example"), false),
            (Method::POST, page, Some("127.0.0.1:8080"), false),
            (Method::DELETE, Some("null"), None, false),
        ];
        for (method, origin, host, taken) in cases {
            let authority = host.map(|host| host.parse::<Authority>().unwrap());
            let checked = check(&method, origin, authority.as_ref());
            assert_eq!(checked.is_ok(), taken, "{method} {origin:?} {host:?}");
        }
    }
}
