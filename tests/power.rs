//! The power fails, under load, again and again: nothing that was acknowledged
//! is lost. And a proof that this could be seen: on a disk that only claims to
//! have synced, records are lost.
//!
//! With the power the gateway goes as well: it is stopped first, so that it
//! acknowledges nothing after the cut. (An ext4 that is shut down while it syncs
//! may say that it has synced, and has not: on Linux 6.18 `pwrite` and `fdatasync`
//! in a loop lose the last write in one of some twenty tries.)

use crate::{
    crash::survive,
    disk::faults::FaultyDisk,
    harness::{Gateway, Receiver, Volume, all_to, not_proven, proven},
    outage::records,
};

/// Room for all that a soak writes.
const VOLUME_MB: u64 = 512;

const CUTS: usize = 100;

#[test]
#[ignore = "needs root and takes minutes: make soak"]
fn a_hundred_power_cuts_lose_nothing() {
    let what = "Power loss: ext4 shut down without flushing its log, under load";
    let volume = match Volume::mount(VOLUME_MB) {
        Ok(volume) => volume,
        Err(why) => return not_proven(what, &why),
    };
    let found = survive(volume.workspace(""), CUTS, &mut |gateway| {
        gateway.signal("STOP");
        volume.cut_power();
        let workspace = gateway.abandon();
        volume.restore();
        workspace.assert_balanced();
        workspace
    });
    proven(what, &found);
}

#[test]
#[ignore = "needs root: make soak"]
fn a_disk_that_lies_about_syncs_is_found_out() {
    let what = "Power loss, control: a disk that lies about syncs";
    let volume = match Volume::mount(VOLUME_MB) {
        Ok(volume) => volume,
        Err(why) => return not_proven(what, &why),
    };
    let crm = Receiver::start();
    let workspace = volume.workspace(&all_to("crm", &format!("http.url = \"{}\"", crm.url())));
    let Some(disk) = FaultyDisk::below(&volume.path()) else {
        return not_proven(what, "no C compiler");
    };
    let gateway = Gateway::start_with(workspace, &disk.environment());
    gateway.push("cdr", &records(1)[0]);
    disk.lie();
    let records = records(200);
    for record in &records[1..] {
        gateway.push("cdr", record);
    }
    volume.cut_power();
    let workspace = gateway.abandon();
    volume.restore();
    let gateway = Gateway::start_with(workspace, &[]);
    let kept = gateway.api("/destinations")[0]["head"].as_u64();
    let kept = usize::try_from(kept.expect("a count")).expect("a size");
    assert!(kept < records.len(), "a lie that nobody noticed");
    let lost = records.len() - kept;
    proven(
        what,
        &format!("{lost} of {} were lost, as they should be", records.len()),
    );
}
