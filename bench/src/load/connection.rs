//! One kept connection, on which one push is under way at a time.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::record;

/// What an acknowledgement says, and no refusal does.
const ACKNOWLEDGED: &[u8] = br#""ErrCode":0"#;

pub(super) struct Connection {
    to: SocketAddr,
    requests: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(super) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to)
            .await
            .with_context(|| format!("cannot connect to {to}"))?;
        stream.set_nodelay(true)?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { to, requests })
    }

    pub(super) async fn reopen_if_closed(&mut self) -> Result<()> {
        if self.requests.is_closed() {
            *self = Self::open(self.to).await?;
        }
        Ok(())
    }

    /// Pushes the record as the vendor does. True if it was acknowledged.
    pub(super) async fn push(&mut self, number: u64) -> bool {
        self.answer(number).await.is_ok_and(|(status, body)| {
            status == StatusCode::OK && memchr::memmem::find(&body, ACKNOWLEDGED).is_some()
        })
    }

    async fn answer(&mut self, number: u64) -> Result<(StatusCode, Bytes)> {
        let request = Request::post("/tccc?action=cdr&version=1")
            .header("host", self.to.to_string())
            .header("content-type", "application/json;charset=utf8")
            .header("x-tccc-push-uuid", &record::letters(number)[..])
            .body(Full::new(record::body(number)))?;
        self.requests.ready().await?;
        let response = self.requests.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
