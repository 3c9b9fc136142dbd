//! Relative paths of what the gateway reads start at the file that says them.

use std::path::Path;

use super::{
    builtin,
    model::Config,
    source_file::SourceFile,
    tree::{Node, Origin},
};

/// Resolves the paths of components and tables.
pub(super) fn resolve(config: &mut Config, root: &Node, files: &[SourceFile]) {
    for (name, plugin) in &mut config.plugin {
        beside(&mut plugin.wasm, root.at(&["plugin", name, "wasm"]), files);
    }
    for (name, table) in &mut config.table {
        beside(&mut table.file, root.at(&["table", name, "file"]), files);
    }
}

fn beside(target: &mut String, said: Option<&Node>, files: &[SourceFile]) {
    if builtin::name(target).is_some() {
        return;
    }
    if let Some(Origin::File { file, .. }) = said.map(|node| &node.origin)
        && let Some(file) = files.get(*file)
    {
        let path = file.directory().join(Path::new(target.as_str()));
        *target = path.to_string_lossy().into_owned();
    }
}
