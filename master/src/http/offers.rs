//! `/v1/offers`.

use edgerm_protocol::OfferId;
use edgerm_protocol::api::{Accept, Decline, OfferRequest, Offers};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::query::{self, Query, query};
use super::{Api, Failure, body, show, show_status, with};
use crate::master::Reply;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let request = warp::path!("offers")
        .and(warp::post())
        .and(with(api))
        .and(body::json())
        .then(|api: Api, body| async move { show(StatusCode::OK, request(&api, body).await) });
    let list = warp::path!("offers")
        .and(warp::get())
        .and(with(api))
        .and(query())
        .map(|api: Api, query| show(StatusCode::OK, list(&api, query)));
    let accept = warp::path!("offers" / String / "accept")
        .and(warp::post())
        .and(with(api))
        .and(body::json())
        .map(|id: String, api: Api, body| show(StatusCode::CREATED, accept(&api, &id, body)));
    let decline = warp::path!("offers" / String / "decline")
        .and(warp::post())
        .and(with(api))
        .and(body::json())
        .map(|id: String, api: Api, body| {
            show_status(StatusCode::NO_CONTENT, decline(&api, &id, body))
        });
    let collection = request.or(list).unify();
    collection.or(accept).unify().or(decline).unify()
}

async fn request(api: &Api, body: Result<OfferRequest, Failure>) -> Result<Offers, Failure> {
    let request = body?;
    let offers = api.call_waiting(
        |master, now| master.request_offers(now, request),
        |reply| match reply {
            Reply::Offers(offers) => Some(offers),
            Reply::Outputs(_) => None,
        },
    );
    offers
        .await
        .map_err(|error| error.map_or_else(Failure::stopping, Failure::from))
}

fn list(api: &Api, mut query: Query) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<OfferId>()?;
    query.finish()?;
    Ok(api.call(|master, now| master.offers(now, paging)))
}

fn accept(
    api: &Api,
    id: &str,
    body: Result<Accept, Failure>,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    let accept = body?;
    Ok(api.call(|master, now| master.accept_offer(now, id, &accept))?)
}

fn decline(api: &Api, id: &str, body: Result<Decline, Failure>) -> Result<(), Failure> {
    let id = query::id(id)?;
    let decline = body?;
    Ok(api.call(|master, now| master.decline_offer(now, id, &decline))?)
}
