//! Components that come over the network: by URL and digest, and from an OCI
//! registry by digest.

use std::{fs, path::Path};

use crate::harness::{
    Gateway, Receiver, Registry, SEED, Workspace, command, hostile, sha256, until,
};

use super::telling;

/// One destination behind a plugin with these settings.
fn config(crm: &Receiver, plugin: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.fetched]
        {plugin}
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm"]
        [destination.crm]
        http.url = "{crm}"
        chain = ["fetched"]
        "#,
        crm = crm.url(),
    )
}

fn component() -> Vec<u8> {
    fs::read(hostile()).expect("the guest was built")
}

fn stored(workspace: &Path) -> usize {
    let store = workspace.join("data/plugin-store");
    fs::read_dir(store).map_or(0, Iterator::count)
}

/// What a check of the configuration says.
fn check(plugin: &str) -> String {
    let workspace = Workspace::new(&config(&Receiver::start(), plugin));
    let mut check = command();
    check.args(["check", "--config"]).arg(workspace.config());
    let output = check.output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_component_by_url_is_verified_kept_and_needs_no_network_afterwards() {
    let (crm, web) = (Receiver::start(), Registry::start());
    web.put("/mask.wasm", &component());
    let url = format!("http://{}/mask.wasm", web.address());
    let plugin = format!("wasm = {url:?}\nsha256 = {:?}", sha256(&component()));
    let gateway = Gateway::start(&config(&crm, &plugin));
    gateway.push("cdr", &telling("drop:fetched"));
    let skipped = gateway.wait_for("crm", "skipped", 1);
    assert_eq!(skipped[0]["reason"], "fetched: fetched");
    assert_eq!(web.asked(), ["/mask.wasm"]);
    let (_, metrics) = gateway.get("/metrics");
    assert!(metrics.contains("cdr_gateway_plugin_fetches_total{outcome=\"fetched\"} 1"));

    drop(web);
    let gateway = gateway.kill_and_restart();
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    let (_, metrics) = gateway.get("/metrics");
    assert!(metrics.contains("cdr_gateway_plugin_fetches_total{outcome=\"stored\"} 1"));
}

#[test]
fn an_artifact_is_pulled_from_a_registry_that_asks_for_a_token() {
    for registry in [Registry::start(), Registry::private()] {
        let crm = Receiver::start();
        let reference = registry.push("acme/cdr-mask", &component());
        let plugin = format!(
            "wasm = {reference:?}\nauth.basic = {{ username = \"ci\", password.env = \"REGISTRY_PASSWORD\" }}"
        );
        let workspace = Workspace::new(&config(&crm, &plugin));
        let gateway = Gateway::start_with(workspace, &[("REGISTRY_PASSWORD", "s3cret")]);
        gateway.push("cdr", &telling("drop:pulled"));
        gateway.wait_for("crm", "skipped", 1);
        assert_eq!(stored(gateway.workspace.path("").as_path()), 2);
        let asked = registry.asked();
        let tokens = asked.iter().filter(|path| *path == "/token").count();
        assert_eq!(tokens, 1, "{asked:?}");
        assert!(!gateway.log().contains("s3cret"));
    }
}

#[test]
fn credentials_are_not_shown_to_whom_a_registry_sends_on() {
    let registry = Registry::on_greedy_storage();
    let reference = registry.push("acme/cdr-mask", &component());
    let plugin = format!(
        "wasm = {reference:?}\nauth.basic = {{ username = \"ci\", password.env = \"REGISTRY_PASSWORD\" }}"
    );
    let workspace = Workspace::new(&config(&Receiver::start(), &plugin));
    let mut check = command();
    check.args(["check", "--config"]).arg(workspace.config());
    let output = check.env("REGISTRY_PASSWORD", "s3cret").output();
    let said = String::from_utf8_lossy(&output.expect("it runs").stdout).into_owned();
    assert_eq!(registry.shown_elsewhere(), Vec::<String>::new());
    assert!(
        said.contains("the answer is 401: it comes from another server than the registry"),
        "{said}"
    );
}

#[test]
fn what_is_not_what_the_configuration_says_is_refused_with_the_reason() {
    let web = Registry::start();
    let other = sha256(b"another component");
    let address = web.address();
    web.put("/mask.wasm", &component());
    web.put("/page.wasm", b"<html>");
    let reference = web.push("acme/mask", b"<html>");
    let forged = format!("oci://{address}/acme/mask@sha256:{other}");
    web.put(&format!("/v2/acme/mask/manifests/sha256:{other}"), b"{}");
    let by_url = |path: &str, digest: &str| {
        format!("wasm = \"http://{address}{path}?key=s3cret\"\nsha256 = {digest:?}")
    };
    // Without the query: those of signed URLs are secrets.
    let other_digest = format!(
        "cannot fetch http://{address}/mask.wasm: expected the SHA-256 {other}, found {}",
        sha256(&component())
    );
    let cases = [
        (by_url("/mask.wasm", &other), other_digest.as_str()),
        (by_url("/none.wasm", &other), "the answer is 404 Not Found"),
        (by_url("/loop", &other), "it is redirected too often"),
        (
            by_url("/page.wasm", &sha256(b"<html>")),
            "plugin fetched is ",
        ),
        (format!("wasm = {forged:?}"), "expected the SHA-256"),
        (format!("wasm = {reference:?}"), "plugin fetched is "),
        (
            format!("wasm = \"http://10.1.2.3/x.wasm\"\nsha256 = {other:?}"),
            "10.1.2.3 is a private",
        ),
        (
            format!(
                "wasm = {:?}\nsha256 = {other:?}",
                hostile().display().to_string()
            ),
            "expected the SHA-256",
        ),
        (by_url("/mask.wasm", &sha256(&component())), "0 errors"),
    ];
    for (plugin, expected) in cases {
        let said = check(&plugin);
        assert!(said.contains(expected), "{plugin}\n{said}");
    }
}

#[test]
fn a_reload_whose_component_cannot_be_had_changes_nothing() {
    let crm = Receiver::start();
    let local = format!("wasm = {:?}", hostile().display().to_string());
    let gateway = Gateway::start(&config(&crm, &local));
    let web = Registry::start();
    let address = web.address();
    drop(web);
    let gone = format!(
        "wasm = \"http://{address}/x.wasm\"\nsha256 = {:?}",
        sha256(b"x")
    );
    gateway.workspace.configure(&config(&crm, &gone));
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 422, "{problem}");
    assert!(problem.to_string().contains("cannot fetch"), "{problem}");
    gateway.push("cdr", &telling("drop:old"));
    until("the old revision goes on", || {
        (gateway.counted("crm", "skipped") == 1).then_some(())
    });
}
