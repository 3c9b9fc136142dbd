//! `cdr-gateway reload`

use std::process::ExitCode;

use super::{
    client::{Client, ClientArgs},
    print,
};

pub(super) fn run(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    let reloaded: serde_json::Value = Client::new(args)?.post("/reload", &())?;
    if args.json {
        print::json(&reloaded)?;
    } else {
        let note = if reloaded["changed"] == true {
            ""
        } else {
            " (unchanged)"
        };
        print::line(format!("revision {} runs{note}", reloaded["revision"]))?;
    }
    Ok(ExitCode::SUCCESS)
}
