//! A small file system of one's own, to be filled up, torn away and turned
//! read-only: ext4 in a file, mounted by a loop device. Needs root.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::Workspace;

/// Shuts an ext4 down at once: nothing that is not on disk gets there any more,
/// not even its journal (`EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`).
/// In Python, since system calls of one's own are `unsafe` in Rust.
const CUT_POWER: &str = "
import fcntl, os, struct, sys
directory = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(directory, 0x8004587d, struct.pack('I', 2))
";

/// A mounted file system; unmounted when dropped.
pub struct Volume(TempDir);

impl Volume {
    /// Makes one of this size. The error says what is missing.
    pub fn mount(megabytes: u64) -> Result<Self, String> {
        let volume = Self(tempfile::tempdir().expect("a directory"));
        let image = std::fs::File::create(volume.image()).expect("an image");
        image.set_len(megabytes << 20).expect("room for an image");
        std::fs::create_dir(volume.path()).expect("a directory");
        volume.run(&["mkfs.ext4", "-q", "-F", "IMAGE"])?;
        volume.run(&["python3", "-c", "import fcntl"])?;
        volume.attach()?;
        Ok(volume)
    }

    /// A workspace whose gateway keeps all its data here.
    pub fn workspace(&self, config: &str) -> Workspace {
        let workspace = Workspace::new(config);
        std::os::unix::fs::symlink(self.path(), workspace.path("data")).expect("a link");
        workspace
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("volume")
    }

    /// As when the power fails: whatever was not synced is gone.
    pub fn cut_power(&self) {
        self.run(&["python3", "-c", CUT_POWER, "VOLUME"])
            .expect("a power cut");
    }

    /// Has the file system find a fault in itself, upon which it refuses to be
    /// written to.
    pub fn turn_read_only(&self) {
        let device = self
            .run(&["findmnt", "--noheadings", "--output", "SOURCE", "VOLUME"])
            .expect("a device");
        let device = Path::new(device.trim()).file_name().expect("a device");
        let trigger = Path::new("/sys/fs/ext4")
            .join(device)
            .join("trigger_fs_error");
        std::fs::write(trigger, "1").expect("a fault");
    }

    /// Takes all room that there is.
    pub fn fill(&self) {
        let mut filler = std::fs::File::create(self.filler()).expect("a file");
        for block in [1 << 20, 1 << 12, 1] {
            let block = vec![b'x'; block];
            while filler.write_all(&block).is_ok() {}
        }
    }

    /// Gives it back.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("a file");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Mounts it again, as after a reboot.
    pub fn restore(&self) {
        self.run(&["umount", "VOLUME"]).expect("nobody uses it");
        self.attach().expect("a file system that is whole");
    }

    fn attach(&self) -> Result<(), String> {
        self.run(&["mount", "-o", "loop,errors=remount-ro", "IMAGE", "VOLUME"])
            .map(drop)
    }

    fn image(&self) -> PathBuf {
        self.0.path().join("image")
    }

    /// Runs a program, and returns what it prints or complains about.
    fn run(&self, words: &[&str]) -> Result<String, String> {
        let arguments = words[1..].iter().map(|word| match *word {
            "IMAGE" => self.image(),
            "VOLUME" => self.path(),
            other => other.into(),
        });
        let output = Command::new(words[0])
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        let output = output.map_err(|error| format!("{}: {error}", words[0]))?;
        let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{}: {}", words[0], text(&output.stderr)))
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = self.run(&["umount", "VOLUME"]);
    }
}
