//! How the gateway shows itself to receivers, and whom it trusts: keys,
//! signatures by several secrets, access tokens, private authorities and client
//! certificates. Settings that cannot be used are found at their line.

pub mod authority;
mod oauth2;
mod server;

use standardwebhooks::Webhook;

pub use self::{
    authority::{Authority, self_signed},
    server::TlsReceiver,
};
use crate::harness::{Gateway, Receiver, SEED, Workspace, all_to, command, until};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl0V8BHJhM";

/// Everything to one receiver, which is set up by `more`.
fn one_destination(url: &str, more: &str) -> String {
    let retry = "retry = { initial_ms = 50, max_ms = 50 }";
    all_to("crm", &format!("http.url = \"{url}\"\n{retry}\n{more}"))
}

#[test]
fn a_key_is_shown_in_its_header_and_nowhere_else() {
    for header in ["x-api-key", "Authorization"] {
        let crm = Receiver::start();
        let more =
            format!("http.auth.api_key = {{ header = \"{header}\", value.env = \"CRM_KEY\" }}");
        let workspace = Workspace::new(&one_destination(&crm.url(), &more));
        let gateway = Gateway::start_with(workspace, &[("CRM_KEY", "hunter2")]);
        crm.answer(&[503, 200]);
        gateway.push("cdr", SEED);
        let delivered = gateway.wait_for("crm", "delivered", 1);
        assert_eq!(crm.got()[0].header(header), "hunter2");
        let shown = format!("{delivered:?}{}", gateway.log());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn while_a_secret_is_replaced_receivers_may_verify_with_either() {
    let crm = Receiver::start();
    let more = "http.sign.secret.env = \"NEW\"\nhttp.sign.also = [{ env = \"OLD\" }]";
    let workspace = Workspace::new(&one_destination(&crm.url(), more));
    let gateway = Gateway::start_with(workspace, &[("NEW", NEW), ("OLD", OLD)]);
    gateway.push("cdr", SEED);
    let got = &crm.wait_for(1)[0];
    assert_eq!(got.header("webhook-signature").split(' ').count(), 2);
    for secret in [NEW, OLD] {
        let verified = Webhook::new(secret).expect("a secret");
        let verified = verified.verify(got.body.as_bytes(), &got.headers);
        assert!(verified.is_ok(), "{verified:?}");
    }
}

#[test]
fn receivers_are_trusted_by_the_authority_that_is_named() {
    let (authority, another) = (Authority::new(), Authority::new());
    let crm = TlsReceiver::start(authority.server(None));
    let only = "http.tls.ca_file = \"ca.pem\"";
    let beside = "http.tls = { ca_file = \"ca.pem\", system_roots = true }";
    // Settings, what ca.pem holds, and what stands for the system's authorities.
    let cases = [
        ("", &authority, &another, false),
        ("", &another, &authority, true),
        (only, &authority, &another, true),
        (only, &another, &authority, false),
        (beside, &authority, &another, true),
        (beside, &another, &authority, true),
        (beside, &another, &another, false),
    ];
    for (more, named, system, arrives) in cases {
        let workspace = Workspace::new(&one_destination(&crm.url(), more));
        std::fs::write(workspace.path("ca.pem"), named.pem()).expect("a file");
        std::fs::write(workspace.path("system.pem"), system.pem()).expect("a file");
        assert_arrives(workspace, &crm, arrives);
    }
}

#[test]
fn receivers_may_ask_for_a_certificate() {
    let (authority, another) = (Authority::new(), Authority::new());
    let crm = TlsReceiver::start(authority.server(Some(&authority)));
    let cases = [
        (None, false),
        (Some(&authority), true),
        (Some(&another), false),
    ];
    for (signed_by, arrives) in cases {
        let mut more = "http.tls.ca_file = \"ca.pem\"\n".to_owned();
        if signed_by.is_some() {
            more.push_str("http.tls.client_cert_file = \"client.pem\"\nhttp.tls.client_key.file = \"client.key\"");
        }
        let workspace = Workspace::new(&one_destination(&crm.url(), &more));
        std::fs::write(workspace.path("ca.pem"), authority.pem()).expect("a file");
        if let Some(signed_by) = signed_by {
            let pair = signed_by.client();
            std::fs::write(workspace.path("client.pem"), pair.certificate).expect("a file");
            std::fs::write(workspace.path("client.key"), pair.key).expect("a file");
        }
        assert_arrives(workspace, &crm, arrives);
    }
}

fn assert_arrives(workspace: Workspace, crm: &TlsReceiver, arrives: bool) {
    let before = crm.count();
    let system = workspace.path("system.pem").display().to_string();
    let gateway = Gateway::start_with(workspace, &[("SSL_CERT_FILE", &system)]);
    gateway.push("cdr", SEED);
    if arrives {
        gateway.wait_for("crm", "delivered", 1);
        until("the record", || (crm.count() == before + 1).then_some(()));
    } else {
        gateway.wait_for("crm", "retrying", 1);
        assert_eq!(crm.count(), before);
    }
}

#[test]
fn settings_that_cannot_be_used_are_found_at_their_line() {
    let (authority, pair) = (Authority::new(), Authority::new().client());
    let files = [
        ("ca.pem", authority.pem()),
        ("empty.pem", String::new()),
        ("client.pem", pair.certificate),
        ("client.key", pair.key),
        ("other.key", authority.client().key),
    ];
    let oauth2 = |url: &str| {
        format!(
            "http.auth.oauth2.client_id = \"id\"\nhttp.auth.oauth2.client_secret.env = \"OLD\"\nhttp.auth.oauth2.token_url = \"{url}\""
        )
    };
    let sign = |also: &str| {
        format!(
            "http.sign.secret.env = \"OLD\"\nhttp.sign.also = [\n  {{ env = \"NEW\" }},\n  {also}\n]"
        )
    };
    let client = |more: &str| {
        format!("http.tls.client_cert_file = \"client.pem\"\nhttp.tls.client_key.{more}")
    };
    let cases = [
        (
            "http.sign.secret.env = \"SHORT\"".to_owned(),
            1,
            "sign.secret",
            "has 6 bytes",
        ),
        (
            "http.sign.secret.env = \"BARE\"".to_owned(),
            1,
            "sign.secret",
            "`whsec_`",
        ),
        (sign("{ env = \"SHORT\" }"), 4, "sign.also.1", "has 6 bytes"),
        (
            oauth2("https://10.1.2.3/token"),
            3,
            "auth.oauth2.token_url",
            "outgoing.allow",
        ),
        (
            oauth2("ftp://login.example/"),
            3,
            "auth.oauth2.token_url",
            "http or https",
        ),
        (
            "http.auth.api_key = { header = \"webhook-id\", value.env = \"OLD\" }".to_owned(),
            1,
            "auth.api_key.header",
            "itself",
        ),
        (
            "http.tls.ca_file = \"none.pem\"".to_owned(),
            1,
            "tls.ca_file",
            "none.pem",
        ),
        (
            "http.tls.ca_file = \"empty.pem\"".to_owned(),
            1,
            "tls.ca_file",
            "no certificate",
        ),
        (
            "http.tls.client_cert_file = \"client.pem\"".to_owned(),
            1,
            "tls.client_cert_file",
            "`client_key` is missing",
        ),
        (
            client("file = \"other.key\""),
            2,
            "tls.client_key",
            "do not work together",
        ),
        (
            client("file = \"client.pem\""),
            2,
            "tls.client_key",
            "no private key",
        ),
    ];
    for (more, line, key, problem) in cases {
        let workspace = Workspace::new(&one_destination("https://crm.example/", &more));
        for (name, text) in &files {
            std::fs::write(workspace.path(name), text).expect("a file");
        }
        let text = std::fs::read_to_string(workspace.config()).expect("a configuration");
        let before = text.lines().take_while(|it| !it.starts_with("retry"));
        let line = before.count() + 1 + line;
        let errors = errors(&workspace);
        assert_eq!(errors.len(), 1, "{more}: {errors:?}");
        assert_eq!(errors[0]["line"], line, "{more}: {errors:?}");
        assert_eq!(errors[0]["key"], format!("destination.crm.http.{key}"));
        let message = errors[0]["message"].as_str().expect("text");
        assert!(message.contains(problem), "{more}: {message}");
    }
}

/// What `check` finds. It repeats none of the secrets.
fn errors(workspace: &Workspace) -> Vec<serde_json::Value> {
    let secrets = [
        ("OLD", OLD),
        ("NEW", NEW),
        ("SHORT", "whsec_c2hvcnQh"),
        ("BARE", OLD.trim_start_matches("whsec_")),
    ];
    let output = command()
        .args(["check", "--json", "--config"])
        .arg(workspace.config())
        .envs(secrets)
        .output()
        .expect("check runs");
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    for (_, secret) in secrets {
        let secret = secret.trim_start_matches("whsec_");
        assert!(!said.contains(secret), "{said}");
    }
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    said["errors"].as_array().expect("a list").clone()
}

#[test]
fn every_setting_that_cannot_be_used_is_found_at_once() {
    let more = "http.sign.secret.env = \"SHORT\"\nhttp.tls.ca_file = \"none.pem\"\nhttp.tls.client_cert_file = \"none.pem\"";
    let workspace = Workspace::new(&one_destination("https://crm.example/", more));
    assert_eq!(errors(&workspace).len(), 3);
}
