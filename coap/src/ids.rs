//! Where an endpoint's numbers come from: message ids that count up, tokens and jitter drawn
//! from a seeded generator.

use edgerm_protocol::Millis;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use crate::config::Config;
use crate::header::{MessageId, Token};

/// The generator of one endpoint. PCG is quick and small and not a cryptographic one: it keeps
/// blind forgers out, and the security layer the others.
#[derive(Debug)]
pub(crate) struct Ids {
    random: Pcg32,
    next_message_id: u16,
    last_token: u16,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Pcg32::seed_from_u64(seed);
        Self {
            next_message_id: draw(&mut random),
            last_token: draw(&mut random),
            random,
        }
    }

    /// Counts up from a random start, so that none is used twice within `EXCHANGE_LIFETIME`
    /// (RFC 7252 section 4.4).
    pub(crate) fn message_id(&mut self) -> MessageId {
        let message_id = MessageId(self.next_message_id);
        self.next_message_id = self.next_message_id.wrapping_add(1);
        message_id
    }

    /// Two random bytes (RFC 7252 section 5.3.1), never those of the token before, which a
    /// late response may still bear.
    pub(crate) fn token(&mut self) -> Token {
        let drawn = draw(&mut self.random);
        self.last_token = if drawn == self.last_token {
            drawn.wrapping_add(1)
        } else {
            drawn
        };
        Token::short(self.last_token)
    }

    /// Between `ack_timeout` and `ack_timeout * ack_random_factor` (RFC 7252 section 4.2).
    pub(crate) fn first_wait(&mut self, config: &Config) -> Millis {
        let spread = u32::from(config.ack_random_factor.saturating_sub(1000));
        let thousandths = self.random.next_u32() % (spread + 1);
        let Millis(least) = config.ack_timeout.into();
        let seconds = Millis(least / 1000).saturating_mul(thousandths);
        let rest = Millis(least % 1000 * thousandths / 1000);
        Millis(least).saturating_add(seconds).saturating_add(rest)
    }
}

fn draw(random: &mut Pcg32) -> u16 {
    let [first, second, ..] = random.next_u32().to_be_bytes();
    u16::from_be_bytes([first, second])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_count_up_and_wrap() {
        let mut ids = Ids::new(1);
        let MessageId(first) = ids.message_id();
        for step in 1..=u16::MAX {
            assert_eq!(ids.message_id(), MessageId(first.wrapping_add(step)));
        }
        assert_eq!(ids.message_id(), MessageId(first));
    }

    #[test]
    fn a_token_has_two_bytes_and_is_not_the_one_before() {
        let mut ids = Ids::new(2);
        let mut before = ids.token();
        for _ in 0..200_000 {
            let token = ids.token();
            assert_eq!(token.as_bytes().len(), 2);
            assert_ne!(token, before);
            before = token;
        }
    }

    #[test]
    fn seeds_differ_in_what_they_draw() {
        let (mut one, mut other) = (Ids::new(1), Ids::new(2));
        assert_ne!(
            (one.message_id(), one.token(), one.token()),
            (other.message_id(), other.token(), other.token())
        );
    }

    #[test]
    fn the_first_wait_fills_its_range() {
        let (config, mut ids) = (Config::default(), Ids::new(3));
        let (mut least, mut most) = (Millis::MAX, Millis::ZERO);
        for _ in 0..20_000 {
            let wait = ids.first_wait(&config);
            (least, most) = (least.min(wait), most.max(wait));
        }
        assert_eq!((least, most), (Millis(2_000), Millis(3_000)));
        let still = Config {
            ack_random_factor: 0,
            ..config
        };
        assert_eq!(ids.first_wait(&still), Millis::from(still.ack_timeout));
    }
}
