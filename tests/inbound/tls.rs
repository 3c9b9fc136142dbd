//! TLS of the listeners: certificates that change while it runs, clients that
//! have to show one, and peers that do not finish a handshake.

use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    time::Duration,
};

use reqwest::{Certificate, Identity, blocking::Client};

use crate::{
    harness::{Gateway, Receiver, SEED, Workspace, all_to, command, field, until},
    transport::authority::{Authority, Pair},
};

/// A gateway whose listeners show certificates of an authority, with these
/// further settings of `ingest.tls`; its alerts go to `ops`.
fn config(ops: &Receiver, more: &str) -> String {
    let tls = r#"cert_file = "server.pem", key.file = "server.key""#;
    let records = all_to("crm", "file.path = \"records.ndjson\"");
    format!(
        r#"
        ingest.tls = {{ {tls}{more} }}
        {records}
        [[route]]
        name = "alerts"
        from = ["event"]
        to = ["ops"]
        [destination.ops]
        http.url = "{}"
        "#,
        ops.url()
    )
}

fn put(workspace: &Workspace, pair: &Pair) {
    std::fs::write(workspace.path("server.key"), &pair.key).expect("a file");
    std::fs::write(workspace.path("server.pem"), &pair.certificate).expect("a file");
}

fn start(config: &str, pair: &Pair, clients: Option<&Authority>) -> Gateway {
    let workspace = Workspace::new(config);
    put(&workspace, pair);
    if let Some(clients) = clients {
        std::fs::write(workspace.path("clients.pem"), clients.pem()).expect("a file");
    }
    Gateway::start_with(workspace, &[])
}

/// The status of a push from a sender who trusts an authority; none where there
/// is no connection.
fn push(gateway: &Gateway, trusted: &Authority, shown: Option<Pair>) -> Option<u16> {
    let trusted = Certificate::from_pem(trusted.pem().as_bytes()).expect("a certificate");
    // A client of its own, so that each push is a handshake.
    let mut client = Client::builder().no_proxy().tls_certs_only([trusted]);
    if let Some(Pair { certificate, key }) = shown {
        let pem = format!("{certificate}\n{key}");
        client = client.identity(Identity::from_pem(pem.as_bytes()).expect("an identity"));
    }
    let url = format!("https://{}/tccc?action=cdr&version=1", gateway.ingest());
    let client = client.build().expect("a client");
    let answer = client.post(url).body(SEED).send().ok()?;
    Some(answer.status().as_u16())
}

fn metric(gateway: &Gateway, line: &str) -> bool {
    gateway.get("/metrics").1.contains(line)
}

#[test]
fn records_come_in_over_tls_and_plain_ones_do_not() {
    let (authority, another, ops) = (Authority::new(), Authority::new(), Receiver::start());
    let gateway = start(&config(&ops, ""), &authority.listener(90), None);
    assert_eq!(push(&gateway, &authority, None), Some(200));
    assert_eq!(push(&gateway, &another, None), None);
    let plain = Client::builder().no_proxy().build().expect("a client");
    assert!(plain.post(gateway.ingest_url("/tccc")).send().is_err());
    gateway.wait_for("crm", "delivered", 1);
    for outcome in ["done", "failed"] {
        let line = format!(
            "cdr_gateway_tls_handshakes_total{{listener=\"ingest\",outcome=\"{outcome}\"}}"
        );
        assert!(metric(&gateway, &line), "{outcome}");
    }
}

#[test]
fn a_new_certificate_is_taken_up_by_itself_and_a_broken_one_is_refused() {
    let (old, new, ops) = (Authority::new(), Authority::new(), Receiver::start());
    let gateway = start(&config(&ops, ""), &old.listener(90), None);
    let mut broken = new.listener(90);
    broken.key = old.listener(90).key;
    put(&gateway.workspace, &broken);
    let alert = &ops.wait_for(1)[0];
    assert_eq!(field(&alert.body, "/type"), "certificate.refused");
    assert_eq!(field(&alert.body, "/data/key"), "ingest.tls");
    assert_eq!(push(&gateway, &old, None), Some(200), "the old one goes on");

    put(&gateway.workspace, &new.listener(5));
    until("the new certificate", || push(&gateway, &new, None));
    assert_eq!(push(&gateway, &old, None), None);
    let alert = &ops.wait_for(2)[1];
    assert_eq!(field(&alert.body, "/type"), "certificate.expiring");
    assert_eq!(field(&alert.body, "/data/days"), 7);
    let line = "cdr_gateway_certificate_expiry_seconds{key=\"ingest.tls\"} 43";
    assert!(
        metric(&gateway, line),
        "less than 432000 s are left, and no more"
    );

    std::fs::remove_file(gateway.workspace.path("server.pem")).expect("a file");
    until("a complaint", || {
        gateway.log().contains("cannot read").then_some(())
    });
    assert_eq!(push(&gateway, &new, None), Some(200));
}

#[test]
fn a_reload_takes_up_a_certificate_or_says_what_is_wrong() {
    let (old, new, ops) = (Authority::new(), Authority::new(), Receiver::start());
    let config = config(&ops, "");
    let gateway = start(&config, &old.listener(90), None);
    let reload = || gateway.api_post("/reload", &serde_json::json!({}));
    std::fs::write(gateway.workspace.path("server.pem"), "none").expect("a file");
    let (status, problem) = reload();
    assert_eq!(status, 422, "{problem}");
    let error = &problem["diagnostics"]["errors"][0];
    assert_eq!(error["key"], "ingest.tls.cert_file", "{error}");
    assert_eq!(push(&gateway, &old, None), Some(200));

    put(&gateway.workspace, &new.listener(90));
    assert_eq!(reload().0, 200);
    assert_eq!(push(&gateway, &new, None), Some(200));

    let plain = config.replacen("ingest.tls", "#", 1);
    gateway.workspace.configure(&plain);
    assert_eq!(reload().0, 200);
    gateway.push("cdr", SEED);
}

#[test]
fn senders_may_have_to_show_a_certificate() {
    let (authority, clients, ops) = (Authority::new(), Authority::new(), Receiver::start());
    let config = config(&ops, ", client_ca_file = \"clients.pem\"");
    let gateway = start(&config, &authority.listener(90), Some(&clients));
    for (shown, status) in [
        (None, None),
        (Some(clients.client()), Some(200)),
        (Some(authority.client()), None),
    ] {
        assert_eq!(push(&gateway, &authority, shown), status);
    }
}

#[test]
fn the_admin_listener_speaks_tls_too() {
    let (authority, ops) = (Authority::new(), Receiver::start());
    let config = config(&ops, "").replacen("ingest.tls", "admin.tls", 1);
    let gateway = start(&config, &authority.listener(90), None);
    let trusted = Certificate::from_pem(authority.pem().as_bytes()).expect("a certificate");
    let client = Client::builder().no_proxy().tls_certs_only([trusted]);
    let client = client.build().expect("a client");
    let url = format!("https://{}/healthz", gateway.admin());
    assert!(
        client
            .get(url)
            .send()
            .expect("an answer")
            .status()
            .is_success()
    );
    // The command line trusts the system's authorities, or those that stand for them.
    std::fs::write(gateway.workspace.path("ca.pem"), authority.pem()).expect("a file");
    let output = command()
        .args(["deliveries", "list", "--admin"])
        .arg(format!("https://{}", gateway.admin()))
        .env("SSL_CERT_FILE", gateway.workspace.path("ca.pem"))
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{output:?}");
    gateway.push("cdr", SEED);
    gateway.stop().assert_balanced();
}

#[test]
fn a_handshake_that_does_not_end_holds_no_connection_for_long() {
    let (authority, ops) = (Authority::new(), Receiver::start());
    let config = config(&ops, ", handshake_timeout_ms = 200");
    let config = format!("ingest.max_connections = 1\n{config}");
    let gateway = start(&config, &authority.listener(90), None);
    let mut silent = TcpStream::connect(gateway.ingest()).expect("a connection");
    let patience = Some(Duration::from_mins(1));
    silent.set_read_timeout(patience).expect("a time-out");
    let ended = silent.read(&mut [0; 1]).map_err(|error| error.kind());
    let is_over = matches!(ended, Ok(0) | Err(ErrorKind::ConnectionReset));
    assert!(is_over, "{ended:?}");
    assert_eq!(push(&gateway, &authority, None), Some(200));
    let line = "cdr_gateway_tls_handshakes_total{listener=\"ingest\",outcome=\"timeout\"} 1";
    assert!(metric(&gateway, line));
}
