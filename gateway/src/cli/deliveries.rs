//! `cdr-gateway deliveries`

mod edit;
mod list;
mod repair;
mod select;
mod show;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries by destination, state, reason, time, expression or session
    #[command(
        after_help = "Examples:\n  cdr-gateway deliveries list --state suspended\n  cdr-gateway deliveries list --session 99a1c8f8-eb3d-4a00-8401-5f6aa8761232\n  cdr-gateway deliveries list --destination crm --state skipped --reason unrouted --since 2h\n  cdr-gateway deliveries list --state dead --when 'kind == \"cdr\" && cdr.CallType == 1'"
    )]
    List(list::ListArgs),
    /// Show an arrival with its deliveries, their attempts and payloads
    #[command(
        after_help = "Example: cdr-gateway deliveries show 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"
    )]
    Show(show::ShowArgs),
    /// Correct a record, and resume it everywhere at once
    ///
    /// Shows what changes and which deliveries are resumed: those of the arrival
    /// that are suspended, at every destination, and with --dead the dead ones. Acts
    /// only with --yes. The correction is kept beside the original, and its bytes
    /// bear another webhook-id where others were sent before. What is delivered
    /// already stays delivered.
    #[command(
        after_help = "Examples:\n  cdr-gateway deliveries edit 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a --set /Caller='\"008613800138000\"' --because \"typed by hand\"\n  cdr-gateway deliveries edit 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a --remove /Uui --because \"too long\" --yes\n  cdr-gateway deliveries edit 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a --file mended.json --because \"cut off by the proxy\" --dead --yes\n  EDITOR=vi cdr-gateway deliveries edit 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a --editor --because \"wrong encoding\" --yes"
    )]
    Edit(edit::EditArgs),
    /// Try deliveries again that are retrying, suspended or dead
    ///
    /// Says how many before it acts on more than the arrivals that are named, and
    /// acts only with --yes. What was sent before is sent again as it was; with
    /// --rerun the chain of today runs again, and where it makes other bytes they
    /// bear another webhook-id.
    #[command(
        after_help = "Examples:\n  cdr-gateway deliveries retry --state suspended --reason plugin_trap --dry-run\n  cdr-gateway deliveries retry --state dead --destination crm --since 2h --rerun --yes\n  cdr-gateway deliveries retry --destination crm 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"
    )]
    Retry(repair::RetryArgs),
    /// Give up deliveries that are retrying, suspended or dead
    ///
    /// Says how many before it acts on more than the arrivals that are named, and
    /// acts only with --yes. The ledger counts them as discarded, with the reason.
    #[command(
        after_help = "Examples:\n  cdr-gateway deliveries discard --state dead --reason http_404 --because \"the shop has closed\" --dry-run\n  cdr-gateway deliveries discard --because \"test call\" 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"
    )]
    Discard(repair::DiscardArgs),
}

pub(super) fn run(command: DeliveriesCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeliveriesCommand::List(args) => list::run(args).map(|()| ExitCode::SUCCESS),
        DeliveriesCommand::Show(args) => show::run(&args).map(|()| ExitCode::SUCCESS),
        DeliveriesCommand::Edit(args) => edit::run(args),
        DeliveriesCommand::Retry(args) => repair::retry(args),
        DeliveriesCommand::Discard(args) => repair::discard(args),
    }
}
