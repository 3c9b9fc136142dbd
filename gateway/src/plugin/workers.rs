//! The threads that guests run on.
//!
//! Each thread owns its warm instances; a job is a closure that gets them. A
//! panic in a job is a fault of the host: it is contained, the thread's
//! instances are thrown away, and whoever waits for the job learns of it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use tokio::sync::oneshot;

use super::{
    Budget, Instances,
    budget::Slot,
    queue::{FairQueue, Served},
};

type Job = Box<dyn FnOnce(&mut Instances, Option<Slot>) + Send>;

/// A pool of worker threads behind a fair queue.
pub struct Workers {
    queue: Arc<FairQueue<Job>>,
}

/// The job did not come back: the pool is shutting down, or the host panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin worker did not finish its job")]
pub struct Lost;

/// How many threads a setting of `plugin_host.workers` means. 0 is one for each core,
/// and one that is left to others where a plugin has taken its share.
#[must_use]
pub fn count(setting: usize) -> usize {
    match setting {
        0 => thread::available_parallelism().map_or(2, |cores| cores.get() + 1),
        threads => threads,
    }
}

impl Workers {
    /// Starts so many workers as a setting means ([`count`]).
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(setting: usize) -> std::io::Result<Self> {
        let queue = Arc::new(FairQueue::<Job>::new());
        for index in 0..count(setting) {
            let queue = queue.clone();
            thread::Builder::new()
                .name(format!("plugin-{index}"))
                .spawn(move || work(&queue))?;
        }
        Ok(Self { queue })
    }

    /// Runs a job in a destination's lane.
    ///
    /// # Errors
    /// When the worker was lost with it.
    pub async fn run<T, F>(&self, lane: &Arc<str>, job: F) -> Result<T, Lost>
    where
        T: Send + 'static,
        F: FnOnce(&mut Instances) -> T + Send + 'static,
    {
        self.run_within(None, lane, |instances, _| job(instances))
            .await
    }

    /// Runs a job in a destination's lane that begins with the plugin of a budget,
    /// with what it has taken of that.
    ///
    /// # Errors
    /// When the worker was lost with it.
    pub async fn run_within<T, F>(
        &self,
        budget: Option<Arc<Budget>>,
        lane: &Arc<str>,
        job: F,
    ) -> Result<T, Lost>
    where
        T: Send + 'static,
        F: FnOnce(&mut Instances, Option<Slot>) -> T + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        self.queue.push(
            lane,
            budget,
            Box::new(move |instances, slot| {
                // Whoever asked may have gone.
                let _ = answer.send(job(instances, slot));
            }),
        );
        result.await.map_err(|_| Lost)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn work(queue: &FairQueue<Job>) {
    let mut instances = Instances::default();
    let mut done = None;
    while let Some(Served { job, slot, bill }) = queue.pop(done.take()) {
        if catch_unwind(AssertUnwindSafe(|| job(&mut instances, slot))).is_err() {
            instances = Instances::default();
        }
        done = Some(bill);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_host_costs_one_job() {
        let workers = Workers::start(1).unwrap();
        let lane: Arc<str> = "crm".into();
        let lost = workers.run(&lane, |_| panic!("host fault")).await;
        assert_eq!(lost.map(|()| 0), Err(Lost));
        assert_eq!(workers.run(&lane, |_| 7).await, Ok(7));
    }
}
