//! Files: parts that are finished by time, size and on demand, in every layout,
//! with manifests; and what hostile values and hostile disks do to them.

mod csv;
mod disk;
mod rotate;
pub mod upload;

use crate::harness::{Gateway, all_to, until};

fn config(settings: &str) -> String {
    let path = r#"file.path = "{received:%Y}/{/Uui}.ndjson""#;
    all_to("archive", &format!("{path}\n{settings}"))
}

#[test]
fn parts_are_finished_and_a_kill_leaves_no_half_line() {
    let mut gateway = Gateway::start(&config("file.rotate_bytes = 4096"));
    let records = crate::outage::records(12);
    for (index, record) in records.iter().enumerate() {
        gateway.push("cdr", record);
        if index % 4 == 3 {
            gateway = gateway.kill_and_restart();
        }
    }
    gateway.wait_for("archive", "delivered", 12);
    let mut lines = gateway.workspace.lines();
    lines.sort();
    let mut expected = records;
    expected.sort();
    assert_eq!(lines, expected, "each record once, as received");
    let finished = |name: &str| name.ends_with(".1.ndjson");
    until("a finished part", || {
        let files = gateway.workspace.files();
        files.iter().any(|(name, _)| finished(name)).then_some(())
    });
    let manifests = gateway.workspace.files();
    let manifest = manifests
        .iter()
        .find(|(name, _)| name.ends_with(".1.ndjson.manifest.json"))
        .expect("a manifest");
    assert!(crate::harness::field(&manifest.1, "/records").as_u64() > Some(0));
}

#[test]
fn a_part_is_finished_after_its_time() {
    let gateway = Gateway::start(&config("file.rotate_s = 1"));
    gateway.push("cdr", crate::harness::SEED);
    let name = until("a finished part", || {
        let files = gateway.workspace.files();
        files
            .into_iter()
            .find(|(name, _)| name.ends_with(".1.ndjson"))
    });
    assert!(name.0.ends_with("/abc.1.ndjson"), "{}", name.0);
    gateway.push("cdr", &crate::outage::records(1)[0]);
    until("the next part", || {
        let files = gateway.workspace.files();
        files
            .into_iter()
            .find(|(name, _)| name.ends_with("/abc.2.ndjson"))
    });
}

#[test]
fn no_value_leaves_the_base_directory() {
    let gateway = Gateway::start(&config("file.max_parts = 2"));
    let long = "x".repeat(10_000);
    let values = [
        "../../../../evil",
        "/etc/passwd",
        "a\\nb",
        "..",
        "c\\u0000d",
        ".hidden",
        "a.open",
        "nul",
        "e\\u202ef",
        &long,
        &format!("{long}y"),
    ];
    for value in values {
        let record = crate::harness::SEED.replace("\"abc\"", &format!("\"{value}\""));
        gateway.push("cdr", &record);
    }
    gateway.wait_for("archive", "delivered", values.len());
    assert_eq!(gateway.workspace.lines().len(), values.len());
    assert!(!gateway.workspace.path("evil").exists());
    let files = gateway.workspace.files();
    let of = |ending: &str| {
        files
            .iter()
            .filter(|(name, _)| name.ends_with(ending))
            .count()
    };
    assert!(of(".open") <= 2, "parts under way are bounded");
    assert_eq!(of(".open") + of(".ndjson"), values.len(), "a file each");
    for (name, _) in files {
        assert!(name.split('/').all(|part| part.len() <= 255), "{name}");
        assert!(!name.contains(char::is_control), "{name}");
    }
}
