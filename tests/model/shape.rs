//! How a gateway is set up for a plan, beyond what its reloads change.

use fastrand::Rng;

/// Bytes that may wait for a receiver, where there is a quota. More than a plan's
/// small records ever come to, and room for what sealing adds to ten large ones.
pub const QUOTA_BYTES: usize = 10 * LARGE_BYTES + LARGE_BYTES / 2;

/// Size of a large record.
pub const LARGE_BYTES: usize = 4_000;

/// How a gateway is set up.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub flow: Flow,
    /// What waits is limited: at the CRM the oldest is given up, for BI the source is
    /// shut.
    pub quotas: bool,
    /// What is kept is sealed, with one master key or another or, for a while, none.
    pub encrypted: bool,
}

/// How deliveries go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// As they come.
    Free,
    /// To the CRM in batches.
    Batches,
    /// Those of a key one after the other, to both receivers.
    Ordered,
}

impl Shape {
    pub fn random(random: &mut Rng) -> Self {
        Self {
            flow: [Flow::Free, Flow::Batches, Flow::Ordered][random.usize(..3)],
            quotas: random.bool(),
            encrypted: random.bool(),
        }
    }

    /// The keys of the journal, the next ones at each reload.
    pub fn encryption(self, configured: usize) -> &'static str {
        const IN_TURN: [&str; 3] = [
            r#"journal.encryption = { master.env = "ONE", previous = [{ env = "TWO" }] }"#,
            r#"journal.encryption = { master.env = "TWO", previous = [{ env = "ONE" }] }"#,
            r#"journal.encryption = { previous = [{ env = "ONE" }, { env = "TWO" }] }"#,
        ];
        if self.encrypted {
            IN_TURN[configured % IN_TURN.len()]
        } else {
            ""
        }
    }

    pub fn of_crm(self) -> String {
        let flow = match self.flow {
            Flow::Batches => {
                r#"http.batch = { format = "json_array", max_records = 4, max_wait_ms = 20 }"#
            }
            _ => self.order(),
        };
        format!("{flow}\n{}", self.quota("expire"))
    }

    pub fn of_bi(self) -> String {
        format!("{}\n{}", self.order(), self.quota("block"))
    }

    /// Whether deliveries of a key come one after the other.
    pub fn is_ordered(self) -> bool {
        self.flow == Flow::Ordered
    }

    fn order(self) -> &'static str {
        if self.is_ordered() {
            r#"order_by = "/key""#
        } else {
            ""
        }
    }

    fn quota(self, when_full: &str) -> String {
        if self.quotas {
            format!(r#"backlog = {{ max_bytes = {QUOTA_BYTES}, when_full = "{when_full}" }}"#)
        } else {
            String::new()
        }
    }
}
