//! Disks that refuse: the destination waits, says so once, and goes on by itself.

use std::{io::Write, path::PathBuf, process::Command};

use serde_json::Value;

use crate::{
    harness::{Gateway, all_to, parts, until},
    outage::records,
};

fn halt(gateway: &Gateway) -> Value {
    gateway.api("/destinations")[0]["status"]["halt"].clone()
}

fn wait_for_halt(gateway: &Gateway) {
    until("a halt", || {
        (halt(gateway)["cause"] == "file_error").then_some(())
    });
    until("the metric", || {
        let failing = "cdr_gateway_files_failing{destination=\"archive\"} 1";
        gateway.get("/metrics").1.contains(failing).then_some(())
    });
}

fn wait_for_recovery(gateway: &Gateway) {
    until("no halt", || halt(gateway).is_null().then_some(()));
    until("the metric", || {
        let failing = "cdr_gateway_files_failing{destination=\"archive\"} 0";
        gateway.get("/metrics").1.contains(failing).then_some(())
    });
    until("the recovery in the log", || {
        let log = gateway.log();
        log.contains("files are written, finished and uploaded again")
            .then_some(())
    });
    let errors = "files cannot be written, finished or uploaded";
    assert_eq!(gateway.log().matches(errors).count(), 1, "told once");
}

/// What stands in the way of one path holds up no other.
#[test]
fn a_path_that_is_refused_waits_until_it_is_free() {
    let gateway = Gateway::start(&all_to("archive", r#"file.path = "{/Uui}/calls.ndjson""#));
    let blocker = gateway.workspace.path("data/files/abc");
    std::fs::create_dir_all(blocker.parent().expect("a parent")).expect("a directory");
    std::fs::write(&blocker, "in the way").expect("a file in the way");
    let records = records(2);
    gateway.push("cdr", &records[0]);
    wait_for_halt(&gateway);
    gateway.push("cdr", &records[1].replace("\"abc\"", "\"free\""));
    gateway.wait_for("archive", "delivered", 1);
    assert_eq!(halt(&gateway)["cause"], "file_error");
    std::fs::remove_file(&blocker).expect("a free way");
    gateway.wait_for("archive", "delivered", 2);
    wait_for_recovery(&gateway);
    assert_eq!(gateway.workspace.lines().len(), 2);
}

/// What stands under the final name of a part is left alone; the part is finished
/// when it is gone, and takes more records until then.
#[test]
fn a_part_that_cannot_be_finished_waits_for_itself() {
    let settings = "file.path = \"calls.ndjson\"\nfile.compress = \"gzip\"";
    let gateway = Gateway::start(&all_to("archive", settings));
    let records = records(2);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("archive", "delivered", 1);
    let taken = gateway.workspace.path("data/files/calls.1.ndjson.gz");
    std::fs::create_dir(&taken).expect("something in the way");
    let rotated = gateway.cli(&["files", "rotate"]);
    assert_eq!(rotated.status.code(), Some(1), "{rotated:?}");
    wait_for_halt(&gateway);
    gateway.push("cdr", &records[1]);
    gateway.wait_for("archive", "delivered", 2);
    std::fs::remove_dir(&taken).expect("a free name");
    until("no halt", || {
        let rotated = gateway.cli(&["files", "rotate"]);
        rotated.status.success().then_some(())
    });
    let texts = parts(&gateway.workspace.path("data/files"));
    let texts: String = texts.into_iter().map(|part| part.text).collect();
    assert_eq!(texts.lines().collect::<Vec<_>>(), records, "in order");
}

/// What stands in the way of one path holds up no other when the gateway stops either,
/// be it the first of those that wait.
#[test]
fn a_stop_writes_what_waits_behind_a_path_that_is_refused() {
    let settings = "file.path = \"{/Uui}/calls.ndjson\"\nfile.max_parts = 1";
    let linger = "journal.settle_linger_ms = 1000";
    let gateway = Gateway::start(&format!("{linger}\n{}", all_to("archive", settings)));
    let blocker = gateway.workspace.path("data/files/abc");
    std::fs::create_dir_all(blocker.parent().expect("a parent")).expect("a directory");
    std::fs::write(&blocker, "in the way").expect("a file in the way");
    let records = records(3);
    gateway.push("cdr", &records[0]);
    let free = [(1, "free"), (2, "open")];
    let free = free.map(|(at, uui)| records[at].replace("\"abc\"", &format!("\"{uui}\"")));
    for record in &free {
        gateway.push("cdr", record);
    }
    // Everything is made ready, and waits for company.
    until("lines that wait", || {
        let status = &gateway.api("/destinations")[0]["status"];
        (status["under_way"] == 3).then_some(())
    });
    let workspace = gateway.stop();
    let mut written = workspace.lines();
    written.sort();
    assert_eq!(written, free);
}

/// A line that needs room, and found none since no part could be finished, is tried
/// again although nothing else happens.
#[test]
fn a_line_that_waits_for_room_gets_it_once_a_part_can_be_finished() {
    let settings = "file.path = \"{/Uui}/calls.ndjson\"\nfile.max_parts = 1";
    let gateway = Gateway::start(&all_to("archive", settings));
    let records = records(2);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("archive", "delivered", 1);
    let taken = gateway.workspace.path("data/files/abc/calls.1.ndjson");
    std::fs::create_dir(&taken).expect("something in the way");
    gateway.push("cdr", &records[1].replace("\"abc\"", "\"free\""));
    wait_for_halt(&gateway);
    std::fs::remove_dir(&taken).expect("a free name");
    gateway.wait_for("archive", "delivered", 2);
    wait_for_recovery(&gateway);
}

/// A file system of one megabyte, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&path).expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(&path)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(path))
    }

    fn remount(&self, option: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{option}")])
            .arg(&self.0)
            .status();
        assert!(status.expect("mount runs").success(), "{option}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_and_a_read_only_one_hold_the_destination_up_and_lose_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some(disk) = SmallDisk::mount(directory.path().join("disk")) else {
        writeln!(
            std::io::stderr(),
            "skipped: a full disk (no right to mount a tmpfs)"
        )
        .expect("a standard error");
        return;
    };
    let settings = format!(
        "file.path = \"calls.ndjson\"\nfile.base_dir = {:?}",
        disk.0.display().to_string()
    );
    let gateway = Gateway::start(&all_to("archive", &settings));
    let filler = disk.0.join("filler");
    let records = records(40);
    let (first, rest) = records.split_at(1);
    gateway.push("cdr", &first[0]);
    gateway.wait_for("archive", "delivered", 1);
    // More than fits: it is as full as it gets.
    std::fs::write(&filler, vec![0; 1 << 20]).expect_err("a full disk");
    for record in rest {
        gateway.push("cdr", record);
    }
    wait_for_halt(&gateway);
    std::fs::remove_file(&filler).expect("room");
    gateway.wait_for("archive", "delivered", 40);
    wait_for_recovery(&gateway);

    // Nothing open keeps a file system from being made read-only.
    assert!(gateway.cli(&["files", "rotate"]).status.success());
    disk.remount("ro");
    gateway.push("cdr", &crate::outage::records(41)[40]);
    wait_for_halt(&gateway);
    disk.remount("rw");
    gateway.wait_for("archive", "delivered", 41);
    let mut lines: Vec<String> = parts(&disk.0)
        .iter()
        .flat_map(|part| part.text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    lines.sort();
    let mut expected = crate::outage::records(41);
    expected.sort();
    assert_eq!(lines, expected, "each record once");
}
