use super::*;
use crate::delivery::template::PathTemplate;

fn settings(base_dir: &Path, rotate_bytes: u64) -> FileSettings {
    FileSettings {
        path: PathTemplate::parse("a/{source}.ndjson").unwrap(),
        base_dir: base_dir.to_owned(),
        rotate_bytes,
        rotate_s: 60,
    }
}

fn line(seq: u64, body: &'static str) -> Line {
    Line {
        seq: Seq(seq),
        id: ArrivalId(uuid::Uuid::from_u128(seq.into())),
        path: "a/tccc.ndjson".into(),
        body: Bytes::from_static(body.as_bytes()),
    }
}

fn begun(base_dir: &Path, rotate_bytes: u64) -> Writer {
    let mut writer = Writer::new(settings(base_dir, rotate_bytes), Vec::new());
    let begun = writer.begin(&[(line(1, ""), None)], Timestamp::UNIX_EPOCH);
    writer.commit(&begun.unwrap());
    writer
}

#[test]
fn a_crash_before_the_settlement_leaves_no_trace() {
    let base = tempfile::tempdir().unwrap();
    let mut writer = begun(base.path(), 1 << 20);
    let parts = writer.write(&[line(1, "{\"a\":1}")]).unwrap();
    writer.commit(&parts);
    writer.write(&[line(2, "{\"a\":2}")]).unwrap();
    drop(writer);

    let mut again = Writer::new(settings(base.path(), 1 << 20), parts);
    let parts = again.write(&[line(2, "{\"b\":2}")]).unwrap();
    again.commit(&parts);
    let text = std::fs::read_to_string(base.path().join("a/tccc.1.ndjson.open")).unwrap();
    assert_eq!(text, "{\"a\":1}\n{\"b\":2}\n");
    assert_eq!((parts[0].records, parts[0].length), (2, 16));
}

#[test]
fn a_part_is_finished_by_size_and_by_time_and_replaces_nothing() {
    let base = tempfile::tempdir().unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    for (rotate_bytes, now, expected) in [(8, 0, 1), (9, 59, 0), (9, 60, 1)] {
        let base = tempfile::tempdir().unwrap();
        let mut writer = begun(base.path(), rotate_bytes);
        let parts = writer.write(&[line(1, "{\"a\":1}")]).unwrap();
        writer.commit(&parts);
        let finished = writer.finish_due(at(now));
        assert_eq!(
            finished.parts.len(),
            expected,
            "{rotate_bytes} bytes, {now} s"
        );
    }

    let mut writer = begun(base.path(), 1);
    let parts = writer.write(&[line(1, "{\"a\":1}")]).unwrap();
    writer.commit(&parts);
    let taken = base.path().join("a/tccc.1.ndjson");
    std::fs::write(&taken, "someone's").unwrap();
    assert!(writer.finish_due(at(0)).failed.is_some());
    assert_eq!(std::fs::read_to_string(taken).unwrap(), "someone's");
}

#[test]
fn what_stands_under_a_name_is_left_alone() {
    let base = tempfile::tempdir().unwrap();
    std::fs::create_dir(base.path().join("a")).unwrap();
    for name in ["tccc.1.ndjson.open", "tccc.2.ndjson"] {
        std::fs::write(base.path().join("a").join(name), "someone's").unwrap();
    }
    let mut writer = begun(base.path(), 1 << 20);
    let parts = writer.write(&[line(1, "{}")]).unwrap();
    assert_eq!(parts[0].part, 3);
    let other = std::fs::read(base.path().join("a/tccc.1.ndjson.open")).unwrap();
    assert_eq!(other, b"someone's");
}

#[test]
fn a_part_that_something_else_moved_is_given_up() {
    let base = tempfile::tempdir().unwrap();
    let mut writer = begun(base.path(), 1 << 20);
    let parts = writer.write(&[line(1, "{}")]).unwrap();
    writer.commit(&parts);
    drop(writer);
    std::fs::remove_file(base.path().join("a/tccc.1.ndjson.open")).unwrap();

    let mut again = Writer::new(settings(base.path(), 1 << 20), parts);
    let parts = again.write(&[line(2, "{}")]).unwrap();
    again.commit(&parts);
    let stands: Vec<_> = parts
        .iter()
        .map(|part| (part.part, part.records, part.finished))
        .collect();
    assert_eq!(stands, [(1, 1, true), (2, 1, false)]);
    assert!(base.path().join("a/tccc.2.ndjson.open").exists());
}

#[test]
fn two_writers_do_not_share_a_part() {
    let base = tempfile::tempdir().unwrap();
    let mut writer = begun(base.path(), 1 << 20);
    let parts = writer.write(&[line(1, "{}")]).unwrap();
    let mut other = Writer::new(settings(base.path(), 1 << 20), parts);
    let refused = other.write(&[line(2, "{}")]).unwrap_err();
    assert!(
        refused.to_string().contains("another destination"),
        "{refused}"
    );
}

#[test]
fn a_finished_part_has_a_manifest_that_proves_it() {
    let base = tempfile::tempdir().unwrap();
    let mut writer = begun(base.path(), 1);
    let parts = writer
        .write(&[line(1, "{\n\"a\":1}"), line(2, "{}")])
        .unwrap();
    writer.commit(&parts);
    let finished = writer.finish_due(Timestamp::UNIX_EPOCH);
    writer.commit(&finished.parts);
    assert!(!writer.knows("a/tccc.ndjson"));

    let text = std::fs::read(base.path().join("a/tccc.1.ndjson")).unwrap();
    assert_eq!(text, b"{\"a\":1}\n{}\n");
    let manifest = base.path().join("a/tccc.1.ndjson.manifest.json");
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    assert_eq!(manifest["records"], 2);
    assert_eq!(manifest["bytes"], 11);
    let sha256 = format!("{:x}", <sha2::Sha256 as sha2::Digest>::digest(&text));
    assert_eq!(manifest["sha256"], sha256);
}

#[test]
fn a_crash_between_rename_and_settlement_is_noticed() {
    let base = tempfile::tempdir().unwrap();
    let mut writer = begun(base.path(), 1);
    let parts = writer.write(&[line(1, "{}")]).unwrap();
    writer.commit(&parts);
    writer.finish_due(Timestamp::UNIX_EPOCH);

    let mut again = Writer::new(settings(base.path(), 1), parts);
    let finished = again.finish_due(Timestamp::UNIX_EPOCH);
    assert!(finished.parts[0].finished);
}
