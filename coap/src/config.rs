//! The numbers of an endpoint: timing after RFC 7252 section 4.8, and bounds on memory.

use core::time::Duration;

/// Timing and bounds of one [`Endpoint`](crate::Endpoint).
///
/// `Config { max_datagram: 256, ..Config::default() }` is how one changes a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Least time before a request is first retransmitted (`ACK_TIMEOUT`): 2 s.
    pub ack_timeout: Duration,
    /// Most that the first wait may exceed `ack_timeout`, in thousandths
    /// (`ACK_RANDOM_FACTOR`): 1500. Under 1000 there is no jitter.
    pub ack_random_factor: u16,
    /// Retransmissions before a request times out (`MAX_RETRANSMIT`): 4.
    pub max_retransmit: u8,
    /// How long a separate response is awaited once the request was acknowledged: 93 s, the
    /// `MAX_TRANSMIT_WAIT` of a peer that retransmits its response as we do our request.
    pub separate_response: Duration,
    /// How long a message id may not mean another message (`EXCHANGE_LIFETIME`): 247 s.
    /// Requests unanswered for so long and replies so old are forgotten.
    pub exchange_lifetime: Duration,
    /// Longest datagram sent or accepted, in bytes of UDP payload: 1024.
    pub max_datagram: usize,
    /// Most requests waiting for the application's answer: 4. More are dropped, for the peer
    /// to retransmit.
    pub pending: usize,
    /// Most replies kept to answer duplicates with: 4. At least the last one is kept.
    pub replies: usize,
    /// Most bytes of replies kept: 2048. The last one is kept whatever its length.
    pub reply_bytes: usize,
}

impl Config {
    /// Most bytes of datagrams that an endpoint ever holds: a request in flight, and replies.
    pub fn max_buffered(&self) -> usize {
        self.max_datagram
            .saturating_add(self.reply_bytes.max(self.max_datagram))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(2),
            ack_random_factor: 1500,
            max_retransmit: 4,
            separate_response: Duration::from_secs(93),
            exchange_lifetime: Duration::from_secs(247),
            max_datagram: 1024,
            pending: 4,
            replies: 4,
            reply_bytes: 2048,
        }
    }
}
