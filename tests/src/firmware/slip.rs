//! The network of a board whose only way out is a serial line: Ethernet frames in SLIP
//! (RFC 1055).
//!
//! QEMU gives the line as a stream, and takes the frames of its user-mode network as datagrams,
//! one each. What stands between is here: no TAP, and nobody needs to be root.

use std::io::{self, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::thread;

const END: u8 = 0xC0;
const ESCAPE: u8 = 0xDB;
const ESCAPED_END: u8 = 0xDC;
const ESCAPED_ESCAPE: u8 = 0xDD;

/// The longest Ethernet frame, and then some.
const FRAME: usize = 2048;

/// Adds `frame` to what goes into a serial line.
pub fn encode(frame: &[u8], line: &mut Vec<u8>) {
    line.push(END);
    for byte in frame {
        match *byte {
            END => line.extend([ESCAPE, ESCAPED_END]),
            ESCAPE => line.extend([ESCAPE, ESCAPED_ESCAPE]),
            byte => line.push(byte),
        }
    }
    line.push(END);
}

/// Makes frames again of what comes out of a serial line.
#[derive(Debug, Default)]
pub struct Decoder {
    frame: Vec<u8>,
    is_escaped: bool,
}

impl Decoder {
    /// Takes the next byte. Gives the frame that it ends, if it ends one.
    pub fn push(&mut self, byte: u8) -> Option<Vec<u8>> {
        match (mem::take(&mut self.is_escaped), byte) {
            (_, END) => {
                let frame = mem::take(&mut self.frame);
                return (!frame.is_empty()).then_some(frame);
            }
            (false, ESCAPE) => self.is_escaped = true,
            (true, ESCAPED_END) => self.frame.push(END),
            (true, ESCAPED_ESCAPE) => self.frame.push(ESCAPE),
            (_, byte) => self.frame.push(byte),
        }
        // Noise without an end is no frame.
        if self.frame.len() > FRAME {
            self.frame.clear();
        }
        None
    }
}

/// The two sockets that QEMU is told, before it is started.
#[derive(Debug)]
pub struct Wire {
    folder: PathBuf,
    line: UnixListener,
    frames: UnixDatagram,
}

impl Wire {
    /// Makes them in `folder`.
    ///
    /// # Errors
    ///
    /// Where they cannot be made.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            line: UnixListener::bind(folder.join("line"))?,
            frames: UnixDatagram::bind(folder.join("frames"))?,
        })
    }

    /// What QEMU is told: the serial line is the board's first, and a hub has the user-mode
    /// network at one port and the frames at the other.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let folder = self.folder.display();
        let told = [
            ["-serial", &format!("unix:{folder}/line")],
            ["-netdev", "user,id=user"],
            [
                "-netdev",
                &format!(
                    "dgram,id=frames,local.type=unix,local.path={folder}/qemu,\
                     remote.type=unix,remote.path={folder}/frames"
                ),
            ],
            ["-netdev", "hubport,id=one,hubid=0,netdev=user"],
            ["-netdev", "hubport,id=other,hubid=0,netdev=frames"],
        ];
        told.into_iter().flatten().map(str::to_owned).collect()
    }

    /// Waits for QEMU, and carries frames both ways until it ends.
    ///
    /// # Errors
    ///
    /// What the sockets say.
    pub fn carry(self) -> io::Result<()> {
        let (mut line, _) = self.line.accept()?;
        let (mut to_line, from_qemu) = (line.try_clone()?, self.frames.try_clone()?);
        let down = thread::spawn(move || carry_down(&from_qemu, &mut to_line));
        let carried = carry_up(&mut line, &self.frames, &self.folder.join("qemu"));
        self.frames.shutdown(Shutdown::Both)?;
        // What ended the one way ended the other.
        let _ended = down.join();
        carried
    }
}

fn carry_up(line: &mut impl Read, frames: &UnixDatagram, qemu: &Path) -> io::Result<()> {
    let mut decoder = Decoder::default();
    let mut bytes = [0; FRAME];
    loop {
        let length = match line.read(&mut bytes) {
            Ok(length) => length,
            // QEMU ended before it had read all.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => return Err(error),
        };
        if length == 0 {
            return Ok(());
        }
        for frame in bytes
            .iter()
            .take(length)
            .filter_map(|byte| decoder.push(*byte))
        {
            frames.send_to(&frame, qemu)?;
        }
    }
}

fn carry_down(frames: &UnixDatagram, line: &mut impl Write) -> io::Result<()> {
    let mut frame = [0; FRAME];
    let mut encoded = Vec::new();
    loop {
        let length = frames.recv(&mut frame)?;
        if length == 0 {
            return Ok(());
        }
        encoded.clear();
        encode(frame.get(..length).unwrap_or_default(), &mut encoded);
        line.write_all(&encoded)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(line: &[u8]) -> Vec<Vec<u8>> {
        let mut decoder = Decoder::default();
        line.iter().filter_map(|byte| decoder.push(*byte)).collect()
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let frames = [vec![1, END, 2], vec![ESCAPE, ESCAPED_END, ESCAPE], vec![0]];
        let mut line = Vec::new();
        for frame in &frames {
            encode(frame, &mut line);
        }
        assert_eq!(decoded(&line), frames);
        assert_eq!(line.iter().filter(|byte| **byte == END).count(), 6);
    }

    #[test]
    fn a_frame_cut_short_is_given_up_at_the_next() {
        let mut line = vec![END, 7, ESCAPE];
        encode(&[1, 2], &mut line);
        assert_eq!(decoded(&line), [vec![7], vec![1, 2]]);

        let noise = vec![9; 3 * FRAME];
        assert!(decoded(&noise).is_empty());
    }
}
