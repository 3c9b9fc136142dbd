//! Tables over the sample records.

use bytes::Bytes;

use super::*;

const SEED: &str = include_str!("../../../../tests/records/seed.json");
const INBOUND: &str = include_str!("../../../../tests/records/inbound-transfer.json");

fn evaluate(text: &str, record: &str) -> Result<bool, WhenError> {
    let when = When::compile(text)?;
    let cdr = Document::parse(Bytes::copy_from_slice(record.as_bytes())).unwrap();
    let tags = Tags::from([("team".to_owned(), "a".to_owned())]);
    when.matches(&View {
        kind: Kind::Cdr,
        source: "tccc",
        tags: &tags,
        cdr: &cdr,
    })
}

#[test]
fn matches_records() {
    let cases = [
        (r#"kind == "cdr""#, true),
        (r#"kind != "cdr" || source in ["a", "tccc"]"#, true),
        (r#"tags.team == "a" && !has(tags.x)"#, true),
        (r#"tags == tags && "team" in tags && size(tags) == 1"#, true),
        ("cdr.Duration > 5", true),
        ("cdr.Duration == 187 && 187 == cdr.Duration", true),
        (r#"cdr["Duration"] >= 187.0"#, true),
        ("cdr.Score == 1 && type(cdr.Score) == double", true),
        ("type(cdr.BalanceMicro) == double", true),
        (r#"cdr.SeatUser.Mail.endsWith("@example.com")"#, true),
        (
            r#"cdr.Caller.startsWith("0086131") && cdr.Caller.contains("3456")"#,
            true,
        ),
        (r#"cdr.Caller.matches("^0086[0-9]{11}$")"#, true),
        (r#"matches(cdr.Caller, "^1")"#, false),
        ("has(cdr.Caller) && has(cdr.SeatUser.Mail)", true),
        ("has(cdr.Nothing) || has(cdr.SeatUser.Nothing)", false),
        ("cdr.TelLocation == null", true),
        (
            "cdr.TelLocation != null && has(cdr.TelLocation.City)",
            false,
        ),
        ("size(cdr.ServeParticipants) == 2", true),
        ("size(cdr.SeatUser) == 7 && cdr.SeatUser.size() == 7", true),
        (r#"cdr.ServeParticipants[1].Type == "staffPhoneSeat""#, true),
        (
            r#"cdr.ServeParticipants.exists(p, p.Phone == "8021")"#,
            true,
        ),
        ("cdr.ServeParticipants.all(p, p.Sequence >= 0)", true),
        (
            "cdr.ServeParticipants.filter(p, p.Sequence == 1).map(p, p.SkillGroupId) == [2735]",
            true,
        ),
        (r#"cdr.IVRKeyPressed == ["2", "1"]"#, true),
        (r#"["2", "1"] == cdr.IVRKeyPressed"#, true),
        (
            r#""2" in cdr.IVRKeyPressed && !("3" in cdr.IVRKeyPressed)"#,
            true,
        ),
        (r#""Mail" in cdr.SeatUser && "SdkAppId" in cdr"#, true),
        (r#"cdr.SeatUser.exists(k, k == "Nick")"#, true),
        ("cdr.IVRKeyPressedEx[0] == cdr.IVRKeyPressedEx[0]", true),
        ("cdr.IVRKeyPressedEx[0] == cdr.IVRKeyPressedEx[1]", false),
        ("cdr.IVRKeyPressedEx[0] in cdr.IVRKeyPressedEx", true),
        (r#"cdr.QueuedSkillGroupName == "售后""#, true),
        ("cdr.Nothing == 1 || true", true),
        (
            r#"int("12") + 1 == 13 && string(cdr.Duration) == "187""#,
            true,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, INBOUND), Ok(expected), "{text}");
    }
}

#[test]
fn reads_numbers_without_loss_where_cel_can() {
    let record = r#"{"a":9223372036854775808,"b":-1,"c":1e2,"d":1,"d":2}"#;
    let cases = [
        ("cdr.a == 9223372036854775808u && type(cdr.a) == uint", true),
        ("cdr.b < 0 && type(cdr.b) == int", true),
        ("cdr.c == 100.0", true),
        ("cdr.d == 2 && size(cdr) == 4", true),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, record), Ok(expected), "{text}");
    }
}

#[test]
fn objects_are_equal_by_their_members() {
    let record = r#"{"a":{"x":1},"b":{"x":1,"y":2},"c":{"x":1.0},"d":{"y":1}}"#;
    let cases = [
        ("cdr.a == cdr.c && cdr.c == cdr.a", true),
        ("cdr.a == cdr.b || cdr.b == cdr.a", false),
        ("cdr.a == cdr.d || cdr.a == 1", false),
        ("cdr.a in [cdr.b, cdr.c]", true),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, record), Ok(expected), "{text}");
    }
}

#[test]
fn a_missing_member_is_an_error() {
    let cases = [
        ("cdr.Nothing == 1", "not there"),
        ("cdr[cdr.Caller] == 1", "not there"),
        ("cdr.TelLocation.City == 'x'", "overload"),
        ("cdr.IVRKeyPressed[9] == '1'", "beyond the end"),
        ("cdr.Caller > 5", "overload"),
        ("cdr.Duration", "not true or false but a int"),
        ("cdr.SeatUser", "not true or false but a map"),
        ("cdr.Duration / 0 == 1", "divided by zero"),
        ("int(cdr.Caller + 'x') == 1", "'int' failed"),
    ];
    for (text, part) in cases {
        let error = evaluate(text, INBOUND).unwrap_err();
        assert!(error.message.contains(part), "{text}: {error}");
        assert!(!error.message.contains("13123456789"), "{text}: {error}");
    }
}

#[test]
fn what_is_wrong_is_found_before_any_record() {
    let cases = [
        ("", "not a CEL expression", None),
        ("kind ==", "not a CEL expression", Some((1, 8))),
        ("kid == 'cdr'", "'kid' is not declared", Some((1, 1))),
        (
            "kind == 'cdr' &&\n  cdr.x.lower()",
            "no function 'lower'",
            Some((2, 14)),
        ),
        ("cdr.x == {'a': 1}", "map", None),
        ("'中' == kind && y", "'y' is not declared", Some((1, 16))),
        ("kind.matches('(')", "not a regular expression", None),
        ("kind.matches(source)", "string literal", None),
        (
            "cdr.list.exists(p, q == 1)",
            "'q' is not declared",
            Some((1, 20)),
        ),
    ];
    for (text, part, position) in cases {
        let error = When::compile(text).unwrap_err();
        assert!(error.message.contains(part), "{text}: {error}");
        let at = error.at.map(|at| (at.line, at.column));
        if position.is_some() {
            assert_eq!(at, position, "{text}: {error}");
        }
    }
}

#[test]
fn tells_the_members_that_it_reads() {
    let cases: [(&str, &[&str]); 6] = [
        ("kind == 'cdr'", &[]),
        ("cdr.Duration > 5", &["Duration"]),
        (
            "has(cdr.SeatUser.Mail) && cdr.SeatUser.Mail != ''",
            &["SeatUser.Mail"],
        ),
        ("cdr['A']['B'] == cdr.C[0].D", &["A.B", "C"]),
        ("cdr.L.exists(p, p.Type == cdr.T)", &["L", "T"]),
        ("size(cdr) > 1 && tags.x == 'y'", &[]),
    ];
    for (text, expected) in cases {
        let when = When::compile(text).unwrap();
        let fields: Vec<String> = when.fields().iter().map(|path| path.join(".")).collect();
        assert_eq!(fields, expected, "{text}");
    }
}

#[test]
fn the_vendors_sample_is_an_outbound_call_without_service() {
    let text = r#"kind == "cdr" && cdr.Direction == 1 && cdr.Duration == 0
        && cdr.EndStatusString == "numberNotExist" && cdr.IVRKeyPressed == null"#;
    assert_eq!(evaluate(text, SEED), Ok(true));
}

#[test]
fn is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<When>();
}
