//! The parser of server-sent events (WHATWG HTML section 9.2): bytes in, events out.

/// Bytes of one event at most, lest a stream without line ends grow for ever.
pub(crate) const MAX_EVENT: usize = 1 << 20;

/// One server-sent event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its `id`, where it bears one.
    pub(crate) id: Option<String>,
    /// The lines of its data.
    pub(crate) data: String,
}

/// An event longer than [`MAX_EVENT`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Takes a stream apart, wherever the network cut it.
#[derive(Debug, Default)]
pub(crate) struct SseParser {
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    after_cr: bool,
}

impl SseParser {
    /// Gives every event that `bytes` complete to `emit`.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        mut emit: impl FnMut(SseEvent),
    ) -> Result<(), TooLong> {
        for &byte in bytes {
            let ends_crlf = std::mem::replace(&mut self.after_cr, byte == b'\r') && byte == b'\n';
            match byte {
                b'\n' if ends_crlf => {}
                b'\r' | b'\n' => {
                    if let Some(event) = self.end_line() {
                        emit(event);
                    }
                }
                other => self.line.push(other),
            }
            if self.line.len() + self.event.data.len() > MAX_EVENT {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment (an empty name), `event`, which the data repeats, and what may come.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, data: &str) -> SseEvent {
        SseEvent {
            id: id.map(Into::into),
            data: data.into(),
        }
    }

    fn parse(chunks: &[&[u8]]) -> Vec<SseEvent> {
        let (mut parser, mut events) = (SseParser::default(), Vec::new());
        for chunk in chunks {
            parser.push(chunk, |event| events.push(event)).unwrap();
        }
        events
    }

    #[test]
    fn events_are_told_apart() {
        let cases: [(&str, Vec<SseEvent>); 7] = [
            ("data:one\n\n", vec![event(None, "one")]),
            (
                "id: 7\ndata: one\ndata: two\n\n",
                vec![event(Some("7"), "one\ntwo")],
            ),
            (": keep-alive\n\n", vec![]),
            (
                "event: missed\nid:1\r\ndata: a\r\n\r\ndata:b\r\r",
                vec![event(Some("1"), "a"), event(None, "b")],
            ),
            ("data\n\n", vec![event(None, "")]),
            ("unknown: x\n\ndata: late", vec![]),
            ("data:  two blanks\n\n", vec![event(None, " two blanks")]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(&[text.as_bytes()]), expected, "{text:?}");
        }
    }

    #[test]
    fn it_does_not_matter_where_the_network_cuts() {
        let text =
            "id: 7\r\ndata: grün\r\ndata: two\r\n\r\n: ping\n\nid: 8\ndata: x\n\n".as_bytes();
        let whole = parse(&[text]);
        assert_eq!(whole.len(), 2);
        for cut in 0..=text.len() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(parse(&[head, tail]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut parser = SseParser::default();
        let endless = [b'x'; 4096];
        let refused =
            (0..=MAX_EVENT / endless.len()).any(|_| parser.push(&endless, |_| ()) == Err(TooLong));
        assert!(refused);
    }
}
