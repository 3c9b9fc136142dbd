//! `cdr-gateway deliveries show`

use clap::Args;

use crate::{
    admin::view::{ArrivalView, CorrectionView, DeliveryView, FrozenView},
    cli::{
        client::{Client, ClientArgs},
        print,
    },
};

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The arrival's id
    arrival: String,
}

pub(super) fn run(args: &ShowArgs) -> anyhow::Result<()> {
    let path = format!("/arrivals/{}", args.arrival);
    let found: ArrivalView = Client::new(&args.client)?.get(&path, &[])?;
    if args.client.json {
        return print::json(&found);
    }
    print::line(format!(
        "arrival    {} (position {})",
        found.arrival, found.seq
    ))?;
    print::line(format!(
        "received   {} by {} as {}",
        found.received, found.source, found.kind
    ))?;
    if let Some(session) = &found.session {
        print::line(format!("session    {session}"))?;
    }
    for (name, value) in &found.tags {
        print::line(format!("tag        {name} = {value}"))?;
    }
    if let Some(defect) = found.defect {
        print::line(format!("defect     {}", defect.explanation()))?;
    }
    for delivery in &found.deliveries {
        print::line("")?;
        show_delivery(delivery)?;
    }
    print::line("")?;
    print::line(print::harmless(&found.body))?;
    for correction in &found.corrections {
        show_correction(correction)?;
    }
    Ok(())
}

fn show_delivery(delivery: &DeliveryView) -> std::io::Result<()> {
    let reason = match delivery.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    print::line(format!(
        "{}: {}{reason}, revision {}",
        delivery.destination, delivery.state, delivery.revision
    ))?;
    if let Some(detail) = &delivery.detail {
        print::line(format!("  {detail}"))?;
    }
    if let Some(next) = delivery.next_attempt {
        print::line(format!("  next attempt {next}"))?;
    }
    if let Some(batch) = &delivery.batch {
        print::line(format!("  batch      frozen, sent again as {batch}"))?;
    }
    if delivery.state.is_exception() {
        print::line(payload(delivery.frozen.as_ref()))?;
    }
    for attempt in &delivery.attempts {
        let status = attempt
            .status
            .map_or_else(String::new, |status| format!(" {status}"));
        print::line(format!(
            "  attempt {} at {}: {}{status} after {} ms {}",
            attempt.number, attempt.at, attempt.outcome, attempt.duration_ms, attempt.error
        ))?;
        if let Some(batch) = &attempt.batch {
            print::line(format!("    in {}, of {} records", batch.id, batch.records))?;
        }
        for line in attempt.response.as_deref().unwrap_or_default().lines() {
            print::line(format!("    | {}", print::harmless(line)))?;
        }
    }
    Ok(())
}

fn show_correction(correction: &CorrectionView) -> std::io::Result<()> {
    print::line("")?;
    print::line(format!(
        "correction {} at {}: {}",
        correction.number, correction.at, correction.because
    ))?;
    print::line(print::harmless(&correction.body))
}

/// What the next attempt sends.
fn payload(frozen: Option<&FrozenView>) -> String {
    match frozen {
        None => "  payload    none frozen; made anew by each attempt".to_owned(),
        Some(frozen) => {
            let next = if frozen.superseded {
                "superseded: the chain runs again"
            } else {
                "frozen"
            };
            format!(
                "  payload    {next}, {} bytes, webhook-id {}",
                frozen.bytes, frozen.webhook_id
            )
        }
    }
}
