//! Values of a document as CEL sees them, made when an expression asks.
//!
//! A scalar becomes the CEL value. An array becomes a CEL list of its elements,
//! whose insides stay unopened. An object stays the document's own, and opens
//! a member when it is asked for.

use std::{any::Any, collections::HashMap, sync::OnceLock};

use cel::{
    ExecutionError,
    common::{
        traits::{Container, Indexer, Iterable, Iterator as CelIterator, Sizer},
        types::{
            CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
            MAP_TYPE, Type,
        },
        value::{CowVal, StaticVal, Val},
    },
};

use crate::record::{
    Tags,
    document::{Object, Peek},
};

/// A value of the document.
pub(super) fn of(peek: Peek<'_>) -> Box<dyn Val> {
    match peek {
        Peek::Null => Box::new(CelNull),
        Peek::Bool(value) => Box::new(CelBool::from(value)),
        Peek::Number(token) => number(token),
        Peek::String(text) => Box::new(CelString::from(text.into_owned())),
        Peek::Array(array) => {
            let elements: Vec<Box<dyn Val>> = array.iter().map(of).collect();
            Box::new(CelList::from(elements))
        }
        Peek::Object(object) => Box::new(Map::new(object)),
    }
}

/// The tags of a record.
pub(super) fn tags(tags: &Tags) -> CelMap<'_> {
    let entries: HashMap<CelMapKey<'_>, Box<dyn Val + '_>> = tags
        .iter()
        .map(|(name, value)| {
            let value: Box<dyn Val + '_> = Box::new(CelString::from(value.as_str()));
            (CelMapKey::from(name.as_str()), value)
        })
        .collect();
    CelMap::from(entries)
}

fn number(token: &str) -> Box<dyn Val> {
    if let Ok(value) = token.parse::<i64>() {
        Box::new(CelInt::from(value))
    } else if let Ok(value) = token.parse::<u64>() {
        Box::new(CelUInt::from(value))
    } else {
        // Every JSON number is one to Rust; beyond its range it is infinite.
        Box::new(CelDouble::from(token.parse::<f64>().unwrap_or(f64::NAN)))
    }
}

/// An object of a document.
#[derive(Debug, Clone)]
struct Map {
    object: Object,
    /// CEL iterates over keys by reference, so they must be kept.
    names: OnceLock<Vec<CelString<'static>>>,
}

impl Map {
    fn new(object: Object) -> Self {
        Self {
            object,
            names: OnceLock::new(),
        }
    }

    fn names(&self) -> &[CelString<'static>] {
        self.names.get_or_init(|| {
            let names = self.object.names().into_iter();
            names
                .map(|name| CelString::from(name.into_owned()))
                .collect()
        })
    }

    fn equals_members(&self, other: &dyn Indexer, size: usize) -> bool {
        self.names().len() == size
            && self.names().iter().all(|name| {
                let ours = self.object.get(name.inner()).map(of);
                match (ours, other.get(name)) {
                    (Some(ours), Ok(theirs)) => ours.equals(theirs.as_ref()),
                    _ => false,
                }
            })
    }
}

impl Val for Map {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        if let Some(other) = other.downcast_ref::<Self>() {
            self.equals_members(other, other.names().len())
        } else if let Some(other) = other.downcast_ref::<CelMap<'_>>() {
            self.equals_members(other, other.inner().len())
        } else {
            false
        }
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Map {}

impl Indexer for Map {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = key.downcast_ref::<CelString<'_>>().map(CelString::inner);
        match name.and_then(|name| self.object.get(name)) {
            Some(value) => Ok(CowVal::Owned(of(value))),
            // The key itself may come from the record, so it is not told.
            None => Err(ExecutionError::no_such_key("member")),
        }
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

impl Container for Map {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        let name = key.downcast_ref::<CelString<'_>>().map(CelString::inner);
        Ok(name.is_some_and(|name| self.object.get(name).is_some()))
    }
}

impl Sizer for Map {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.names().len()).unwrap_or(i64::MAX))
    }
}

impl Iterable for Map {
    fn iter<'b, 'v>(&'b self) -> Box<dyn CelIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Names(self.names().iter()))
    }
}

struct Names<'b>(std::slice::Iter<'b, CelString<'static>>);

impl<'b, 'v> CelIterator<'b, 'v> for Names<'b> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|name| name as &(dyn Val + 'v))
    }
}
