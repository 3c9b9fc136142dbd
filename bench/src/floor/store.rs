//! Rows in SQLite, committed in groups. It syncs and lingers as the gateway's
//! journal does, so that both wait for the disk as often.

use std::{
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use axum::body::Bytes;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

const LINGER: Duration = Duration::from_millis(1);
const MAX_GROUP: usize = 512;

struct Row {
    session: String,
    body: Bytes,
    committed: oneshot::Sender<bool>,
}

/// The way to the thread that writes.
pub struct Store(mpsc::Sender<Row>);

impl Store {
    pub fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute(
            "CREATE TABLE records (id INTEGER PRIMARY KEY, session TEXT, body BLOB) STRICT",
            [],
        )?;
        let (rows, queue) = mpsc::channel();
        thread::spawn(move || write(connection, &queue));
        Ok(Self(rows))
    }

    /// True once the record is on disk, false if it will not be.
    pub async fn commit(&self, session: &str, body: &Bytes) -> bool {
        let (committed, answer) = oneshot::channel();
        let row = Row {
            session: session.to_owned(),
            body: body.clone(),
            committed,
        };
        self.0.send(row).is_ok() && answer.await.unwrap_or(false)
    }
}

fn write(mut connection: Connection, queue: &Receiver<Row>) {
    let mut last = 1;
    while let Ok(first) = queue.recv() {
        let group = gather(first, queue, last);
        last = group.len();
        let committed = insert(&mut connection, &group).is_ok();
        for row in group {
            // Whoever asked may be gone.
            let _ = row.committed.send(committed);
        }
    }
}

/// What waits, and as many as the last time if they come soon.
fn gather(first: Row, queue: &Receiver<Row>, last: usize) -> Vec<Row> {
    let mut group = vec![first];
    let until = Instant::now() + LINGER;
    while group.len() < MAX_GROUP {
        let left = if group.len() < last {
            until.saturating_duration_since(Instant::now())
        } else {
            Duration::ZERO
        };
        match queue.recv_timeout(left) {
            Ok(row) => group.push(row),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    group
}

fn insert(connection: &mut Connection, group: &[Row]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut statement =
            transaction.prepare_cached("INSERT INTO records (session, body) VALUES (?, ?)")?;
        for row in group {
            statement.execute(params![row.session, &row.body[..]])?;
        }
    }
    transaction.commit()
}
