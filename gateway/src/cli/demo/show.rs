//! What the demonstration prints.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::receiver::Receivers;
use crate::{
    cli::print,
    config::model::Config,
    delivery::Driver,
    journal::{JournalReader, State},
    runtime::Runtime,
};

/// Fields in which the views of the destinations differ.
const FIELDS: [&str; 5] = [
    "/Caller",
    "/Callee",
    "/CalleeLocation",
    "/TelLocation/TelNumber",
    "/UserRemark",
];

pub(super) fn acknowledged(url: &str, sample: &str, answer: &str) -> std::io::Result<()> {
    print::line("")?;
    print::line(format!("posted to    {url}"))?;
    summary(sample)?;
    print::line(format!("acknowledged {answer}"))
}

/// Waits until every destination has settled the newest arrival, and shows what
/// it got.
pub(super) async fn deliveries(runtime: &Runtime, receivers: &mut Receivers) -> anyhow::Result<()> {
    let journal = runtime.journal();
    let head = journal.head();
    let revision = runtime.revision();
    for (name, destination) in &revision.destinations {
        let state = settled(&**journal, name, head).await?;
        print::line("")?;
        print::line(format!("{name}: {state}"))?;
        match &destination.driver {
            Driver::Http(http) => {
                print::line(format!("  POST {}", http.url.text()))?;
                if let Some(body) = receivers.next(name).await {
                    summary(&String::from_utf8_lossy(&body))?;
                }
            }
            Driver::File(file) => {
                if let Some(path) = newest_file(file.place.base_dir()) {
                    print::line(format!("  {}", path.display()))?;
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    summary(text.lines().last().unwrap_or_default())?;
                }
            }
        }
    }
    Ok(())
}

async fn settled(
    journal: &dyn JournalReader,
    destination: &str,
    seq: crate::record::Seq,
) -> anyhow::Result<State> {
    loop {
        let fates = journal.fates(seq).await?;
        let fate = fates.iter().find(|fate| fate.destination == destination);
        match fate.map(|fate| fate.state) {
            Some(state) if state != State::Pending => return Ok(state),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The file below a directory that was written last.
fn newest_file(directory: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?.flatten();
    let files = entries.filter_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            newest_file(&path)
        } else {
            Some(path)
        }
    });
    files.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
}

fn summary(record: &str) -> std::io::Result<()> {
    let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    for field in FIELDS {
        let value = record.pointer(field);
        let value = value.map_or_else(|| "-".to_owned(), ToString::to_string);
        print::line(format!("  {field:<23} {value}"))?;
    }
    Ok(())
}

pub(super) fn how_to_go_on(url: &str, config: &Config, path: &Path) -> std::io::Result<()> {
    let admin = config.admin.listen;
    let program = std::env::args().next();
    let program = program.as_deref().unwrap_or("cdr-gateway");
    let lines = [
        String::new(),
        "The gateway stays up; Ctrl-C stops it. In another terminal:".into(),
        format!("  curl '{url}' --json @tests/records/inbound-transfer.json"),
        format!("  {program} deliveries list --admin http://{admin}"),
        format!("  {program} balance --verify --admin http://{admin}"),
        format!("  curl http://{admin}/metrics"),
        format!(
            "Its configuration is {}; its journal and files are in {}.",
            path.display(),
            config.data_dir.display()
        ),
    ];
    print::line(lines.join("\n"))
}
