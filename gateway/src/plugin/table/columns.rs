//! Which columns of a row are key and value, and what the value looks like.

use std::borrow::Cow;

use super::TableError;
use crate::record::string;

/// What stands in one column of a row.
#[derive(Debug)]
pub(super) enum Cell<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Anything else, as JSON.
    Json(Cow<'a, str>),
    /// Nothing: empty where it is the only column, else `null`.
    Nothing,
}

impl Cell<'_> {
    /// Appends what stands there, as it is answered where it is the only column.
    pub(super) fn append_alone(&self, to: &mut String) {
        match self {
            Self::Text(text) | Self::Json(text) => to.push_str(text),
            Self::Nothing => {}
        }
    }
}

/// Appends members to a JSON object that is being written.
pub(super) struct Object<'a> {
    to: &'a mut String,
    is_first: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(to: &'a mut String) -> Self {
        to.push('{');
        Self { to, is_first: true }
    }

    pub(super) fn member(&mut self, name: &str, cell: &Cell<'_>) {
        if !self.is_first {
            self.to.push(',');
        }
        self.is_first = false;
        self.to.push_str(&string::encode(name));
        self.to.push(':');
        match cell {
            Cell::Text(text) => self.to.push_str(&string::encode(text)),
            Cell::Json(json) => self.to.push_str(json),
            Cell::Nothing => self.to.push_str("null"),
        }
    }

    pub(super) fn end(self) {
        self.to.push('}');
    }
}

/// The columns of files whose rows all have the same.
pub(super) struct Columns {
    /// Index of the key column.
    pub(super) key: usize,
    values: Vec<(String, usize)>,
}

impl Columns {
    /// `key` is the first column if not named, `values` are all others if none is
    /// named.
    pub(super) fn find(
        path: &str,
        header: &[&str],
        key: Option<&str>,
        values: &[String],
    ) -> Result<Self, TableError> {
        let position = |column: &str| {
            let found = header.iter().position(|name| *name == column);
            found.ok_or_else(|| TableError::NoColumn {
                path: path.to_owned(),
                column: column.to_owned(),
                header: header.join(", "),
            })
        };
        let key = key.map_or(Ok(0), position)?;
        let values = if values.is_empty() {
            let others = header.iter().enumerate().filter(|&(index, _)| index != key);
            others
                .map(|(index, name)| ((*name).to_owned(), index))
                .collect()
        } else {
            let named = values
                .iter()
                .map(|name| Ok((name.clone(), position(name)?)));
            named.collect::<Result<_, TableError>>()?
        };
        Ok(Self { key, values })
    }

    /// Appends the value of a row: what stands in the only column, or a JSON object
    /// of several.
    pub(super) fn append_value<'r>(
        &self,
        to: &mut String,
        cell: impl Fn(usize) -> Result<Cell<'r>, TableError>,
    ) -> Result<(), TableError> {
        if let [(_, only)] = self.values.as_slice() {
            cell(*only)?.append_alone(to);
            return Ok(());
        }
        let mut object = Object::begin(to);
        for (name, index) in &self.values {
            object.member(name, &cell(*index)?);
        }
        object.end();
        Ok(())
    }
}
