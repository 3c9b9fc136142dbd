//! The tables, and how an older file becomes a newer one.

use rusqlite::Connection;

use super::trouble::Trouble;

/// `application_id` of the file: "CDRG".
pub(super) const APPLICATION_ID: u32 = 0x4344_5247;

/// One script per schema version; a file of version n has run the first n. A
/// released script is never edited.
const MIGRATIONS: [&str; 14] = [
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
    include_str!("schema/005.sql"),
    include_str!("schema/006.sql"),
    include_str!("schema/007.sql"),
    include_str!("schema/008.sql"),
    include_str!("schema/009.sql"),
    include_str!("schema/010.sql"),
    include_str!("schema/011.sql"),
    include_str!("schema/012.sql"),
    include_str!("schema/013.sql"),
    include_str!("schema/014.sql"),
];

/// The newest schema version that this program knows.
pub(super) fn known_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The schema version of a file.
pub(super) fn version(connection: &Connection) -> Result<u32, Trouble> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The application id of a file; 0 for a new one.
pub(super) fn application_id(connection: &Connection) -> Result<u32, Trouble> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(id.cast_unsigned())
}

/// Whether the file holds nothing at all.
pub(super) fn is_blank(connection: &Connection) -> Result<bool, Trouble> {
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(objects == 0)
}

/// Brings a file to the newest version, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Trouble> {
    let done = version(connection)?;
    for (number, script) in (1_u32..).zip(MIGRATIONS) {
        if number <= done {
            continue;
        }
        let transaction = connection.transaction()?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID.cast_signed())?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
