//! The command line against a running gateway.

use crate::{
    harness::{Gateway, Receiver, SEED, command},
    seed::three_destinations,
};

#[test]
fn deliveries_are_listed_shown_and_tried_again() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, r#""mask""#));
    crm.answer_once(404, "x", "y");
    gateway.push("cdr", SEED);
    let dead = &gateway.wait_for("crm", "dead", 1)[0];
    let id = dead["arrival"].as_str().expect("an id");
    gateway.wait_for("bi", "delivered", 1);

    let list = text(&gateway.cli(&["deliveries", "list", "--state", "dead"]));
    assert!(list.contains(id) && list.contains("http_404"), "{list}");
    let session = [
        "deliveries",
        "list",
        "--session",
        "99a1c8f8-eb3d-4xxx-8401-5f6aa8761232",
    ];
    let list = text(&gateway.cli(&session));
    assert_eq!(list.matches(id).count(), 3, "{list}");
    let shown = text(&gateway.cli(&["deliveries", "show", id]));
    assert!(
        shown.contains("attempt 1") && shown.contains("404"),
        "{shown}"
    );

    let dry = text(&gateway.cli(&["deliveries", "retry", "--state", "dead", "--dry-run"]));
    assert!(dry.contains("crm: 1 would be tried again"), "{dry}");
    assert_eq!(gateway.deliveries("crm", "dead").len(), 1);
    let retried = text(&gateway.cli(&["deliveries", "retry", id]));
    assert!(retried.contains("crm: 1 are tried again"), "{retried}");
    gateway.wait_for("crm", "delivered", 1);

    let books = text(&gateway.cli(&["balance", "--verify"]));
    assert!(books.contains("balanced, recounted"), "{books}");
}

fn text(output: &std::process::Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn every_subcommand_explains_itself() {
    let subcommands = [
        vec!["run"],
        vec!["check"],
        vec!["deliveries"],
        vec!["deliveries", "list"],
        vec!["deliveries", "retry"],
        vec!["balance"],
        vec!["stages", "list"],
        vec!["stages", "show"],
        vec!["plugin", "new"],
        vec!["plugin", "build"],
        vec!["reload"],
        vec!["schema"],
        vec!["demo"],
        vec!["plugin"],
        vec!["plugin", "inspect"],
        vec!["plugin", "test"],
        vec!["plugin", "bench"],
    ];
    for subcommand in subcommands {
        let output = command()
            .args(&subcommand)
            .arg("--help")
            .output()
            .expect("help");
        assert!(output.status.success(), "{subcommand:?}");
    }
    let schema = command().arg("schema").output().expect("schema");
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    assert!(schema["properties"]["destination"].is_object());
}
