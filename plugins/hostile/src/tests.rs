//! What can be tried without losing the test's process; the rest is tried in
//! the gateway's tests.

use cdr_plugin_sdk::{
    Verdict,
    mock::{self, Host, Record},
};

use super::Hostile;

fn process(config: &str, uui: &str) -> (Verdict, Record) {
    let plugin: Hostile = mock::configure(config).expect("the config is valid");
    let record = Record::call(&format!(r#"{{"Uui":"{uui}"}}"#)).with_max_bytes(1 << 20);
    (mock::process(&plugin, &record), record)
}

#[test]
fn the_record_says_what_happens_and_the_config_says_it_else() {
    let too_large = "the edited document would be larger than 1048576 bytes";
    for (config, uui, expected) in [
        ("{}", "abc", Verdict::Keep),
        ("{}", "drop:gone", Verdict::drop("gone")),
        ("{}", "suspend:help", Verdict::suspend("help")),
        (r#"{"process":"drop:gone"}"#, "abc", Verdict::drop("gone")),
        (
            r#"{"process":"drop:gone"}"#,
            "suspend:help",
            Verdict::suspend("help"),
        ),
        ("{}", "giant", Verdict::suspend(too_large)),
        ("{}", "giant-ignored", Verdict::Keep),
    ] {
        assert_eq!(process(config, uui).0, expected, "{config} {uui}");
    }
}

#[test]
fn rubbish_is_refused_or_seen() {
    let (verdict, record) = process("{}", "bad-json");
    assert!(matches!(verdict, Verdict::Suspend(why) if why.starts_with("bad JSON value")));
    assert_eq!(record.text(), r#"{"Uui":"bad-json"}"#);
    let (verdict, record) = process("{}", "not-object");
    assert_eq!((verdict, record.text()), (Verdict::Keep, "42".to_owned()));
}

#[test]
fn floods_flood() {
    let host = Host::new();
    process("{}", "log-flood");
    assert_eq!(host.logs().len(), 10_000);
    process("{}", "count-flood");
    assert_eq!(host.counter("flood_9999"), 1);
    assert_eq!(process("{}", "tag-flood").1.tags().len(), 10_000);
}

#[test]
#[should_panic(expected = "the author's words")]
fn a_panic_panics() {
    process("{}", "panic:the author's words");
}

#[test]
fn a_config_can_be_refused() {
    let refused = mock::configure::<Hostile>(r#"{"configure":"suspend:no"}"#);
    let errors = refused.expect_err("the config asks for it");
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["/configure: no"]);
}
