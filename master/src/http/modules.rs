//! `/v1/modules`.

use std::sync::Arc;

use edgerm_protocol::{ModuleId, api};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::caller::scope;
use super::query::{self, Query, query};
use super::{Api, Failure, blocking, body, show, with};
use crate::access::Scope;
use crate::admission::{self, Admitted};
use crate::ledger::Module;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let upload = warp::path!("modules")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::bytes(api.max_module))
        .then(|api: Api, scope: Scope, body| async move {
            match upload(&api, scope, body).await {
                Ok((module, true)) => show(StatusCode::CREATED, Ok(module)),
                Ok((module, false)) => show(StatusCode::OK, Ok(module)),
                Err(failure) => failure.into_response(),
            }
        });
    let list = warp::path!("modules")
        .and(warp::get())
        .and(with(api))
        .and(query())
        .map(|api: Api, query| show(StatusCode::OK, list(&api, query)));
    let bytes = warp::path!("modules" / String)
        .and(warp::get())
        .and(with(api))
        .map(|id: String, api: Api| match bytes(&api, &id) {
            Ok(bytes) => {
                let wasm = ("content-type", "application/wasm");
                warp::reply::with_header(bytes, wasm.0, wasm.1).into_response()
            }
            Err(failure) => failure.into_response(),
        });
    upload.or(list).unify().or(bytes).unify()
}

/// Admits a module, beside the master: the check takes as long as the module is large.
async fn upload(
    api: &Api,
    scope: Scope,
    body: Result<Vec<u8>, Failure>,
) -> Result<(api::Module, bool), Failure> {
    let wasm = body?;
    let limits = admission::Limits {
        module_bytes: api.max_module,
        ..admission::Limits::default()
    };
    let folder = api.folder.clone();
    let admitted = blocking(move || {
        let admitted = admission::admit(&wasm, &limits)?;
        if let Some(folder) = folder {
            let written = folder.write(admitted.id, &admitted.wasm);
            written.map_err(|error| Failure::unwritten(&error))?;
        }
        Ok(admitted)
    });
    let admitted = admitted.await?;
    let module = |now, admitted: &Admitted| Module {
        id: admitted.id,
        // A module's limit is far below 4 GiB.
        size: u32::try_from(admitted.wasm.len()).unwrap_or(u32::MAX),
        memory: admitted.memory_min_bytes,
        memory_needed: admitted.memory_needed_bytes,
        permissions: admitted.permissions,
        features: admitted
            .features
            .iter()
            .map(|it| it.name().to_owned())
            .collect(),
        admitted_at: now,
        owner: scope.owner(),
    };
    let taken = api.change(|master, now| {
        let module = module(now, &admitted);
        let bytes = Arc::from(admitted.wasm);
        Ok(master.upload_module(now, scope.owner(), module, bytes)?)
    });
    taken.await
}

fn list(api: &Api, mut query: Query) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<ModuleId>()?;
    query.finish()?;
    Ok(api.call(|master, _| master.modules(paging)))
}

fn bytes(api: &Api, id: &str) -> Result<Vec<u8>, Failure> {
    let id = query::id(id)?;
    let bytes = api.call(|master, _| master.module_bytes(id));
    bytes.map(|bytes| bytes.to_vec()).ok_or_else(|| {
        let message = format!("no module {id} was admitted: list them with GET /v1/modules");
        Failure::unknown("unknownModule", message)
    })
}
