//! The file: one record a line, written as they come, never synced.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::Path,
    sync::mpsc::{self, Receiver},
    thread,
};

use anyhow::Result;
use axum::body::Bytes;

/// The way to the thread that writes.
pub struct Archive(mpsc::Sender<Bytes>);

impl Archive {
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (records, queue) = mpsc::channel();
        thread::spawn(move || write(file, &queue));
        Ok(Self(records))
    }

    pub fn append(&self, body: Bytes) {
        // Fails only once the thread has ended by an error: the bench would find
        // the record missing.
        let _ = self.0.send(body);
    }
}

fn write(file: File, queue: &Receiver<Bytes>) -> Option<()> {
    let mut file = BufWriter::new(file);
    loop {
        let mut body = queue.recv().ok()?;
        loop {
            file.write_all(&body).ok()?;
            file.write_all(b"\n").ok()?;
            match queue.try_recv() {
                Ok(next) => body = next,
                Err(_) => break,
            }
        }
        file.flush().ok()?;
    }
}
