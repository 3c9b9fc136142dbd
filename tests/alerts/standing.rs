//! What stands for a while and ends: plugins and files that fail, a journal that
//! fills up. Both ends are told, also when the gateway stops in between.

use super::{SECRET, config, reload, start, types};
use crate::{
    harness::{Gateway, Receiver, field, hostile, until},
    outage::records,
};

fn reconfigure(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = reload(gateway);
    assert_eq!(status, 200, "{problem}");
}

/// The alerts of a type, by their data.
fn told(ops: &Receiver, name: &str) -> Vec<serde_json::Value> {
    let alerts = ops.got().into_iter().map(|got| got.body);
    let of_type = alerts.filter(|body| field(body, "/type") == name);
    of_type.map(|body| field(&body, "/data")).collect()
}

#[test]
fn failing_plugins_are_told_and_that_they_work_again() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    let trapping = format!(
        "\n[plugin.hostile]\nwasm = {:?}\n",
        hostile().display().to_string()
    );
    let plain = config(&crm, &ops, "") + &trapping;
    let failing = plain.replace(
        "[destination.crm]",
        "[destination.crm]\nchain = [\"hostile\"]",
    );
    let gateway = start(&failing);
    for record in records(40) {
        gateway.push("cdr", &record.replace("\"abc\"", "\"trap\""));
    }
    until("the alert", || {
        (told(&ops, "destination.plugins_failing").len() == 1).then_some(())
    });
    reconfigure(&gateway, &plain);
    until("that they work", || {
        (told(&ops, "destination.plugins_working").len() == 1).then_some(())
    });
    for name in ["destination.plugins_failing", "destination.plugins_working"] {
        assert_eq!(told(&ops, name)[0]["destination"], "crm");
    }
}

#[test]
fn failing_files_are_told_and_that_they_are_written_again() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    let to_files = "[destination.crm]\nfile.path = \"calls/all.ndjson\"\nfile.base_dir = \"calls\"";
    let config = config(&crm, &ops, "");
    let http = &config[config.find("[destination.crm]").expect("a destination")..];
    let http = &http[..http.find("[[route]]").expect("its end")];
    let gateway = start(&config.replace(http, &format!("{to_files}\n")));
    let blocker = gateway.workspace.path("data/calls/calls");
    std::fs::create_dir_all(blocker.parent().expect("a parent")).expect("a directory");
    std::fs::write(&blocker, "in the way").expect("a file in the way");
    gateway.push("cdr", &records(1)[0]);
    ops.wait_for(1);
    std::fs::remove_file(&blocker).expect("a free way");
    ops.wait_for(2);
    gateway.wait_for("crm", "delivered", 1);
    let expected = ["destination.files_failing", "destination.files_working"];
    assert_eq!(types(&ops), expected);
    for name in expected {
        assert_eq!(told(&ops, name)[0]["destination"], "crm");
    }
}

#[test]
fn a_journal_that_fills_up_is_told_at_each_level_and_below() {
    const MAX: u64 = 4 << 20;
    let (crm, ops) = (Receiver::start(), Receiver::start());
    // Alerts take room themselves: the last level is reached before the journal is full.
    let config = config(&crm, &ops, "quiet_s = 0");
    let journal = format!("[journal]\nmax_bytes = {MAX}\n");
    let gateway = start(&format!("{config}\n{journal}"));
    let filler = "x".repeat(60_000);
    let mut records = (0..).map(|index| {
        let record = &records(1)[0];
        record.replace("\"abc\"", &format!("\"{index} {filler}\""))
    });
    for percent in [50, 80, 95] {
        until(&format!("{percent} %"), || {
            let reached = told(&ops, "journal.reached");
            if reached.iter().any(|share| share["percent"] == percent) {
                return Some(());
            }
            // Only so much at a time that no level is jumped over between two looks.
            if used(&gateway) < MAX * percent / 100 {
                gateway.push("cdr", &records.next().expect("more"));
            }
            None
        });
    }
    for share in told(&ops, "journal.reached") {
        let [percent, used, max] = ["percent", "used", "max"].map(|it| share[it].as_u64());
        assert_eq!(max, Some(MAX), "{share}");
        assert!(used >= percent.map(|it| MAX * it / 100), "{share}");
    }
    reconfigure(
        &gateway,
        &format!(
            "{config}\n{}",
            journal.replace(&MAX.to_string(), "40000000")
        ),
    );
    until("that it is below", || {
        (!told(&ops, "journal.below").is_empty()).then_some(())
    });
    assert_eq!(
        told(&ops, "journal.below")[0]["percent"],
        50,
        "of several the last"
    );
}

/// What the journal holds, as its metric says.
fn used(gateway: &Gateway) -> u64 {
    let (_, metrics) = gateway.get("/metrics");
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("cdr_gateway_journal_used_bytes "));
    line.expect("a metric").parse().expect("a whole number")
}

/// A quiet time holds the second outage back; the next start knows nothing of it.
#[test]
fn what_a_quiet_time_holds_back_is_told_when_the_gateway_stops() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    let config = config(&crm, &ops, "quiet_s = 86400");
    let config = format!("drain.timeout_s = 1\n{config}");
    let gateway = start(&config);
    let records = records(16);
    for (round, records) in records.chunks(8).enumerate() {
        crm.answer(&[503]);
        for record in records {
            gateway.push("cdr", record);
        }
        if round == 0 {
            ops.wait_for(1);
            crm.answer(&[200]);
            ops.wait_for(2);
            gateway.wait_for("crm", "delivered", 8);
        }
    }
    until("the breaker to open again", || {
        let quiet =
            r#"cdr_gateway_alerts_total{type="destination.breaker_opened",outcome="quiet"} 1"#;
        gateway.get("/metrics").1.contains(quiet).then_some(())
    });
    // Nor does a probe that takes all the time of the stop keep it from being told.
    let before = crm.got().len();
    crm.hang(true);
    crm.wait_for(before + 1);
    let workspace = gateway.stop();
    assert_eq!(ops.got().len(), 2, "nothing is delivered by then");
    crm.hang(false);
    crm.answer(&[200]);
    let gateway = Gateway::start_with(workspace, &[("OPS_SECRET", SECRET)]);
    ops.wait_for(3);
    let opened = "destination.breaker_opened";
    assert_eq!(types(&ops), [opened, "destination.breaker_closed", opened]);
    gateway.wait_for("crm", "delivered", 16);
}
