//! Whether a node uses the nonce of one request for another.

use edgerm_coap::oscore::Protected;

/// What a node's requests since its boot were protected with, as far as it can be seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Nonces {
    /// The kid context that was seen last: with each other one the keys are others.
    context: Vec<u8>,
    /// The highest Partial IV with these keys, and the request that bore it.
    last: Option<u64>,
    request: Vec<u8>,
}

impl Nonces {
    /// Looks at what is sent.
    ///
    /// # Panics
    ///
    /// Where a request has the Partial IV of one before, and is another.
    pub(super) fn check(&mut self, name: &str, datagram: &[u8]) {
        let is_request = datagram.get(1).is_some_and(|code| (1..32).contains(code));
        let Some(Ok(protected)) = is_request.then(|| Protected::parse(datagram)) else {
            return;
        };
        let option = protected.option();
        let Some(partial_iv) = option.partial_iv else {
            return;
        };
        if let Some(context) = option.id_context
            && context != self.context
        {
            self.context = context.to_vec();
            self.last = None;
        }
        let partial_iv = partial_iv.number();
        if let Some(last) = self.last.filter(|last| partial_iv <= *last) {
            let same = partial_iv == last && self.request == datagram;
            assert!(
                same,
                "{name}: a nonce comes twice: {partial_iv} after {last}"
            );
            return;
        }
        self.last = Some(partial_iv);
        self.request.clear();
        self.request.extend_from_slice(datagram);
    }
}
