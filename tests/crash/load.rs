//! Senders that push until they are acknowledged.

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::harness::{RECORD, SEED};

const SENDERS: usize = 8;

/// Time after which a sender that was refused, or not heard, tries again at the
/// latest.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the gateway may take to acknowledge. It only matters when a test
/// fails.
const PATIENCE: Duration = Duration::from_mins(1);

struct Shared {
    /// What is pushed: `cdr` or `record`.
    kind: &'static str,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    url: String,
    allowed: usize,
    begun: usize,
    acknowledged: BTreeSet<String>,
    ended: bool,
}

/// The senders. They stop when dropped.
pub struct Load(Arc<Shared>);

impl Load {
    /// Starts senders of calls to this URL, which may not send yet.
    pub fn start(url: &str) -> Self {
        Self::of_kind("cdr", url)
    }

    /// The same for calls or recordings: `cdr` or `record`.
    pub fn of_kind(kind: &'static str, url: &str) -> Self {
        let shared = Arc::new(Shared {
            kind,
            state: Mutex::new(State {
                url: url.to_owned(),
                allowed: 0,
                begun: 0,
                acknowledged: BTreeSet::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        for _ in 0..SENDERS {
            let shared = shared.clone();
            thread::spawn(move || shared.send());
        }
        Self(shared)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.0.state.lock().unwrap());
        self.0.changed.notify_all();
        changed
    }

    /// Lets so many more records be sent; returns how many are acknowledged.
    pub fn allow(&self, records: usize) -> usize {
        self.change(|state| {
            state.allowed += records;
            state.acknowledged.len()
        })
    }

    /// The gateway is here from now on.
    pub fn turn_to(&self, url: &str) {
        self.change(|state| url.clone_into(&mut state.url));
    }

    /// Waits for so many acknowledgements in all.
    pub fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.0.state.lock().unwrap();
        while state.acknowledged.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            let had = state.acknowledged.len();
            assert!(!left.is_zero(), "{had} of {count} were acknowledged");
            state = self.0.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until all are acknowledged, and tells which.
    pub fn finish(self) -> BTreeSet<String> {
        let allowed = self.change(|state| state.allowed);
        self.wait_for(allowed);
        self.change(|state| state.acknowledged.clone())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.change(|state| state.ended = true);
    }
}

impl Shared {
    fn send(&self) {
        let http = reqwest::blocking::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(5))
            .build()
            .expect("a client");
        while let Some(number) = self.next() {
            let session = format!("crash-{number}");
            let mut acknowledged = false;
            while !acknowledged {
                let Some(url) = self.url() else { return };
                acknowledged = push(&http, self.kind, &url, number, &session);
                if !acknowledged {
                    let state = self.state.lock().unwrap();
                    drop(self.changed.wait_timeout(state, PAUSE).unwrap());
                }
            }
            self.state.lock().unwrap().acknowledged.insert(session);
            self.changed.notify_all();
        }
    }

    /// The number of the next record, once one is allowed.
    fn next(&self) -> Option<usize> {
        let state = self.state.lock().unwrap();
        let idle = |state: &mut State| !state.ended && state.begun == state.allowed;
        let mut state = self.changed.wait_while(state, idle).unwrap();
        state.begun += 1;
        (!state.ended).then_some(state.begun)
    }

    fn url(&self) -> Option<String> {
        let state = self.state.lock().unwrap();
        (!state.ended).then(|| state.url.clone())
    }
}

/// True if it was acknowledged. Every other one is known by a push id, the rest
/// by their bodies.
fn push(
    http: &reqwest::blocking::Client,
    kind: &str,
    url: &str,
    number: usize,
    session: &str,
) -> bool {
    let body = match kind {
        "record" => RECORD.replace("5c2f0b7e-70a4-4b0c-9a57-2f6f3a1d9e10", session),
        _ => SEED.replace("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232", session),
    };
    let mut request = http
        .post(format!("{url}?action={kind}&version=1"))
        .header("Content-Type", "application/json;charset=utf8")
        .body(body);
    if number.is_multiple_of(2) {
        request = request.header("X-TCCC-PUSH-UUID", format!("{kind}-{number}"));
    }
    let Ok(answer) = request.send() else {
        return false;
    };
    let status = answer.status();
    let Ok(text) = answer.text() else {
        return false;
    };
    status == 200 && text == r#"{"ErrMsg":"","ErrCode":0}"#
}
