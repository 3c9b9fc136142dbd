//! The filter as the gateway runs it.

use cdr_plugin_sdk::{
    Kind, Verdict,
    mock::{self, Host, Record},
};

use super::Filter;

const CALL: &str = r#"{"SessionId":"s-1","Caller":"008613123456789","Callee":"0086400","Duration":3,
    "Score":1.0,"Big":18446744073709551615,"Uui":"","TelLocation":null,"Remark":{"a/b":"x"},
    "SeatUser":{"Name":"Li","Mail":"li@example.com"},
    "ServeParticipants":[{"Type":"staffSeat"},{"Type":"staffPhoneSeat"}]}"#;

fn filter(config: &str) -> Filter {
    mock::configure(config).expect("the config is valid")
}

/// The verdict of one rule that drops as "x".
fn dropped_when(expression: &str, record: &Record) -> Result<bool, String> {
    let expression = serde_json::Value::from(expression);
    let plugin = filter(&format!(
        r#"{{"rules":[{{"drop":"x","when":{expression}}}]}}"#
    ));
    match mock::process(&plugin, record) {
        Verdict::Keep => Ok(false),
        Verdict::Drop(reason) => {
            assert_eq!(reason, "x");
            Ok(true)
        }
        Verdict::Suspend(why) => Err(why),
    }
}

#[test]
fn expressions_see_the_record() {
    let record = Record::call(CALL).with_tag("vip", "yes");
    for (expression, expected) in [
        ("cdr.Duration < 5", true),
        ("cdr.Duration + 1 == 4", true),
        ("cdr.Duration >= 5", false),
        ("cdr.Score == 1.0", true),
        ("cdr.Big > 18446744073709551614u", true),
        (r#"kind == "cdr" && source == "tccc""#, true),
        (r#"tags.vip == "yes""#, true),
        ("has(tags.other)", false),
        ("'vip' in tags && !('other' in tags)", true),
        (
            "tags.exists(tag, tag.startsWith('v') && tags[tag] == 'yes')",
            true,
        ),
        ("has(cdr.Duration) && !has(cdr.Missing)", true),
        ("cdr.TelLocation == null", true),
        ("size(cdr) == 11", true),
        (
            r#"cdr.SeatUser.Name == "Li" && size(cdr.SeatUser) == 2"#,
            true,
        ),
        ("has(cdr.SeatUser.Nick)", false),
        (r#"cdr["SeatUser"]["Name"].startsWith("L")"#, true),
        (r#"cdr.Remark["a/b"] == "x""#, true),
        ("cdr.?SeatUser.?Nick.hasValue()", false),
        (r#"cdr.?Missing.orValue("none") == "none""#, true),
        (r#"cdr.ServeParticipants[1].Type == "staffPhoneSeat""#, true),
        (
            r#"cdr.ServeParticipants.exists(p, p.Type == "staffPhoneSeat")"#,
            true,
        ),
        ("[1].exists(cdr, cdr == 1)", true),
        ("type(cdr.Duration) == int", true),
    ] {
        let holds = dropped_when(expression, &record);
        assert_eq!(holds, Ok(expected), "{expression}");
    }
}

#[test]
fn an_expression_without_an_answer_suspends_and_quotes_no_value() {
    let record = Record::call(CALL);
    for (expression, part) in [
        ("cdr.Missing == 1", "no Missing"),
        ("cdr.SeatUser.Nick == 'x'", "no Nick"),
        (
            "cdr.TelLocation.City == 'x'",
            "type null_type has no members",
        ),
        ("cdr[cdr.Caller] == 1", "no such member"),
        ("cdr.Duration", "of type int, not a bool"),
        ("cdr.Caller < 5", "overload"),
        ("cdr.Caller + 5 == 1", "operator"),
        ("int(cdr.Caller + 'x') == 1", "refused"),
        ("cdr.Duration / 0 == 1", "division by zero"),
        ("cdr.ServeParticipants[9].Type == 'x'", "out of bounds"),
        ("cdr.ServeParticipants['0'].Type == 'x'", ""),
    ] {
        let why = dropped_when(expression, &record).expect_err(expression);
        assert!(why.starts_with("rule x: "), "{expression}: {why}");
        assert!(why.contains(part), "{expression}: {why}");
        assert!(!why.contains("131"), "{expression}: {why}");
    }
}

#[test]
fn the_first_rule_that_holds_decides() {
    let host = Host::new();
    let plugin = filter(
        r#"{"rules":[
            {"keep":"vip","when":"cdr.SeatUser.Name == 'Li'"},
            {"drop":"short","when":"cdr.Duration < 5"},
            {"keep":"rest_of_cdr","when":"kind == 'cdr'"}],
          "drop_rest":"other"}"#,
    );
    let record = |kind, name: &str, duration: u32| {
        Record::new(
            kind,
            &format!(r#"{{"SeatUser":{{"Name":"{name}"}},"Duration":{duration}}}"#),
        )
    };
    for (record, expected) in [
        (record(Kind::Cdr, "Li", 1), Verdict::Keep),
        (record(Kind::Cdr, "Wu", 1), Verdict::drop("short")),
        (record(Kind::Cdr, "Wu", 9), Verdict::Keep),
        (record(Kind::Imcdr, "Wu", 9), Verdict::drop("other")),
    ] {
        assert_eq!(mock::process(&plugin, &record), expected);
    }
    assert_eq!(host.counter("kept.vip"), 1);
    assert_eq!(host.counter("kept.rest_of_cdr"), 1);
}

#[test]
fn tables_match_exactly_or_by_prefix() {
    let _host = Host::new().with_table("test", &[("0086400", ""), ("staffSeat", "")]);
    for (at, mode, expected) in [
        ("/Callee", "exact", true),
        ("/Caller", "exact", false),
        ("/Callee", "prefix", true),
        ("/ServeParticipants/*/Type", "exact", true),
        ("/ServeParticipants/1/Type", "exact", false),
        ("/Uui", "prefix", false),
        ("/TelLocation", "exact", false),
        ("/Missing", "exact", false),
        ("/Duration", "exact", false),
    ] {
        let plugin = filter(&format!(
            r#"{{"rules":[{{"drop":"x","table":{{"name":"test","at":"{at}","match":"{mode}"}}}}]}}"#
        ));
        let verdict = mock::process(&plugin, &Record::call(CALL));
        assert_eq!(verdict == Verdict::drop("x"), expected, "{at} {mode}");
    }
}

#[test]
fn conditions_of_a_rule_must_all_hold() {
    let _host = Host::new().with_table("test", &[("0086400", "")]);
    for (when, share, expected) in [
        ("cdr.Duration == 3", 1.0, Verdict::drop("x")),
        ("cdr.Duration == 4", 1.0, Verdict::Keep),
        ("cdr.Duration == 3", 0.0, Verdict::Keep),
    ] {
        let plugin = filter(&format!(
            r#"{{"rules":[{{"drop":"x","when":"{when}","sample":{{"share":{share}}},
                "table":{{"name":"test","at":"/Callee"}}}}]}}"#
        ));
        let verdict = mock::process(&plugin, &Record::call(CALL));
        assert_eq!(verdict, expected, "{when} {share}");
    }
}

#[test]
fn a_record_without_the_value_to_sample_by_is_suspended() {
    let plugin = filter(r#"{"rules":[{"keep":"some","sample":{"share":0.5}}],"drop_rest":"x"}"#);
    for record in ["{}", r#"{"SessionId":null}"#, r#"{"SessionId":""}"#] {
        assert_eq!(
            mock::process(&plugin, &Record::call(record)),
            Verdict::suspend("rule some: nothing at /SessionId to sample by"),
            "{record}"
        );
    }
}

#[test]
fn every_mistake_in_the_config_is_located() {
    for (config, expected) in [
        ("{}", vec!["/rules"]),
        (r#"{"rulez":[]}"#, vec!["/rulez"]),
        (r#"{"drop_rest":""}"#, vec!["/drop_rest"]),
        (r#"{"rules":[{"drop":"x"}]}"#, vec!["/rules/0"]),
        (r#"{"rules":[{"when":"true"}]}"#, vec!["/rules/0"]),
        (
            r#"{"rules":[{"drop":"x","keep":"y","when":"true"}]}"#,
            vec!["/rules/0"],
        ),
        (
            r#"{"rules":[{"drop":"x","when":7}]}"#,
            vec!["/rules/0/when"],
        ),
        (
            r#"{"rules":[{"drop":"x","when":"cdr.Duration <"},{"drop":"x","when":"nope > 1 && f(1)"}]}"#,
            vec!["/rules/0/when", "/rules/1/when", "/rules/1/when"],
        ),
        (
            r#"{"rules":[{"drop":"x","when":"cdr.a.matches('x')"}]}"#,
            vec!["/rules/0/when"],
        ),
        (
            r#"{"rules":[{"drop":"x","table":{"name":"missing","at":"Callee"}}]}"#,
            vec!["/rules/0/table/at", "/rules/0/table/name"],
        ),
        (
            r#"{"rules":[{"drop":"x","table":{"name":"t","at":"/a","match":"fuzzy"}}]}"#,
            vec!["/rules/0/table/match"],
        ),
        (
            r#"{"rules":[{"drop":"x","sample":{"share":1.5,"by":"id"}}]}"#,
            vec!["/rules/0/sample/by", "/rules/0/sample/share"],
        ),
    ] {
        let errors = mock::configure::<Filter>(config).expect_err(config);
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{config}: {errors:?}");
    }
}
