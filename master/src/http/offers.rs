//! `/v1/offers`.

use edgerm_protocol::OfferId;
use edgerm_protocol::api::{Accept, Accepted, Decline, Offer, OfferRequest, Offers, Page};
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
        .then(|api: Api, scope, query| async move {
            show(StatusCode::OK, list(&api, scope, query).await)
        });
    let accept = warp::path!("offers" / String / "accept")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(warp::header::optional::<String>("x-request-id"))
        .and(body::json())
        .then(|id: String, api: Api, scope, request, body| async move {
            show(
                StatusCode::CREATED,
                accept(&api, scope, &id, request, body).await,
            )
        });
    let decline = warp::path!("offers" / String / "decline")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .then(|id: String, api: Api, scope, body| async move {
            show_status(
                StatusCode::NO_CONTENT,
                decline(&api, scope, &id, body).await,
            )
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
    let offers = api.change_waiting(
        |master, now| {
            master.check_framework(scope, request.framework)?;
            Ok(master.request_offers(now, request)?)
        },
        |reply| match reply {
            Reply::Offers(offers) => Some(offers),
            Reply::Outputs(_) | Reply::Usage(_) => None,
        },
    );
    offers.await
}

async fn list(api: &Api, scope: Scope, mut query: Query) -> Result<Page<Offer>, Failure> {
    let paging = query.paging::<OfferId>()?;
    query.finish()?;
    api.read(|master, now| Ok(master.offers(now, scope, paging)))
        .await
}

async fn accept(
    api: &Api,
    scope: Scope,
    id: &str,
    request: Option<String>,
    body: Result<Accept, Failure>,
) -> Result<Accepted, Failure> {
    let id = query::id(id)?;
    let accept = body?;
    api.change(|master, now| {
        master.check_framework(scope, accept.framework)?;
        Ok(master.accept_offer_by(now, id, &accept, request.as_deref())?)
    })
    .await
}

async fn decline(
    api: &Api,
    scope: Scope,
    id: &str,
    body: Result<Decline, Failure>,
) -> Result<(), Failure> {
    let id = query::id(id)?;
    let decline = body?;
    api.change(|master, now| {
        master.check_framework(scope, decline.framework)?;
        Ok(master.decline_offer(now, id, &decline)?)
    })
    .await
}
