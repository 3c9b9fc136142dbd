//! Sessions that become whole, and those that do not.

use cdr_plugin_sdk::{
    Kind, Outcome,
    mock::{self, Host, Record},
};

use super::Sessionize;

const CALL: &str = r#"{"SessionId":"s1","Duration":12.50,"Odd":null}"#;
const SOUND: &str = r#"{"SessionId":"s1","RecordURL":"https://r/1"}"#;

fn stage(config: &str) -> Sessionize {
    mock::configure_stage(config).expect("a config")
}

fn push(stage: &Sessionize, kind: Kind, json: &str) -> Outcome {
    mock::process_stage(stage, &Record::new(kind, json)).expect("a processed record")
}

#[test]
fn a_session_is_joined_as_soon_as_it_is_whole() {
    for order in [
        [(Kind::Cdr, CALL), (Kind::Record, SOUND)],
        [(Kind::Record, SOUND), (Kind::Cdr, CALL)],
    ] {
        let host = Host::new();
        let stage = stage("{}");
        for (kind, json) in order {
            assert_eq!(push(&stage, kind, json), Outcome::Done);
        }
        let derived = host.derived();
        assert_eq!(derived.len(), 1);
        assert_eq!(derived[0].kind, Kind::Cdr);
        assert_eq!(derived[0].session.as_deref(), Some("s1"));
        assert_eq!(
            derived[0].json,
            r#"{"SessionId":"s1","Duration":12.50,"Odd":null,"Records":[{"SessionId":"s1","RecordURL":"https://r/1"}]}"#,
            "the call as it was pushed"
        );
        assert_eq!(
            derived[0].tags,
            [("session_complete".to_owned(), "true".to_owned())]
        );
        assert!(host.timers().is_empty(), "nothing is waited for any more");
    }
}

#[test]
fn when_the_time_is_up_what_is_there_is_joined_or_dropped() {
    for (config, expected) in [
        (r#"{"wait_s":60}"#, Some((Kind::Cdr, "record"))),
        (r#"{"wait_s":60,"on_timeout":"drop"}"#, None),
    ] {
        let host = Host::new();
        let stage = stage(config);
        push(&stage, Kind::Cdr, CALL);
        mock::pass_time(&stage, 59_999).expect("no timer");
        assert!(host.derived().is_empty(), "{config}: too early");
        mock::pass_time(&stage, 1).expect("a timer");
        let derived = host.derived();
        let found = derived
            .first()
            .map(|one| (one.kind, one.tags[1].1.as_str()));
        assert_eq!(found, expected, "{config}");
    }
}

#[test]
fn without_the_call_the_recording_stands_alone() {
    let host = Host::new();
    let stage = stage("{}");
    push(&stage, Kind::Record, SOUND);
    push(
        &stage,
        Kind::Record,
        r#"{"SessionId":"s1","RecordURL":"https://r/2"}"#,
    );
    mock::pass_time(&stage, 900_000).expect("a timer");
    let derived = &host.derived()[0];
    assert_eq!(derived.kind, Kind::Record);
    assert_eq!(
        derived.json,
        r#"{"SessionId":"s1","RecordURL":"https://r/1","Records":[{"SessionId":"s1","RecordURL":"https://r/2"}]}"#
    );
}

#[test]
fn what_is_late_makes_no_second_record_until_it_is_forgotten() {
    let host = Host::new();
    let stage = stage(r#"{"need":["cdr"],"wait_s":60}"#);
    assert_eq!(push(&stage, Kind::Cdr, CALL), Outcome::Done);
    assert_eq!(push(&stage, Kind::Record, SOUND), Outcome::ignored("late"));
    mock::pass_time(&stage, 60_000).expect("no timer");
    assert!(host.state_keys().is_empty(), "forgotten");
    assert_eq!(host.derived().len(), 1);
}

#[test]
fn of_a_call_the_newest_report_counts() {
    let host = Host::new();
    let stage = stage("{}");
    push(&stage, Kind::Cdr, CALL);
    push(&stage, Kind::Cdr, r#"{"SessionId":"s1","Duration":13}"#);
    push(&stage, Kind::Record, SOUND);
    assert!(
        host.derived()[0]
            .json
            .starts_with(r#"{"SessionId":"s1","Duration":13,"#)
    );
    assert_eq!(host.counter("replaced"), 1);
}

#[test]
fn what_cannot_be_joined_holds_up_nothing_else() {
    let host = Host::new();
    let stage = stage("{}");
    let long = format!(r#"{{"SessionId":"{}"}}"#, "s".repeat(513));
    for record in ["{}", r#"{"SessionId":7}"#, r#"{"SessionId":""}"#, &long] {
        let outcome = push(&stage, Kind::Cdr, record);
        assert_eq!(outcome, Outcome::ignored("no_session"), "{record}");
    }
    push(&stage, Kind::Record, SOUND);
    let clash = r#"{"SessionId":"s1","Records":7}"#;
    assert_eq!(
        push(&stage, Kind::Cdr, clash),
        Outcome::ignored("not_joinable")
    );
    assert_eq!(push(&stage, Kind::Cdr, CALL), Outcome::ignored("late"));

    let large = format!(
        r#"{{"SessionId":"s2","Remark":"{}"}}"#,
        "x".repeat(300 << 10)
    );
    for kind in [Kind::Cdr, Kind::Record] {
        assert_eq!(push(&stage, kind, &large), Outcome::ignored("too_large"));
    }
    assert!(host.timers().is_empty() && host.derived().is_empty());
    assert_eq!(host.counter("too_large"), 2);
}

#[test]
fn a_wrong_config_says_where() {
    for (config, pointer) in [
        (r#"{"need":[]}"#, "/need"),
        (r#"{"need":["call"]}"#, "/need/0"),
        (r#"{"wait_s":0}"#, "/wait_s"),
        (r#"{"session_in":"SessionId"}"#, "/session_in"),
        (r#"{"wait":1}"#, "/wait"),
    ] {
        let errors = mock::configure_stage::<Sessionize>(config).expect_err(config);
        assert_eq!(
            errors.iter().next().expect(config).pointer,
            pointer,
            "{config}"
        );
    }
}
