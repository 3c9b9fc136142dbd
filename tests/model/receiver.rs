//! Receivers that answer by what a record is, and remember everything.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{line::Line, plan::At, shape::Shape};

/// How often a receiver fails on a flaky record.
const FLAKES: usize = 2;

/// The digits that must not reach BI, in any form.
pub const NUMBER: &str = "13123456789";

#[derive(Default)]
struct Book {
    down: bool,
    soft: bool,
    /// Requests by record.
    asked: BTreeMap<String, usize>,
    /// Accepted records, with how often.
    accepted: BTreeMap<String, usize>,
    /// The bytes of each `webhook-id`.
    bodies: BTreeMap<String, Bytes>,
    line: Line,
    /// What must not be.
    wrong: Vec<String>,
}

/// All receivers, on a port and a thread of their own.
pub struct Receivers {
    pub url: String,
    books: Arc<BTreeMap<&'static str, Mutex<Book>>>,
    _runtime: Runtime,
}

impl Receivers {
    pub fn start(shape: Shape) -> Self {
        let names = At::HTTP.map(|at| {
            let mut book = Book::default();
            book.line.hold(shape.is_ordered());
            (at.name(), Mutex::new(book))
        });
        let books = Arc::new(BTreeMap::from(names));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let bound = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = bound.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/{name}", axum::routing::post(take))
            .with_state(books.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            url: format!("http://{address}"),
            books,
            _runtime: runtime,
        }
    }

    fn book(&self, at: At) -> std::sync::MutexGuard<'_, Book> {
        self.books[at.name()].lock().expect("a book")
    }

    pub fn down(&self, at: At) {
        self.book(at).down = true;
    }

    pub fn all_up(&self) {
        for at in At::HTTP {
            self.book(at).down = false;
        }
    }

    pub fn soften(&self, at: At, soft: bool) {
        self.book(at).soft = soft;
    }

    /// Whether deliveries of a key come one after the other from now on, given that
    /// these records do not come any more.
    pub fn hold_line(&self, at: At, holds: bool, given_up: &[(String, String)]) {
        let line = &mut self.book(at).line;
        line.give_up(given_up);
        line.hold(holds);
    }

    /// The records that were accepted, each once or more.
    pub fn accepted(&self, at: At) -> Vec<String> {
        self.book(at).accepted.keys().cloned().collect()
    }

    /// What must not be.
    pub fn wrong(&self) -> Vec<String> {
        let wrong = At::HTTP.map(|at| self.book(at).wrong.clone());
        wrong.concat()
    }
}

async fn take(
    State(books): State<Arc<BTreeMap<&'static str, Mutex<Book>>>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(book) = books.get(name.as_str()) else {
        return StatusCode::NOT_FOUND;
    };
    let mut book = book.lock().expect("a book");
    let text = String::from_utf8_lossy(&body).into_owned();
    if name == "bi" && text.contains(NUMBER) {
        book.wrong.push(format!("bi got a number: {text}"));
    }
    let webhook_id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let webhook_id = webhook_id.unwrap_or_default().to_owned();
    let before = book.bodies.insert(webhook_id.clone(), body.clone());
    if before.is_some_and(|before| before != body) {
        book.wrong.push(format!("{webhook_id} bore other bytes"));
    }
    let Ok(parsed) = serde_json::from_slice::<Value>(&body) else {
        book.wrong.push(format!("{name} got no JSON"));
        return StatusCode::OK;
    };
    let records = match parsed {
        Value::Array(records) => records,
        record => vec![record],
    };
    let status = if book.down {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        let status = records.iter().map(|record| book.judge(record)).max();
        status.unwrap_or(StatusCode::BAD_REQUEST)
    };
    for record in &records {
        let overtaken = book.line.pass(record, status);
        let wrong = overtaken.map(|earlier| format!("{name} got {record} before {earlier}"));
        book.wrong.extend(wrong);
    }
    if status == StatusCode::OK {
        for record in &records {
            *book.accepted.entry(id(record)).or_default() += 1;
        }
    }
    status
}

impl Book {
    /// The answer to a record; of several in a batch, the worst is given.
    fn judge(&mut self, record: &Value) -> StatusCode {
        let asked = self.asked.entry(id(record)).or_default();
        *asked += 1;
        match record["class"].as_str() {
            Some("flaky") if *asked <= FLAKES => StatusCode::SERVICE_UNAVAILABLE,
            Some("refused") if !self.soft => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        }
    }
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap_or_default().to_owned()
}
