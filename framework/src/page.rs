//! Lists, page by page.

use std::marker::PhantomData;
use std::time::Duration;

use edgerm_protocol::api::Page;
use futures_util::Stream;
use futures_util::stream;
use serde::de::DeserializeOwned;

use crate::body::RequestBody;
use crate::error::{Error, Malformed};
use crate::transport::{Call, Transport};

/// A list of the master's, read a page at a time.
#[must_use = "nothing is asked until a page is"]
pub struct Pages<T> {
    transport: Transport,
    path: &'static str,
    limit: Option<usize>,
    after: Option<String>,
    exhausted: bool,
    members: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Pages<T> {
    pub(crate) fn new(transport: Transport, path: &'static str) -> Self {
        Self {
            transport,
            path,
            limit: None,
            after: None,
            exhausted: false,
            members: PhantomData,
        }
    }

    /// Asks for pages of `limit` members, 1 to [`edgerm_protocol::api::MAX_PAGE`].
    pub fn limit(self, limit: usize) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Starts with the first member beyond `id`.
    pub fn after(self, id: impl ToString) -> Self {
        Self {
            after: Some(id.to_string()),
            ..self
        }
    }

    /// The next page's members; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// [`Error`], after which the same page may be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, Error> {
        if self.exhausted {
            return Ok(None);
        }
        let call = Call::get(self.path_and_query());
        let page: Page<T> = self
            .transport
            .json(&call, RequestBody::empty(), Duration::ZERO)
            .await?;
        if page.next.is_some() && page.next == self.after {
            return Err(self.transport.protocol(&call, Malformed::Circular));
        }
        self.exhausted = page.next.is_none();
        self.after = page.next;
        Ok(Some(page.items))
    }

    /// Every member that is left.
    ///
    /// # Errors
    ///
    /// [`Error`] of the first page that was not had.
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(members) = self.next_page().await? {
            all.extend(members);
        }
        Ok(all)
    }

    /// The pages as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Vec<T>, Error>> {
        stream::try_unfold(self, |mut pages| async move {
            Ok(pages.next_page().await?.map(|members| (members, pages)))
        })
    }

    fn path_and_query(&self) -> String {
        let limit = self.limit.map(|limit| format!("limit={limit}"));
        let after = self
            .after
            .as_ref()
            .map(|after| format!("after={}", percent_encode(after)));
        let query: Vec<String> = [limit, after].into_iter().flatten().collect();
        match query.is_empty() {
            true => self.path.into(),
            false => format!("{}?{}", self.path, query.join("&")),
        }
    }
}

/// All but the unreserved characters of RFC 3986 section 2.3 as `%XX`.
fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_master_sends_cannot_change_the_query() {
        assert_eq!(percent_encode("00ff-a.b_c~"), "00ff-a.b_c~");
        assert_eq!(percent_encode("a&limit=1 ü"), "a%26limit%3D1%20%C3%BC");
    }
}
