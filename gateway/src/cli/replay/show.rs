//! Replays as people read them.

use crate::{
    admin::view::{ReplayView, StartedView},
    cli::print,
};

/// What would be sent again.
pub(super) fn counted(view: &StartedView) -> std::io::Result<()> {
    if view.counted.is_empty() {
        print::line("nothing would be sent again")?;
    }
    for (destination, states) in &view.counted {
        let total: u64 = states.values().sum();
        let states = states
            .iter()
            .map(|(state, count)| format!("{count} {state}"));
        let states: Vec<_> = states.collect();
        print::line(format!(
            "{destination}: {total} would be sent again ({})",
            states.join(", ")
        ))?;
    }
    if view.unclear > 0 {
        print::line(format!(
            "{} not meant, since --when has no answer for them; ask for members with has(…)",
            view.unclear
        ))?;
    }
    Ok(())
}

/// A line a replay and destination.
pub(super) fn list(replays: &[ReplayView]) -> std::io::Result<()> {
    let header = [
        "replay",
        "started",
        "state",
        "destination",
        "counted",
        "handed out",
        "waiting",
        "left alone",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    for replay in replays {
        rows.extend(replay.shares.iter().map(|share| {
            [
                replay.replay.to_string(),
                replay.started.to_string(),
                replay.state.to_string(),
                share.destination.clone(),
                share.counted.to_string(),
                share.reopened.to_string(),
                share.waiting.to_string(),
                share.left_alone.to_string(),
            ]
        }));
    }
    print::table(&rows)
}

/// One replay, with what it means.
pub(super) fn one(replay: &ReplayView) -> std::io::Result<()> {
    let states: Vec<_> = replay.states.iter().map(ToString::to_string).collect();
    print::line(format!(
        "replay {} is {}: positions {} to {}, {}",
        replay.replay,
        replay.state,
        replay.first,
        replay.last,
        states.join(", ")
    ))?;
    if let Some(when) = &replay.when {
        print::line(format!("when {when}"))?;
    }
    if replay.fresh_ids {
        print::line("under ids that were not used before")?;
    }
    list(std::slice::from_ref(replay))
}
