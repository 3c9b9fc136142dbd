//! A receiver: a real HTTP server that keeps what it got.

use std::{
    collections::VecDeque,
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::IntoResponse,
};
use flate2::read::MultiGzDecoder;

use super::{Server, until};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    /// The body as text; nothing where it is compressed.
    pub body: String,
    /// The bytes that were sent.
    pub raw: Bytes,
    /// The status that it was answered with.
    pub status: u16,
    /// When it was there.
    pub at: Instant,
}

impl Received {
    /// The body as text, as it was before it was compressed.
    pub fn text(&self) -> String {
        if self.header("content-encoding") != "gzip" {
            return self.body.clone();
        }
        let mut text = String::new();
        let mut decoder = MultiGzDecoder::new(&self.raw[..]);
        decoder.read_to_string(&mut text).expect("a gzip of text");
        text
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a header of text"))
    }
}

/// Statuses to answer with in turn, then with the last one for ever; each with
/// further headers.
#[derive(Default)]
struct Script {
    next: VecDeque<(u16, Vec<(&'static str, String)>)>,
    then: u16,
    /// What every answer says.
    body: Vec<u8>,
    hang: bool,
    /// Only requests that hold this are kept open, where any are.
    hang_on: Option<String>,
    /// How long every answer takes.
    takes: Duration,
    /// Requests that hold this text are answered with this status.
    poison: Option<(String, u16)>,
}

impl Script {
    fn hangs_on(&self, body: &str) -> bool {
        let meant = self.hang_on.as_ref().is_none_or(|text| body.contains(text));
        self.hang && meant
    }
}

#[derive(Default)]
struct Shared {
    got: Mutex<Vec<Received>>,
    script: Mutex<Script>,
    /// Requests that are being answered, and the most that ever were.
    at_once: Mutex<(usize, usize)>,
}

/// A running receiver. It stops, and refuses connections, when dropped.
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _server: Server,
}

impl Receiver {
    /// A receiver that accepts everything, on a port of its own.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// A receiver at an address, such as that of one that was dropped.
    pub fn start_at(address: SocketAddr) -> Self {
        let shared = Arc::new(Shared::default());
        shared.script.lock().unwrap().then = 200;
        let router = Router::new().fallback(take).with_state(shared.clone());
        let server = Server::start_at(address, router);
        Self {
            address: server.address,
            shared,
            _server: server,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers with these statuses in turn, and with the last one from then on.
    pub fn answer(&self, statuses: &[u16]) {
        let mut script = self.shared.script.lock().unwrap();
        script.next = statuses
            .iter()
            .map(|&status| (status, Vec::new()))
            .collect();
        script.then = *statuses.last().expect("a status");
    }

    /// Says this with every answer from now on.
    pub fn say(&self, body: &[u8]) {
        self.shared.script.lock().unwrap().body = body.to_vec();
    }

    /// Answers the next request with a status and a header.
    pub fn answer_once(&self, status: u16, name: &'static str, value: &str) {
        let mut script = self.shared.script.lock().unwrap();
        script
            .next
            .push_back((status, vec![(name, value.to_owned())]));
    }

    /// Fails on whatever holds this text, and on nothing else from now on.
    pub fn fail_only_on(&self, poison: &str) {
        self.refuse_only(poison, 500);
    }

    /// Answers whatever holds this text with a status, and nothing else from now
    /// on.
    pub fn refuse_only(&self, poison: &str, status: u16) {
        let mut script = self.shared.script.lock().unwrap();
        script.next.clear();
        script.then = 200;
        script.poison = Some((poison.to_owned(), status));
    }

    /// Keeps requests open without an answer from now on, or no longer.
    pub fn hang(&self, hang: bool) {
        self.shared.script.lock().unwrap().hang = hang;
        let mut at_once = self.shared.at_once.lock().unwrap();
        at_once.1 = at_once.0;
    }

    /// Keeps only requests open that hold this text.
    pub fn hang_on_nothing_but(&self, text: &str) {
        let mut script = self.shared.script.lock().unwrap();
        script.hang = true;
        script.hang_on = Some(text.to_owned());
    }

    /// Takes so long for every answer from now on.
    pub fn take(&self, time: Duration) {
        self.shared.script.lock().unwrap().takes = time;
    }

    /// How many requests were being answered at once, at most, since it last
    /// stopped to hang.
    pub fn most_at_once(&self) -> usize {
        self.shared.at_once.lock().unwrap().1
    }

    pub fn got(&self) -> Vec<Received> {
        self.shared.got.lock().unwrap().clone()
    }

    /// Waits for the first `count` requests.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        until(&format!("{count} requests"), || {
            let got = self.got();
            (got.len() >= count).then_some(got)
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.hang(false);
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len())
        .any(|window| window == text.as_bytes())
}

async fn take(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let got = if headers.contains_key("content-encoding") {
        String::new()
    } else {
        String::from_utf8(body.to_vec()).expect("a body of UTF-8")
    };
    // Decided before the request is seen: what a test says next is about later ones.
    let (status, more, said, hangs) = {
        let mut script = shared.script.lock().unwrap();
        let hangs = script.hangs_on(&got);
        let said = script.body.clone();
        let next = script.next.pop_front();
        let poison = script.poison.as_ref();
        let (status, more) = match poison {
            Some((poison, status)) if contains(&body, poison) => (*status, Vec::new()),
            _ => next.unwrap_or_else(|| (script.then, Vec::new())),
        };
        (status, more, said, hangs)
    };
    shared.got.lock().unwrap().push(Received {
        path: uri.to_string(),
        headers,
        body: got.clone(),
        raw: body,
        status,
        at: Instant::now(),
    });
    let _answering = Answering::begin(&shared);
    let takes = shared.script.lock().unwrap().takes;
    tokio::time::sleep(takes).await;
    while hangs && shared.script.lock().unwrap().hangs_on(&got) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let status = StatusCode::from_u16(status).expect("a status");
    let mut answer = (status, said).into_response();
    for (name, value) in more {
        let value = value.parse().expect("a header value");
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// Held while a request is answered.
struct Answering<'a>(&'a Shared);

impl<'a> Answering<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let mut at_once = shared.at_once.lock().unwrap();
        at_once.0 += 1;
        at_once.1 = at_once.1.max(at_once.0);
        Self(shared)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.at_once.lock().unwrap().0 -= 1;
    }
}
