//! Sealed parts that wait for an object store.

use super::*;
use crate::{
    config::model::{self, Secret, SecretRef},
    delivery::{
        file::{Spooled, Upload},
        http::address::AddressPolicy,
    },
};

/// A store that nobody asks for anything.
fn store() -> Arc<Upload> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secret = || Secret::new(SecretRef::Env("KEY".into()), "secret");
    let config = model::Upload {
        bucket: "cdrs".into(),
        region: "us-east-1".into(),
        endpoint: None,
        access_key_id: secret(),
        secret_access_key: secret(),
        tls: None,
        timeout_ms: 1000,
    };
    let addresses = AddressPolicy::new(&[]).unwrap();
    Arc::new(Upload::new(&config, &addresses).unwrap())
}

/// A sealed part of two records, as a restart finds it.
fn two_records(layout: &Layout) -> Fixture {
    let mut fixture = Fixture::sealed(layout.clone());
    for seq in 1..=2 {
        fixture.write(fixture.line(seq, &format!("{seq}\n")));
    }
    fixture.restart();
    fixture
}

fn part(fixture: &Fixture) -> FilePart {
    fixture.journal.values().next().unwrap().clone()
}

fn spooled(fixture: &Fixture) -> Spooled {
    let part = FilePart {
        stage: PartStage::Waiting,
        ..part(fixture)
    };
    Spooled::new(part, fixture.settings.place.clone(), fixture.key.clone())
}

fn layouts() -> [Layout; 4] {
    let zstd = compressed(csv(), Compress::Zstd);
    let gzip = compressed(Layout::default(), Compress::Gzip);
    [Layout::default(), csv(), gzip, zstd]
}

/// What is brought is, to the byte, what would be finished here.
#[test]
fn a_sealed_part_waits_as_it_is_and_is_brought_as_it_would_be_finished() {
    for layout in layouts() {
        let mut here = two_records(&layout);
        here.finish();
        let [name, manifest] = [here.names()[0].clone(), here.names()[1].clone()];

        let mut fixture = two_records(&layout);
        let open = fs::read(fixture.path("tccc.1.ndjson.open")).unwrap();
        fixture.settings.upload = Some(store());
        fixture.writer.reconfigure(fixture.settings.clone());
        fixture.finish();
        let waiting = part(&fixture);
        assert_eq!(waiting.stage, PartStage::Waiting);
        assert_eq!(waiting.key_day, Some(Day::of(NOW)));
        assert_eq!(waiting.length, open.len() as u64);
        assert_eq!(fixture.names(), ["tccc.1.ndjson.open"], "{layout:?}");
        assert_eq!(fs::read(fixture.path("tccc.1.ndjson.open")).unwrap(), open);

        let mut spooled = spooled(&fixture);
        let file = spooled.read().unwrap().unwrap();
        assert_eq!(*file.part.bytes, fs::read(here.path(&name)).unwrap());
        let expected = fs::read(here.path(&manifest)).unwrap();
        assert_eq!(*file.manifest.unwrap().bytes, expected, "{layout:?}");
        spooled.remove().unwrap();
        assert!(fixture.names().is_empty(), "{:?}", fixture.names());
        assert_eq!(spooled.finished(), part(&here));
    }
}

/// A finish here that a crash broke off, and then a store all the same: it gets the
/// same, and nothing stays behind. Without one again, it is finished.
#[test]
fn what_a_crash_left_of_a_finish_is_brought_or_finished() {
    use Step::{Manifest, OpenRemoved, Packed, Renamed, Torn, Trailer};
    for layout in layouts() {
        let brought = spooled(&two_records(&layout)).read().unwrap().unwrap();
        for step in [Trailer, Torn, Packed, Manifest, OpenRemoved, Renamed] {
            let broken_off = || {
                let mut fixture = two_records(&layout);
                let open = fs::read(fixture.path("tccc.1.ndjson.open")).unwrap();
                crash_after(step, &mut fixture, &layout, &open);
                fixture
            };
            let fixture = broken_off();
            let mut waiting = spooled(&fixture);
            let file = waiting.read().unwrap().unwrap();
            assert_eq!(file.part.sha256, brought.part.sha256, "{layout:?} {step:?}");
            let manifest = file.manifest.unwrap().sha256;
            assert_eq!(manifest, brought.manifest.as_ref().unwrap().sha256);
            waiting.remove().unwrap();
            assert!(fixture.names().is_empty(), "{:?}", fixture.names());

            let fixture = broken_off();
            let mut waiting = spooled(&fixture);
            waiting.stay().unwrap();
            let finished = waiting.finished();
            assert_eq!(
                (finished.stage, finished.key_day),
                (PartStage::Finished, None)
            );
            let lines = fixture.collected();
            let records = lines.iter().filter(|line| line.parse::<u64>().is_ok());
            assert_eq!(records.count(), 2, "{layout:?} {step:?}");
            assert_eq!(fixture.names().len(), 2, "{:?}", fixture.names());
        }
    }
}

#[test]
fn a_part_that_cannot_be_opened_is_not_brought() {
    let fixture = two_records(&Layout::default());
    let path = fixture.path("tccc.1.ndjson.open");
    let mut keyless = Spooled::new(part(&fixture), fixture.settings.place.clone(), None);
    let refused = keyless.read().err().unwrap().to_string();
    assert!(refused.contains("was dropped"), "{refused}");

    let open = fs::read(&path).unwrap();
    let mut damaged = open.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&path, damaged).unwrap();
    let refused = spooled(&fixture).read().err().unwrap().to_string();
    assert!(refused.contains("not what was sealed"), "{refused}");

    // What was written after the last settlement is no part of it.
    fs::write(&path, [&open[..], b"torn"].concat()).unwrap();
    assert!(spooled(&fixture).read().unwrap().is_some());
    fs::remove_file(&path).unwrap();
    assert!(spooled(&fixture).read().unwrap().is_none());
    assert!(
        keyless.read().unwrap().is_none(),
        "given up by moving it away"
    );
}
