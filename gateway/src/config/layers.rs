//! Layers: built-in defaults, then files, then environment, then flags. What
//! comes later wins.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Range,
};

use super::{
    diagnostic::Code,
    report::{Finding, Mark, Report, nowhere},
    source_file::SourceFile,
    tree::{Node, Origin, Value},
};

/// What environment variables that set keys begin with; `__` separates keys.
pub const ENVIRONMENT_PREFIX: &str = "CDR_GATEWAY__";

/// The built-in defaults, with every key explained.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// What further files may add to; all else is said in the first.
const SHARED_SECTIONS: [&str; 4] = ["source", "plugin", "table", "destination"];

/// The tree of the built-in defaults.
pub(super) fn defaults() -> Node {
    let file = SourceFile {
        path: "defaults.toml".into(),
        text: DEFAULTS.into(),
    };
    let (mut tree, _) = file.tree(0);
    forget_origin(&mut tree);
    tree
}

fn forget_origin(node: &mut Node) {
    node.origin = Origin::Default;
    match &mut node.value {
        Value::Table(table) => table.values_mut().for_each(forget_origin),
        Value::List(list) => list.iter_mut().for_each(forget_origin),
        _ => {}
    }
}

/// The trees of all files as one; none where any of them is not TOML, since
/// what a slip hides would be reported as missing.
pub(super) fn files(report: &mut Report<'_>) -> Option<Node> {
    let mut all = Node::empty(whole(0));
    let mut readable = true;
    for (index, file) in report.files.iter().enumerate() {
        let (tree, errors) = file.tree(index);
        for error in errors {
            readable = false;
            let finding = Finding::error(Code::Syntax, format!("not TOML: {}", error.message))
                .help("correct this place; other errors show once all files are TOML");
            report.add_in_file(index, &error.span, finding);
        }
        if index == 0 {
            all = tree;
        } else {
            add_file(&mut all, tree, report);
        }
    }
    readable.then_some(all)
}

fn whole(file: usize) -> Origin {
    let start: Range<usize> = 0..0;
    Origin::File {
        file,
        key: None,
        value: start,
    }
}

/// Adds the named things of a further file.
fn add_file(all: &mut Node, further: Node, report: &mut Report<'_>) {
    let (Value::Table(all), Value::Table(further)) = (&mut all.value, further.value) else {
        return;
    };
    for (section, node) in further {
        if !SHARED_SECTIONS.contains(&section.as_str()) {
            let message = format!("only the first configuration file may say `{section}`");
            let finding = Finding::error(Code::NotHere, message)
                .help("further files add source, plugin, table and destination; move this");
            report.add(&node, &section, Mark::Key, finding);
            continue;
        }
        let origin = node.origin.clone();
        let known = all
            .entry(section.clone())
            .or_insert_with(|| Node::empty(origin));
        add_names(&section, known, node, report);
    }
}

fn add_names(section: &str, known: &mut Node, further: Node, report: &mut Report<'_>) {
    match (&mut known.value, further.value) {
        (Value::Table(known), Value::Table(further)) => {
            for (name, node) in further {
                match known.entry(name) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(node);
                    }
                    Entry::Occupied(taken) => {
                        let name = taken.key();
                        let message = format!("{section} {name} exists already");
                        let finding = Finding::error(Code::Duplicate, message)
                            .help("a further file may only add; give it another name");
                        report.add(&node, &format!("{section}.{name}"), Mark::Key, finding);
                    }
                }
            }
        }
        // Not a table: reported as such once the whole is validated.
        (_, value) => known.value = value,
    }
}

/// Lays environment and flags over the files.
pub(super) fn outside(
    root: &mut Node,
    environment: &BTreeMap<String, String>,
    flags: &[(String, String)],
    report: &mut Report<'_>,
) {
    for (name, value) in environment {
        if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
            let steps: Vec<_> = key.split("__").map(str::to_lowercase).collect();
            set(
                root,
                &steps,
                value,
                &Origin::Environment(name.clone()),
                report,
            );
        }
    }
    for (key, value) in flags {
        let steps: Vec<_> = key.split('.').map(str::to_owned).collect();
        set(root, &steps, value, &Origin::Flag(key.clone()), report);
    }
}

fn set(root: &mut Node, steps: &[String], text: &str, origin: &Origin, report: &mut Report<'_>) {
    let mut node = root;
    for (index, step) in steps.iter().enumerate() {
        let Value::Table(table) = &mut node.value else {
            let finding = Finding::error(Code::NotHere, "only single values can be set from here")
                .help("set arrays, and what is in them, in a file");
            let location = super::report::locate(report.files, origin, Mark::Value);
            report.add_at(location, &steps[..index].join("."), finding);
            return;
        };
        let key = existing_key(table, step);
        node = table
            .entry(key)
            .or_insert_with(|| Node::empty(origin.clone()));
    }
    *node = Node {
        value: Value::Text(text.to_owned()),
        origin: origin.clone(),
    };
}

/// Names may hold `-`, which environment variables cannot: `_` stands for it
/// where no key says `_` itself.
fn existing_key(table: &BTreeMap<String, Node>, step: &str) -> String {
    if table.contains_key(step) {
        return step.to_owned();
    }
    table
        .keys()
        .find(|key| key.replace('-', "_") == step)
        .map_or_else(|| step.to_owned(), Clone::clone)
}

/// A file that cannot be read, as a finding.
pub(super) fn unreadable(path: &std::path::Path, error: &std::io::Error, report: &mut Report<'_>) {
    let finding = Finding::error(
        Code::UnreadableFile,
        format!("cannot read the file: {error}"),
    )
    .help("name a file that exists and that the gateway's user may read");
    report.add_at(nowhere(path.display().to_string()), "", finding);
}
