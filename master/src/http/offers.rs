//! `/v1/offers`.

use edgerm_protocol::OfferId;
use edgerm_protocol::api::{Accept, Decline, OfferRequest, Offers};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::scope;
use super::query::{self, Query, query};
use super::{Api, Failure, body, show, show_status, with};
use crate::access::Scope;
use crate::master::Reply;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let request = warp::path!("offers")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .then(|api: Api, scope, body| async move {
            show(StatusCode::OK, request(&api, scope, body).await)
        });
    let list = warp::path!("offers")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .and(query())
        .map(|api: Api, scope, query| show(StatusCode::OK, list(&api, scope, query)));
    let accept = warp::path!("offers" / String / "accept")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .map(|id: String, api: Api, scope, body| {
            show(StatusCode::CREATED, accept(&api, scope, &id, body))
        });
    let decline = warp::path!("offers" / String / "decline")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .map(|id: String, api: Api, scope, body| {
            show_status(StatusCode::NO_CONTENT, decline(&api, scope, &id, body))
        });
    let collection = request.or(list).unify();
    collection.or(accept).unify().or(decline).unify()
}

async fn request(
    api: &Api,
    scope: Scope,
    body: Result<OfferRequest, Failure>,
) -> Result<Offers, Failure> {
    let request = body?;
    let offers = api.call_waiting(
        |master, now| {
            master.check_framework(scope, request.framework)?;
            Ok(master.request_offers(now, request)?)
        },
        |reply| match reply {
            Reply::Offers(offers) => Some(offers),
            Reply::Outputs(_) => None,
        },
    );
    offers
        .await
        .map_err(|failure: Option<Failure>| failure.unwrap_or_else(Failure::stopping))
}

fn list(
    api: &Api,
    scope: Scope,
    mut query: Query,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<OfferId>()?;
    query.finish()?;
    Ok(api.call(|master, now| master.offers(now, scope, paging)))
}

fn accept(
    api: &Api,
    scope: Scope,
    id: &str,
    body: Result<Accept, Failure>,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    let accept = body?;
    api.call(|master, now| {
        master.check_framework(scope, accept.framework)?;
        Ok(master.accept_offer(now, id, &accept)?)
    })
}

fn decline(
    api: &Api,
    scope: Scope,
    id: &str,
    body: Result<Decline, Failure>,
) -> Result<(), Failure> {
    let id = query::id(id)?;
    let decline = body?;
    api.call(|master, now| {
        master.check_framework(scope, decline.framework)?;
        Ok(master.decline_offer(now, id, &decline)?)
    })
}
