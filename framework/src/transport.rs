//! HTTP/1.1 to one master: requests, answers, refusals, patience.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use edgerm_protocol::api::Refusal;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::RequestBody;
use crate::error::{Error, Malformed};

/// Time for an answer beyond what the call itself waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time for a connection to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection that is not used is kept: less than a master keeps it, 30 s, or a call
/// might be written into its end.
const IDLE: Duration = Duration::from_secs(15);

/// Bytes of an answer at most: a page of [`edgerm_protocol::api::MAX_PAGE`] of the largest
/// agents stays below it.
const MAX_ANSWER: usize = 64 << 20;

/// One call: its method, and its path with its query.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
        }
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
        }
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self {
            method: Method::DELETE,
            path: path.into(),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A pool of connections, with TLS where the address says so.
type Http = Client<HttpsConnector<HttpConnector>, RequestBody>;

/// Connections to one master.
#[derive(Clone)]
pub(crate) struct Transport {
    url: String,
    /// What the `Authorization` header says.
    authorization: Option<HeaderValue>,
    http: Http,
}

impl Transport {
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let url = normalise(url)?;
        let builder = HttpsConnectorBuilder::new();
        let provider = ring::default_provider();
        let http = if url.starts_with("https") {
            let builder = builder.with_provider_and_native_roots(provider);
            pool(builder.map_err(|error| Error::Authorities(error.to_string()))?)
        } else {
            pool(builder.with_tls_config(trusting(RootCertStore::empty())?))
        };
        Ok(Self {
            url,
            authorization: None,
            http,
        })
    }

    /// Trusts these authorities, in PEM, and no others.
    pub(crate) fn set_authorities(&mut self, pem: &[u8]) -> Result<(), Error> {
        let refused = |error: &dyn fmt::Display| Error::Authorities(error.to_string());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| refused(&error))?;
            roots.add(certificate).map_err(|error| refused(&error))?;
        }
        if roots.is_empty() {
            return Err(refused(&"there is no certificate in it"));
        }
        let builder = HttpsConnectorBuilder::new().with_tls_config(trusting(roots)?);
        self.http = pool(builder);
        Ok(())
    }

    /// Shows `token` with every call.
    pub(crate) fn set_token(&mut self, token: &str) -> Result<(), Error> {
        let header = HeaderValue::try_from(format!("Bearer {token}"));
        let mut header = header.map_err(|_| Error::Token)?;
        header.set_sensitive(true);
        self.authorization = Some(header);
        Ok(())
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The JSON that answers `call`, which may itself wait for `wait`.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        call: &Call,
        body: RequestBody,
        wait: Duration,
    ) -> Result<T, Error> {
        let bytes = self.bytes(call, body, wait).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.protocol(call, error.into()))
    }

    /// The bytes that answer `call`, which may itself wait for `wait`.
    pub(crate) async fn bytes(
        &self,
        call: &Call,
        body: RequestBody,
        wait: Duration,
    ) -> Result<Bytes, Error> {
        let patience = wait + PATIENCE;
        let answer = async {
            let response = self.begin(call, body, None).await?;
            self.collect(call, response).await
        };
        match tokio::time::timeout(patience, answer).await {
            Ok(result) => result,
            Err(_) => {
                let (url, call) = (self.url.clone(), call.to_string());
                Err(Error::Silent {
                    url,
                    call,
                    patience,
                })
            }
        }
    }

    /// The head of the answer to `call`, where that was no refusal.
    pub(crate) async fn begin(
        &self,
        call: &Call,
        body: RequestBody,
        last_event_id: Option<u64>,
    ) -> Result<Response<Incoming>, Error> {
        let address = || Error::Address {
            url: self.url.clone(),
            reason: "it makes no URI",
        };
        let uri: Uri = format!("{}{}", self.url, call.path)
            .parse()
            .map_err(|_| address())?;
        let mut request = Request::builder().method(&call.method).uri(uri);
        request = match last_event_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .header(
                ACCEPT,
                "application/json, text/event-stream, application/wasm",
            )
            .header(CONTENT_TYPE, content_type(call))
            .body(body)
            .map_err(|_| address())?;
        let response = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Error::Unreachable {
                    url: self.url.clone(),
                    source: error.into(),
                }
            } else {
                self.broken(call, error)
            }
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let bytes = self.collect(call, response).await?;
        Err(self.refused(call, status, &bytes))
    }

    async fn collect(&self, call: &Call, response: Response<Incoming>) -> Result<Bytes, Error> {
        match Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await
        {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(self.protocol(call, Malformed::TooLarge(MAX_ANSWER)))
            }
            Err(error) => Err(self.broken(call, error)),
        }
    }

    fn refused(&self, call: &Call, status: StatusCode, body: &[u8]) -> Error {
        let status = status.as_u16();
        match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) => Error::Refused {
                call: call.to_string(),
                status,
                refusal,
            },
            Err(_) => self.protocol(call, Malformed::Status(status)),
        }
    }

    pub(crate) fn broken(&self, call: &Call, source: impl Into<crate::error::BoxError>) -> Error {
        let (url, call, source) = (self.url.clone(), call.to_string(), source.into());
        Error::Broken { url, call, source }
    }

    pub(crate) fn protocol(&self, call: &Call, what: Malformed) -> Error {
        Error::Protocol {
            url: self.url.clone(),
            call: call.to_string(),
            what,
        }
    }
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Authorities(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn pool(builder: HttpsConnectorBuilder<WantsSchemes>) -> Http {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    // Which scheme it is, the connector around it decides.
    connector.enforce_http(false);
    let connector = builder
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector)
}

/// A body of JSON.
pub(crate) fn json_body<T: Serialize>(value: &T) -> RequestBody {
    match serde_json::to_vec(value) {
        Ok(bytes) => RequestBody::new(bytes),
        // The API's types have text for keys and nothing that refuses to be written.
        Err(error) => unreachable!("an API type cannot be written as JSON: {error}"),
    }
}

fn content_type(call: &Call) -> &'static str {
    match &*call.path {
        "/v1/modules" => "application/wasm",
        "/v1/restore" => "application/octet-stream",
        _ => "application/json",
    }
}

/// `host:port` as well as `http://host:port/`, without the slash at the end.
fn normalise(url: &str) -> Result<String, Error> {
    let address = |reason| Error::Address {
        url: url.into(),
        reason,
    };
    let full = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let uri: Uri = full.parse().map_err(|_| address("it is no URL"))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        _ => return Err(address("it is neither http nor https")),
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(address("it names no host"));
    }
    if uri.query().is_some() {
        return Err(address("it has a query"));
    }
    Ok(full.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form() {
        let cases = [
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://127.0.0.1:8080/", Some("http://127.0.0.1:8080")),
            ("localhost:8080", Some("http://localhost:8080")),
            ("http://gateway/edgerm/", Some("http://gateway/edgerm")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://gateway:8443/", Some("https://gateway:8443")),
            ("coap://localhost", None),
            ("http://", None),
            ("http://host/?a=b", None),
            ("not a url", None),
        ];
        for (text, expected) in cases {
            assert_eq!(normalise(text).ok().as_deref(), expected, "{text}");
        }
    }
}
