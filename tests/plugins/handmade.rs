//! Components written by hand, which do what no toolchain lets a guest do: they
//! misbehave in `describe`, at their start, or in what they hand over.

use std::path::PathBuf;

use crate::harness::Workspace;

/// The parts of a component.
#[derive(Debug, Clone, Copy)]
pub struct Handmade {
    /// Further imports of the component.
    pub imports: &'static str,
    /// What its core module imports, and with what.
    pub core_imports: &'static str,
    pub core_arguments: &'static str,
    /// Further parts of its core module.
    pub module: &'static str,
    /// What it does before it returns.
    pub describe: &'static str,
    pub configure: &'static str,
    pub process: &'static str,
    /// Pages of memory, of 64 KiB.
    pub pages: u32,
    /// Whether it keeps what it was lent.
    pub keeps_record: bool,
}

/// One that behaves well: it keeps every record.
pub const WELL: Handmade = Handmade {
    imports: "",
    core_imports: "",
    core_arguments: "",
    module: "",
    describe: "",
    configure: "",
    process: "",
    pages: 4,
    keeps_record: false,
};

/// Where the answers stand in memory: all zero, which means no error, and keep.
const ANSWER: &str = "(i32.const 1024)";

impl Handmade {
    /// Writes the component into a workspace.
    pub fn write(&self, workspace: &Workspace) -> PathBuf {
        let text = self.text();
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let path = workspace.path("handmade.wasm");
        std::fs::write(&path, bytes).expect("a written component");
        path
    }

    fn text(&self) -> String {
        let Self {
            imports,
            core_imports,
            core_arguments,
            module,
            describe,
            configure,
            process,
            pages,
            ..
        } = self;
        let drop = if self.keeps_record {
            ""
        } else {
            "(call $drop (local.get 0))"
        };
        format!(
            r#"
            (component
              (import "cdr:plugin/record@0.1.0" (instance $record
                (export "cdr" (type (sub resource)))))
              (alias export $record "cdr" (type $cdr))
              {imports}
              (core func $drop (canon resource.drop $cdr))
              (core module $module
                (import "host" "drop" (func $drop (param i32)))
                {core_imports}
                (memory (export "memory") {pages})
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                  (i32.const 4096))
                ;; The description: three texts, at 512.
                (data (i32.const 64) "handmade0.1.0")
                (func $text (param i32 i32 i32)
                  (i32.store (local.get 0) (local.get 1))
                  (i32.store (i32.add (local.get 0) (i32.const 4)) (local.get 2)))
                (func (export "describe") (result i32)
                  (call $text (i32.const 512) (i32.const 64) (i32.const 8))
                  (call $text (i32.const 520) (i32.const 72) (i32.const 5))
                  {describe}
                  (i32.const 512))
                (func (export "configure") (param i32 i32) (result i32)
                  {configure}
                  {ANSWER})
                (func (export "process") (param i32) (result i32)
                  {process}
                  {drop}
                  {ANSWER})
                {module}
              )
              (core instance $guest (instantiate $module
                (with "host" (instance (export "drop" (func $drop))))
                {core_arguments}))
              (alias core export $guest "memory" (core memory $memory))
              (alias core export $guest "realloc" (core func $realloc))
              (type $description-type (record
                (field "name" string) (field "version" string) (field "config-schema" string)))
              (export $description "description" (type $description-type))
              (type $config-error-type (record (field "pointer" string) (field "message" string)))
              (export $config-error "config-error" (type $config-error-type))
              (type $verdict-type (variant (case "keep") (case "drop" string) (case "suspend" string)))
              (export $verdict "verdict" (type $verdict-type))
              (func $describe (result $description)
                (canon lift (core func $guest "describe") (memory $memory) (realloc $realloc)))
              (func $configure (param "config" string) (result (result (error (list $config-error))))
                (canon lift (core func $guest "configure") (memory $memory) (realloc $realloc)))
              (func $process (param "cdr" (borrow $cdr)) (result $verdict)
                (canon lift (core func $guest "process") (memory $memory) (realloc $realloc)))
              (export "describe" (func $describe))
              (export "configure" (func $configure))
              (export "process" (func $process)))
            "#
        )
    }
}
