//! What a process has used so far, by the kernel's own books in `/proc`.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// Used since the process began.
#[derive(Clone, Copy)]
pub struct Usage {
    /// User and system time of all threads, those that ended included. In ticks
    /// of 10 ms on most machines.
    pub cpu: Duration,
    /// Bytes that it caused to be written to a block device; 0 on file systems
    /// without one.
    pub written_bytes: u64,
    /// The most memory that it ever held.
    pub peak_bytes: u64,
}

impl Usage {
    pub fn of(process: u32) -> Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
        };
        Ok(Self {
            cpu: cpu(&read("stat")?).context("/proc/PID/stat has another form")?,
            written_bytes: field(&read("io")?, "write_bytes:")
                .context("/proc/PID/io says nothing of write_bytes")?,
            peak_bytes: field(&read("status")?, "VmHWM:")
                .context("/proc/PID/status says nothing of VmHWM")?
                * 1024,
        })
    }
}

/// The name of the program, in brackets, may hold blanks: what follows it counts.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let ticks_per_s = rustix::param::clock_ticks_per_second();
    Some(Duration::from_nanos(
        (user + system) * 1_000_000_000 / ticks_per_s,
    ))
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_understood() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.peak_bytes > 1024 * 1024, "{}", usage.peak_bytes);
        let stat = "7 (a) b) S 1 1 1 0 -1 4 5 6 7 8 150 50 0 0 20 0 1 0";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
    }
}
