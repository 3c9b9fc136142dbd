//! Texts that recur, as numbers.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::trouble::{Trouble, from_sql};
use crate::journal::Reason;

/// How many different reasons a journal keeps. A plugin that makes its reasons
/// up per record cannot grow the table for ever: further ones become
/// [`OVERFLOW`].
const MAX_REASONS: usize = 10_000;

/// What a reason beyond [`MAX_REASONS`] becomes.
const OVERFLOW: &str = "other";

/// The writer's copy of the tables `sources` and `reasons`.
#[derive(Debug)]
pub(super) struct Names {
    sources: HashMap<String, u32>,
    reasons: HashMap<String, u32>,
}

impl Names {
    /// Reads both tables.
    pub(super) fn load(connection: &Connection) -> Result<Self, Trouble> {
        Ok(Self {
            sources: load(connection, "SELECT id, name FROM sources")?,
            reasons: load(connection, "SELECT id, text FROM reasons")?,
        })
    }

    /// The number of a source.
    pub(super) fn source(&mut self, connection: &Connection, name: &str) -> Result<u32, Trouble> {
        if let Some(&id) = self.sources.get(name) {
            return Ok(id);
        }
        let insert = "INSERT INTO sources (id, name) VALUES (?1, ?2)";
        add(connection, insert, &mut self.sources, name)
    }

    /// The number of a reason; 0 for none.
    pub(super) fn reason(
        &mut self,
        connection: &Connection,
        reason: &Reason,
    ) -> Result<u32, Trouble> {
        let mut text = reason.as_str();
        if text.is_empty() {
            return Ok(0);
        }
        if !self.reasons.contains_key(text) && self.reasons.len() >= MAX_REASONS {
            text = OVERFLOW;
        }
        if let Some(&id) = self.reasons.get(text) {
            return Ok(id);
        }
        let insert = "INSERT INTO reasons (id, text) VALUES (?1, ?2)";
        add(connection, insert, &mut self.reasons, text)
    }
}

fn load(connection: &Connection, query: &str) -> Result<HashMap<String, u32>, Trouble> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    let mut names = HashMap::new();
    while let Some(row) = rows.next()? {
        names.insert(row.get(1)?, from_sql(row.get(0)?, "the number of a name")?);
    }
    Ok(names)
}

fn add(
    connection: &Connection,
    insert: &str,
    names: &mut HashMap<String, u32>,
    text: &str,
) -> Result<u32, Trouble> {
    let id = names.values().max().map_or(1, |max| max + 1);
    connection
        .prepare_cached(insert)?
        .execute(params![id, text])?;
    names.insert(text.to_owned(), id);
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_reasons_share_one_number() {
        let mut connection = Connection::open_in_memory().expect("a database");
        super::super::schema::migrate(&mut connection).expect("a schema");
        let mut names = Names::load(&connection).expect("no names");
        for number in 0..MAX_REASONS {
            let reason = Reason::from(format!("r{number}"));
            names.reason(&connection, &reason).expect("a number");
        }
        let first = names.reason(&connection, &"over".into()).expect("a number");
        let second = names
            .reason(&connection, &"again".into())
            .expect("a number");
        assert_eq!(first, second);
        assert_eq!(
            names.reason(&connection, &"r7".into()).expect("a number"),
            8
        );
        assert_eq!(names.reason(&connection, &Reason::none()).expect("none"), 0);
        let stored = Names::load(&connection).expect("names");
        assert_eq!(stored.reasons, names.reasons);
    }
}
