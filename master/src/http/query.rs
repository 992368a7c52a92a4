//! Parameters of a query and ids in a path.

use std::str::FromStr;

use edgerm_protocol::api::{DEFAULT_PAGE, MAX_PAGE};
use warp::Filter;
use warp::http::StatusCode;

use super::Failure;
use crate::master::{LimitOutOfRange, Paging};

/// The parameters of a query. None of ours needs percent-encoding.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// The query of a request; empty where it has none.
pub(super) fn query() -> impl Filter<Extract = (Query,), Error = std::convert::Infallible> + Clone {
    warp::query::raw()
        .map(|raw: String| Query::new(&raw))
        .or_else(|_| async { Ok::<_, std::convert::Infallible>((Query::default(),)) })
}

impl Query {
    fn new(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (name.to_owned(), value.to_owned())
                })
                .collect(),
        )
    }

    /// Takes the parameter `name` out.
    pub(super) fn take<T: FromStr>(&mut self, name: &'static str) -> Result<Option<T>, Failure>
    where
        T::Err: std::fmt::Display,
    {
        let Some(at) = self.0.iter().position(|(own, _)| own == name) else {
            return Ok(None);
        };
        let (_, value) = self.0.swap_remove(at);
        value.parse().map(Some).map_err(|error| {
            let message = format!("{name} is {value:?}: {error}");
            bad_parameter(message, name)
        })
    }

    /// Takes `limit` and `after` out.
    pub(super) fn paging<K: FromStr>(&mut self) -> Result<Paging<K>, Failure>
    where
        K::Err: std::fmt::Display,
    {
        let limit = self.take("limit")?.unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(LimitOutOfRange(limit).into());
        }
        let after = self.take("after")?;
        Ok(Paging { after, limit })
    }

    /// Refuses what is left: a misspelt parameter must not be passed over.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.0.first() {
            Some((name, _)) => {
                let message = format!("this call has no parameter {name}, or it stands twice");
                Err(bad_parameter(message, name))
            }
            None => Ok(()),
        }
    }
}

/// The id in a path.
pub(super) fn id<T: FromStr>(text: &str) -> Result<T, Failure>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| {
        let message = format!("the id {text:?} in the path: {error}");
        Failure::new(StatusCode::BAD_REQUEST, "badId", message, None)
    })
}

fn bad_parameter(message: String, name: &str) -> Failure {
    let field = Some(name.to_owned());
    Failure::new(StatusCode::BAD_REQUEST, "badParameter", message, field)
}
