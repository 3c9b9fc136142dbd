//! A few connections that only read, used off the async runtime.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{
    connection,
    keyring::{Keyring, Snapshot},
    trouble::Trouble,
};
use crate::journal::JournalError;

/// How many reads run at once; further ones wait their turn.
const CONNECTIONS: usize = 4;

/// The connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    keyring: Arc<Keyring>,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    /// Opens the first connection, which shows whether the file can be read.
    pub(super) fn open(path: PathBuf, keyring: Arc<Keyring>) -> Result<Self, JournalError> {
        let first = connection::open_reader(&path)?;
        Ok(Self(Arc::new(Pool {
            path,
            keyring,
            idle: Mutex::new(vec![first]),
            turns: Arc::new(Semaphore::new(CONNECTIONS)),
        })))
    }

    /// Runs a query in a snapshot, on a thread that may block.
    pub(super) async fn read<T, F>(&self, query: F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot<'_>) -> Result<T, Trouble> + Send + 'static,
    {
        let pool = Arc::clone(&self.0);
        let turn = Arc::clone(&pool.turns)
            .acquire_owned()
            .await
            .map_err(|_| JournalError::Closed)?;
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            pool.read(query)
        });
        read.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Runs a query in a snapshot, here and now.
    pub(super) fn read_here<T>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Trouble>,
    ) -> Result<T, JournalError> {
        self.0.read(query)
    }
}

impl Pool {
    fn read<T>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, Trouble>,
    ) -> Result<T, JournalError> {
        let mut connection = match self.idle().pop() {
            Some(connection) => connection,
            None => connection::open_reader(&self.path)?,
        };
        let result = in_snapshot(&mut connection, &self.keyring, query);
        match result {
            Ok(found) => {
                self.idle().push(connection);
                Ok(found)
            }
            // A connection that failed is not used again.
            Err(trouble) => Err(trouble.at(&self.path, "read")),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_snapshot<T>(
    connection: &mut Connection,
    keyring: &Keyring,
    query: impl FnOnce(&Snapshot<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let transaction = connection.transaction()?;
    let found = query(&Snapshot::new(&transaction, keyring))?;
    transaction.finish()?;
    Ok(found)
}
