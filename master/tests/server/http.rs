//! HTTP/1.1, as far as the tests need it.

use std::net::SocketAddr;

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A free port of this machine alone.
pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// One HTTP/1.1 call, and its status and body.
pub(crate) async fn call(to: SocketAddr, method: &str, path: &str, body: &[u8]) -> (u16, Json) {
    call_as(to, None, method, path, body).await
}

/// A call that shows a token.
pub(crate) async fn call_as(
    to: SocketAddr,
    token: Option<&str>,
    method: &str,
    path: &str,
    body: &[u8],
) -> (u16, Json) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let token = token.map_or_else(String::new, |it| format!("authorization: Bearer {it}\r\n"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n{token}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A body that is too long is refused before it is read.
    let _written = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Json::Null))
}

pub(crate) async fn post(to: SocketAddr, path: &str, body: Json) -> (u16, Json) {
    call(to, "POST", path, body.to_string().as_bytes()).await
}

pub(crate) async fn get(to: SocketAddr, path: &str) -> (u16, Json) {
    call(to, "GET", path, b"").await
}

/// A call whose answer is bytes.
pub(crate) async fn bytes(to: SocketAddr, token: Option<&str>, path: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let token = token.map_or_else(String::new, |it| format!("authorization: Bearer {it}\r\n"));
    let head = format!("GET {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n{token}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n");
    let body = answer.split_off(end.unwrap() + 4);
    let head = String::from_utf8(answer).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let told = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    assert_eq!(told.unwrap().parse(), Ok(body.len()));
    (status, body)
}
