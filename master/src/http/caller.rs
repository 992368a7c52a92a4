//! Who calls: the bearer's token of each request.
//!
//! [`admit`] stands before every route and refuses who may not make such a call at all; what is
//! another's, a route finds out by the caller's [`Scope`].

use warp::http::Method;
use warp::{Filter, Rejection};

use super::{Api, Failure};
use crate::access::{Caller, Denied, Scope};

/// The caller, or the refusal.
pub(super) fn caller(
    api: &Api,
) -> impl Filter<Extract = (Caller,), Error = Rejection> + Clone + use<> {
    let api = Api::clone(api);
    warp::header::optional::<String>("authorization").and_then(move |header: Option<String>| {
        let caller = identify(&api, header.as_deref());
        async move { caller.map_err(|denied| warp::reject::custom(Failure::from(denied))) }
    })
}

/// What the caller sees and touches.
pub(super) fn scope(
    api: &Api,
) -> impl Filter<Extract = (Scope,), Error = Rejection> + Clone + use<> {
    caller(api).map(Caller::scope)
}

/// Refuses callers without a token or who call too often, and changes by those who may only look.
pub(super) fn admit(api: &Api) -> impl Filter<Extract = (), Error = Rejection> + Clone + use<> {
    let gate = Api::clone(api);
    warp::method()
        .and(caller(api))
        .and_then(move |method: Method, caller: Caller| {
            let admitted = check(&gate, &method, caller);
            async move { admitted.map_err(warp::reject::custom) }
        })
        .untuple_one()
}

fn check(api: &Api, method: &Method, caller: Caller) -> Result<(), Failure> {
    if let Some(token) = caller.token() {
        api.gate.token(token)?;
    }
    match *method == Method::GET || *method == Method::HEAD {
        true => Ok(()),
        false => Ok(caller.may_change()?),
    }
}

fn identify(api: &Api, header: Option<&str>) -> Result<Caller, Denied> {
    api.tokens().identify(header.and_then(bearer))
}

/// The token of `Bearer TOKEN` (RFC 6750 section 2.1), whose first word may be in any case (RFC
/// 9110 section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found() {
        let cases = [
            ("Bearer edgerm_1", Some("edgerm_1")),
            ("bearer  edgerm_1 ", Some("edgerm_1")),
            ("Basic edgerm_1", None),
            ("Bearer", None),
            ("edgerm_1", None),
        ];
        for (header, token) in cases {
            assert_eq!(bearer(header), token, "{header:?}");
        }
    }
}
