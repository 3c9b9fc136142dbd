//! What a commit costs. Not run by default; with `--release`:
//! `cargo test --release journal::sqlite::tests::speed -- --ignored --nocapture`

#![allow(clippy::cast_precision_loss, reason = "rates for people")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::SignedDuration;

use super::{
    fixture::{Fixture, arrival, at, outcome, settlement},
    sealing::sealed,
};
use crate::{
    journal::{
        Journal, JournalReader, NewArrival, Retention, State,
        seal::{DayKey, Place},
    },
    record::Seq,
};

const ROWS: usize = 40_000;

/// Steps of retention, and how long an append waits beside them.
async fn remove_everything(fixture: &Fixture) {
    let retention = Retention {
        now: at(1_000_000),
        keep: SignedDuration::from_secs(1),
    };
    let before = fixture.journal.health();
    let (started, cpu_before) = (Instant::now(), cpu());
    let (mut after, mut removed, mut longest) = (Seq(0), 0, Duration::ZERO);
    let mut slowest_append = Duration::ZERO;
    loop {
        let began = Instant::now();
        let (step, appended) =
            tokio::join!(fixture.journal.remove_settled(after, retention), async {
                fixture
                    .journal
                    .append(realistic(0))
                    .await
                    .expect("an arrival");
                began.elapsed()
            });
        let step = step.expect("a step");
        longest = longest.max(began.elapsed());
        slowest_append = slowest_append.max(appended);
        removed += step.arrivals;
        let Some(next) = step.next else { break };
        after = next;
    }
    let rows = usize::try_from(removed).expect("fits");
    report("remove", rows, started, cpu_before);
    println!("  longest step {longest:.1?}, slowest append beside one {slowest_append:.1?}");
    let (started, mut steps) = (Instant::now(), 0);
    while fixture.journal.tidy(retention).await.expect("tidied") {
        steps += 1;
    }
    let after = fixture.journal.health();
    println!(
        "  gave space back in {steps} steps, {:.1?}; used {} to {} bytes, file {} to {} bytes",
        started.elapsed(),
        before.used_bytes,
        after.used_bytes,
        before.file_bytes,
        after.file_bytes
    );
    fixture.assert_clean().await;
}

/// CPU time of this process so far, from the kernel's accounting in ticks of
/// 10 ms; `None` where there is none.
fn cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<_> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

fn realistic(number: usize) -> NewArrival {
    NewArrival {
        body: vec![b'x'; 1_400].into(),
        ..arrival(number)
    }
}

fn report(what: &str, rows: usize, started: Instant, cpu_before: Option<Duration>) {
    let wall = started.elapsed().as_secs_f64();
    let per_row = |time: Duration| time.as_secs_f64() * 1e6 / rows as f64;
    let cpu = cpu()
        .zip(cpu_before)
        .map(|(now, before)| per_row(now.saturating_sub(before)));
    println!(
        "{what}: {:.0} rows/s, {cpu:.1?} µs CPU a row",
        rows as f64 / wall
    );
}

/// What sealing costs: alone, and with everything around it.
#[test]
#[ignore = "a measurement"]
fn sealing() {
    let day = "2026-11-01".parse().expect("a day");
    let (key, _) = DayKey::generate(day).expect("a key");
    let body = realistic(0).body;
    let (started, cpu_before) = (Instant::now(), cpu());
    let mut sealed = Vec::new();
    for _ in 0..ROWS * 10 {
        sealed = key.seal(Place::Arrival(Seq(1)), &body).expect("sealed");
    }
    report("seal 1,400 bytes", ROWS * 10, started, cpu_before);
    let (started, cpu_before) = (Instant::now(), cpu());
    for _ in 0..ROWS * 10 {
        let opened = key.open(Place::Arrival(Seq(1)), sealed.clone());
        assert!(opened.is_some());
    }
    report("open 1,400 bytes", ROWS * 10, started, cpu_before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn appends_and_settlements() {
    measure(&Fixture::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn sealed_appends_and_settlements() {
    measure(&sealed()).await;
}

async fn measure(fixture: &Fixture) {
    for appenders in [1, 8, 64, 256] {
        let rows = if appenders == 1 { ROWS / 20 } else { ROWS };
        let left = Arc::new(AtomicUsize::new(rows));
        let before = fixture.journal.health();
        let (started, cpu_before) = (Instant::now(), cpu());
        let tasks: Vec<_> = (0..appenders)
            .map(|_| {
                let (journal, left) = (Arc::clone(&fixture.journal), Arc::clone(&left));
                tokio::spawn(async move {
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                        .is_ok()
                    {
                        journal.append(realistic(0)).await.expect("an arrival");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task");
        }
        report(
            &format!("append, {appenders} at once"),
            rows,
            started,
            cpu_before,
        );
        let after = fixture.journal.health();
        println!(
            "  {:.1} a commit",
            rows as f64 / (after.commits - before.commits) as f64
        );
    }
    let health = fixture.journal.health();
    println!(
        "  file {} bytes, log {} bytes",
        health.file_bytes, health.wal_bytes
    );

    let epoch = fixture.claim().await.epoch;
    let head = fixture.journal.head().0;
    let (started, cpu_before) = (Instant::now(), cpu());
    for first in (1..=head).step_by(64) {
        let outcomes = (first..first + 64).take_while(|seq| *seq <= head);
        let outcomes = outcomes.map(|seq| outcome(seq, State::Delivered)).collect();
        fixture.settle(epoch, settlement(outcomes, vec![])).await;
    }
    let settled = usize::try_from(head).expect("fits");
    report("settle, 64 outcomes each", settled, started, cpu_before);

    let (started, cpu_before) = (Instant::now(), cpu());
    fixture.assert_clean().await;
    report("verify", settled, started, cpu_before);
    let (started, cpu_before) = (Instant::now(), cpu());
    let mut from = Seq(1);
    while let Some(last) = fixture
        .journal
        .read(from, 500, usize::MAX)
        .await
        .expect("a read")
        .last()
    {
        from = last.seq.next();
    }
    report("read, 500 at once", settled, started, cpu_before);
    remove_everything(fixture).await;
}
