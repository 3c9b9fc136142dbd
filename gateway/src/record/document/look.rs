//! Looking for many patterns in one pass.

use super::{
    container::{Container, Item, Shape},
    find::At,
    walk::Place,
};
use crate::record::{pattern::PatternTree, string};

/// Calls `found` with every match of every pattern of a tree, duplicates
/// included, in the order of the text.
pub(super) fn look<'a, T>(
    at: At<'a>,
    place: &Place<'_>,
    tree: &PatternTree<T>,
    found: &mut impl FnMut(&Place<'_>, At<'a>, &T),
) {
    for meaning in tree.meanings() {
        found(place, at, meaning);
    }
    if !tree.leads_on() {
        return;
    }
    let Some(container) = at.container() else {
        return;
    };
    for (index, item) in container.items.iter().enumerate() {
        match container.shape {
            Shape::Object => member(container, item, place, tree, found),
            Shape::Array => element(container, (index, item), place, tree, found),
        }
    }
}

fn member<'a, T>(
    container: &'a Container,
    item: &'a Item,
    parent: &Place<'_>,
    tree: &PatternTree<T>,
    found: &mut impl FnMut(&Place<'_>, At<'a>, &T),
) {
    let raw = item.key.text(&container.source);
    if let Some(next) = tree.token(&string::decode(raw)) {
        look(At::item(container, item), &parent.member(raw), next, found);
    }
}

fn element<'a, T>(
    container: &'a Container,
    (index, item): (usize, &'a Item),
    parent: &Place<'_>,
    tree: &PatternTree<T>,
    found: &mut impl FnMut(&Place<'_>, At<'a>, &T),
) {
    let at = At::item(container, item);
    let place = parent.element(index);
    if let Some(next) = tree.every() {
        look(at, &place, next, found);
    }
    if tree.has_tokens()
        && let Some(next) = tree.token(&index.to_string())
    {
        look(at, &place, next, found);
    }
}
