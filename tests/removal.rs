//! Destinations that go, and come back: with nothing left undone, and whole after
//! a kill in between.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, until},
    outage::records,
};

fn config(crm: &Receiver, bi: Option<&Receiver>, bi_settings: &str) -> String {
    let (to, bi) = match bi {
        None => (r#""crm""#, String::new()),
        Some(bi) => (
            r#""crm", "bi""#,
            format!(
                "[destination.bi]\nhttp.url = \"{}\"\n{bi_settings}",
                bi.url()
            ),
        ),
    };
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = [{to}]
        [destination.crm]
        http.url = "{}"
        {bi}
        "#,
        crm.url()
    )
}

fn reload(gateway: &Gateway, config: &str) -> (u16, Value) {
    gateway.workspace.configure(config);
    gateway.api_post("/reload", &json!({}))
}

fn ledger(gateway: &Gateway, destination: &str) -> Value {
    let books = gateway.api("/balance?verify=true");
    assert_eq!(books["balanced"], true, "{books}");
    let mut ledgers = books["destinations"].as_array().expect("a list").iter();
    let found = ledgers.find(|one| one["destination"] == destination);
    found.expect("a ledger").clone()
}

/// Waits until everything in the journal is delivered to a destination.
fn wait_for_all(gateway: &Gateway, destination: &str, count: usize) {
    until(&format!("all {count} at {destination}"), || {
        let ledger = ledger(gateway, destination);
        let all = ledger["arrivals"] == count && ledger["counts"]["delivered"] == count;
        all.then_some(())
    });
}

#[test]
fn a_destination_goes_while_records_keep_arriving() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let with = config(&crm, Some(&bi), "");
    let gateway = Gateway::start(&with);
    let (sent, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let records = records(20_000);
    let answers = std::thread::scope(|scope| {
        scope.spawn(|| {
            for record in &records {
                gateway.push("cdr", record);
                sent.fetch_add(1, Ordering::Relaxed);
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let mut answers = Vec::new();
        for round in 1..=3 {
            let more = |count: usize| {
                let wanted = sent.load(Ordering::Relaxed) + count;
                until("more records", || {
                    (sent.load(Ordering::Relaxed) >= wanted).then_some(())
                });
            };
            more(50);
            answers.push(reload(&gateway, &config(&crm, None, "")));
            let gone = ledger(&gateway, "bi");
            answers.push((round, gone));
            more(50);
            answers.push(reload(&gateway, &with));
        }
        done.store(true, Ordering::Relaxed);
        answers
    });
    for (status, answer) in answers {
        if status < 200 {
            assert_eq!(answer["retired"], true, "round {status}: {answer}");
            assert_eq!(answer["counts"]["pending"], 0, "round {status}: {answer}");
        } else {
            assert_eq!(status, 200, "{answer}");
        }
    }
    let count = sent.load(Ordering::Relaxed);
    wait_for_all(&gateway, "crm", count);
    wait_for_all(&gateway, "bi", count);
}

#[test]
fn one_that_waits_for_something_stays_and_goes_on() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&config(&crm, Some(&bi), "paused = true"));
    let records = records(2);
    gateway.push("cdr", &records[0]);
    crm.wait_for(1);
    let (status, problem) = reload(&gateway, &config(&crm, None, ""));
    assert_eq!(status, 422, "{problem}");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("bi") && detail.contains("retired = true"));
    assert_eq!(ledger(&gateway, "bi")["retired"], false);

    let (status, problem) = reload(&gateway, &config(&crm, Some(&bi), "retired = true"));
    assert_eq!(status, 200, "{problem}");
    gateway.push("cdr", &records[1]);
    let retired = ledger(&gateway, "bi");
    assert_eq!(
        (&retired["retired"], &retired["arrivals"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(retired["counts"]["pending"], 1, "it stays listed");
    let gateway = gateway.kill_and_restart();
    assert_eq!(ledger(&gateway, "bi"), retired);

    let (status, problem) = reload(&gateway, &config(&crm, Some(&bi), ""));
    assert_eq!(status, 200, "{problem}");
    wait_for_all(&gateway, "bi", 2);
}

#[test]
fn a_kill_while_one_goes_leaves_its_ledger_whole() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let (with, without) = (config(&crm, Some(&bi), ""), config(&crm, None, ""));
    let mut gateway = Gateway::start(&with);
    let records = records(6);
    for (count, pair) in (1..).zip(records.chunks(2)) {
        gateway.push("cdr", &pair[0]);
        wait_for_all(&gateway, "bi", 2 * count - 1);
        gateway.workspace.configure(&without);
        gateway.signal("HUP");
        // Whatever it has come to by now, the start completes it.
        gateway = gateway.kill_and_restart();
        gateway.push("cdr", &pair[1]);
        let gone = ledger(&gateway, "bi");
        assert_eq!(gone["retired"], true, "{gone}");
        assert_eq!(gone["counts"]["pending"], 0, "{gone}");

        let (status, problem) = reload(&gateway, &with);
        assert_eq!(status, 200, "{problem}");
        gateway = gateway.kill_and_restart();
        wait_for_all(&gateway, "bi", 2 * count);
    }
}

#[test]
fn a_kill_after_a_rename_keeps_the_name_and_the_ledger() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let with = config(&crm, Some(&bi), "");
    let mut gateway = Gateway::start(&with);
    let records = records(2);
    gateway.push("cdr", &records[0]);
    wait_for_all(&gateway, "bi", 1);
    let renamed = with
        .replace(
            "[destination.bi]",
            "[destination.insight]\nrenamed_from = \"bi\"",
        )
        .replace(r#""crm", "bi""#, r#""crm", "insight""#);
    gateway.workspace.configure(&renamed);
    gateway.signal("HUP");
    for _ in 0..2 {
        gateway = gateway.kill_and_restart();
    }
    gateway.push("cdr", &records[1]);
    wait_for_all(&gateway, "insight", 2);
    let books = gateway.api("/balance");
    assert_eq!(books["destinations"].as_array().expect("a list").len(), 2);
}
