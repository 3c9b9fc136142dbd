//! Relative paths of what the gateway reads start at the file that says them.

use std::path::{Path, PathBuf};

use super::{
    builtin,
    model::{Config, Driver, Secret, SecretPem, SecretRef, ServerTls, Tls},
    source_file::SourceFile,
    tree::{Node, Origin},
};
use crate::plugin::origin::is_remote;

/// Resolves the paths of components, tables and certificates.
pub(super) fn resolve(config: &mut Config, root: &Node, files: &[SourceFile]) {
    for (listener, tls) in [
        ("ingest", &mut config.ingest.tls),
        ("admin", &mut config.admin.tls),
    ] {
        if let Some(tls) = tls {
            let said = |key| root.at(&[listener, "tls", key]);
            server_tls(tls, said, files);
        }
    }
    for (name, plugin) in &mut config.plugin {
        if !is_remote(&plugin.wasm) {
            beside(&mut plugin.wasm, root.at(&["plugin", name, "wasm"]), files);
        }
        if let Some(tls) = &mut plugin.tls {
            let said = |key| root.at(&["plugin", name, "tls", key]);
            client_tls(tls, said, files);
        }
    }
    for (name, table) in &mut config.table {
        beside(&mut table.file, root.at(&["table", name, "file"]), files);
    }
    for (name, destination) in &mut config.destination {
        let (at, tls): (&[&str], _) = match &mut destination.driver {
            Driver::Http(http) => (&["http"], &mut http.tls),
            Driver::File(file) => match &mut file.upload {
                Some(upload) => (&["file", "upload"], &mut upload.tls),
                None => continue,
            },
        };
        let Some(tls) = tls else { continue };
        let said = |key| root.at(&[&["destination", name], at, &["tls", key]].concat());
        client_tls(tls, said, files);
    }
}

fn client_tls<'n>(
    tls: &mut Tls,
    said: impl Fn(&'static str) -> Option<&'n Node>,
    files: &[SourceFile],
) {
    for (key, path) in [
        ("ca_file", &mut tls.ca_file),
        ("client_cert_file", &mut tls.client_cert_file),
    ] {
        if let Some(path) = path
            && let Some(found) = resolved(path, said(key), files)
        {
            *path = found;
        }
    }
}

/// The key, too: it is read again when its file changes.
fn server_tls<'n>(
    tls: &mut ServerTls,
    said: impl Fn(&'static str) -> Option<&'n Node>,
    files: &[SourceFile],
) {
    if let Some(path) = resolved(&tls.cert_file, said("cert_file"), files) {
        tls.cert_file = path;
    }
    if let Some(file) = &mut tls.client_ca_file
        && let Some(path) = resolved(file, said("client_ca_file"), files)
    {
        *file = path;
    }
    if let SecretRef::File(file) = tls.key.0.reference()
        && let Some(path) = resolved(file, said("key"), files)
    {
        let key = Secret::new(SecretRef::File(path), tls.key.0.expose());
        tls.key = SecretPem(key);
    }
}

fn beside(target: &mut String, said: Option<&Node>, files: &[SourceFile]) {
    if builtin::name(target).is_some() {
        return;
    }
    if let Some(path) = resolved(Path::new(target.as_str()), said, files) {
        *target = path.to_string_lossy().into_owned();
    }
}

/// None where no file says the path.
fn resolved(target: &Path, said: Option<&Node>, files: &[SourceFile]) -> Option<PathBuf> {
    let Origin::File { file, .. } = &said?.origin else {
        return None;
    };
    Some(files.get(*file)?.directory().join(target))
}
