//! The WASI that guests get: enough for every toolchain's standard library, and
//! nothing in it. No arguments, environment, standard streams, files or sockets.
//!
//! Clock and randomness are grants. Without them the clock stands still and
//! randomness repeats, since a transform is pure: it must come to the same when it
//! is run again.
//!
//! Invariant: nothing here waits beyond the deadline of the call. Without the
//! clock no time passes, so a guest that sleeps is woken at once; with it, it
//! is woken at the deadline, and then interrupted like any other.

use std::time::Duration;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiView,
    clocks::{WasiClocksCtxView, WasiClocksView},
    p2::{
        DynPollable,
        bindings::clocks::monotonic_clock::{self, Host as _},
    },
    random::Deterministic,
};

use super::Grants;

/// A guest that may sleep.
pub(super) trait Sleeper {
    /// How long it may wait now: until its call is interrupted. Without a clock no
    /// time passes for it.
    fn patience(&self) -> Duration;
}

/// Adds what guests may import.
pub(super) fn add_to_linker<T: WasiView + Sleeper>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<T, Clock>(linker, |guest| BoundedClock {
        left: guest.patience(),
        inner: guest.clocks(),
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a guest with these grants gets.
pub(super) fn context(grants: Grants) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .allow_blocking_current_thread(true)
        .allow_tcp(false)
        .allow_udp(false);
    if !grants.random {
        // Standard libraries ask for the seed of their hash maps before `main`.
        const SEED: u128 = 0x6364_722d_6761_7465_7761_7920_7365_6564;
        let bytes = SEED.to_le_bytes().to_vec();
        builder
            .secure_random(Deterministic::new(bytes.clone()))
            .insecure_random(Deterministic::new(bytes))
            .insecure_random_seed(SEED);
    }
    if !grants.clock {
        builder.wall_clock(Stopped).monotonic_clock(Stopped);
    }
    builder.build()
}

/// A clock that was not granted.
struct Stopped;

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

struct Clock;

impl HasData for Clock {
    type Data<'a> = BoundedClock<'a>;
}

/// A clock whose timers are due by the end of the call.
struct BoundedClock<'a> {
    left: Duration,
    inner: WasiClocksCtxView<'a>,
}

impl BoundedClock<'_> {
    fn subscribe(&mut self, wanted: Duration) -> wasmtime::Result<Resource<DynPollable>> {
        let bounded = wanted.min(self.left).as_nanos();
        let bounded = u64::try_from(bounded).unwrap_or(u64::MAX);
        self.inner.subscribe_duration(bounded)
    }
}

impl monotonic_clock::Host for BoundedClock<'_> {
    fn now(&mut self) -> wasmtime::Result<monotonic_clock::Instant> {
        self.inner.now()
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        self.inner.resolution()
    }

    fn subscribe_instant(
        &mut self,
        when: monotonic_clock::Instant,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        let wanted = when.saturating_sub(self.inner.now()?);
        self.subscribe(Duration::from_nanos(wanted))
    }

    fn subscribe_duration(
        &mut self,
        wanted: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe(Duration::from_nanos(wanted))
    }
}
