//! OAuth 2 client credentials.

use super::{
    authority::Authority,
    one_destination,
    server::{Mood, TlsReceiver, TokenServer},
};
use crate::{
    harness::{Gateway, Receiver, SEED, TRANSFER, Workspace, until},
    outage::records,
};

const SECRET: &str = "s3cret & of the client";

fn oauth2(url: &str, token_url: &str, more: &str) -> String {
    let auth = format!(
        "http.auth.oauth2 = {{ token_url = \"{token_url}\", client_id = \"gate:way\", client_secret.env = \"CLIENT_SECRET\", scope = \"cdr write\" }}\n{more}"
    );
    one_destination(url, &auth)
}

fn start(config: &str) -> Gateway {
    Gateway::start_with(Workspace::new(config), &[("CLIENT_SECRET", SECRET)])
}

#[test]
fn one_token_is_fetched_for_all_requests() {
    let (crm, tokens) = (Receiver::start(), TokenServer::start(Mood::Grants));
    let gateway = start(&oauth2(&crm.url(), &tokens.url, ""));
    for record in records(20) {
        gateway.push("cdr", &record);
    }
    let got = crm.wait_for(20);
    assert!(
        got.iter()
            .all(|it| it.header("authorization") == "Bearer token-1")
    );
    let asked = tokens.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].form,
        "grant_type=client_credentials&scope=cdr+write"
    );
    // gate%3Away:s3cret+%26+of+the+client
    let shown = "Basic Z2F0ZSUzQXdheTpzM2NyZXQrJTI2K29mK3RoZStjbGllbnQ=";
    assert_eq!(asked[0].authorization, shown);
}

#[test]
fn credentials_are_shown_in_the_form_where_the_endpoint_wants_that() {
    let (crm, tokens) = (Receiver::start(), TokenServer::start(Mood::Grants));
    let config = oauth2(&crm.url(), &tokens.url, "");
    let config = config.replace(", scope =", ", credentials_in = \"body\", scope =");
    let gateway = start(&config);
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    let asked = &tokens.asked()[0];
    assert_eq!(asked.authorization, "");
    assert_eq!(
        asked.form,
        "grant_type=client_credentials&scope=cdr+write&client_id=gate%3Away&client_secret=s3cret+%26+of+the+client"
    );
}

#[test]
fn nothing_is_sent_without_a_token() {
    let elsewhere = TokenServer::start(Mood::Grants);
    let moods = [
        Mood::Says(500, "hunter2"),
        Mood::Says(
            401,
            r#"{"error":"invalid_client","error_description":"hunter2"}"#,
        ),
        Mood::Says(200, r#"{"access_token":"hunter2","token_type":"mac"}"#),
        Mood::Redirects(elsewhere.url.clone()),
        Mood::Hangs,
    ];
    for mood in moods {
        let (crm, tokens) = (Receiver::start(), TokenServer::start(mood.clone()));
        let more = "http.timeout_ms = 200";
        let gateway = start(&oauth2(&crm.url(), &tokens.url, more));
        gateway.push("cdr", SEED);
        let waiting = gateway.wait_for("crm", "retrying", 1);
        assert_eq!(waiting[0]["reason"], "auth_unavailable", "{mood:?}");
        assert!(crm.got().is_empty(), "{mood:?}");
        let shown = format!("{waiting:?}{}", gateway.log());
        for secret in ["hunter2", SECRET] {
            assert!(!shown.contains(secret), "{mood:?}: {shown}");
        }
        tokens.be(Mood::Grants);
        gateway.wait_for("crm", "delivered", 1);
        assert!(elsewhere.asked().is_empty(), "a redirect was followed");
    }
}

#[test]
fn a_token_that_is_refused_is_replaced_within_the_attempt() {
    let (crm, tokens) = (Receiver::start(), TokenServer::start(Mood::Grants));
    let gateway = start(&oauth2(&crm.url(), &tokens.url, ""));
    crm.answer(&[200, 401, 200]);
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    gateway.push("cdr", TRANSFER);
    gateway.wait_for("crm", "delivered", 2);
    let got = crm.got();
    let shown: Vec<_> = got.iter().map(|it| it.header("authorization")).collect();
    assert_eq!(
        shown,
        ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    );
    assert_eq!(got[1].header("webhook-id"), got[2].header("webhook-id"));
    assert_eq!(got[1].body, got[2].body);
}

#[test]
fn a_receiver_that_refuses_every_token_does_not_have_the_endpoint_asked_each_time() {
    let (crm, tokens) = (Receiver::start(), TokenServer::start(Mood::Grants));
    let config = oauth2(&crm.url(), &tokens.url, "");
    let config = config.replace("max_ms = 50", "max_ms = 50, statuses = \"401\"");
    let gateway = start(&config);
    crm.answer(&[401]);
    gateway.push("cdr", SEED);
    crm.wait_for(4);
    assert_eq!(tokens.asked().len(), 1);
}

#[test]
fn the_token_endpoint_is_held_to_the_same_tls() {
    let (authority, another) = (Authority::new(), Authority::new());
    let crm = TlsReceiver::start(authority.server(None));
    for (trusted, arrives) in [(&authority, true), (&another, false)] {
        let tokens = TokenServer::start_tls(trusted.server(None));
        let config = oauth2(&crm.url(), &tokens.url, "http.tls.ca_file = \"ca.pem\"");
        let workspace = Workspace::new(&config);
        std::fs::write(workspace.path("ca.pem"), authority.pem()).expect("a file");
        let gateway = Gateway::start_with(workspace, &[("CLIENT_SECRET", SECRET)]);
        gateway.push("cdr", SEED);
        if arrives {
            until("the record", || (crm.count() == 1).then_some(()));
        } else {
            let waiting = gateway.wait_for("crm", "retrying", 1);
            assert_eq!(waiting[0]["reason"], "auth_unavailable");
            assert_eq!(crm.count(), 1);
        }
    }
}
