//! Files: parts that are finished by time and size, with manifests.

use crate::harness::{Gateway, all_to, until};

fn config(rotate: &str) -> String {
    let path = r#"file.path = "{received:%Y}/{/Uui}.ndjson""#;
    all_to("archive", &format!("{path}\n{rotate}"))
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
    let gateway = Gateway::start(&config(""));
    let long = "x".repeat(10_000);
    for value in ["../../../../evil", "/etc/passwd", "a\\nb", "..", &long] {
        let record = crate::harness::SEED.replace("\"abc\"", &format!("\"{value}\""));
        gateway.push("cdr", &record);
    }
    gateway.wait_for("archive", "delivered", 5);
    assert_eq!(gateway.workspace.lines().len(), 5);
    assert!(!gateway.workspace.path("evil").exists());
}

#[test]
fn a_disk_that_refuses_pauses_the_destination_until_it_takes() {
    let gateway = Gateway::start(&config(""));
    let year = jiff::Timestamp::now().strftime("%Y").to_string();
    let blocker = gateway.workspace.path("data/files").join(year);
    std::fs::create_dir_all(blocker.parent().expect("a parent")).expect("a directory");
    std::fs::write(&blocker, "in the way").expect("a file in the way");
    gateway.push("cdr", crate::harness::SEED);
    until("a halt", || {
        let status = gateway.api("/destinations")[0]["status"]["halt"].clone();
        (status["cause"] == "file_error").then_some(())
    });
    std::fs::remove_file(&blocker).expect("a free way");
    gateway.wait_for("archive", "delivered", 1);
    assert_eq!(gateway.workspace.lines().len(), 1);
}
