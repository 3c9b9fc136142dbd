//! Reading a body within its limits.
//!
//! The limit holds for what is sent and for what it is decompressed to, and is
//! checked before each byte is kept: a gzip bomb costs no more memory than an
//! honest body of the largest size.

use std::io::{self, Write};

use axum::body::{Body, Bytes, HttpBody};
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use super::refusal::Refusal;

/// Memory set aside before anything has arrived; a declared length is a mere
/// claim.
const FIRST_RESERVE_BYTES: usize = 16 * 1024;

/// Reads a body to its end and undoes its content encoding. Neither may exceed
/// `limit` bytes.
pub(super) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    limit: usize,
) -> Result<Bytes, Refusal> {
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(Refusal::TooLarge { limit });
    }
    let mut decoder = Decoder::new(headers, limit, declared)?;
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Interrupted)?;
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        received = received.saturating_add(chunk.len());
        if received > limit {
            return Err(Refusal::TooLarge { limit });
        }
        decoder.write(&chunk)?;
    }
    decoder.finish()
}

/// Undoes a content encoding.
enum Decoder {
    Identity(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
}

impl Decoder {
    fn new(headers: &HeaderMap, limit: usize, declared: usize) -> Result<Self, Refusal> {
        let sink = Capped {
            bytes: Vec::with_capacity(declared.min(FIRST_RESERVE_BYTES)),
            limit,
            exceeded: false,
        };
        let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        let encoding = encodings
            .next()
            .map_or(&b"identity"[..], |value| value.as_bytes());
        if encodings.next().is_some() {
            return Err(Refusal::Encoding);
        }
        let is = |name: &[u8]| encoding.trim_ascii().eq_ignore_ascii_case(name);
        if is(b"identity") {
            Ok(Self::Identity(sink))
        } else if is(b"gzip") || is(b"x-gzip") {
            Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink))))
        } else {
            Err(Refusal::Encoding)
        }
    }

    fn write(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        let written = match self {
            Self::Identity(sink) => sink.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
        };
        written.map_err(|_| self.sink().refusal())
    }

    fn finish(self) -> Result<Bytes, Refusal> {
        let mut bytes = match self {
            Self::Identity(sink) => sink.bytes,
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|_| decoder.get_ref().refusal())?;
                std::mem::take(&mut decoder.get_mut().bytes)
            }
        };
        bytes.shrink_to_fit();
        Ok(bytes.into())
    }

    fn sink(&self) -> &Capped {
        match self {
            Self::Identity(sink) => sink,
            Self::Gzip(decoder) => decoder.get_ref(),
        }
    }
}

/// Bytes up to a limit.
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
    exceeded: bool,
}

impl Capped {
    /// Why writing failed: the limit, or the data itself.
    fn refusal(&self) -> Refusal {
        if self.exceeded {
            Refusal::TooLarge { limit: self.limit }
        } else {
            Refusal::Undecodable
        }
    }
}

impl Write for Capped {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() > self.limit - self.bytes.len() {
            self.exceeded = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use flate2::{Compression, write::GzEncoder};
    use futures_util::stream;
    use http::HeaderValue;
    use http_body::{Frame, SizeHint};

    use super::*;

    const LIMIT: usize = 1000;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    async fn read_as(encoding: &str, body: Vec<u8>) -> Result<Bytes, Refusal> {
        let mut headers = HeaderMap::new();
        if !encoding.is_empty() {
            let encoding = HeaderValue::from_str(encoding).unwrap();
            headers.insert(header::CONTENT_ENCODING, encoding);
        }
        read(Body::from(body), &headers, LIMIT).await
    }

    #[tokio::test]
    async fn undoes_the_encoding_within_the_limit() {
        let too_large = Err(Refusal::TooLarge { limit: LIMIT });
        let text = vec![b'a'; LIMIT];
        let kept = || Ok(Bytes::from(text.clone()));
        let longer = [&text[..], b"a"].concat();
        let members = [gzip(&text[..400]), gzip(&text[400..])].concat();
        let empty_members = gzip(b"").repeat(LIMIT);
        for (encoding, body, expected) in [
            ("", text.clone(), kept()),
            ("identity", text.clone(), kept()),
            ("", longer.clone(), too_large.clone()),
            ("gzip", gzip(&text), kept()),
            ("X-GZip", gzip(&text), kept()),
            ("gzip", members, kept()),
            ("gzip", gzip(&longer), too_large.clone()),
            ("gzip", gzip(&vec![0; 900_000]), too_large.clone()),
            ("gzip", empty_members, too_large),
            ("gzip", b"{}".to_vec(), Err(Refusal::Undecodable)),
            ("br", text.clone(), Err(Refusal::Encoding)),
            ("gzip, gzip", gzip(&gzip(&text)), Err(Refusal::Encoding)),
        ] {
            assert_eq!(read_as(encoding, body).await, expected, "{encoding}");
        }
    }

    /// A body that declares a length and then sends nothing, for ever.
    struct Declared(u64);

    impl HttpBody for Declared {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            Poll::Pending
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn a_declared_length_is_believed_where_it_is_too_large() {
        let body = Body::new(Declared(LIMIT as u64 + 1));
        let refused = read(body, &HeaderMap::new(), LIMIT).await;
        assert_eq!(refused, Err(Refusal::TooLarge { limit: LIMIT }));
    }

    #[tokio::test]
    async fn what_is_sent_is_limited_even_where_it_decompresses_to_nothing() {
        let members = stream::repeat_with(|| io::Result::Ok(Bytes::from(gzip(b""))));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let refused = read(Body::from_stream(members), &headers, LIMIT).await;
        assert_eq!(refused, Err(Refusal::TooLarge { limit: LIMIT }));
    }

    #[tokio::test]
    async fn a_cut_gzip_body_is_noticed_wherever_it_is_cut() {
        let whole = gzip(br#"{"SessionId":"1"}"#);
        for length in 1..whole.len() {
            let cut = read_as("gzip", whole[..length].to_vec()).await;
            assert_eq!(cut, Err(Refusal::Undecodable), "after {length} bytes");
        }
    }
}
