//! One method for each call of the API.

use std::collections::BTreeMap;
use std::time::Duration;

use edgerm_protocol::api::{
    Accept, Accepted, Agent, Decline, DrainAgent, Enrollment, Framework, Health, IssuedCredential,
    IssuedJoinToken, IssuedToken, Join, JoinToken, Joined, KillTask, LogWanted, Module,
    NewEnrollment, NewFramework, NewJoinToken, NewToken, Offer, OfferRequest, Offers, Outputs,
    Restored, SendMessage, Task, TaskUsage, Token,
};
use edgerm_protocol::{AgentId, FrameworkId, ModuleId, OfferId, TaskId};
use hyper::body::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backup::{self, Backup};
use crate::body::RequestBody;
use crate::error::Error;
use crate::page::Pages;
use crate::transport::{Call, Transport, json_body};

/// A client of one master. Cloning it is cheap and shares its connections.
///
/// Every method fails with [`Error`]; what the master refuses has changed nothing.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Transport,
}

#[expect(clippy::missing_errors_doc, reason = "said once, of the type")]
impl Client {
    /// A client of the master at `url`: `http://host:port`, `https://host:port` or `host:port`,
    /// which is http. With https it trusts the authorities of this system. Connects when it
    /// is first used.
    pub fn new(url: &str) -> Result<Self, Error> {
        Ok(Self {
            transport: Transport::new(url)?,
        })
    }

    /// The same client, that shows `token` with every call.
    pub fn with_token(mut self, token: &str) -> Result<Self, Error> {
        self.transport.set_token(token)?;
        Ok(self)
    }

    /// The same client, that trusts the authorities in `pem` and no others.
    pub fn with_authorities(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.transport.set_authorities(pem)?;
        Ok(self)
    }

    /// The master's address.
    pub fn url(&self) -> &str {
        self.transport.url()
    }

    /// That the master serves, and what it is.
    pub async fn health(&self) -> Result<Health, Error> {
        self.get("/healthz").await
    }

    /// How often what happened that is no event: refusals by their code, datagrams ignored. For who
    /// sees everything.
    pub async fn counters(&self) -> Result<BTreeMap<String, u64>, Error> {
        self.get("/v1/counters").await
    }

    /// Every agent.
    pub fn agents(&self) -> Pages<Agent> {
        self.pages("/v1/agents")
    }

    /// One agent.
    pub async fn agent(&self, agent: AgentId) -> Result<Agent, Error> {
        self.get(format!("/v1/agents/{agent}")).await
    }

    /// Lets an agent run nothing new; its tasks end by themselves, or are killed after `deadline`,
    /// in whole seconds. For operators.
    pub async fn drain(&self, agent: AgentId, deadline: Option<Duration>) -> Result<Agent, Error> {
        let seconds = |it: Duration| u32::try_from(it.as_secs()).unwrap_or(u32::MAX);
        let drain = DrainAgent {
            deadline_s: deadline.map(seconds),
        };
        self.post(format!("/v1/agents/{agent}/drain"), &drain).await
    }

    /// Offers an agent again that was drained. For operators.
    pub async fn undrain(&self, agent: AgentId) -> Result<Agent, Error> {
        let call = Call::post(format!("/v1/agents/{agent}/undrain"));
        self.transport
            .json(&call, RequestBody::empty(), Duration::ZERO)
            .await
    }

    /// Registers a framework. Asked twice it registers two.
    pub async fn register_framework(&self, new: &NewFramework) -> Result<Framework, Error> {
        self.post("/v1/frameworks", new).await
    }

    /// Every framework.
    pub fn frameworks(&self) -> Pages<Framework> {
        self.pages("/v1/frameworks")
    }

    /// One framework.
    pub async fn framework(&self, framework: FrameworkId) -> Result<Framework, Error> {
        self.get(format!("/v1/frameworks/{framework}")).await
    }

    /// Removes a framework: its tasks are killed, its offers return.
    pub async fn remove_framework(&self, framework: FrameworkId) -> Result<(), Error> {
        let call = Call::delete(format!("/v1/frameworks/{framework}"));
        self.done(&call, RequestBody::empty()).await
    }

    /// Makes no more offers to a framework, until it revives.
    pub async fn suppress(&self, framework: FrameworkId) -> Result<(), Error> {
        let call = Call::post(format!("/v1/frameworks/{framework}/suppress"));
        self.done(&call, RequestBody::empty()).await
    }

    /// Makes offers to a framework again, and forgets the filters of what it declined.
    pub async fn revive(&self, framework: FrameworkId) -> Result<(), Error> {
        let call = Call::post(format!("/v1/frameworks/{framework}/revive"));
        self.done(&call, RequestBody::empty()).await
    }

    /// Asks for offers, and waits for the first as long as the request says.
    pub async fn request_offers(&self, request: &OfferRequest) -> Result<Vec<Offer>, Error> {
        let wait = Duration::from_millis(request.wait_ms);
        let call = Call::post("/v1/offers");
        let Offers { offers } = self.transport.json(&call, json_body(request), wait).await?;
        Ok(offers)
    }

    /// Every open offer, to whichever framework.
    pub fn offers(&self) -> Pages<Offer> {
        self.pages("/v1/offers")
    }

    /// Accepts an offer with tasks to launch, all of them or none.
    pub async fn accept(&self, offer: OfferId, accept: &Accept) -> Result<Accepted, Error> {
        self.post(format!("/v1/offers/{offer}/accept"), accept)
            .await
    }

    /// Declines an offer.
    pub async fn decline(&self, offer: OfferId, decline: &Decline) -> Result<(), Error> {
        let call = Call::post(format!("/v1/offers/{offer}/decline"));
        self.done(&call, json_body(decline)).await
    }

    /// Every task that the master remembers.
    pub fn tasks(&self) -> Pages<Task> {
        self.pages("/v1/tasks")
    }

    /// One task.
    pub async fn task(&self, task: TaskId) -> Result<Task, Error> {
        self.get(format!("/v1/tasks/{task}")).await
    }

    /// Asks that a task end, in the name of its framework, or of an operator where that is
    /// `None`. It has ended when its state says so.
    pub async fn kill(&self, task: TaskId, framework: Option<FrameworkId>) -> Result<Task, Error> {
        self.post(format!("/v1/tasks/{task}/kill"), &KillTask { framework })
            .await
    }

    /// Gives a message to a task.
    pub async fn send_message(&self, task: TaskId, message: &SendMessage) -> Result<(), Error> {
        let call = Call::post(format!("/v1/tasks/{task}/message"));
        self.done(&call, json_body(message)).await
    }

    /// What a task emitted after the one with index `after` (0: from the oldest that is kept), and
    /// logged where that is wanted, waiting up to `wait` for the first.
    /// [`Client::follow_output`] goes on.
    pub async fn outputs(
        &self,
        task: TaskId,
        after: u64,
        wait: Duration,
        log: LogWanted,
    ) -> Result<Outputs, Error> {
        let (wait_ms, log) = (wait.as_millis(), log.name());
        let path = format!("/v1/tasks/{task}/output?after={after}&waitMs={wait_ms}&log={log}");
        self.transport
            .json(&Call::get(path), RequestBody::empty(), wait)
            .await
    }

    /// What a task uses, waiting up to `wait` for its agent to tell.
    pub async fn usage(&self, task: TaskId, wait: Duration) -> Result<TaskUsage, Error> {
        let wait_ms = wait.as_millis();
        let path = format!("/v1/tasks/{task}/usage?waitMs={wait_ms}");
        self.transport
            .json(&Call::get(path), RequestBody::empty(), wait)
            .await
    }

    /// Uploads a module. One that the master knows is answered alike.
    pub async fn upload_module(&self, wasm: impl Into<Bytes>) -> Result<Module, Error> {
        self.upload(RequestBody::new(wasm)).await
    }

    /// Uploads a module, and tells `on_progress` how many bytes are sent.
    pub async fn upload_module_with_progress(
        &self,
        wasm: impl Into<Bytes>,
        on_progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<Module, Error> {
        self.upload(RequestBody::new(wasm).on_progress(on_progress))
            .await
    }

    /// Every admitted module.
    pub fn modules(&self) -> Pages<Module> {
        self.pages("/v1/modules")
    }

    /// The bytes of a module, as they were admitted.
    pub async fn module(&self, module: ModuleId) -> Result<Bytes, Error> {
        let call = Call::get(format!("/v1/modules/{module}"));
        self.transport
            .bytes(&call, RequestBody::empty(), Duration::ZERO)
            .await
    }

    async fn upload(&self, body: RequestBody) -> Result<Module, Error> {
        self.transport
            .json(&Call::post("/v1/modules"), body, Duration::ZERO)
            .await
    }

    /// Issues a token, whose secret nobody can ask for again.
    pub async fn issue_token(&self, new: &NewToken) -> Result<IssuedToken, Error> {
        self.post("/v1/tokens", new).await
    }

    /// Every token, without its secret.
    pub fn tokens(&self) -> Pages<Token> {
        self.pages("/v1/tokens")
    }

    /// Revokes a token: its bearers are refused from now on.
    pub async fn revoke_token(&self, name: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/v1/tokens/{}", in_path(name)));
        self.done(&call, RequestBody::empty()).await
    }

    /// Enrols an agent, whose credential nobody can ask for again.
    pub async fn enroll(&self, name: &str) -> Result<IssuedCredential, Error> {
        let name = name.to_owned();
        self.post("/v1/enrollments", &NewEnrollment { name }).await
    }

    /// Every enrolled agent, without its credential.
    pub fn enrollments(&self) -> Pages<Enrollment> {
        self.pages("/v1/enrollments")
    }

    /// Gives an enrolled agent another credential: the one before is refused from now on.
    pub async fn rotate_credential(&self, name: &str) -> Result<IssuedCredential, Error> {
        let call = Call::post(format!("/v1/enrollments/{}/rotate", in_path(name)));
        self.transport
            .json(&call, RequestBody::empty(), Duration::ZERO)
            .await
    }

    /// Refuses an enrolled agent from now on.
    pub async fn revoke_credential(&self, name: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/v1/enrollments/{}", in_path(name)));
        self.done(&call, RequestBody::empty()).await
    }

    /// Issues a token with which agents enrol themselves. Nobody can ask for it again.
    pub async fn issue_join_token(&self, new: &NewJoinToken) -> Result<IssuedJoinToken, Error> {
        self.post("/v1/join-tokens", new).await
    }

    /// Every join token that is neither used up nor expired, without its secret.
    pub fn join_tokens(&self) -> Pages<JoinToken> {
        self.pages("/v1/join-tokens")
    }

    /// Lets nobody join with a token any more.
    pub async fn revoke_join_token(&self, id: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/v1/join-tokens/{}", in_path(id)));
        self.done(&call, RequestBody::empty()).await
    }

    /// Enrols an agent that proves to have a join token.
    pub async fn join(&self, join: &Join) -> Result<Joined, Error> {
        self.post("/v1/join", join).await
    }

    /// All that the master keeps, of this moment, as one file. It has secrets: whoever has it can
    /// be each of its agents.
    pub async fn backup(&self) -> Result<Backup, Error> {
        Backup::begin(self.transport.clone()).await
    }

    /// Puts what is in `file`, a backup of `length` bytes, in place of all that the master keeps.
    pub async fn restore(&self, file: tokio::fs::File, length: u64) -> Result<Restored, Error> {
        let body = RequestBody::of_file(file, length);
        self.transport
            .json(&Call::post("/v1/restore"), body, backup::PATIENCE)
            .await
    }

    fn pages<T: DeserializeOwned>(&self, path: &'static str) -> Pages<T> {
        Pages::new(self.transport.clone(), path)
    }

    async fn get<T: DeserializeOwned>(&self, path: impl Into<String>) -> Result<T, Error> {
        self.transport
            .json(&Call::get(path), RequestBody::empty(), Duration::ZERO)
            .await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.transport
            .json(&Call::post(path), json_body(body), Duration::ZERO)
            .await
    }

    async fn done(&self, call: &Call, body: RequestBody) -> Result<(), Error> {
        self.transport
            .bytes(call, body, Duration::ZERO)
            .await
            .map(|_| ())
    }
}

/// A name as it stands in a path (RFC 3986 section 2.1).
fn in_path(name: &str) -> String {
    name.bytes()
        .map(
            |byte| match byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_a_path() {
        assert_eq!(in_path("Pump-3_b.2"), "Pump-3_b.2");
        assert_eq!(in_path("a/b?c d"), "a%2Fb%3Fc%20d");
    }
}
