//! The load: records over kept connections, closed or open loop.
//!
//! In a closed loop each connection sends its next record when the last is
//! answered, which finds what the subject can take. In an open loop records are
//! due at fixed times whatever became of those before, and latencies count from
//! the time that a record was due: a subject that stalls is charged for every
//! record that waited meanwhile (no coordinated omission).

mod connection;
mod ticket;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::latency::Latencies;
use connection::Connection;
use ticket::Tickets;

/// How fast records are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as they are answered.
    Saturated,
    /// So many a second.
    PerSecond(u32),
}

/// Records to send.
pub struct Load {
    pub to: SocketAddr,
    pub connections: usize,
    pub pace: Pace,
    /// The number of the first record.
    pub first: u64,
    pub records: u64,
}

/// What became of them.
pub struct Answers {
    /// The numbers of the records that were acknowledged.
    pub acknowledged: Vec<u64>,
    /// Refused, or without an answer.
    pub refused: u64,
    pub latencies: Latencies,
    pub took: Duration,
}

impl Load {
    /// Sends all, and waits for every answer.
    pub async fn run(&self) -> Result<Answers> {
        let begun = Instant::now();
        let tickets = Arc::new(Tickets::issue(self.pace, self.first, self.records));
        let mut senders = JoinSet::new();
        for _ in 0..self.connections {
            let connection = Connection::open(self.to).await?;
            senders.spawn(send(connection, tickets.clone()));
        }
        let mut answers = Answers::none();
        while let Some(sent) = senders.join_next().await {
            answers.add(sent??);
        }
        answers.took = begun.elapsed();
        Ok(answers)
    }
}

async fn send(mut connection: Connection, tickets: Arc<Tickets>) -> Result<Answers> {
    let mut answers = Answers::none();
    while let Some(ticket) = tickets.next().await {
        if connection.push(ticket.number).await {
            answers.acknowledged.push(ticket.number);
            answers.latencies.add(ticket.due.elapsed());
        } else {
            answers.refused += 1;
            connection.reopen_if_closed().await?;
        }
    }
    Ok(answers)
}

impl Answers {
    fn none() -> Self {
        Self {
            acknowledged: Vec::new(),
            refused: 0,
            latencies: Latencies::new(),
            took: Duration::ZERO,
        }
    }

    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.refused += other.refused;
        self.latencies.merge(&other.latencies);
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::post};
    use tokio::{net::TcpListener, sync::Mutex};

    use super::*;

    const STALL: Duration = Duration::from_millis(200);

    /// A server that stalls once, on its first request, for everyone.
    async fn stalling() -> SocketAddr {
        let first = Arc::new(Mutex::new(true));
        let answer = move || async move {
            let mut first = first.lock().await;
            if std::mem::take(&mut *first) {
                tokio::time::sleep(STALL).await;
            }
            r#"{"ErrMsg":"","ErrCode":0}"#
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/tccc", post(answer));
        tokio::spawn(axum::serve(listener, app).into_future());
        address
    }

    async fn median_after_a_stall(pace: Pace) -> f64 {
        let load = Load {
            to: stalling().await,
            connections: 1,
            pace,
            first: 0,
            records: 20,
        };
        let answers = load.run().await.unwrap();
        assert_eq!(answers.acknowledged.len(), 20);
        assert_eq!(answers.refused, 0);
        answers.latencies.percentile_ms(50.0)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stall_is_charged_to_all_that_were_due_in_it() {
        // Due within 20 ms, so that each waits for most of the stall.
        assert!(median_after_a_stall(Pace::PerSecond(1000)).await > 100.0);
    }
}
