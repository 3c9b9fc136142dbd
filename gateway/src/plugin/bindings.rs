//! Types and glue generated from the WIT: the only place that holds generated
//! code.

wasmtime::component::bindgen!({
    path: "../plugin-sdk/wit",
    world: "transform",
    imports: { default: trappable },
    with: { "cdr:plugin/record.cdr": crate::plugin::guest::Cdr },
});
