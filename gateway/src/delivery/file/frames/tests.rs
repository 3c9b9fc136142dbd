use jiff::Timestamp;

use super::*;
use crate::{
    journal::{PartStage, seal::Day},
    record::ArrivalId,
};

fn part(path: &str, number: u32) -> FilePart {
    FilePart {
        path: path.to_owned(),
        part: number,
        length: 0,
        records: 0,
        first: ArrivalId(uuid::Uuid::nil()),
        last: ArrivalId(uuid::Uuid::nil()),
        opened: Timestamp::UNIX_EPOCH,
        base_dir: "files".to_owned(),
        layout: String::new(),
        key_day: Some(Day::of(Timestamp::UNIX_EPOCH)),
        stage: PartStage::Open,
    }
}

fn key() -> PartKey {
    PartKey::generate(Day::of(Timestamp::UNIX_EPOCH))
}

/// A file of these blocks, and where each frame begins; the last is the end.
fn file(frames: &Frames, blocks: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
    let (mut file, mut begins) = (Vec::new(), vec![0]);
    for block in blocks {
        let sealed = frames.seal(file.len() as u64, block).expect("sealed");
        file.extend(sealed);
        begins.push(file.len());
    }
    (file, begins)
}

fn read(frames: &Frames, file: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let opened = frames.clone().open(file, length as u64);
    opened.take(u64::MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// Nothing that was changed, and all of it noticed.
fn assert_refused(frames: &Frames, file: &[u8], length: usize, what: &str) {
    let error = read(frames, file, length).expect_err(what);
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{what}: {error}");
}

#[test]
fn blocks_come_back_as_they_were_appended() {
    let frames = Frames::new(key(), &part("a.ndjson", 1));
    let large = vec![b'x'; 2 * MAX_PLAIN + 1];
    let blocks: [&[u8]; 4] = [b"one\n", b"two\n", &large, b"\n"];
    let (file, begins) = file(&frames, &blocks);
    assert_eq!(begins[1], 4 + LENGTH_BYTES + PartKey::OVERHEAD);
    let content = read(&frames, &file, file.len()).expect("whole");
    assert_eq!(content, blocks.concat());
    // What is beyond the committed length is not looked at.
    let content = read(&frames, &file, begins[2]).expect("committed");
    assert_eq!(content, b"one\ntwo\n");
    assert_eq!(read(&frames, &file, 0).expect("nothing"), b"");
    // Of the small blocks: in megabytes of ciphertext some word stands by chance.
    let small = &file[..begins[2]];
    assert!(!small.windows(4).any(|bytes| bytes == b"two\n"));
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let frames = Frames::new(key(), &part("a.ndjson", 1));
    let (file, begins) = file(&frames, &[b"one\n", b"two\n"]);
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert_refused(&frames, &changed, file.len(), &format!("byte {at}"));
    }
    for cut in (0..file.len()).filter(|cut| *cut != begins[1]) {
        assert_refused(&frames, &file[..cut], file.len(), &format!("cut to {cut}"));
    }
    assert_refused(&frames, &file[..begins[1]], file.len(), "a frame missing");
    assert_refused(&frames, &file, file.len() - 1, "a length within a frame");
}

#[test]
fn a_frame_opens_in_its_own_place_only() {
    let key = key();
    let frames = Frames::new(key.clone(), &part("a.ndjson", 1));
    let (file, begins) = file(&frames, &[b"one\n", b"two\n", b"six\n"]);
    let frame = |index: usize| &file[begins[index]..begins[index + 1]];
    for (order, what) in [
        ([1, 0, 2], "swapped"),
        ([0, 0, 2], "repeated"),
        ([0, 2, 1], "moved"),
    ] {
        let other = order.map(frame).concat();
        assert_refused(&frames, &other, file.len(), what);
    }
    let without = [frame(0), frame(2)].concat();
    assert_refused(&frames, &without, without.len(), "one taken out");
    let mut elsewhere = part("a.ndjson", 1);
    elsewhere.base_dir = "other".to_owned();
    for other in [part("a.ndjson", 2), part("b.ndjson", 1), elsewhere] {
        let other = Frames::new(key.clone(), &other);
        assert_refused(&other, &file, file.len(), "of another part");
    }
    let another_key = Frames::new(self::key(), &part("a.ndjson", 1));
    assert_refused(&another_key, &file, file.len(), "another key");
}
