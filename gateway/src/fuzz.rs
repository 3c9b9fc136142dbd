//! What parses bytes from outside, held against what must be true of any bytes.
//!
//! One module for each kind of outside: a request, a record, a dialect, a
//! configuration, a template, a receiver's headers, a guarded payload, and the
//! journal's packed outcomes. Each takes any bytes at all and panics where an
//! invariant breaks; `fuzz/` runs them under libFuzzer (`make fuzz`), and the
//! corpora kept there run with every `make test`.
//!
//! Compiled for tests and for fuzzing only.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a panic is what a target says"
)]

mod config;
mod dialect;
mod guard;
mod outcomes;
mod receiver;
mod record;
mod request;
mod template;

pub use config::config;
pub use dialect::dialect;
pub use guard::guard;
pub use outcomes::outcomes;
pub use receiver::receiver;
pub use record::record;
pub use request::request;
pub use template::template;

/// The first line of an input, without its end, and the rest.
fn line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}

/// The first line as text; `None` where it is none.
fn text_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let (first, rest) = line(data);
    Some((std::str::from_utf8(first).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Runs every kept input of a target.
    fn replay(name: &str, target: fn(&[u8])) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        let inputs = fs::read_dir(corpus.join(name)).unwrap();
        let mut ran = 0;
        for input in inputs {
            let path = input.unwrap().path();
            let data = fs::read(&path).unwrap();
            let ended = std::panic::catch_unwind(|| target(&data));
            assert!(ended.is_ok(), "{name} fails on {}", path.display());
            ran += 1;
        }
        assert!(ran > 0, "no corpus of {name}");
    }

    macro_rules! corpora {
        ($($name:ident),*) => {$(
            #[test]
            fn $name() {
                replay(stringify!($name), super::$name);
            }
        )*};
    }

    corpora!(
        config, dialect, guard, outcomes, receiver, record, request, template
    );
}
