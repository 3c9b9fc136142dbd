//! The stages of the revision that runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{StageStatus, consumer::Consumer, status::StatusCell};
use crate::{alert::Alerts, delivery::Fleet, journal::Journal};

/// The stages, as others look at them.
#[derive(Debug, Default)]
pub struct Stages {
    members: Mutex<HashMap<Arc<str>, Arc<StatusCell>>>,
}

impl Stages {
    /// Starts a task that keeps one for each stage of the revision that runs, and
    /// ends when `stop` becomes true and they have ended.
    pub fn start(
        journal: &Arc<dyn Journal>,
        alerts: &Alerts,
        fleet: &Fleet,
        stop: &watch::Sender<bool>,
    ) -> (Arc<Self>, JoinHandle<()>) {
        let (journal, alerts) = (journal.clone(), alerts.clone());
        let (mut revision, mut stop) = (fleet.watch(), stop.subscribe());
        let stages = Arc::new(Self::default());
        let shared = stages.clone();
        let task = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            loop {
                let current = revision.borrow_and_update().clone();
                for name in current.stages.keys() {
                    if let Some(status) = shared.enter(name) {
                        let consumer = Consumer {
                            name: name.clone(),
                            journal: journal.clone(),
                            alerts: alerts.clone(),
                            revision: revision.clone(),
                            stop: stop.clone(),
                            status,
                            tries: 0,
                        };
                        let (name, shared) = (name.clone(), shared.clone());
                        tasks.spawn(async move {
                            consumer.run().await;
                            shared.leave(&name);
                        });
                    }
                }
                tokio::select! {
                    _ = revision.changed() => {}
                    Some(_) = tasks.join_next() => {}
                    _ = stop.wait_for(|stop| *stop) => break,
                }
            }
            while tasks.join_next().await.is_some() {}
        });
        (stages, task)
    }

    /// How a stage stands, if it runs.
    #[must_use]
    pub fn status(&self, stage: &str) -> Option<StageStatus> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.get(stage).map(|status| status.get())
    }

    /// A place for a stage's task; none where one runs.
    fn enter(&self, name: &Arc<str>) -> Option<Arc<StatusCell>> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if members.contains_key(name) {
            return None;
        }
        let status = Arc::new(StatusCell::default());
        members.insert(name.clone(), status.clone());
        Some(status)
    }

    fn leave(&self, name: &str) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.remove(name);
    }
}
