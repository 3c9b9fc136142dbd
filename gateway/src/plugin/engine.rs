//! The wasmtime engine, shared by all plugins, and the clock that interrupts
//! guests.

use std::{path::Path, sync::Arc, thread, time::Duration};

use wasmtime::{
    Cache, CacheConfig, Config, Engine,
    component::{HasSelf, Linker},
};

use super::{
    account::Accounts,
    bindings::Transform,
    guest::Guest,
    stage::{self, StageGuest},
    wasi,
};

/// One tick of the engine's epoch: the grain of every deadline. A store pays
/// nothing for it; one thread ticks for all, since a ticker per call is what
/// once made `wasmtime serve` two orders of magnitude slower.
const TICK: Duration = Duration::from_millis(5);

/// What every plugin is compiled with and linked against.
#[derive(Clone)]
pub struct Host {
    cache: Option<Cache>,
    pub(super) engine: Engine,
    pub(super) linker: Linker<Guest>,
    /// For stages, which may call more.
    pub(super) stages: Linker<StageGuest>,
    pub(super) accounts: Arc<Accounts>,
}

/// Where compiled code is kept, so that a large guest starts at once the second
/// time.
#[derive(Debug, Clone, Copy)]
pub struct CompileCache<'a> {
    /// The directory.
    pub directory: &'a Path,
    /// Its size in bytes. Beyond, what was not used for longest is removed, a
    /// while after something was added.
    pub max_bytes: u64,
}

impl CompileCache<'_> {
    fn open(self) -> wasmtime::Result<Cache> {
        let mut config = CacheConfig::new();
        config
            .with_directory(self.directory)
            .with_files_total_size_soft_limit(self.max_bytes);
        Cache::new(config)
    }
}

impl Host {
    /// Makes the engine and starts its clock.
    ///
    /// # Errors
    /// When the machine cannot run compiled code or the cache directory cannot
    /// be used.
    pub fn new(cache: Option<CompileCache<'_>>) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .wasm_memory64(false)
            // Sync calls only; halves the cost of a call.
            .concurrency_support(false);
        let cache = cache.map(CompileCache::open).transpose()?;
        config.cache(cache.clone());
        let engine = Engine::new(&config)?;
        start_clock(&engine)?;

        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker)?;
        Transform::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        let mut stages = Linker::new(&engine);
        stage::link(&mut stages)?;
        Ok(Self {
            cache,
            engine,
            linker,
            stages,
            accounts: Arc::default(),
        })
    }

    /// Counts what was compiled and what was there already, after something was
    /// loaded.
    pub(super) fn report_compiled(&self) {
        let Some(cache) = &self.cache else {
            return;
        };
        for (outcome, count) in [
            ("cached", cache.cache_hits()),
            ("compiled", cache.cache_misses()),
        ] {
            metrics::counter!("cdr_gateway_plugin_compiles_total", "outcome" => outcome)
                .absolute(count as u64);
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// Ticks of the epoch after which a call that may take `deadline` is
/// interrupted: at least the deadline, at most one tick more.
pub(super) fn ticks(deadline: Duration) -> u64 {
    let ticks = deadline.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

/// When a call that may take `deadline` is interrupted at the latest: who waits so
/// long in the host is met by the interruption.
pub(super) fn latest(deadline: Duration) -> Duration {
    let ticks = u32::try_from(ticks(deadline).saturating_add(1)).unwrap_or(u32::MAX);
    TICK.saturating_mul(ticks)
}

/// Ticks until the last handle of the engine is gone.
fn start_clock(engine: &Engine) -> std::io::Result<()> {
    let weak = engine.weak();
    thread::Builder::new()
        .name("plugin-clock".into())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                #[allow(clippy::disallowed_methods, reason = "a thread of its own")]
                thread::sleep(TICK);
            }
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_cut_short() {
        for (milliseconds, expected) in [(0, 1), (1, 2), (5, 2), (6, 3), (100, 21)] {
            let deadline = Duration::from_millis(milliseconds);
            assert_eq!(ticks(deadline), expected, "{milliseconds} ms");
        }
    }
}
