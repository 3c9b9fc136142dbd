//! `plugin inspect`: of what is a plugin everything, of what is none why.

use std::fs;

use sha2::{Digest, Sha256};

use super::{plugin, printed};
use crate::harness::{field, hostile};

#[test]
fn a_component_is_told_with_what_it_asks_for() {
    let folder = tempfile::tempdir().expect("a directory");
    let shown = printed(&plugin(folder.path(), &["inspect", "builtin:filter"]), 0);
    for line in [
        "filter 0.1.0",
        "cdr:plugin/transform@0.1.0",
        "lookup, lookup-prefix",
        "grant by name: tables = [\"NAME\"]",
        "grant: grant.clock = true",
        "sealed, nothing is behind it",
        "rules[].when",
        "\"exact\" | \"prefix\"",
    ] {
        assert!(shown.contains(line), "no {line} in {shown}");
    }

    // As `plugin build` leaves it.
    fs::create_dir(folder.path().join("target")).expect("a directory");
    fs::copy(hostile(), folder.path().join("target/hostile.wasm")).expect("a copy");
    let json = printed(&plugin(folder.path(), &["inspect", "--json"]), 0);
    let wasm = fs::read(hostile()).expect("a component");
    for (pointer, expected) in [
        ("/name", "hostile".to_owned()),
        ("/world", "transform".to_owned()),
        ("/contract", "0.1.0".to_owned()),
        ("/sha256", format!("{:x}", Sha256::digest(&wasm))),
        (
            "/config_schema/properties/process/type",
            "string".to_owned(),
        ),
    ] {
        assert_eq!(field(&json, pointer), expected, "{pointer}");
    }
    assert_eq!(field(&json, "/size_bytes"), wasm.len());
}

#[test]
fn what_is_no_plugin_is_told_what_it_is() {
    let folder = tempfile::tempdir().expect("a directory");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("a file");
    };
    let component = fs::read(hostile()).expect("a component");
    write("empty.wasm", b"");
    write("text.wasm", b"(component)");
    write("module.wasm", b"\0asm\x01\0\0\0");
    write("component.wasm", b"\0asm\x0d\0\x01\0");
    write("cut.wasm", &component[..component.len() / 2]);
    write("notes.md", b"# Notes");
    for (what, expected) in [
        ("nowhere.wasm", "cannot read nowhere.wasm: No such file"),
        ("builtin:nothing", "known are builtin:phone-mask"),
        (".", "no component was built in this folder"),
        ("empty.wasm", "is empty"),
        ("text.wasm", "wasm-tools parse"),
        (
            "module.wasm",
            "is a core module, not a component; build a Rust plugin for wasm32-wasip2",
        ),
        ("cut.wasm", "it may be cut off"),
        ("notes.md", "is not WebAssembly"),
        ("component.wasm", "it exports nothing"),
    ] {
        let refused = printed(&plugin(folder.path(), &["inspect", what]), 1);
        assert!(refused.contains(expected), "{what}: {refused}");
    }
}
