//! What waits for one commit: tasks, and the transaction that they share.

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{keyring::Keyring, keys::Sealing, names::Names, tail::Tail, trouble::Trouble};
use crate::journal::JournalError;

/// The transaction of a group, while its tasks are applied.
pub(super) struct Group<'a> {
    /// The connection that writes, within a transaction.
    pub connection: &'a Connection,
    /// The end of the journal, including this group's arrivals.
    pub tail: &'a mut Tail,
    /// Numbers of sources and reasons, including this group's.
    pub names: &'a mut Names,
    /// What arrivals are sealed with.
    pub sealing: &'a mut Sealing,
    /// The keys of what is committed.
    pub keyring: &'a Keyring,
    /// Roughly how many bytes the group has written.
    pub bytes: usize,
    /// Roughly how many bytes of arrivals the file's limit still admits. What
    /// became of arrivals is written whatever the limit, since only that makes
    /// room.
    pub room: u64,
    /// The same for what stages derive. It is more: a stage that could not go on
    /// would hold what it has not seen, and that all the room.
    pub room_for_derived: u64,
}

/// Something to be committed, with someone waiting for it.
pub(super) trait Task: Send {
    /// Does its part within the transaction. An error fails the whole group;
    /// what concerns this task alone is kept for its answer.
    fn apply(&mut self, group: &mut Group<'_>) -> Result<(), Trouble>;

    /// Tells whoever waits, once the group is committed or has failed.
    fn answer(self: Box<Self>, committed: Result<(), &JournalError>);
}

/// Whether a task can fail after it has written something. One that cannot is
/// spared the cost of a savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isolation {
    /// What it has written is undone when it fails, and the group goes on.
    Savepoint,
    /// It refuses before it writes; any other failure is the group's.
    None,
}

/// A task from a closure.
pub(super) struct Work<F, T> {
    todo: Option<F>,
    isolation: Isolation,
    done: Result<T, JournalError>,
    reply: oneshot::Sender<Result<T, JournalError>>,
}

impl<F, T> Work<F, T>
where
    F: FnOnce(&mut Group<'_>) -> Result<T, Trouble> + Send,
    T: Send,
{
    /// A task, and where its answer arrives.
    pub(super) fn new(
        isolation: Isolation,
        work: F,
    ) -> (Self, oneshot::Receiver<Result<T, JournalError>>) {
        let (reply, answer) = oneshot::channel();
        let task = Self {
            todo: Some(work),
            isolation,
            done: Err(JournalError::Closed),
            reply,
        };
        (task, answer)
    }
}

impl<F, T> Task for Work<F, T>
where
    F: FnOnce(&mut Group<'_>) -> Result<T, Trouble> + Send,
    T: Send,
{
    fn apply(&mut self, group: &mut Group<'_>) -> Result<(), Trouble> {
        let Some(work) = self.todo.take() else {
            return Ok(());
        };
        let result = match self.isolation {
            Isolation::None => work(group),
            Isolation::Savepoint => isolated(group, work)?,
        };
        self.done = match (result, self.isolation) {
            (Ok(done), _) => Ok(done),
            (Err(Trouble::Refused(refusal)), _) => Err(refusal),
            (Err(trouble), Isolation::None) => return Err(trouble),
            (Err(trouble), Isolation::Savepoint) => {
                let path = group.connection.path().unwrap_or_default();
                Err(trouble.at(path.as_ref(), "write to"))
            }
        };
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), &JournalError>) {
        let answer = match committed {
            Ok(()) => self.done,
            Err(error) => Err(error.clone()),
        };
        // Whoever waited may have gone away, for instance with its connection.
        let _ = self.reply.send(answer);
    }
}

/// Runs work within a savepoint, and undoes it when it fails. The outer error
/// is the group's, the inner one the work's own.
fn isolated<T>(
    group: &mut Group<'_>,
    work: impl FnOnce(&mut Group<'_>) -> Result<T, Trouble>,
) -> Result<Result<T, Trouble>, Trouble> {
    let connection = group.connection;
    connection.prepare_cached("SAVEPOINT task")?.execute([])?;
    let result = work(group);
    match result {
        Err(Trouble::Sqlite(error)) if !concerns_one_task(&error) => return Err(error.into()),
        Err(_) => {
            connection.prepare_cached("ROLLBACK TO task")?.execute([])?;
            *group.names = Names::load(connection)?;
        }
        Ok(_) => {}
    }
    connection.prepare_cached("RELEASE task")?.execute([])?;
    Ok(result)
}

/// Errors of a statement, as opposed to those of the disk or the file.
fn concerns_one_task(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code().is_none_or(|code| {
        matches!(
            code,
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig
        )
    })
}
