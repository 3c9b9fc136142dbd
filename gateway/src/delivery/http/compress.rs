//! Content coding of bodies.
//!
//! The same body makes the same bytes: neither a time nor a name stands in a
//! gzip header. It costs milliseconds a megabyte and runs where it may block.
//!
//! How it fails: only where the process is stopping, with an error that a later
//! attempt does not meet.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compression as Level, write::GzEncoder};

use crate::config::model::Compression;

impl Compression {
    /// The value of `Content-Encoding`.
    pub(super) fn coding(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
        }
    }
}

/// The body as it is sent.
pub(super) async fn encode(body: Bytes, compression: Option<Compression>) -> io::Result<Bytes> {
    match compression {
        None => Ok(body),
        Some(Compression::Gzip) => tokio::task::spawn_blocking(move || gzip(&body)).await?,
    }
}

fn gzip(body: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Level::default());
    encoder.write_all(body)?;
    encoder.finish().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[tokio::test]
    async fn the_same_body_makes_the_same_bytes_and_comes_back() {
        let body = Bytes::from("{\"number\": 1.0}\n".repeat(1_000));
        let encode = || encode(body.clone(), Some(Compression::Gzip));
        let (first, second) = (encode().await.unwrap(), encode().await.unwrap());
        assert_eq!(first, second);
        assert!(first.len() < body.len() / 10);
        // RFC 1952, 2.3: no flags (so no name), and no time.
        assert_eq!(first[3..8], [0; 5]);
        let mut decoded = Vec::new();
        GzDecoder::new(&first[..])
            .read_to_end(&mut decoded)
            .unwrap();
        assert_eq!(decoded, body);
    }

    #[tokio::test]
    async fn without_a_coding_the_body_stays() {
        let body = Bytes::from_static(b"{}");
        assert_eq!(encode(body.clone(), None).await.unwrap(), body);
    }
}
