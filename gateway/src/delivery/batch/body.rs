//! The body of a batch: its members' payloads as they are, joined.

use bytes::Bytes;

use crate::journal::BatchFormat;

/// The media type of a batch's body.
#[must_use]
pub fn media_type(format: BatchFormat) -> &'static str {
    match format {
        BatchFormat::JsonArray => "application/json",
        BatchFormat::Ndjson => "application/x-ndjson",
    }
}

/// How long the body of so many members is at most, in bytes: `bytes` is the sum
/// of their payloads. Line ends within a member, which leave a line of NDJSON,
/// are counted.
#[must_use]
pub fn length(format: BatchFormat, members: usize, bytes: usize) -> usize {
    match format {
        // Brackets, and a comma between two.
        BatchFormat::JsonArray => bytes + members.max(1) + 1,
        BatchFormat::Ndjson => bytes + members,
    }
}

/// Joins payloads, each of them a JSON document.
#[must_use]
pub fn join(format: BatchFormat, members: &[&[u8]]) -> Bytes {
    let bytes = members.iter().map(|member| member.len()).sum();
    let mut body = Vec::with_capacity(length(format, members.len(), bytes));
    match format {
        BatchFormat::JsonArray => {
            body.push(b'[');
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(member);
            }
            body.push(b']');
        }
        BatchFormat::Ndjson => {
            for member in members {
                // In a JSON document they stand between tokens only.
                let line = member.iter().filter(|byte| !matches!(byte, b'\n' | b'\r'));
                body.extend(line);
                body.push(b'\n');
            }
        }
    }
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_as_they_are() {
        let spread = "{\n  \"n\": 1.0,\r\n  \"t\": \"a\\nb\"\n}";
        let cases: [(&[&str], &str, &str); 4] = [
            (&[], "[]", ""),
            (&["{}"], "[{}]", "{}\n"),
            (
                &["{\"a\":1.0}", "[]"],
                "[{\"a\":1.0},[]]",
                "{\"a\":1.0}\n[]\n",
            ),
            (
                &[spread, "1"],
                "[{\n  \"n\": 1.0,\r\n  \"t\": \"a\\nb\"\n},1]",
                "{  \"n\": 1.0,  \"t\": \"a\\nb\"}\n1\n",
            ),
        ];
        for (members, array, lines) in cases {
            let members: Vec<_> = members.iter().map(|member| member.as_bytes()).collect();
            assert_eq!(join(BatchFormat::JsonArray, &members), array);
            assert_eq!(join(BatchFormat::Ndjson, &members), lines);
            let bytes = members.iter().map(|member| member.len()).sum();
            let array_length = length(BatchFormat::JsonArray, members.len(), bytes);
            assert_eq!(array_length, array.len());
            assert!(length(BatchFormat::Ndjson, members.len(), bytes) >= lines.len());
        }
    }
}
