//! What goes out of the node or comes in, for which a call may wait.

use edgerm_task_abi::ErrorCode;

use super::failed;
use crate::case::{Case, case};
use crate::node::{Coming, Did, Node};
use crate::text::{telling, told};

/// There is room for eight payloads in all, those of `$tell` among them.
pub(super) fn emit() -> Case {
    let body = "(local i32) (i32.store (i32.const 0) (i32.const 0x6b6f))
        (call $tell (call $emit (i32.const 0) (i32.const 2) (i32.const 0)))
        (call $tell (call $emit (i32.const 65536) (i32.const 0) (i32.const 0)))
        (call $tell (call $emit (i32.const 8) (i32.const 801) (i32.const 0)))
        (local.set 0 (call $emit (i32.const 8) (i32.const 800) (i32.const 0)))
        (local.set 0 (call $emit (i32.const 0) (i32.const 2) (i32.const 0)))
        (call $tell (local.get 0))
        (local.set 0 (call $emit (i32.const 0) (i32.const 2) (i32.const 9)))
        (call $tell (local.get 0))";
    let node = Node::with_room(6)
        .then(100, Coming::Room)
        .then(200, Coming::Room);
    case("emit", telling("", body)).on(node).does([
        Did::Emitted(b"ok".into()),
        told(0),
        Did::Emitted(Vec::new()),
        told(0),
        failed(ErrorCode::TooLong),
        Did::Emitted(vec![0; 800]),
        failed(ErrorCode::TimedOut),
        failed(ErrorCode::TimedOut),
    ])
}

pub(super) fn message_receive() -> Case {
    let receive = "(func $receive (param i32 i32)
          (call $tell (call $message_receive (i32.const 16) (local.get 0) (local.get 1)))
          (call $tell (i32.load (i32.const 16))))";
    let body = "(call $receive (i32.const 4) (i32.const 0))
        (call $receive (i32.const 4) (i32.const 1))
        (call $receive (i32.const 3) (i32.const -1))
        (call $receive (i32.const 4) (i32.const 0))
        (call $receive (i32.const 4) (i32.const 1000))";
    let node = Node::default()
        .then(5, Coming::Message(b"stop".into()))
        .then(90, Coming::Message(Vec::new()));
    let stop = || told(i32::from_le_bytes(*b"stop"));
    case("message_receive", telling(receive, body))
        .on(node)
        .does([
            failed(ErrorCode::TimedOut),
            told(0),
            failed(ErrorCode::TimedOut),
            told(0),
            failed(ErrorCode::BufferTooSmall),
            told(0),
            told(4),
            stop(),
            told(0),
            stop(),
        ])
}

pub(super) fn coap_post() -> Case {
    let data = r#"(data (i32.const 0) "coap://host/path") (data (i32.const 32) "on")
        (data (i32.const 128) "TOO_MANY") (data (i32.const 144) "IO")
        (data (i32.const 160) "NOT_SUPPORTED") (data (i32.const 176) "\c3(")
        (func $post (param i32 i32 i32 i32)
          (call $tell (call $coap_post (local.get 0) (local.get 1) (i32.const 32) (local.get 2)
            (local.get 3))))"#;
    let body = "(call $post (i32.const 0) (i32.const 16) (i32.const 2) (i32.const -1))
        (call $post (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 9))
        (call $post (i32.const 128) (i32.const 8) (i32.const 2) (i32.const -1))
        (call $post (i32.const 144) (i32.const 2) (i32.const 2) (i32.const -1))
        (call $post (i32.const 160) (i32.const 13) (i32.const 2) (i32.const -1))
        (call $post (i32.const 176) (i32.const 2) (i32.const 2) (i32.const -1))
        (call $post (i32.const 0) (i32.const 256) (i32.const 2) (i32.const -1))
        (call $post (i32.const 0) (i32.const 16) (i32.const 801) (i32.const -1))";
    let node = Node::default().then(7, Coming::Response(204));
    let posted = |payload: &[u8]| Did::Posted("coap://host/path".into(), payload.into());
    case("coap_post", telling(data, body)).on(node).does([
        posted(b"on"),
        told(204),
        posted(b""),
        failed(ErrorCode::TimedOut),
        failed(ErrorCode::TooMany),
        failed(ErrorCode::Io),
        failed(ErrorCode::NotSupported),
        failed(ErrorCode::InvalidArgument),
        failed(ErrorCode::TooLong),
        failed(ErrorCode::TooLong),
    ])
}
