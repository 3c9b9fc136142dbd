//! A component that misbehaves when it is loaded is refused by name, and one that
//! does later parks its record: the gateway goes on in either case.

use serde_json::json;

use super::handmade::{Handmade, WELL};
use crate::harness::{Gateway, Receiver, SEED, Workspace, command};

/// A gateway that delivers, and the text that adds the component to its chain.
struct Bench {
    crm: Receiver,
    bi: Receiver,
    gateway: Gateway,
}

fn config(crm: &Receiver, bi: &Receiver, plugin: &str, chain: &str) -> String {
    format!(
        r#"
        plugin_host.deadline_ms = 50
        plugin_host.configure_deadline_ms = 500
        plugin_host.max_memory_bytes = 50331648
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        {plugin}
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm", "bi"]
        [destination.crm]
        http.url = "{crm}"
        chain = [{chain}]
        [destination.bi]
        http.url = "{bi}"
        "#,
        crm = crm.url(),
        bi = bi.url(),
    )
}

fn section(path: &std::path::Path) -> String {
    format!("[plugin.made]\nwasm = {:?}\n", path.display().to_string())
}

impl Bench {
    fn new() -> Self {
        let (crm, bi) = (Receiver::start(), Receiver::start());
        let gateway = Gateway::start(&config(&crm, &bi, "", ""));
        Self { crm, bi, gateway }
    }

    /// Reloads with the component in the chain of `crm`.
    fn load(&self, made: &Handmade) -> (u16, serde_json::Value) {
        let plugin = section(&made.write(&self.gateway.workspace));
        let text = config(&self.crm, &self.bi, &plugin, r#""made""#);
        self.gateway.workspace.configure(&text);
        self.gateway.api_post("/reload", &json!({}))
    }
}

const LOOP: &str = "(loop (br 0))";

/// What misbehaves when it is loaded, and what is said of it.
const MISLOADED: [(&str, Handmade, &str); 11] = [
    (
        "describe traps",
        Handmade {
            describe: "unreachable",
            ..WELL
        },
        "describe trapped: ",
    ),
    (
        "describe loops",
        Handmade {
            describe: LOOP,
            ..WELL
        },
        "describe exceeded its deadline of 500 ms",
    ),
    (
        "a config schema of 10 MB",
        Handmade {
            describe: "(call $text (i32.const 528) (i32.const 65536) (i32.const 10000000))",
            pages: 170,
            ..WELL
        },
        "describe exceeded its output limit of 1048576 bytes",
    ),
    (
        "a description from beyond the memory",
        Handmade {
            describe: "(call $text (i32.const 528) (i32.const 65536) (i32.const -1))",
            ..WELL
        },
        "describe trapped: ",
    ),
    (
        "configure traps",
        Handmade {
            configure: "unreachable",
            ..WELL
        },
        "configure trapped: ",
    ),
    (
        "configure loops",
        Handmade {
            configure: LOOP,
            ..WELL
        },
        "configure exceeded its deadline of 500 ms",
    ),
    (
        // A hundred thousand refusals of the same 64 KiB: 6.5 GB for the host.
        "refusals without end",
        Handmade {
            configure: r"
                (local $at i32)
                (local.set $at (i32.const 131072))
                (loop $fill
                  (call $text (local.get $at) (i32.const 65536) (i32.const 65536))
                  (local.set $at (i32.add (local.get $at) (i32.const 8)))
                  (br_if $fill (i32.lt_u (local.get $at) (i32.const 1731072))))
                (i32.store8 (i32.const 1024) (i32.const 1))
                (call $text (i32.const 1028) (i32.const 131072) (i32.const 100000))",
            pages: 32,
            ..WELL
        },
        "configure ",
    ),
    (
        "its start loops",
        Handmade {
            module: "(func $start (loop (br 0))) (start $start)",
            ..WELL
        },
        "instantiate exceeded its deadline of 500 ms",
    ),
    (
        "its start traps",
        Handmade {
            module: "(func $start unreachable) (start $start)",
            ..WELL
        },
        "instantiate trapped: ",
    ),
    (
        "more memory than it may have from the start",
        Handmade { pages: 800, ..WELL },
        "instantiate exceeded its memory limit of 50331648 bytes",
    ),
    (
        "a table of ten million functions",
        Handmade {
            module: "(table 10000000 funcref)",
            ..WELL
        },
        "instantiate ",
    ),
];

#[test]
fn what_misbehaves_when_it_is_loaded_is_refused_by_name() {
    let bench = Bench::new();
    for (what, made, said) in MISLOADED {
        let (status, problem) = bench.load(&made);
        let text = problem.to_string();
        assert_eq!(status, 422, "{what}: {text}");
        assert!(text.contains("plugin made"), "{what}: {text}");
        assert!(text.contains(said), "{what}: {text}");
    }
    // What ran goes on.
    bench.gateway.push("cdr", SEED);
    for destination in ["crm", "bi"] {
        bench.gateway.wait_for_count(destination, "delivered", 1);
    }
}

#[test]
fn a_start_is_refused_as_a_reload_is() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let workspace = Workspace::new("");
    let made = Handmade {
        describe: LOOP,
        ..WELL
    };
    let plugin = section(&made.write(&workspace));
    workspace.configure(&config(&crm, &bi, &plugin, r#""made""#));
    for subcommand in ["check", "run"] {
        let output = command()
            .args([subcommand, "--config"])
            .arg(workspace.config())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(78), "{subcommand}: {said}");
        assert!(
            said.contains("plugin made describe"),
            "{subcommand}: {said}"
        );
    }
}

/// Standard output as WASI has it, taken a thousand times and never given back.
const STREAMS: &str = r#"
    (import "wasi:io/streams@0.2.0" (instance $streams
      (export "output-stream" (type (sub resource)))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
      (alias outer 1 $stream (type $outer))
      (export "output-stream" (type $own (eq $outer)))
      (export "get-stdout" (func (result (own $own))))))
    (core func $get (canon lower (func $stdout "get-stdout")))"#;

#[test]
fn what_misbehaves_with_a_record_parks_that_record() {
    let bench = Bench::new();
    let cases = [
        (
            "it keeps what it was lent",
            Handmade {
                keeps_record: true,
                ..WELL
            },
            "plugin_trap",
        ),
        (
            "handles are taken and never given back",
            Handmade {
                imports: STREAMS,
                core_imports: r#"(import "stdout" "get" (func $get (result i32)))"#,
                core_arguments: r#"(with "stdout" (instance (export "get" (func $get))))"#,
                process: r"
                    (local $left i32)
                    (local.set $left (i32.const 1000))
                    (loop $again
                      (drop (call $get))
                      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                      (br_if $again (local.get $left)))",
                ..WELL
            },
            "plugin_trap",
        ),
        (
            "a handle that was never given",
            Handmade {
                process: "(call $drop (i32.const 77))",
                ..WELL
            },
            "plugin_trap",
        ),
        (
            "a verdict that there is none of",
            Handmade {
                process: "(i32.store8 (i32.const 1024) (i32.const 9))",
                ..WELL
            },
            "plugin_trap",
        ),
        (
            "a reason from beyond the memory",
            Handmade {
                process: r"
                    (i32.store8 (i32.const 1024) (i32.const 1))
                    (call $text (i32.const 1028) (i32.const 65536) (i32.const -1))",
                ..WELL
            },
            "plugin_trap",
        ),
        (
            "a reason that is no text",
            Handmade {
                process: r"
                    (i32.store8 (i32.const 1024) (i32.const 1))
                    (i32.store8 (i32.const 65536) (i32.const 255))
                    (call $text (i32.const 1028) (i32.const 65536) (i32.const 9))",
                ..WELL
            },
            "plugin_trap",
        ),
    ];
    for (passed, (what, made, reason)) in cases.into_iter().enumerate() {
        let (status, problem) = bench.load(&made);
        assert_eq!(status, 200, "{what}: {problem}");
        let record = SEED.replace(r#""Uui": "abc""#, &format!(r#""Uui": "{passed}""#));
        bench.gateway.push("cdr", &record);
        let suspended = bench.gateway.wait_for("crm", "suspended", passed + 1);
        let with_reason = suspended.iter().filter(|one| one["reason"] == reason);
        assert_eq!(with_reason.count(), passed + 1, "{what}: {suspended:?}");
        bench.gateway.wait_for_count("bi", "delivered", passed + 1);
    }
    let (status, problem) = bench.load(&WELL);
    assert_eq!(status, 200, "{problem}");
    bench.gateway.push("cdr", SEED);
    bench.gateway.wait_for_count("crm", "delivered", 1);
}
