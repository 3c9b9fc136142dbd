//! TLS of the listeners, by OpenSSL and curl.

use super::tool::{CURL, OPENSSL};
use crate::{
    harness::{Gateway, SEED, Workspace, all_to},
    transport::authority::Authority,
};

fn start(authority: &Authority) -> Gateway {
    let tls = "ingest.tls = { cert_file = \"server.pem\", key.file = \"server.key\" }";
    let records = all_to("archive", "file.path = \"all.ndjson\"");
    let workspace = Workspace::new(&format!("{tls}\n{records}"));
    let pair = authority.listener(30);
    for (name, text) in [
        ("ca.pem", authority.pem()),
        ("server.pem", pair.certificate),
        ("server.key", pair.key),
    ] {
        std::fs::write(workspace.path(name), text).expect("a file");
    }
    Gateway::start_with(workspace, &[])
}

#[test]
fn handshakes_are_as_others_want_them() {
    if !OPENSSL.is_here() {
        return;
    }
    let gateway = start(&Authority::new());
    let (address, ca) = (
        gateway.ingest().to_string(),
        gateway.workspace.path("ca.pem"),
    );
    let ca = ca.display().to_string();
    for (version, agreed) in [
        ("-tls1_1", None),
        ("-tls1_2", Some("New, TLSv1.2")),
        ("-tls1_3", Some("New, TLSv1.3")),
    ] {
        let output = OPENSSL.run(
            &[
                "s_client",
                "-connect",
                &address,
                "-CAfile",
                &ca,
                "-verify_return_error",
                "-verify_ip",
                "127.0.0.1",
                "-alpn",
                "h2,http/1.1",
                version,
            ],
            b"",
        );
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let Some(agreed) = agreed else {
            assert!(!said.contains("New, TLS"), "{said}");
            continue;
        };
        for expected in [agreed, "Verification: OK", "ALPN protocol: http/1.1"] {
            assert!(said.contains(expected), "{said}");
        }
    }
}

#[test]
fn records_come_in_by_curl() {
    if !CURL.is_here() {
        return;
    }
    let gateway = start(&Authority::new());
    let url = format!("https://{}/tccc?action=cdr&version=1", gateway.ingest());
    let ca = gateway.workspace.path("ca.pem").display().to_string();
    let printed = CURL.prints(
        &[
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--cacert",
            &ca,
            "--data-binary",
            "@-",
            &url,
        ],
        SEED.as_bytes(),
    );
    assert_eq!(printed, r#"{"ErrMsg":"","ErrCode":0}"#);
}
