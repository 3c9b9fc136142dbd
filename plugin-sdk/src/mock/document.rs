//! The gateway's document operations, over [`Node`]s.

use super::{
    node::Node,
    pattern::{escape, index, tokens},
};
use crate::{EditError, Match};

impl Node {
    /// What stands at a place; of a duplicated key, the last.
    pub(super) fn at(&self, tokens: &[String]) -> Option<&Node> {
        tokens.iter().try_fold(self, |node, token| match node {
            Self::Scalar(_) => None,
            Self::Array(elements) => elements.get(index(token)?),
            Self::Object(members) => {
                let last = members.iter().rev().find(|(key, _)| key == token);
                last.map(|(_, value)| value)
            }
        })
    }

    /// Every match of a pattern's tokens below this node.
    pub(super) fn select(&self, tokens: &[String], pointer: &str, found: &mut Vec<Match>) {
        let Some((token, rest)) = tokens.split_first() else {
            found.push(Match {
                pointer: pointer.to_owned(),
                json: self.to_string(),
            });
            return;
        };
        self.each_child(pointer, |key, pointer, child| {
            let any_element = token == "*" && matches!(self, Self::Array(_));
            if any_element || token == key {
                child.select(rest, pointer, found);
            }
        });
    }

    /// Every string and number below this node, with its pointer.
    pub(super) fn texts(&self, pointer: &str, see: &mut impl FnMut(&str, &str, &str)) {
        if let Self::Scalar(token) = self {
            match token.as_bytes().first() {
                Some(b'"') => {
                    if let Ok(text) = serde_json::from_str::<String>(token) {
                        see(pointer, token, &text);
                    }
                }
                Some(b'-' | b'0'..=b'9') => see(pointer, token, token),
                _ => {}
            }
            return;
        }
        self.each_child(pointer, |_, pointer, child| child.texts(pointer, see));
    }

    /// The name of every member below this node, with the member's pointer.
    pub(super) fn names(&self, pointer: &str, see: &mut impl FnMut(&str, &str)) {
        self.each_child(pointer, |name, pointer, child| {
            if matches!(self, Self::Object(_)) {
                see(pointer, name);
            }
            child.names(pointer, see);
        });
    }

    /// Calls with each child's unescaped token, pointer and node.
    fn each_child(&self, pointer: &str, mut see: impl FnMut(&str, &str, &Node)) {
        match self {
            Self::Scalar(_) => {}
            Self::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    see(&index.to_string(), &format!("{pointer}/{index}"), element);
                }
            }
            Self::Object(members) => {
                for (key, value) in members {
                    see(key, &format!("{pointer}/{}", escape(key)), value);
                }
            }
        }
    }

    /// Replaces what stands at a pointer, or adds a member.
    pub(super) fn set(&mut self, pointer: &str, json: &str) -> Result<(), EditError> {
        let tokens = tokens(pointer).map_err(EditError::BadPointer)?;
        let value = Self::parse(json).map_err(|error| EditError::BadJson(error.to_string()))?;
        let Some((last, parent)) = tokens.split_last() else {
            *self = value;
            return Ok(());
        };
        let mut replaced = 0;
        self.each_at(parent, &mut |node| {
            for place in node.members(last) {
                place.clone_from(&value);
                replaced += 1;
            }
        });
        if replaced > 0 {
            return Ok(());
        }
        let mut added = false;
        self.each_at(parent, &mut |node| {
            if !added {
                added = node.add(last, &value);
            }
        });
        if added {
            Ok(())
        } else {
            Err(EditError::NoParent)
        }
    }

    /// Removes what stands at a pointer, duplicates included.
    pub(super) fn remove(&mut self, pointer: &str) -> bool {
        let Ok(tokens) = tokens(pointer) else {
            return false;
        };
        let Some((last, parent)) = tokens.split_last() else {
            return false;
        };
        let mut removed = false;
        self.each_at(parent, &mut |node| match node {
            Self::Scalar(_) => {}
            Self::Array(elements) => {
                if let Some(index) = index(last).filter(|&index| index < elements.len()) {
                    elements.remove(index);
                    removed = true;
                }
            }
            Self::Object(members) => {
                let before = members.len();
                members.retain(|(key, _)| key != last);
                removed |= members.len() < before;
            }
        });
        removed
    }

    /// Renames what stands at a pointer, duplicates included.
    pub(super) fn rename(&mut self, pointer: &str, name: &str) -> Result<bool, EditError> {
        let tokens = tokens(pointer).map_err(EditError::BadPointer)?;
        let (token, parent) = tokens.split_last().ok_or(EditError::NoParent)?;
        let (mut members, mut element, mut clashes) = (0, false, false);
        self.each_at(parent, &mut |node| match node {
            Self::Scalar(_) => {}
            Self::Array(elements) => {
                element |= index(token).is_some_and(|index| index < elements.len());
            }
            Self::Object(all) => {
                let named = |name: &str| all.iter().filter(|(key, _)| key == name).count();
                members += named(token);
                clashes |= named(token) > 0 && named(name) > 0;
            }
        });
        match (members, token == name) {
            (0, _) if element => return Err(EditError::NoParent),
            (0, _) => return Ok(false),
            (_, true) => return Ok(true),
            (_, false) if clashes => return Err(EditError::NameTaken),
            (_, false) => {}
        }
        self.each_at(parent, &mut |node| {
            if let Self::Object(members) = node {
                for (key, _) in members.iter_mut().filter(|(key, _)| key == token) {
                    name.clone_into(key);
                }
            }
        });
        Ok(true)
    }

    /// Calls with every node at a place; more than one where a key on the way
    /// is duplicated.
    fn each_at(&mut self, tokens: &[String], see: &mut impl FnMut(&mut Node)) {
        let Some((token, rest)) = tokens.split_first() else {
            return see(self);
        };
        for child in self.members(token) {
            child.each_at(rest, see);
        }
    }

    fn members<'a>(&'a mut self, token: &'a str) -> Box<dyn Iterator<Item = &'a mut Node> + 'a> {
        match self {
            Self::Scalar(_) => Box::new(std::iter::empty()),
            Self::Array(elements) => {
                let element = index(token).and_then(|index| elements.get_mut(index));
                Box::new(element.into_iter())
            }
            Self::Object(members) => {
                let named = members.iter_mut().filter(move |(key, _)| key == token);
                Box::new(named.map(|(_, value)| value))
            }
        }
    }

    fn add(&mut self, token: &str, value: &Node) -> bool {
        match self {
            Self::Object(members) => members.push((token.to_owned(), value.clone())),
            Self::Array(elements) if token == "-" => elements.push(value.clone()),
            Self::Array(_) | Self::Scalar(_) => return false,
        }
        true
    }
}
