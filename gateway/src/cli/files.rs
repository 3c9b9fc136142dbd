//! `cdr-gateway files`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{
    client::{Client, ClientArgs},
    print,
};
use crate::admin::view::{FilePartView, RotateRequest, RotateView};

#[derive(Debug, Subcommand)]
pub(super) enum FilesCommand {
    /// List parts: open, waiting to be brought to their place, and finished
    #[command(
        after_help = "Examples:\n  cdr-gateway files list --stage open\n  cdr-gateway files list --destination archive --limit 1000 --json"
    )]
    List(ListArgs),
    /// Finish the parts that hold records, whatever their size and age
    ///
    /// Done by the destination itself, between two writes.
    #[command(
        after_help = "Examples:\n  cdr-gateway files rotate\n  cdr-gateway files rotate --destination archive"
    )]
    Rotate(RotateArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Only of this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Only in this stage
    #[arg(long, value_name = "STAGE", value_parser = ["open", "waiting", "finished"])]
    stage: Option<String>,
    /// How many at most; those begun last come first
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Only of this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
}

pub(super) fn run(command: &FilesCommand) -> anyhow::Result<ExitCode> {
    match command {
        FilesCommand::List(args) => list(args).map(|()| ExitCode::SUCCESS),
        FilesCommand::Rotate(args) => rotate(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.destination.clone().map(|name| ("destination", name)));
    query.extend(args.stage.clone().map(|stage| ("stage", stage)));
    let found: Vec<FilePartView> = Client::new(&args.client)?.get("/files", &query)?;
    if args.client.json {
        return print::json(&found);
    }
    let header = [
        "destination",
        "stage",
        "records",
        "bytes",
        "opened",
        "part",
        "path",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(found.iter().map(row));
    print::table(&rows)?;
    if found.len() >= args.limit {
        print::line("there may be more: raise --limit")?;
    }
    Ok(())
}

fn row(part: &FilePartView) -> [String; 7] {
    [
        part.destination.clone(),
        part.stage.to_string(),
        part.records.to_string(),
        part.bytes.to_string(),
        part.opened.to_string(),
        part.part.to_string(),
        part.path.clone(),
    ]
}

/// Fails where parts could not be finished: whoever waits for them must know.
fn rotate(args: &RotateArgs) -> anyhow::Result<ExitCode> {
    let request = RotateRequest {
        destination: args.destination.clone(),
    };
    let view: RotateView = Client::new(&args.client)?.post("/files/rotate", &request)?;
    if args.client.json {
        print::json(&view)?;
    } else {
        for (name, count) in &view.finished {
            print::line(format!("{name}: {count} finished"))?;
        }
        for (name, error) in &view.failed {
            print::line(format!("{name}: {error}"))?;
        }
    }
    Ok(if view.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
