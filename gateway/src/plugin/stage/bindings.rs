//! Types and glue generated from the WIT. What transforms have as well is theirs.

wasmtime::component::bindgen!({
    path: "../plugin-sdk/wit",
    world: "stage",
    imports: { default: trappable },
    with: {
        "cdr:plugin/record": crate::plugin::bindings::cdr::plugin::record,
        "cdr:plugin/tables": crate::plugin::bindings::cdr::plugin::tables,
        "cdr:plugin/host": crate::plugin::bindings::cdr::plugin::host,
        "cdr:plugin/types": crate::plugin::bindings::cdr::plugin::types,
    },
});
