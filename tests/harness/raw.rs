//! A receiver below HTTP, for what no HTTP server does: it is given each
//! connection and does with it as it likes.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::until;

/// Time between two bytes that drip.
const DRIP: Duration = Duration::from_millis(20);

/// A receiver that treats every connection in the same way.
pub struct RawReceiver {
    pub address: SocketAddr,
    open: Arc<AtomicUsize>,
    met: Arc<AtomicUsize>,
}

impl RawReceiver {
    /// Starts one that treats its connections like this, each on a thread of its
    /// own.
    pub fn start(treat: fn(&mut Peer)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let receiver = Self {
            address: listener.local_addr().expect("an address"),
            open: Arc::default(),
            met: Arc::default(),
        };
        let (open, met) = (receiver.open.clone(), receiver.met.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                open.fetch_add(1, Ordering::Relaxed);
                met.fetch_add(1, Ordering::Relaxed);
                let open = open.clone();
                thread::spawn(move || {
                    treat(&mut Peer(stream));
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        receiver
    }

    /// Waits until every connection is over, of at least one.
    pub fn wait_until_left(&self) {
        until("the gateway to hang up", || {
            let met = self.met.load(Ordering::Relaxed);
            (met > 0 && self.open.load(Ordering::Relaxed) == 0).then_some(())
        });
    }
}

/// The other end of a connection.
pub struct Peer(TcpStream);

impl Peer {
    /// The other end of a connection that a test made itself.
    pub fn over(stream: TcpStream) -> Self {
        Self(stream)
    }

    /// Reads a request to its end.
    pub fn request(&mut self) {
        let mut read = Vec::new();
        let mut block = [0; 4096];
        loop {
            let head = read.windows(4).position(|four| four == b"\r\n\r\n");
            if head.is_some_and(|head| read.len() >= head + 4 + declared(&read[..head])) {
                return;
            }
            match self.0.read(&mut block) {
                Ok(0) | Err(_) => return,
                Ok(count) => read.extend_from_slice(&block[..count]),
            }
        }
    }

    /// Reads one byte, so that what follows it is known to lie unread: a
    /// connection that is closed over unread bytes is reset.
    pub fn first_byte(&mut self) {
        let _ = self.0.read(&mut [0]);
    }

    pub fn say(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes());
    }

    /// Waits until the other end hangs up.
    pub fn wait_until_left(&mut self) {
        let _ = io::copy(&mut self.0, &mut io::sink());
    }

    /// Says this, byte by byte and for ever, until the other end hangs up.
    pub fn drip(&mut self, text: &str) {
        self.0.set_read_timeout(Some(DRIP)).expect("a pause");
        for byte in text.bytes().cycle() {
            if self.0.write_all(&[byte]).is_err() || self.has_left() {
                return;
            }
        }
    }

    /// Whether the other end has hung up, looked at for as long as a drip takes.
    fn has_left(&mut self) -> bool {
        match self.0.read(&mut [0; 64]) {
            Ok(count) => count == 0,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ),
        }
    }

    /// Says this as often as the other end takes it, up to so many bytes.
    pub fn flood(&mut self, text: &str, bytes: usize) -> usize {
        let block = text.repeat(1 + 65_536 / text.len());
        let mut said = 0;
        while said < bytes && self.0.write_all(block.as_bytes()).is_ok() {
            said += block.len();
        }
        said
    }
}

/// The length of the body that a head declares.
fn declared(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    length.map_or(0, |length| length.trim().parse().expect("a length"))
}
