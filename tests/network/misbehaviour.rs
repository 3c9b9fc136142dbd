//! What receivers do to a connection, and what the ledger has to say of it.

use std::net::{SocketAddr, TcpStream};

use tokio::net::{TcpListener, TcpSocket};

use crate::harness::Peer;

/// One way to misbehave.
pub struct Case {
    /// The name of the destination.
    pub name: &'static str,
    pub scheme: &'static str,
    pub treat: fn(&mut Peer),
    /// State, reason and status of the delivery after its first attempt.
    pub state: &'static str,
    pub reason: &'static str,
    pub status: u64,
}

const fn case(
    name: &'static str,
    (state, reason, status): (&'static str, &'static str, u64),
    treat: fn(&mut Peer),
) -> Case {
    Case {
        name,
        scheme: "http",
        treat,
        state,
        reason,
        status,
    }
}

const fn https(mut case: Case) -> Case {
    case.scheme = "https";
    case
}

const DELIVERED: (&str, &str, u64) = ("delivered", "", 200);
const TIMEOUT: (&str, &str, u64) = ("retrying", "timeout", 0);
const TRANSPORT: (&str, &str, u64) = ("retrying", "transport", 0);

const GIGABYTE: usize = 1 << 30;

/// The status is the receiver's word; once it is said, nothing that follows
/// takes it back, and nothing that follows is waited for long.
pub const CASES: &[Case] = &[
    case("closes", TRANSPORT, Peer::request),
    case("resets", TRANSPORT, Peer::first_byte),
    case("resets_within_headers", TRANSPORT, |peer| {
        peer.first_byte();
        peer.say("HTTP/1.1 200 OK\r\ncontent-le");
    }),
    case("closes_within_headers", TRANSPORT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ncontent-le");
    }),
    case("closes_within_body", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok");
    }),
    case("hangs_at_once", TIMEOUT, Peer::wait_until_left),
    case("hangs_before_headers", TIMEOUT, |peer| {
        peer.request();
        peer.wait_until_left();
    }),
    case("hangs_within_headers", TIMEOUT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n");
        peer.wait_until_left();
    }),
    case("hangs_after_headers", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n");
        peer.wait_until_left();
    }),
    case(
        "fails_and_hangs_after_headers",
        ("retrying", "http_503", 503),
        |peer| {
            peer.request();
            peer.say("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\n");
            peer.wait_until_left();
        },
    ),
    case("drips_headers", TIMEOUT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nx: ");
        peer.drip("y");
    }),
    case("drips_body", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        peer.drip("y");
    }),
    case("answers_a_gigabyte", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n");
        assert!(peer.flood("y", GIGABYTE) < GIGABYTE, "all of it was read");
    }),
    case("answers_without_end", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\n");
        assert!(peer.flood("y", GIGABYTE) < GIGABYTE, "all of it was read");
    }),
    case("answers_chunks_without_end", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        peer.flood("4\r\nyyyy\r\n", GIGABYTE);
    }),
    case("answers_broken_chunks", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n");
        peer.wait_until_left();
    }),
    case("answers_one_endless_header", TRANSPORT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nx: ");
        peer.flood("y", GIGABYTE);
    }),
    case("answers_headers_without_end", TRANSPORT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n");
        peer.flood("x: y\r\n", GIGABYTE);
    }),
    case("says_continue_without_end", TIMEOUT, |peer| {
        peer.request();
        peer.flood("HTTP/1.1 100 Continue\r\n\r\n", usize::MAX);
    }),
    case("says_continue_and_hangs", TIMEOUT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n");
        peer.wait_until_left();
    }),
    case("says_continue_and_accepts", DELIVERED, |peer| {
        peer.request();
        peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }),
    case("talks_no_http", TRANSPORT, |peer| {
        peer.request();
        peer.say("220 mail.example ESMTP\r\n");
        peer.wait_until_left();
    }),
    case("talks_before_it_is_asked", TRANSPORT, |peer| {
        peer.say("SSH-2.0-OpenSSH_9.9\r\n");
        peer.wait_until_left();
    }),
    case("answers_zeros", TRANSPORT, |peer| {
        peer.request();
        peer.flood("\0", GIGABYTE);
    }),
    case("answers_a_status_of_no_kind", TRANSPORT, |peer| {
        peer.request();
        peer.say("HTTP/1.1 99999 What\r\n\r\n");
        peer.wait_until_left();
    }),
    https(case("hangs_in_the_handshake", TIMEOUT, |peer| {
        peer.wait_until_left();
    })),
    https(case("talks_no_tls", ("retrying", "tls", 0), |peer| {
        peer.first_byte();
        peer.say("HTTP/1.1 400 Bad Request\r\n\r\nThis is plain HTTP, and long enough\r\n");
        peer.wait_until_left();
    })),
];

/// An address that swallows connections: its queue is full, and whoever asks for
/// another one is not answered.
pub struct Swallower {
    pub address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Swallower {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            let any = "127.0.0.1:0".parse().expect("an address");
            socket.bind(any).expect("a port");
            // The smallest queue that there is: one connection.
            socket.listen(0).expect("a listener")
        });
        let address = listener.local_addr().expect("an address");
        let waiting = TcpStream::connect(address).expect("the one that fits");
        Self {
            address,
            _runtime: runtime,
            _listener: listener,
            _waiting: vec![waiting],
        }
    }
}
