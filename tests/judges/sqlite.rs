//! The journal, by `sqlite3`: sound, and readable while the gateway runs.

use serde_json::{Value, json};

use super::tool::SQLITE;
use crate::{
    harness::{Gateway, Receiver, SEED, VOICEMAIL},
    outage::records,
    seed::three_destinations,
};

struct Prompt(String);

impl Prompt {
    fn query(&self, sql: &str) -> Value {
        let printed = SQLITE.prints(&["-json", &self.0, sql], b"");
        serde_json::from_str(&printed).expect("JSON")
    }

    fn assert_sound(&self) {
        let checked = SQLITE.prints(&[&self.0, "PRAGMA integrity_check"], b"");
        assert_eq!(checked, "ok\n");
    }
}

/// Every state that two pushes can bring about: delivered, dead, suspended,
/// skipped and retrying.
#[test]
fn the_journal_is_sound_and_readable_while_the_gateway_runs() {
    if !SQLITE.is_here() {
        return;
    }
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = three_destinations(&crm, &bi, "").replace(
        "[destination.crm]",
        "[destination.crm]\nretry = { initial_ms = 3600000 }",
    );
    let config = config.replace(
        "from = [\"tccc\"]",
        "from = [\"tccc\"]\nwhen = 'kind == \"cdr\"'",
    );
    let gateway = Gateway::start(&config);
    let journal = gateway.workspace.path("data/journal.db");
    let prompt = Prompt(journal.display().to_string());

    crm.answer(&[404, 503, 200]);
    gateway.push("cdr", SEED);
    gateway.wait_for("crm", "dead", 1);
    gateway.push("cdr", &records(1)[0]);
    gateway.wait_for("crm", "retrying", 1);
    gateway.push("voicemail", VOICEMAIL);
    gateway.wait_for("crm", "skipped", 1);
    gateway.wait_for("archive", "suspended", 2);
    gateway.wait_for("archive", "skipped", 1);

    prompt.assert_sound();
    let arrivals = prompt.query(
        "SELECT seq, source, kind, session, defect, json_valid(body) AS json,
             received BETWEEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 minutes')
                 AND strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS recent
         FROM arrivals_readable ORDER BY seq LIMIT 2",
    );
    let arrival = |seq: u64, session: &str| {
        json!({ "seq": seq, "source": "tccc", "kind": "cdr", "session": session,
            "defect": null, "json": 1, "recent": 1 })
    };
    let seed = "99a1c8f8-eb3d-4xxx-8401-5f6aa8761232";
    assert_eq!(arrivals, json!([arrival(1, seed), arrival(2, "session-0")]));
    let body = prompt.query("SELECT body FROM arrivals_readable WHERE seq = 1");
    assert_eq!(body[0]["body"], SEED, "as received");
    let id = prompt.query("SELECT id FROM arrivals_readable WHERE seq = 1");
    let api = gateway.api("/deliveries?destination=crm&state=dead")[0]["arrival"].clone();
    let api = api.as_str().expect("an id").replace('-', "");
    assert_eq!(id[0]["id"], api);

    let ledger = prompt.query(
        "SELECT name, cursor, pending, delivered, skipped, retrying, suspended, dead
         FROM ledger ORDER BY name",
    );
    let line = |name: &str, retrying: u64, suspended: u64, dead: u64| {
        json!({ "name": name, "cursor": 3, "pending": 0, "delivered": 0, "skipped": 1,
            "retrying": retrying, "suspended": suspended, "dead": dead })
    };
    let expected = json!([
        line("archive", 0, 2, 0),
        line("bi", 0, 2, 0),
        line("crm", 1, 0, 1)
    ]);
    assert_eq!(ledger, expected);

    let exceptions = prompt.query(
        "SELECT destination, seq, state, reason, attempts, next_attempt > first_failed AS later
         FROM exceptions_readable WHERE destination = 'crm' ORDER BY seq",
    );
    let expected = json!([
        { "destination": "crm", "seq": 1, "state": "dead", "reason": "http_404", "attempts": 1,
            "later": null },
        { "destination": "crm", "seq": 2, "state": "retrying", "reason": "http_503",
            "attempts": 1, "later": 1 }
    ]);
    assert_eq!(exceptions, expected);

    // Whoever looked did not get into the gateway's way.
    gateway.push("cdr", &records(2)[1]);
    gateway.wait_for("crm", "delivered", 1);
    let workspace = gateway.stop();
    prompt.assert_sound();
    let count = prompt.query("SELECT count(*) AS count FROM arrivals_readable");
    assert_eq!(count, json!([{ "count": 4 }]));
    workspace.assert_balanced();
}
