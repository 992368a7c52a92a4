//! Methods, response codes and content formats: the numbers of RFC 7252 section 12.

use core::fmt;

use edgerm_protocol::words::{self, Say, Words};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// 0.01: a representation, without effect.
    Get,
    /// 0.02: to process the payload.
    Post,
    /// 0.03: to create or replace.
    Put,
    /// 0.04: to remove.
    Delete,
}

impl Method {
    /// The method a request's code means, if it is one of the four of RFC 7252.
    pub const fn from_code(code: Code) -> Option<Self> {
        match code.0 {
            1 => Some(Self::Get),
            2 => Some(Self::Post),
            3 => Some(Self::Put),
            4 => Some(Self::Delete),
            _ => None,
        }
    }

    /// The code on the wire.
    pub const fn code(self) -> Code {
        match self {
            Self::Get => Code(1),
            Self::Post => Code(2),
            Self::Put => Code(3),
            Self::Delete => Code(4),
        }
    }
}

/// The code of a message: three bits of class, five of detail, written `4.04`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(u8);

/// What kind of message a code makes (RFC 7252 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Empty,
    Request,
    Response,
    Reserved,
}

impl Code {
    /// 0.00, an empty message.
    pub const EMPTY: Self = Self(0);
    /// 2.01 Created.
    pub const CREATED: Self = Self::new(2, 1);
    /// 2.02 Deleted.
    pub const DELETED: Self = Self::new(2, 2);
    /// 2.03 Valid.
    pub const VALID: Self = Self::new(2, 3);
    /// 2.04 Changed.
    pub const CHANGED: Self = Self::new(2, 4);
    /// 2.05 Content.
    pub const CONTENT: Self = Self::new(2, 5);
    /// 4.00 Bad Request.
    pub const BAD_REQUEST: Self = Self::new(4, 0);
    /// 4.01 Unauthorized.
    pub const UNAUTHORIZED: Self = Self::new(4, 1);
    /// 4.02 Bad Option.
    pub const BAD_OPTION: Self = Self::new(4, 2);
    /// 4.03 Forbidden.
    pub const FORBIDDEN: Self = Self::new(4, 3);
    /// 4.04 Not Found.
    pub const NOT_FOUND: Self = Self::new(4, 4);
    /// 4.05 Method Not Allowed.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(4, 5);
    /// 4.09 Conflict (RFC 8132).
    pub const CONFLICT: Self = Self::new(4, 9);
    /// 4.13 Request Entity Too Large.
    pub const REQUEST_ENTITY_TOO_LARGE: Self = Self::new(4, 13);
    /// 4.15 Unsupported Content-Format.
    pub const UNSUPPORTED_CONTENT_FORMAT: Self = Self::new(4, 15);
    /// 4.22 Unprocessable Entity (RFC 8132).
    pub const UNPROCESSABLE_ENTITY: Self = Self::new(4, 22);
    /// 5.00 Internal Server Error.
    pub const INTERNAL_SERVER_ERROR: Self = Self::new(5, 0);
    /// 5.03 Service Unavailable.
    pub const SERVICE_UNAVAILABLE: Self = Self::new(5, 3);
    /// 5.05 Proxying Not Supported.
    pub const PROXYING_NOT_SUPPORTED: Self = Self::new(5, 5);

    /// The code `class.detail`; bits beyond three and five are dropped.
    pub const fn new(class: u8, detail: u8) -> Self {
        Self((class & 0x7) << 5 | detail & 0x1f)
    }

    /// The class, 0 to 7.
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// The detail, 0 to 31.
    pub const fn detail(self) -> u8 {
        self.0 & 0x1f
    }

    /// Whether it tells success: 2.xx.
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }

    pub(crate) const fn kind(self) -> Class {
        match (self.class(), self.detail()) {
            (0, 0) => Class::Empty,
            (0, _) => Class::Request,
            (2 | 4 | 5, _) => Class::Response,
            _ => Class::Reserved,
        }
    }
}

impl From<u8> for Code {
    fn from(byte: u8) -> Self {
        Self(byte)
    }
}

impl From<Code> for u8 {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl Say for Code {
    fn say(&self, words: &mut Words<'_>) {
        let (tens, ones) = (self.detail() / 10, self.detail() % 10);
        words.number(self.class().into()).text(".");
        words.number(tens.into()).number(ones.into());
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::display(self, f)
    }
}

/// What a payload is, by its number in the CoAP Content-Formats registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentFormat(pub u16);

impl ContentFormat {
    /// `text/plain; charset=utf-8`.
    pub const TEXT: Self = Self(0);
    /// `application/octet-stream`.
    pub const OCTET_STREAM: Self = Self(42);
    /// `application/cbor`.
    pub const CBOR: Self = Self(60);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_code_is_written_as_the_rfc_writes_it() {
        for (code, written) in [
            (Code::EMPTY, "0.00"),
            (Method::Delete.code(), "0.04"),
            (Code::CONTENT, "2.05"),
            (Code::REQUEST_ENTITY_TOO_LARGE, "4.13"),
            (Code::from(0xff), "7.31"),
        ] {
            assert_eq!(code.to_string(), written);
        }
    }

    #[test]
    fn every_byte_has_its_class() {
        for byte in 0..=u8::MAX {
            let expected = match byte {
                0 => Class::Empty,
                0x01..=0x1f => Class::Request,
                0x40..=0x5f | 0x80..=0xbf => Class::Response,
                0x20..=0x3f | 0x60..=0x7f | 0xc0..=0xff => Class::Reserved,
            };
            assert_eq!(Code::from(byte).kind(), expected, "{byte:#x}");
        }
    }

    #[test]
    fn a_method_survives_its_code() {
        for method in [Method::Get, Method::Post, Method::Put, Method::Delete] {
            assert_eq!(Method::from_code(method.code()), Some(method));
        }
        assert_eq!(
            Method::from_code(Code::new(0, 5)),
            None,
            "FETCH is not ours"
        );
    }
}
