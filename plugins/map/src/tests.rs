//! The map as the gateway runs it.

use cdr_plugin_sdk::{Kind, Verdict, mock};
use serde_json::{Value, json};

use super::Map;

const CALL: &str = r#"{"SessionId":"s-1","Duration":90,"Score":1.0,"Big":90071992547409931234,"Score":2.50,"SeatUser":{"Name":"Li","Mail":"li@example.com"},"ServeParticipants":[{"Type":"staffSeat","Mail":"a"},{"Type":"phone"}],"TelLocation":null}"#;

fn map(config: &Value) -> Map {
    mock::configure(&config.to_string()).expect("the config is valid")
}

/// The call after steps.
fn after(steps: &Value) -> Result<String, String> {
    let record = mock::Record::call(CALL).with_tag("vip", "yes");
    match mock::process(&map(&json!({ "steps": steps })), &record) {
        Verdict::Suspend(why) => Err(why),
        _ => Ok(record.text()),
    }
}

#[test]
fn a_step_touches_what_it_names() {
    let cases = [
        (
            json!({"rename": "/SessionId", "to": "call_id"}),
            r#""SessionId""#,
            r#""call_id""#,
        ),
        (
            json!({"rename": "/SeatUser/Name", "to": "agent"}),
            r#""Name""#,
            r#""agent""#,
        ),
        (
            json!({"move": "/SeatUser/Mail", "to": "/mail"}),
            r#","Mail":"li@example.com"},"ServeParticipants":[{"Type":"staffSeat","Mail":"a"},{"Type":"phone"}],"TelLocation":null}"#,
            r#"},"ServeParticipants":[{"Type":"staffSeat","Mail":"a"},{"Type":"phone"}],"TelLocation":null,"mail":"li@example.com"}"#,
        ),
        (
            json!({"copy": "/Big", "to": "/TelLocation/a~1b/c"}),
            r#""TelLocation":null"#,
            r#""TelLocation":{"a/b":{"c":90071992547409931234}}"#,
        ),
        (
            json!({"drop": "/ServeParticipants/*/Type"}),
            r#""Type":"staffSeat","Mail":"a"},{"Type":"phone"}"#,
            r#""Mail":"a"},{}"#,
        ),
        (
            json!({"drop": "/ServeParticipants/*"}),
            r#"[{"Type":"staffSeat","Mail":"a"},{"Type":"phone"}]"#,
            "[]",
        ),
        (
            json!({"set": "/SeatUser/Name", "value": {"n": [1]}}),
            r#""Li""#,
            r#"{"n":[1]}"#,
        ),
        (
            json!({"set": "/Duration", "cel": "double(cdr.Duration) / 60.0"}),
            r#""Duration":90"#,
            r#""Duration":1.5"#,
        ),
        (
            json!({"set": "/Duration", "cel": "tags.vip + kind"}),
            r#""Duration":90"#,
            r#""Duration":"yescdr""#,
        ),
        (
            json!({"drop": "/Duration", "when": "cdr.Duration > 90"}),
            "",
            "",
        ),
        (json!({"rename": "/Missing", "to": "x"}), "", ""),
        (json!({"move": "/Missing", "to": "/x"}), "", ""),
        (json!({"copy": "/Missing", "to": "/x"}), "", ""),
        (json!({"drop": "/Missing"}), "", ""),
    ];
    for (step, part, instead) in cases {
        let expected = CALL.replace(part, if part.is_empty() { "" } else { instead });
        assert_eq!(
            after(&json!([step])).as_deref(),
            Ok(expected.as_str()),
            "{step}"
        );
    }
}

#[test]
fn each_step_sees_what_the_one_before_left() {
    let steps = json!([
        {"rename": "/Duration", "to": "seconds"},
        {"set": "/minutes", "cel": "(cdr.seconds + 59) / 60"},
        {"move": "/minutes", "to": "/TelLocation/minutes"},
        {"drop": "/seconds", "when": "cdr.TelLocation.minutes == 2"},
    ]);
    let record = after(&steps).unwrap();
    assert_eq!(
        record,
        CALL.replace(r#""Duration":90,"#, "")
            .replace("null}", r#"{"minutes":2}}"#)
    );
}

#[test]
fn what_cannot_be_done_suspends_and_quotes_no_value() {
    let cases = [
        (
            json!({"set": "/x", "cel": "cdr.Missing"}),
            "step 1 (set /x): the record has no Missing; test with has() first",
        ),
        (
            json!({"set": "/x", "cel": "b'a'"}),
            "step 1 (set /x): the expression gives a value of type bytes, which JSON cannot say",
        ),
        (
            json!({"drop": "/Missing", "required": true}),
            "step 1 (drop /Missing): there is nothing at its place",
        ),
        (
            json!({"rename": "/Duration", "to": "Score"}),
            "step 1 (rename /Duration): ",
        ),
        (
            json!({"set": "/SessionId/x", "value": 1}),
            "step 1 (set /SessionId/x): ",
        ),
        (
            json!({"drop": "/x", "when": "cdr.Duration"}),
            "step 1 (drop /x): the expression gives a value of type int, not a bool",
        ),
    ];
    for (step, expected) in cases {
        let why = after(&json!([step])).expect_err(&step.to_string());
        assert!(why.starts_with(expected), "{step}: {why}");
        assert!(!why.contains("s-1"), "{why}");
    }
}

#[test]
fn a_template_makes_another_document() {
    let template = json!({
        "id": {"$at": "/SessionId"},
        "big": {"$at": "/Big"},
        "score": {"$at": "/Score"},
        "agent": {"name": {"$at": "/SeatUser/Name"}, "nick": {"$at": "/SeatUser/Nick"}, "team": {"$at": "/SeatUser/Team", "$else": "none"}},
        "long": {"$cel": "cdr.Duration > 60"},
        "seats": {"$each": "/ServeParticipants", "$as": {"kind": {"$at": "/Type"}, "mail": {"$at": "/Mail"}}},
        "mails": {"$each": "/ServeParticipants", "$as": {"$at": "/Mail"}},
        "raw": {"$each": "/ServeParticipants", "$as": {"$at": ""}},
        "none": {"$each": "/Missing", "$as": 1},
        "pair": ["v1", {"$at": "/Missing"}, {"$at": "/TelLocation"}],
    });
    let record = mock::Record::call(CALL);
    assert_eq!(
        mock::process(&map(&json!({ "template": template })), &record),
        Verdict::Keep
    );
    let expected = r#"{"agent":{"name":"Li","team":"none"},"big":90071992547409931234,"id":"s-1","long":true,"mails":["a",null],"none":[],"pair":["v1",null,null],"raw":[{"Type":"staffSeat","Mail":"a"},{"Type":"phone"}],"score":2.50,"seats":[{"kind":"staffSeat","mail":"a"},{"kind":"phone"}]}"#;
    assert_eq!(record.text(), expected);
}

#[test]
fn a_template_comes_after_the_steps() {
    let config = json!({
        "steps": [{"rename": "/SessionId", "to": "id"}],
        "template": {"id": {"$at": "/id"}, "kind": {"$cel": "kind"}},
    });
    let record = mock::Record::new(Kind::Imcdr, CALL);
    assert_eq!(mock::process(&map(&config), &record), Verdict::Keep);
    assert_eq!(record.text(), r#"{"id":"s-1","kind":"imcdr"}"#);
}

#[test]
fn config_errors_say_where_they_are() {
    let step = |step: Value| json!({ "steps": [step] });
    let template = |template: Value| json!({ "template": template });
    let cases = [
        (json!({}), vec![""]),
        (step(json!({})), vec!["/steps/0"]),
        (
            step(json!({"drop": "/a", "set": "/b", "value": 1})),
            vec!["/steps/0"],
        ),
        (step(json!({"drop": "a"})), vec!["/steps/0/drop"]),
        (
            step(json!({"move": "/a/*", "to": "/b~2"})),
            vec!["/steps/0/move", "/steps/0/to"],
        ),
        (step(json!({"rename": "/a"})), vec!["/steps/0"]),
        (step(json!({"copy": "/a"})), vec!["/steps/0"]),
        (step(json!({"set": "/a"})), vec!["/steps/0"]),
        (
            step(json!({"set": "/a", "value": 1, "cel": "1"})),
            vec!["/steps/0"],
        ),
        (
            step(json!({"set": "/a", "value": 1, "to": "/b", "required": true})),
            vec!["/steps/0/to", "/steps/0/required"],
        ),
        (
            step(json!({"drop": "/a", "value": 1})),
            vec!["/steps/0/value"],
        ),
        (
            step(json!({"set": "/a", "cel": "cdr.x +", "when": "cdrr.x"})),
            vec!["/steps/0/when", "/steps/0/cel"],
        ),
        (step(json!({"dorp": "/a"})), vec!["/steps/0/dorp"]),
        (template(json!({"$at": "/a"})), vec!["/template"]),
        (
            template(json!({"a": {"$at": "b"}})),
            vec!["/template/a/$at"],
        ),
        (
            template(json!({"a/b": [{"$at": 1}]})),
            vec!["/template/a~1b/0/$at"],
        ),
        (
            template(json!({"a": {"$at": "/b", "c": 1}})),
            vec!["/template/a"],
        ),
        (
            template(json!({"a": {"$cel": "x"}, "b": {"$cel": 1}})),
            vec!["/template/a/$cel", "/template/b/$cel"],
        ),
        (template(json!({"a": {"$each": "/b"}})), vec!["/template/a"]),
        (
            template(json!({"a": {"$each": "/b", "$as": {"$cel": "1"}}})),
            vec!["/template/a/$as/$cel"],
        ),
    ];
    for (config, expected) in cases {
        let errors = mock::configure::<Map>(&config.to_string()).expect_err(&config.to_string());
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{config}: {errors:?}");
    }
}
