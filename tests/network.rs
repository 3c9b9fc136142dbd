//! Receivers that misbehave below HTTP, at TLS and by name. Whatever they do, an
//! attempt ends, its reason says what happened, memory stays bounded, and the
//! destination beside them gets its records.

mod misbehaviour;

use std::path::PathBuf;

use self::misbehaviour::{CASES, Case, Swallower};
use crate::{
    harness::{Gateway, RawReceiver, Receiver, SEED, Workspace, until},
    outage::records,
    transport::{Authority, TlsReceiver, self_signed},
};

/// What all of the receivers together may cost, in bytes. They say gigabytes.
const MEMORY: u64 = 64 << 20;

/// Everything from one source to these destinations, and to `bi`.
fn all_to_each(bi: &Receiver, destinations: &[(&str, String)]) -> String {
    use std::fmt::Write;

    let names: Vec<_> = destinations.iter().map(|(name, _)| *name).collect();
    let mut config = format!(
        "[source.tccc]\npath = \"/tccc\"\ndialect = \"tccc\"\n\
         [[route]]\nname = \"all\"\nfrom = [\"tccc\"]\nto = {:?}\n\
         [destination.bi]\nhttp.url = \"{}\"\n",
        [&["bi"], &names[..]].concat(),
        bi.url(),
    );
    for (name, settings) in destinations {
        // The next attempt is never: what the first one came to stays to be seen.
        write!(
            config,
            "[destination.{name}]\nhttp.timeout_ms = 500\nretry.schedule_ms = [3600000]\n{settings}\n"
        )
        .expect("a string");
    }
    config
}

/// Waits for the first attempt's end, and returns state, reason and status.
fn ended(gateway: &Gateway, destination: &str) -> (String, String, u64) {
    until(&format!("an attempt at {destination}"), || {
        let found = gateway.api(&format!("/deliveries?destination={destination}"));
        let first = &found.as_array()?.first()?;
        let text = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
        let status = first["status"].as_u64().unwrap_or_default();
        let state = text("state");
        (state != "pending").then(|| (state, text("reason"), status))
    })
}

#[test]
fn whatever_a_receiver_does_an_attempt_ends_and_says_why() {
    let bi = Receiver::start();
    let receivers: Vec<(&Case, RawReceiver)> = CASES
        .iter()
        .map(|case| (case, RawReceiver::start(case.treat)))
        .collect();
    let destinations: Vec<_> = receivers
        .iter()
        .map(|(case, receiver)| {
            let scheme = case.scheme;
            (
                case.name,
                format!("http.url = \"{scheme}://{}\"", receiver.address),
            )
        })
        .collect();
    let gateway = Gateway::start(&all_to_each(&bi, &destinations));
    let before = gateway.peak_memory();
    for record in records(20) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("bi", "delivered", 20);
    for (case, receiver) in &receivers {
        let expected = (case.state.to_owned(), case.reason.to_owned(), case.status);
        assert_eq!(ended(&gateway, case.name), expected, "{}", case.name);
        receiver.wait_until_left();
    }
    let cost = gateway.peak_memory() - before;
    assert!(cost < MEMORY, "{cost} bytes of memory");
}

#[test]
fn a_receiver_that_is_not_there_is_told_from_one_that_does_not_answer() {
    let bi = Receiver::start();
    let (gone, swallower) = (Receiver::start().address, Swallower::start());
    // A label that is longer than DNS allows: no server has to be asked.
    let nameless = format!("{}.invalid", "x".repeat(64));
    let at = |address: &dyn std::fmt::Display| format!("http.url = \"http://{address}\"");
    let destinations = [
        ("gone", at(&gone)),
        ("swallows", at(&swallower.address)),
        ("nameless", at(&nameless)),
    ];
    let gateway = Gateway::start(&all_to_each(&bi, &destinations));
    gateway.push("cdr", SEED);
    let failed = |reason: &str| ("retrying".to_owned(), reason.to_owned(), 0);
    assert_eq!(ended(&gateway, "gone"), failed("connect"));
    assert_eq!(ended(&gateway, "swallows"), failed("timeout"));
    assert_eq!(ended(&gateway, "nameless"), failed("dns"));
    gateway.wait_for("bi", "delivered", 1);
}

#[test]
fn a_redirect_is_a_failure_and_nobody_follows_it() {
    let (bi, elsewhere) = (Receiver::start(), Receiver::start());
    let statuses = [301, 302, 303, 307, 308];
    for status in statuses {
        let crm = Receiver::start();
        crm.answer_once(status, "location", &format!("{}/there", elsewhere.url()));
        let gateway = Gateway::start(&all_to_each(
            &bi,
            &[("crm", format!("http.url = \"{}\"", crm.url()))],
        ));
        gateway.push("cdr", SEED);
        let expected = ("retrying".into(), format!("http_{status}"), status.into());
        assert_eq!(ended(&gateway, "crm"), expected);
        gateway.wait_for("bi", "delivered", 1);
    }
    assert!(elsewhere.got().is_empty(), "a redirect was followed");
}

#[test]
fn nothing_is_sent_to_whoever_cannot_prove_who_it_is() {
    let bi = Receiver::start();
    let (authority, another) = (Authority::new(), Authority::new());
    let receivers = [
        ("good", authority.server(None)),
        ("expired", authority.expired_server()),
        ("other_name", authority.server_named("receiver.example")),
        ("other_authority", another.server(None)),
        ("self_signed", self_signed()),
    ]
    .map(|(name, tls)| (name, TlsReceiver::start(tls)));
    let destinations: Vec<_> = receivers
        .iter()
        .map(|(name, receiver)| {
            let settings = format!(
                "http.url = \"{}\"\nhttp.tls.ca_file = \"ca.pem\"",
                receiver.url()
            );
            (*name, settings)
        })
        .collect();
    let workspace = Workspace::new(&all_to_each(&bi, &destinations));
    std::fs::write(workspace.path("ca.pem"), authority.pem()).expect("a file");
    let gateway = Gateway::start_with(workspace, &[]);
    gateway.push("cdr", SEED);
    for (name, receiver) in &receivers {
        let expected = match *name {
            "good" => ("delivered".to_owned(), String::new(), 200),
            _ => ("retrying".to_owned(), "tls".to_owned(), 0),
        };
        let received = usize::from(*name == "good");
        assert_eq!(ended(&gateway, name), expected, "{name}");
        assert_eq!(receiver.count(), received, "{name}");
    }
    gateway.wait_for("bi", "delivered", 1);
}

#[test]
fn a_name_that_leads_into_the_private_network_is_not_followed() {
    let (bi, inner) = (Receiver::start(), Receiver::start());
    let port = inner.address.port();
    let to_name = format!("http.url = \"http://localhost:{port}\"");
    let workspace = Workspace::new(&all_to_each(&bi, &[("inner", to_name)]));
    // What `localhost` leads to is no longer allowed, `bi` is.
    allow(&workspace, "127.0.0.0/8", "127.0.0.2/32");
    let config = std::fs::read_to_string(workspace.config()).expect("a configuration");
    let bi_elsewhere = config.replace(&bi.url(), "http://127.0.0.2:9");
    std::fs::write(workspace.config(), bi_elsewhere).expect("a configuration");
    let gateway = Gateway::start_with(workspace, &[]);
    gateway.push("cdr", SEED);
    let refused = ("retrying".to_owned(), "address_refused".to_owned(), 0);
    assert_eq!(ended(&gateway, "inner"), refused);
    assert!(inner.got().is_empty());

    // Named, it is meant.
    allow(&gateway.workspace, "127.0.0.2/32", "127.0.0.0/8");
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    gateway.push("cdr", &records(1)[0]);
    inner.wait_for(1);
}

/// Allows one range of addresses in place of another.
fn allow(workspace: &Workspace, old: &str, new: &str) {
    let path: PathBuf = workspace.config();
    let config = std::fs::read_to_string(&path).expect("a configuration");
    assert!(config.contains(old), "{config}");
    std::fs::write(&path, config.replace(old, new)).expect("a configuration");
}
