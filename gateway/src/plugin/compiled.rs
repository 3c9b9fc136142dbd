//! A component, compiled once and loaded as often as wanted: with one config or
//! another, or only to be looked at.
//!
//! How it fails: with [`NotAComponent`], which says what the bytes are instead
//! and how to make a component of them.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::Host;

/// A compiled component.
pub struct Compiled {
    pub(super) component: Component,
    pub(super) host: Host,
    /// SHA-256 of the bytes, in hexadecimal.
    pub digest: String,
    /// How long it took to compile.
    pub took: Duration,
    /// Whether it carries debug information, as unoptimised builds do.
    pub has_debug_info: bool,
}

/// Bytes that are no component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAComponent {
    /// Nothing at all.
    #[error("is empty; build it again")]
    Empty,
    /// WebAssembly in its text format.
    #[error("is WebAssembly text, not a binary; `wasm-tools parse` makes a binary of it")]
    Text,
    /// Anything else.
    #[error("is not WebAssembly; give the `.wasm` file that the build made")]
    Foreign,
    /// A module without interface types.
    #[error(
        "is a core module, not a component; build a Rust plugin for wasm32-wasip2 (not wasm32-wasip1 or wasm32-unknown-unknown), or let `cdr-gateway plugin build` do it"
    )]
    CoreModule,
    /// It begins as a component.
    #[error(
        "is a component that cannot be compiled ({0}); it may be cut off: build or copy it again"
    )]
    Broken(String),
}

impl Compiled {
    /// Compiles a component: seconds for a large one, so not for the async
    /// runtime.
    ///
    /// # Errors
    /// When the bytes are no component.
    pub fn new(host: &Host, wasm: &[u8]) -> Result<Self, NotAComponent> {
        recognise(wasm)?;
        let started = Instant::now();
        let component = Component::new(&host.engine, wasm)
            .map_err(|error| NotAComponent::Broken(error.root_cause().to_string()))?;
        host.report_compiled();
        Ok(Self {
            component,
            host: host.clone(),
            digest: format!("{:x}", Sha256::digest(wasm)),
            took: started.elapsed(),
            has_debug_info: has_debug_info(wasm),
        })
    }
}

/// Sorts out by their first bytes what wasmtime would only call malformed.
fn recognise(wasm: &[u8]) -> Result<(), NotAComponent> {
    const MAGIC: &[u8] = b"\0asm";
    // Version and layer, after the magic bytes.
    const CORE: [u8; 4] = [1, 0, 0, 0];
    if wasm.is_empty() {
        return Err(NotAComponent::Empty);
    }
    match wasm.strip_prefix(MAGIC) {
        Some(rest) if rest.starts_with(&CORE) => Err(NotAComponent::CoreModule),
        Some(_) => Ok(()),
        None if wasm.trim_ascii_start().starts_with(b"(") => Err(NotAComponent::Text),
        None => Err(NotAComponent::Foreign),
    }
}

/// Whether the name of a DWARF section stands in it.
fn has_debug_info(wasm: &[u8]) -> bool {
    const SECTION: &[u8] = b".debug_info";
    wasm.windows(SECTION.len()).any(|bytes| bytes == SECTION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::builtin;

    #[test]
    fn what_is_no_component_is_told_by_name() {
        let host = Host::new(None).unwrap();
        let refused = |wasm| Compiled::new(&host, wasm).map(drop).unwrap_err();
        for (wasm, expected) in [
            (&b""[..], NotAComponent::Empty),
            (b" (module)", NotAComponent::Text),
            (b"\x7fELF", NotAComponent::Foreign),
            (b"\0asm\x01\0\0\0", NotAComponent::CoreModule),
        ] {
            assert_eq!(refused(wasm), expected);
        }
        let wasm = builtin::plugin("phone-mask").unwrap().wasm;
        let cut = refused(&wasm[..wasm.len() / 2]);
        assert!(matches!(cut, NotAComponent::Broken(_)), "{cut}");
    }
}
