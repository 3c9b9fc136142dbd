mod waiting;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use super::*;
use crate::{
    delivery::{
        file::{
            Compress, Format, Layout,
            csv::{Column, Csv, Formulas},
            directory::Directory,
            finish,
        },
        template::{PathTemplate, TrailerTemplate},
    },
    record::Pointer,
};

fn settings(base_dir: &Path, layout: Layout) -> FileSettings {
    FileSettings {
        path: PathTemplate::parse("a/{source}.ndjson").unwrap(),
        place: Arc::new(Place::new(base_dir, base_dir, layout)),
        rotate_bytes: 1 << 20,
        rotate_s: 60,
        max_open: 2,
        max_parts: 3,
        upload: None,
    }
}

fn csv() -> Layout {
    let csv = Csv {
        columns: vec![Column {
            name: "a".into(),
            pointer: Pointer::parse("/a").unwrap(),
        }],
        delimiter: b',',
        header: true,
        trailer: Some(TrailerTemplate::parse("END,{records}").unwrap()),
        formulas: Formulas::Keep,
    };
    Layout {
        format: Format::Csv(Box::new(csv)),
        compress: None,
    }
}

fn compressed(layout: Layout, compress: Compress) -> Layout {
    Layout {
        compress: Some(compress),
        ..layout
    }
}

/// A writer in a directory of its own, and what a journal would know.
struct Fixture {
    base: tempfile::TempDir,
    settings: FileSettings,
    writer: Writer,
    journal: BTreeMap<(String, u32), FilePart>,
    /// What seals parts that are begun from now on.
    key: Option<PartKey>,
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

impl Fixture {
    fn new(layout: Layout) -> Self {
        let base = tempfile::tempdir().unwrap();
        let settings = settings(base.path(), layout);
        Self {
            writer: Writer::new(settings.clone(), Vec::new()),
            base,
            settings,
            journal: BTreeMap::new(),
            key: None,
        }
    }

    /// Parts are sealed.
    fn sealed(layout: Layout) -> Self {
        Self {
            key: Some(PartKey::generate(Day::of(NOW))),
            ..Self::new(layout)
        }
    }

    fn line(&self, seq: u64, body: &str) -> Line {
        Line {
            seq: Seq(seq),
            id: ArrivalId(uuid::Uuid::from_u128(seq.into())),
            path: "a/tccc.ndjson".into(),
            place: self.settings.place.clone(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    /// Begins what has to be begun, and writes.
    fn write(&mut self, line: Line) {
        while !self.writer.knows(&line) {
            let last = self.journal.values().rfind(|part| part.path == line.path);
            let begun = self
                .writer
                .begin(&[(line.clone(), last.cloned())], self.key.as_ref(), NOW);
            self.settle(begun);
        }
        let done = self.writer.write([&line]);
        let written = done.lines.len();
        self.settle(done);
        if written == 0 {
            self.write(line);
        }
    }

    fn settle(&mut self, done: Done) {
        assert!(done.failed.is_none(), "{:?}", done.failed);
        self.writer.commit(&done.parts);
        for part in done.parts {
            self.journal.insert((part.path.clone(), part.part), part);
        }
    }

    fn finish(&mut self) {
        let done = self.writer.finish(Why::Asked, NOW);
        self.settle(done);
    }

    /// Starts again with what the journal knows.
    fn restart(&mut self) {
        let parts = self.journal.values();
        let open = parts.filter(|part| part.stage == PartStage::Open).cloned();
        self.writer = Writer::new(self.settings.clone(), open.collect());
        for day in self.writer.missing_keys() {
            let key = self.key.iter().find(|key| key.day() == day);
            self.writer.take_key(key.expect("the key of a part"));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join("a").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.base.path().join("a")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// The lines of all finished parts, as a collector reads them.
    fn collected(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for name in self.names() {
            let file = fs::File::open(self.path(&name)).unwrap();
            let mut text = String::new();
            let mut content: Box<dyn Read> = match name.rsplit_once('.').unwrap().1 {
                "gz" => Box::new(flate2::read::GzDecoder::new(file)),
                "zst" => Box::new(zstd::Decoder::new(file).unwrap()),
                "ndjson" => Box::new(file),
                _ => continue,
            };
            content.read_to_string(&mut text).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }

    fn manifest(&self, name: &str) -> serde_json::Value {
        let text = fs::read(self.path(&format!("{name}.manifest.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

#[test]
fn a_crash_before_the_settlement_leaves_no_trace() {
    for (layout, expected) in [(Layout::default(), "1\n22\n"), (csv(), "a\n1\n22\n")] {
        let mut fixture = Fixture::new(layout);
        let end = if expected.starts_with('a') { "\n" } else { "" };
        fixture.write(fixture.line(1, &format!("1{end}")));
        let lost = fixture.line(2, &format!("2222222{end}"));
        fixture.writer.write([&lost]);
        fixture.restart();
        fixture.write(fixture.line(2, &format!("22{end}")));
        assert_eq!(fixture.read("tccc.1.ndjson.open"), expected);
        let part = &fixture.journal[&("a/tccc.ndjson".into(), 1)];
        assert_eq!((part.records, part.length), (2, expected.len() as u64));
    }
}

#[test]
fn a_part_is_finished_by_size_and_by_time_and_replaces_nothing() {
    let at = |second| Timestamp::from_second(second).unwrap();
    for (rotate_bytes, now, expected) in [(8, 0, 1), (9, 59, 0), (9, 60, 1)] {
        let mut fixture = Fixture::new(Layout::default());
        fixture.settings.rotate_bytes = rotate_bytes;
        fixture.restart();
        fixture.write(fixture.line(1, "{\"a\":1}"));
        let finished = fixture.writer.finish(Why::Due, at(now));
        let count = finished.parts.len();
        assert_eq!(count, expected, "{rotate_bytes} bytes, {now} s");
    }
    for layout in [
        Layout::default(),
        compressed(Layout::default(), Compress::Gzip),
    ] {
        let mut fixture = Fixture::new(layout.clone());
        fixture.write(fixture.line(1, "{}"));
        let ending = layout.compress.map_or("", Compress::ending);
        let taken = fixture.path(&format!("tccc.1.ndjson{ending}"));
        fs::write(&taken, "someone's").unwrap();
        for _ in 0..2 {
            let refused = fixture.writer.finish(Why::Asked, NOW);
            assert!(refused.failed.is_some());
        }
        assert_eq!(fs::read_to_string(&taken).unwrap(), "someone's");
        fs::remove_file(taken).unwrap();
        fixture.finish();
        assert_eq!(fixture.collected(), ["{}"]);
    }
}

#[test]
fn what_stands_under_a_name_is_left_alone() {
    let mut fixture = Fixture::new(compressed(Layout::default(), Compress::Zstd));
    fs::create_dir(fixture.base.path().join("a")).unwrap();
    let taken = [
        "tccc.1.ndjson.open",
        "tccc.2.ndjson",
        "tccc.3.ndjson.zst",
        "tccc.4.ndjson.zst.manifest.json",
    ];
    for name in taken {
        fs::write(fixture.path(name), "someone's").unwrap();
    }
    fixture.write(fixture.line(1, "{}"));
    assert!(fixture.names().contains(&"tccc.5.ndjson.open".to_owned()));
    for name in taken {
        assert_eq!(fixture.read(name), "someone's");
    }
}

#[test]
fn a_part_that_something_else_moved_is_given_up() {
    let mut fixture = Fixture::new(Layout::default());
    fixture.write(fixture.line(1, "{}"));
    fixture.restart();
    fs::remove_file(fixture.path("tccc.1.ndjson.open")).unwrap();
    fixture.write(fixture.line(2, "{}"));
    let parts = fixture.journal.values();
    let stands: Vec<_> = parts
        .map(|part| (part.part, part.records, part.stage))
        .collect();
    let expected = [(1, 1, PartStage::Finished), (2, 1, PartStage::Open)];
    assert_eq!(stands, expected);
}

#[test]
fn nothing_is_given_up_because_a_disk_is_not_mounted() {
    let mut fixture = Fixture::new(Layout::default());
    fixture.write(fixture.line(1, "{}"));
    fixture.restart();
    let away = fixture.base.path().with_extension("away");
    fs::rename(fixture.base.path(), &away).unwrap();
    let line = fixture.line(2, "[]");
    let refused = fixture.writer.write([&line]);
    assert!(refused.failed.unwrap().to_string().contains("mount it"));
    assert_eq!(refused.refused, std::slice::from_ref(&line.path));
    fs::rename(&away, fixture.base.path()).unwrap();
    fixture.write(line);
    assert_eq!(fixture.read("tccc.1.ndjson.open"), "{}\n[]\n");
}

#[test]
fn two_writers_do_not_share_a_part() {
    let mut fixture = Fixture::new(Layout::default());
    fixture.write(fixture.line(1, "{}"));
    let parts = fixture.journal.values().cloned().collect();
    let mut other = Writer::new(fixture.settings.clone(), parts);
    let refused = other.write([&fixture.line(2, "{}")]).failed.unwrap();
    assert!(
        refused.to_string().contains("another destination"),
        "{refused}"
    );
    // Both chose the same name before either made the file: one goes on.
    let mut late = Fixture::new(Layout::default());
    late.settings.place = fixture.settings.place.clone();
    late.restart();
    let line = late.line(1, "[]");
    let part = FilePart {
        part: 1,
        ..late.writer.begin(&[(line.clone(), None)], None, NOW).parts[0].clone()
    };
    late.settle(Done {
        parts: vec![part],
        ..Done::default()
    });
    late.write(line);
    assert_eq!(fixture.read("tccc.2.ndjson.open"), "[]\n");
}

#[test]
fn a_finished_part_has_a_manifest_that_proves_it() {
    for (layout, name, text) in [
        (Layout::default(), "tccc.1.ndjson", "{\"a\":1}\n{}\n"),
        (csv(), "tccc.1.ndjson", "a\n{\n\"a\":1}{}END,2\n"),
        (
            compressed(Layout::default(), Compress::Gzip),
            "tccc.1.ndjson.gz",
            "{\"a\":1}\n{}\n",
        ),
        (
            compressed(csv(), Compress::Zstd),
            "tccc.1.ndjson.zst",
            "a\n{\n\"a\":1}{}END,2\n",
        ),
    ] {
        let mut fixture = Fixture::new(layout.clone());
        fixture.write(fixture.line(1, "{\n\"a\":1}"));
        fixture.write(fixture.line(2, "{}"));
        fixture.finish();
        assert_eq!(fixture.writer.parts(), 0);
        assert_eq!(
            fixture.names(),
            [name.into(), format!("{name}.manifest.json")]
        );
        assert_eq!(fixture.collected(), text.lines().collect::<Vec<_>>());
        let bytes = fs::read(fixture.path(name)).unwrap();
        let manifest = fixture.manifest(name);
        assert_eq!(manifest["file"], name);
        assert_eq!(manifest["records"], 2);
        assert_eq!(manifest["bytes"], bytes.len());
        let uncompressed = layout.compress.map(|_| text.len());
        let expected = serde_json::to_value(uncompressed).unwrap();
        assert_eq!(manifest["uncompressed_bytes"], expected);
        let sha256 = format!("{:x}", <sha2::Sha256 as sha2::Digest>::digest(&bytes));
        assert_eq!(manifest["sha256"], sha256);
    }
}

/// What is finished of a sealed part is what is finished of one in the clear.
#[test]
fn a_sealed_part_is_unreadable_until_it_is_finished() {
    for (layout, name, text) in [
        (Layout::default(), "tccc.1.ndjson", "1380013\n1380014\n"),
        (csv(), "tccc.1.ndjson", "a\n13800131380014END,2\n"),
        (
            compressed(csv(), Compress::Zstd),
            "tccc.1.ndjson.zst",
            "a\n13800131380014END,2\n",
        ),
    ] {
        let mut fixture = Fixture::sealed(layout.clone());
        fixture.write(fixture.line(1, "1380013"));
        let lost = fixture.line(2, "lost");
        fixture.writer.write([&lost]);
        fixture.restart();
        fixture.write(fixture.line(2, "1380014"));
        let open = fs::read(fixture.path("tccc.1.ndjson.open")).unwrap();
        assert!(!open.windows(4).any(|bytes| bytes == b"1380"));
        let part = fixture.journal.values().next().unwrap().clone();
        assert_eq!((part.length, part.records), (open.len() as u64, 2));
        fixture.restart();
        fixture.finish();
        let manifest = fixture.manifest(name);
        assert_eq!(
            fixture.names(),
            [name.into(), format!("{name}.manifest.json")]
        );
        assert_eq!(fixture.collected(), text.lines().collect::<Vec<_>>());
        assert_eq!(
            manifest["bytes"],
            fs::metadata(fixture.path(name)).unwrap().len()
        );
        let uncompressed = layout.compress.map(|_| text.len());
        let expected = serde_json::to_value(uncompressed).unwrap();
        assert_eq!(manifest["uncompressed_bytes"], expected);
        let part = fixture.journal.values().next().unwrap();
        let trailer = layout.tail(part).len();
        assert_eq!(part.length, (text.len() - trailer) as u64, "without frames");
        assert_eq!((part.key_day, part.stage), (None, PartStage::Finished));
    }
}

#[test]
fn a_part_goes_on_as_it_was_begun() {
    let mut fixture = Fixture::new(Layout::default());
    fixture.write(fixture.line(1, "1"));
    let key = PartKey::generate(Day::of(NOW));
    fixture.key = Some(key.clone());
    fixture.write(fixture.line(2, "2"));
    assert_eq!(fixture.read("tccc.1.ndjson.open"), "1\n2\n");
    fixture.finish();
    fixture.write(fixture.line(3, "3"));
    fixture.key = None;
    fixture.write(fixture.line(4, "4"));
    fixture.key = Some(key);
    fixture.restart();
    assert!(fs::read_to_string(fixture.path("tccc.2.ndjson.open")).is_err());
    fixture.finish();
    assert_eq!(fixture.collected(), ["1", "2", "3", "4"]);
    assert!(fixture.writer.keys.is_empty(), "no key is kept for nothing");
}

#[test]
fn a_damaged_sealed_part_is_not_finished() {
    let mut fixture = Fixture::sealed(Layout::default());
    for seq in 1..=2 {
        fixture.write(fixture.line(seq, "{}"));
    }
    let path = fixture.path("tccc.1.ndjson.open");
    let open = fs::read(&path).unwrap();
    let half = open.len() / 2;
    // Both frames are of one length.
    fs::write(&path, [&open[half..], &open[..half]].concat()).unwrap();
    for _ in 0..2 {
        fixture.restart();
        let refused = fixture.writer.finish(Why::Asked, NOW);
        let said = refused.failed.expect("refused").to_string();
        assert!(said.contains("not what was sealed"), "{said}");
    }
    assert!(!fixture.path("tccc.1.ndjson").exists());
    fs::write(&path, &open).unwrap();
    fixture.finish();
    assert_eq!(fixture.collected(), ["{}", "{}"]);
}

#[test]
fn a_sealed_part_without_its_key_waits_for_it() {
    let mut fixture = Fixture::sealed(Layout::default());
    fixture.write(fixture.line(1, "1"));
    let parts = fixture.journal.values().cloned().collect();
    fixture.writer = Writer::new(fixture.settings.clone(), parts);
    let day = Day::of(NOW);
    assert_eq!(fixture.writer.missing_keys(), [day].into());
    let refused = fixture.writer.finish(Why::Asked, NOW).failed;
    assert!(refused.expect("refused").to_string().contains("the key"));
    fixture.restart();
    fixture.finish();
    assert_eq!(fixture.collected(), ["1"]);
}

/// How far finishing came before a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Trailer,
    Torn,
    Packed,
    Manifest,
    OpenRemoved,
    Renamed,
    Collected,
}

/// Undoes what comes after a step, with what stood there before.
fn crash_after(step: Step, fixture: &mut Fixture, layout: &Layout, open: &[u8]) {
    let ending = layout.compress.map_or("", Compress::ending);
    let finished = fixture.path(&format!("tccc.1.ndjson{ending}"));
    let whole = match layout.compress {
        Some(_) => "",
        None => ".whole",
    };
    let packed = fixture.path(&format!("tccc.1.ndjson{ending}{whole}.open"));
    let manifest = fixture.path(&format!("tccc.1.ndjson{ending}.manifest.json"));
    let open_path = fixture.path("tccc.1.ndjson.open");
    let is_packed = layout.compress.is_some() || fixture.key.is_some();
    fixture.writer.finish(Why::Asked, NOW);
    if step == Step::Collected {
        fs::remove_file(&finished).unwrap();
        return;
    }
    if step == Step::Renamed {
        return;
    }
    fs::rename(&finished, if is_packed { &packed } else { &open_path }).unwrap();
    if is_packed && step != Step::OpenRemoved {
        fs::write(&open_path, open).unwrap();
    }
    if matches!(step, Step::Trailer | Step::Torn | Step::Packed) {
        fs::remove_file(manifest).unwrap();
    }
    if is_packed && step == Step::Torn {
        let bytes = fs::read(&packed).unwrap();
        fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    }
    if is_packed && step == Step::Trailer {
        fs::remove_file(packed).unwrap();
    }
}

/// Whatever finishing came to before a crash, and whether more records or
/// nothing but time comes after it: each record is collected once.
#[test]
fn a_crash_between_any_two_steps_repeats_nothing() {
    use Step::{Collected, Manifest, OpenRemoved, Packed, Renamed, Torn, Trailer};
    let plain = vec![Trailer, Manifest, Renamed];
    let whole = vec![Trailer, Torn, Packed, Manifest, OpenRemoved, Renamed];
    let gzip = compressed(csv(), Compress::Gzip);
    let zstd = compressed(Layout::default(), Compress::Zstd);
    let layouts = [
        (Layout::default(), false, &plain),
        (csv(), false, &plain),
        (gzip.clone(), false, &whole),
        (zstd, false, &whole),
        (Layout::default(), true, &whole),
        (csv(), true, &whole),
        (gzip, true, &whole),
    ];
    for (layout, sealed, steps) in layouts {
        for &step in steps {
            for more in [false, true] {
                let mut fixture = if sealed {
                    Fixture::sealed(layout.clone())
                } else {
                    Fixture::new(layout.clone())
                };
                for seq in 1..=2 {
                    fixture.write(fixture.line(seq, &format!("{seq}\n")));
                }
                let open = fs::read(fixture.path("tccc.1.ndjson.open")).unwrap();
                crash_after(step, &mut fixture, &layout, &open);
                fixture.restart();
                if more {
                    fixture.write(fixture.line(3, "3\n"));
                }
                fixture.finish();
                let lines = fixture.collected();
                let records: Vec<_> = lines
                    .iter()
                    .filter_map(|line| line.parse::<u64>().ok())
                    .collect();
                let expected: Vec<u64> = (1..=if more { 3 } else { 2 }).collect();
                assert_eq!(records, expected, "{layout:?} {step:?} {more}");
                let parts = fixture.journal.len();
                if layout.format.csv().is_some() {
                    for line in ["a", "END,"] {
                        let count = lines.iter().filter(|it| it.starts_with(line)).count();
                        assert_eq!(count, parts, "{lines:?} {step:?} {more}");
                    }
                }
                for name in fixture.names() {
                    let ending = Path::new(&name).extension().unwrap();
                    assert_ne!(ending, "open", "{name} {step:?} {more}");
                }
            }
        }
    }
    // A collector may be as quick as it likes.
    let layout = compressed(Layout::default(), Compress::Gzip);
    let mut fixture = Fixture::new(layout.clone());
    fixture.write(fixture.line(1, "1"));
    crash_after(Collected, &mut fixture, &layout, b"");
    fixture.restart();
    fixture.write(fixture.line(2, "2"));
    fixture.finish();
    assert_eq!(fixture.collected(), ["2"]);
}

#[test]
fn a_part_is_finished_where_and_as_it_was_begun() {
    let mut fixture = Fixture::new(csv());
    fixture.write(fixture.line(1, "1\n"));
    let moved = tempfile::tempdir().unwrap();
    let (base, old) = (
        fixture.base.path().to_owned(),
        fixture.settings.place.clone(),
    );
    let layout = compressed(Layout::default(), Compress::Gzip);
    fixture.settings.place = Arc::new(Place::new(&base, moved.path(), layout));
    for restarted in [false, true] {
        if restarted {
            fixture.restart();
        } else {
            fixture.writer.reconfigure(fixture.settings.clone());
        }
        assert_eq!(fixture.writer.next_finish(), Some(NOW));
        assert!(!fixture.writer.knows(&fixture.line(2, "{}")));
    }
    // A line of the old revision that was still under way goes where it belongs.
    let late = Line {
        place: old,
        ..fixture.line(2, "2\n")
    };
    fixture.write(late);
    fixture.write(fixture.line(3, "{}"));
    let due = fixture.writer.finish(Why::Due, NOW);
    fixture.settle(due);
    assert_eq!(fixture.read("tccc.1.ndjson"), "a\n1\n2\nEND,2\n");
    assert!(moved.path().join("a/tccc.2.ndjson.open").exists());
    assert_eq!(fixture.writer.parts(), 1);
}

#[test]
fn a_data_directory_can_be_moved_as_a_whole() {
    let home = tempfile::tempdir().unwrap();
    let data = |name: &str| home.path().join(name);
    let place = |name| Arc::new(Place::new(&data(name), &data(name).join("files"), csv()));
    let mut fixture = Fixture::new(csv());
    fixture.settings.place = place("old");
    fixture.restart();
    fixture.write(fixture.line(1, "1\n"));
    fs::rename(data("old"), data("new")).unwrap();
    fixture.settings.place = place("new");
    fixture.restart();
    fixture.write(fixture.line(2, "2\n"));
    let text = fs::read_to_string(data("new/files/a/tccc.1.ndjson.open")).unwrap();
    assert_eq!(text, "a\n1\n2\n");
}

#[test]
fn open_files_and_open_parts_are_bounded() {
    let mut fixture = Fixture::new(Layout::default());
    let line = |fixture: &Fixture, path: u64, seq| Line {
        path: format!("a/{path}.ndjson"),
        ..fixture.line(seq, &seq.to_string())
    };
    for seq in 0..9 {
        fixture.write(line(&fixture, seq % 3, seq));
        let slots = fixture.writer.open.values().flatten();
        assert!(slots.filter(|slot| slot.is_open()).count() <= 2);
    }
    assert_eq!(fixture.read("1.1.ndjson.open"), "1\n4\n7\n");
    assert_eq!(fixture.writer.room(), 0);
    let done = fixture.writer.finish(Why::Room(1), NOW);
    fixture.settle(done);
    assert_eq!(fixture.writer.room(), 1);
    assert_eq!(fixture.read("0.1.ndjson"), "0\n3\n6\n");
}

#[test]
fn links_below_the_base_directory_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    let point = |to: &Path, name: PathBuf| std::os::unix::fs::symlink(to, name).unwrap();
    let mut fixture = Fixture::new(Layout::default());
    point(outside.path(), fixture.base.path().join("a"));
    let line = fixture.line(1, "{}");
    let refused = fixture.writer.begin(&[(line.clone(), None)], None, NOW);
    assert!(refused.failed.unwrap().to_string().contains("not followed"));
    fs::remove_file(fixture.base.path().join("a")).unwrap();

    // In place of the part itself.
    let begun = fixture.writer.begin(&[(line.clone(), None)], None, NOW);
    fixture.settle(begun);
    fs::create_dir(fixture.base.path().join("a")).unwrap();
    let target = outside.path().join("target");
    fs::write(&target, "someone's").unwrap();
    point(&target, fixture.path("tccc.1.ndjson.open"));
    assert!(fixture.writer.write([&line]).failed.is_some());
    assert_eq!(fs::read_to_string(&target).unwrap(), "someone's");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);

    // The base directory itself is the operator's word.
    let base = fixture.base.path().join("linked");
    point(outside.path(), base.clone());
    assert!(Directory::make(&base, Path::new("x")).is_ok());
    let names = crate::delivery::file::name::PartNames::new("x/y", 1, None, false);
    let place = Place::new(&base, &base, Layout::default());
    assert!(finish::is_free(&place, &names).unwrap());
}
