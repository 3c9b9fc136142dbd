//! Senders that misbehave below HTTP: whatever they send, or do not send, they
//! are answered or cut off, memory stays bounded, and the sender beside them is
//! served.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};

use crate::harness::{Gateway, Peer, Receiver, SEED, all_to, until};

/// What a test's abuse may cost, in bytes.
const MEMORY: u64 = 32 << 20;

fn start(crm: &Receiver) -> Gateway {
    Gateway::start(&format!(
        "ingest.request_timeout_ms = 500\ningest.max_body_bytes = 65536\ningest.max_connections = 64\n{}",
        all_to("crm", &format!("http.url = \"{}\"", crm.url()))
    ))
}

fn connect(gateway: &Gateway) -> TcpStream {
    let address = gateway.ingest_url("");
    let address = address.strip_prefix("http://").expect("a plain address");
    TcpStream::connect(address).expect("a connection")
}

/// Says this, and returns what comes back until the gateway hangs up.
fn answer(gateway: &Gateway, said: &[u8]) -> String {
    let mut stream = connect(gateway);
    // A gateway that has heard enough does not listen to the end.
    let _ = stream.write_all(said);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("a text")
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST /tccc?action=cdr&version=1 HTTP/1.1\r\nhost: gateway\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b' '; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&megabyte).expect("a memory");
    }
    encoder.finish().expect("a memory")
}

/// What is sent, and the status that answers it.
fn abuses() -> Vec<(&'static str, Vec<u8>, u16)> {
    let bomb = bomb();
    let endless = format!("8000\r\n{}\r\n", "y".repeat(0x8000)).repeat(64);
    vec![
        ("no HTTP", b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(), 400),
        (
            "a TLS handshake",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
            400,
        ),
        (
            "an unknown version",
            b"POST / HTTP/7.1\r\n\r\n".to_vec(),
            400,
        ),
        ("no version", b"POST /\r\n\r\n".to_vec(), 400),
        ("a null in a header", post("x: \0\r\n", b""), 400),
        ("a header without a name", post(": x\r\n", b""), 400),
        ("a folded header", post("x: y\r\n z\r\n", b""), 400),
        (
            "two lengths",
            post("content-length: 1\r\ncontent-length: 2\r\n", b"{}"),
            400,
        ),
        (
            "a negative length",
            post("content-length: -1\r\n", b"{}"),
            400,
        ),
        (
            "a length beyond 64 bits",
            post("content-length: 99999999999999999999\r\n", b"{}"),
            400,
        ),
        (
            "no length that counts",
            post("transfer-encoding: bogus\r\n", b"{}"),
            400,
        ),
        (
            "broken chunks",
            post("transfer-encoding: chunked\r\n", b"no chunk\r\n"),
            400,
        ),
        (
            "a large header",
            post(&format!("x: {}\r\n", "y".repeat(1 << 20)), b""),
            431,
        ),
        ("many headers", post(&"x: y\r\n".repeat(10_000), b""), 431),
        (
            "a long path",
            format!("GET /{} HTTP/1.1\r\n\r\n", "y".repeat(1 << 20)).into_bytes(),
            431,
        ),
        (
            "a declared terabyte",
            post("content-length: 1099511627776\r\n", b"{}"),
            413,
        ),
        (
            "a body that does not come",
            post("content-length: 100\r\n", b"{"),
            408,
        ),
        (
            "a chunk that does not come",
            post("transfer-encoding: chunked\r\n", b"ff\r\n{"),
            408,
        ),
        (
            "a body without end",
            post("transfer-encoding: chunked\r\n", endless.as_bytes()),
            413,
        ),
        (
            "a bomb",
            post(
                &format!(
                    "content-encoding: gzip\r\ncontent-length: {}\r\n",
                    bomb.len()
                ),
                &bomb,
            ),
            413,
        ),
    ]
}

#[test]
fn whatever_is_sent_is_answered_or_cut_off() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let before = gateway.peak_memory();
    for (name, said, status) in abuses() {
        let answer = answer(&gateway, &said);
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{name}: {answer}");
        assert!(!answer.contains("\"ErrCode\":0"), "{name}: {answer}");
    }
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    assert_eq!(gateway.api("/destinations")[0]["head"], 1);
    let cost = gateway.peak_memory() - before;
    assert!(cost < MEMORY, "{cost} bytes of memory");
}

#[test]
fn idle_connections_make_others_wait_and_no_longer() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let idle: Vec<TcpStream> = (0..64).map(|_| connect(&gateway)).collect();
    // One that waits behind them, with all that it has to say.
    let mut stream = connect(&gateway);
    let length = format!("connection: close\r\ncontent-length: {}\r\n", SEED.len());
    stream
        .write_all(&post(&length, SEED.as_bytes()))
        .expect("room in a socket");
    let while_idle = Some(Duration::from_millis(300));
    stream.set_read_timeout(while_idle).expect("a socket");
    stream.read(&mut [0; 64]).expect_err("it waits");
    stream.set_read_timeout(None).expect("a socket");

    drop(idle);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(
        answer.ends_with("{\"ErrMsg\":\"\",\"ErrCode\":0}"),
        "{answer}"
    );
    crm.wait_for(1);
}

#[test]
fn headers_that_drip_are_cut_off() {
    let crm = Receiver::start();
    let to_crm = all_to("crm", &format!("http.url = \"{}\"", crm.url()));
    let gateway = Gateway::start(&format!("ingest.header_timeout_s = 1\n{to_crm}"));
    let mut stream = connect(&gateway);
    stream
        .write_all(b"POST /tccc?action=cdr&version=1 HTTP/1.1\r\nx: ")
        .expect("room in a socket");
    Peer::over(stream).drip("y");
    // So is one that says nothing.
    let mut idle = connect(&gateway);
    let long = Some(Duration::from_mins(1));
    idle.set_read_timeout(long).expect("a socket");
    assert_eq!(idle.read(&mut [0; 1]).expect("an end"), 0);
    gateway.push("cdr", SEED);
}

#[test]
fn senders_that_go_away_leave_nothing_behind() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let declared = format!("content-length: {}\r\n", SEED.len());
    let send = |length: usize| {
        let mut stream = connect(&gateway);
        let said = post(&declared, &SEED.as_bytes()[..length]);
        stream.write_all(&said).expect("room in a socket");
        stream
    };
    for length in [0, 10, 1000] {
        drop(send(length));
    }
    // The whole one is kept, although nobody hears that it was. One that leaves
    // before it is committed may be kept or not: it was told nothing.
    let whole = send(SEED.len());
    gateway.wait_for("crm", "delivered", 1);
    drop(whole);
    until("nothing under way", || {
        let (_, metrics) = gateway.get("/metrics");
        metrics
            .lines()
            .any(|line| line == "cdr_gateway_ingest_in_flight_requests 0")
            .then_some(())
    });
    assert_eq!(gateway.api("/destinations")[0]["head"], 1);
}
