//! What is counted.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use super::*;

#[test]
fn everything_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    ::metrics::with_local_recorder(&recorder, || {
        block_on(async {
            let ingest = ingest(&FakeIntake::new([]), &LIMITS).await;
            let id = ("x-tccc-push-uuid", "1");
            for request in [
                post(CDR, &[BASIC, id], SEED),
                post(CDR, &[BASIC, id], SEED),
                post(CDR, &[BASIC, id], r#"{"SessionId":"s","Duration":""}"#),
                post(CDR, &[BASIC], "{}"),
                post(CDR, &[], SEED),
                post("/tccc?action=x", &[BASIC], SEED),
                post("/nowhere", &[], SEED),
            ] {
                send(&ingest, request).await;
            }
        });
    });
    let mut counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) => Some(format!("{} {count}", series(key.key()))),
            DebugValue::Gauge(_) | DebugValue::Histogram(_) => None,
        })
        .collect();
    counted.sort();
    let bytes = SEED.len() + r#"{"SessionId":"s","Duration":""}{}"#.len();
    assert_eq!(
        counted,
        [
            "accepted_total{source=tccc,kind=cdr} 3",
            &format!("body_bytes_total{{source=tccc}} {bytes}"),
            "defects_total{source=tccc,defect=no_session_id} 1",
            "duplicates_total{source=tccc} 1",
            "push_id_conflicts_total{source=tccc} 1",
            "refused_total{source=,reason=unknown_path} 1",
            "refused_total{source=tccc,reason=unauthorised} 1",
            "refused_total{source=tccc,reason=unknown_action} 1",
            "violating_total{source=tccc} 1",
        ]
    );
}

fn series(key: &::metrics::Key) -> String {
    let labels: Vec<_> = key
        .labels()
        .map(|label| format!("{}={}", label.key(), label.value()))
        .collect();
    let name = key.name().trim_start_matches("cdr_gateway_ingest_");
    format!("{name}{{{}}}", labels.join(","))
}
