//! The wasmtime engine, shared by all plugins, and the clock that interrupts
//! guests.

use std::{path::Path, thread, time::Duration};

use wasmtime::{
    Cache, CacheConfig, Config, Engine,
    component::{HasSelf, Linker},
};

use super::{
    bindings::Transform,
    host::Guest,
    stage::{self, StageGuest},
};

/// One tick of the engine's epoch: the grain of every deadline. A store pays
/// nothing for it; one thread ticks for all, since a ticker per call is what
/// once made `wasmtime serve` two orders of magnitude slower.
const TICK: Duration = Duration::from_millis(5);

/// What every plugin is compiled with and linked against.
#[derive(Clone)]
pub struct Host {
    pub(super) engine: Engine,
    pub(super) linker: Linker<Guest>,
    /// For stages, which may call more.
    pub(super) stages: Linker<StageGuest>,
}

impl Host {
    /// Makes the engine and starts its clock. Compiled code is kept in
    /// `cache_dir`, where given, so that a large guest starts at once the
    /// second time.
    ///
    /// # Errors
    /// When the machine cannot run compiled code or the cache directory cannot
    /// be used.
    pub fn new(cache_dir: Option<&Path>) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .wasm_memory64(false)
            // Sync calls only; halves the cost of a call.
            .concurrency_support(false);
        if let Some(directory) = cache_dir {
            let mut cache = CacheConfig::new();
            cache.with_directory(directory);
            config.cache(Some(Cache::new(cache)?));
        }
        let engine = Engine::new(&config)?;
        start_clock(&engine)?;

        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        Transform::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
        let mut stages = Linker::new(&engine);
        stage::link(&mut stages)?;
        Ok(Self {
            engine,
            linker,
            stages,
        })
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
