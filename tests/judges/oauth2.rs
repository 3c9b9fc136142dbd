//! Access tokens, by the OAuth 2 client that Python programs use, over TLS.

use serde_json::json;

use super::tool::OAUTHLIB;
use crate::{
    harness::{Gateway, SEED, Workspace},
    transport::authority::Authority,
};

const SECRET: &str = "a long: secret/with+odd characters";

fn start(authority: &Authority) -> Gateway {
    let workspace = Workspace::new(
        r#"
        ingest.tls = { cert_file = "server.pem", key.file = "server.key" }
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        auth.oauth2 = { client_id = "tccc:client", client_secret.env = "SECRET" }
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["archive"]
        [destination.archive]
        file.path = "all.ndjson"
        "#,
    );
    let pair = authority.listener(30);
    for (name, text) in [
        ("ca.pem", authority.pem()),
        ("server.pem", pair.certificate),
        ("server.key", pair.key),
    ] {
        std::fs::write(workspace.path(name), text).expect("a file");
    }
    Gateway::start_with(workspace, &[("SECRET", SECRET)])
}

#[test]
fn another_client_gets_tokens_and_sends_with_them() {
    if !OAUTHLIB.is_here() {
        return;
    }
    let gateway = start(&Authority::new());
    let base = format!("https://{}/tccc", gateway.ingest());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/judges/oauth2_client.py"
    );
    for (secret, in_body, expected) in [
        (SECRET, false, "200 {\"ErrMsg\":\"\",\"ErrCode\":0}"),
        (SECRET, true, "200 {\"ErrMsg\":\"\",\"ErrCode\":0}"),
        ("wrong", false, "invalid_client"),
        ("wrong", true, "invalid_client"),
    ] {
        let input = json!({
            "ca": gateway.workspace.path("ca.pem"),
            "token_url": format!("{base}/token"),
            "url": format!("{base}?action=cdr&version=1"),
            "client_id": "tccc:client",
            "client_secret": secret,
            "in_body": in_body,
            "record": SEED,
        });
        let input = serde_json::to_vec(&input).expect("JSON");
        let printed = OAUTHLIB.prints(&[script], &input);
        assert_eq!(printed.trim_end(), expected, "{in_body}");
    }
}
