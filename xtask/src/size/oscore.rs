//! What OSCORE takes on top of the agent: the probe with a node's part of it, and a master that
//! gives the node its keys and exchanges messages with it.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use edgerm_coap::oscore::rekey::{Challenges, Heard, NONCE, Settled};
use edgerm_coap::oscore::{Context, KeyId, Keying, ReplyBinding, ReplyForm};

use super::image::Image;
use super::probe::Probe;
use super::world;

const TAG: u8 = b'K';

/// Orders of `tests/size-probe/src/keys.rs`.
const BEGIN: u8 = b'b';
const ANSWER: u8 = b'a';
const REQUEST: u8 = b'r';
const RESPONSE: u8 = b's';
const HEAR: u8 = b'h';
const MEASURE: u8 = b'm';

/// The messages of the probe, and a 4.01.
const GET: &[u8] = b"\x42\x01\x30\x39\x77\x78\xb1p";
const CHANGED: &[u8] = b"\x62\x44\x30\x39\x77\x78";
const UNAUTHORIZED: &[u8] = b"\x62\x81\x30\x39\x77\x78";

/// Bytes that OSCORE takes.
pub(super) struct Figures {
    flash: u64,
    context: u64,
    stack: u64,
}

impl Figures {
    /// Weighs the probe with OSCORE against the one without, and runs it.
    pub(super) fn of(without: &Image, path: &Path) -> anyhow::Result<Self> {
        let with = Image::read(path)?;
        let mut node = Node(Probe::start(path)?);
        // The agent is made first, though it takes no part.
        node.0.begin(&world::description()?)?;
        let mut master = Master::establish(&mut node)?;
        for _ in 0..3 {
            master.hear(&mut node)?;
            master.ask(&mut node)?;
        }
        let (context, stack) = node.measure()?;
        Ok(Self {
            flash: with.counted().saturating_sub(without.counted()),
            context,
            stack,
        })
    }

    pub(super) const fn rows(&self) -> [(&'static str, u64); 3] {
        [
            ("flash: cipher, hash and all", self.flash),
            ("RAM: a context", self.context),
            ("stack: keys of a boot, or a message", self.stack),
        ]
    }
}

/// The probe.
struct Node(Probe);

impl Node {
    fn order(&mut self, order: u8, parts: [&[u8]; 2]) -> anyhow::Result<Vec<u8>> {
        let answer = self.0.say(TAG, &[&[order], parts[0], parts[1]])?;
        ensure!(
            !answer.is_empty(),
            "the probe refused {:?}",
            char::from(order)
        );
        Ok(answer)
    }

    fn measure(&mut self) -> anyhow::Result<(u64, u64)> {
        let numbers = self.order(MEASURE, [&[], &[]])?;
        let (numbers, _) = numbers.as_chunks();
        let mut numbers = numbers
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes).into());
        numbers
            .next()
            .zip(numbers.next())
            .context("a number is missing")
    }
}

/// The other end of the node's keys.
struct Master(Context);

impl Master {
    /// RFC 8613 appendix B.2.
    fn establish(node: &mut Node) -> anyhow::Result<Self> {
        let id = |bytes| KeyId::new(bytes).context("an id of four bytes");
        let keying = Keying {
            secret: &[0x5e; 16],
            salt: &[],
            sender: KeyId::EMPTY,
            recipient: id(&[0, 1, 2, 3])?,
        };
        let (mut challenges, mut settled) = (Challenges::new([7; 32]), Settled::default());
        let mut request = node.order(BEGIN, [&[1; NONCE], &[]])?;
        let Heard::Asked(challenge) =
            challenges.handle_request(&keying, &mut settled, b"here", &mut request)?
        else {
            bail!("the node did not ask");
        };
        let mut buffer = in_buffer(UNAUTHORIZED);
        let length = challenge.protect(&mut buffer, UNAUTHORIZED.len())?;
        buffer.truncate(length);
        let mut request = node.order(ANSWER, [&[3; NONCE], &buffer])?;
        let Heard::Established { context, reply, .. } =
            challenges.handle_request(&keying, &mut settled, b"here", &mut request)?
        else {
            bail!("the node did not confirm");
        };
        let mut master = Self(context);
        let response = master.respond(reply)?;
        let plain = node.order(ANSWER, [&[4; NONCE], &response])?;
        ensure!(plain == CHANGED, "the node did not read its response");
        Ok(master)
    }

    /// The node asks, and is answered.
    fn hear(&mut self, node: &mut Node) -> anyhow::Result<()> {
        let mut request = node.order(REQUEST, [&[], &[]])?;
        let (length, reply) = self.0.unprotect_request(&mut request)?;
        ensure!(
            request.get(..length) == Some(GET),
            "the node asked for something else"
        );
        let response = self.respond(reply)?;
        let plain = node.order(RESPONSE, [&response, &[]])?;
        ensure!(plain == CHANGED, "the node did not read its response");
        Ok(())
    }

    /// The node is asked, and answers.
    fn ask(&mut self, node: &mut Node) -> anyhow::Result<()> {
        let mut buffer = in_buffer(GET);
        let (length, binding) = self.0.protect_request(&mut buffer, GET.len(), None)?;
        buffer.truncate(length);
        let mut response = node.order(HEAR, [&buffer, &[]])?;
        let length = self.0.unprotect_response(&binding, &mut response)?;
        ensure!(
            response.get(..length) == Some(CHANGED),
            "the node answered something else"
        );
        Ok(())
    }

    fn respond(&mut self, mut reply: ReplyBinding) -> anyhow::Result<Vec<u8>> {
        let mut buffer = in_buffer(CHANGED);
        let form = ReplyForm::default();
        let length = self
            .0
            .protect_response(&mut reply, &mut buffer, CHANGED.len(), form)?;
        buffer.truncate(length);
        Ok(buffer)
    }
}

fn in_buffer(plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + Context::MAX_OVERHEAD, 0);
    buffer
}
