//! Secrets of plugins: by reference in the configuration, given to the plugin, and
//! shown by nobody.

use std::{fs, path::Path, process::Output};

use crate::harness::{Gateway, Receiver, SEED, Workspace, command, field, until};

const KEY: &str = "a key of thirty-two bytes or more";

/// `printf +8618486147605 | openssl dgst -sha256 -hmac KEY`, the first 32 digits
/// through `tr 0-9a-f a-p`.
const PSEUDONYM: &str = "p1_k1_hidieajlicpghhdoigdnlapnmfepomcp";

fn config(bi: &str, plugin: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.mask]
        {plugin}
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["bi"]
        [destination.bi]
        http.url = "{bi}"
        chain = ["mask"]
        numbers = "none"
        "#
    )
}

fn pseudonyms(key: &str) -> String {
    format!(
        "wasm = \"builtin:phone-mask\"\nconfig = {{ mode = \"pseudonym\", key_id = \"k1\" }}\nsecrets.key.file = {key:?}"
    )
}

/// Whether any file below a directory holds a text.
fn is_below(directory: &Path, text: &str) -> bool {
    fs::read_dir(directory).expect("a directory").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return is_below(&path, text);
        }
        let bytes = fs::read(&path).expect("a file");
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_secret_reaches_its_plugin_and_nothing_else() {
    let bi = Receiver::start();
    let keys = tempfile::tempdir().expect("a directory");
    let key = keys.path().join("key");
    fs::write(&key, KEY).expect("a key");
    let gateway = Gateway::start(&config(&bi.url(), &pseudonyms(&key.display().to_string())));
    gateway.push("cdr", SEED);
    assert_eq!(
        field(&bi.wait_for(1)[0].body, "/TelLocation/TelNumber"),
        PSEUDONYM
    );

    // Another value under the same name is another revision.
    let first = gateway.api("/revision");
    fs::write(&key, KEY.to_uppercase()).expect("a key");
    let (status, reloaded) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(
        (status, &reloaded["revision"]),
        (200, &2.into()),
        "{reloaded}"
    );
    assert_ne!(gateway.api("/revision")["digest"], first["digest"]);
    gateway.push("cdr", &SEED.replace("99a1c8f8", "00000002"));
    let other = field(&bi.wait_for(2)[1].body, "/TelLocation/TelNumber");
    let other = other.as_str().expect("a pseudonym");
    assert!(other.starts_with("p1_k1_") && other != PSEUDONYM, "{other}");

    // A key that is refused does not change what runs, nor is it shown.
    fs::write(&key, "too short a key").expect("a key");
    let (status, refused) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 422, "{refused}");
    let refused = refused.to_string();
    assert!(
        refused.contains("plugin.mask.secrets.key") && refused.contains("at least 32"),
        "{refused}"
    );

    let mut shown = vec![refused, gateway.log(), gateway.get("/metrics").1];
    for path in ["/revision", "/destinations", "/deliveries"] {
        shown.push(gateway.get(&format!("/api/v1{path}")).1);
    }
    for shown in shown {
        for secret in [KEY, &KEY.to_uppercase(), "too short a key"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let workspace = gateway.stop();
    assert!(!is_below(&workspace.path("data"), KEY));
    assert!(
        is_below(&workspace.path("data"), "TelNumber"),
        "the search finds what is there"
    );
}

fn check(plugin: &str) -> (Option<i32>, String) {
    let workspace = Workspace::new(&config("http://127.0.0.1:1/", plugin));
    let output: Output = command()
        .args(["check", "--config"])
        .arg(workspace.config())
        .env("KEY", KEY)
        .env("SHORT", "hunter2 hunter2")
        .output()
        .expect("the command runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn what_is_wrong_with_a_secret_is_said_without_it() {
    let mask = "wasm = \"builtin:phone-mask\"\nconfig.mode = \"fpe\"\n";
    let filter = "wasm = \"builtin:filter\"\n";
    let cases = [
        (format!("{mask}secrets.key.env = \"KEY\""), None, ""),
        (
            format!("{mask}secrets.key.env = \"SHORT\""),
            Some("CFG024"),
            "plugin.mask.secrets.key",
        ),
        (
            format!("{mask}secrets.key = \"hunter2 hunter2\""),
            Some("CFG012"),
            "plugin.mask.secrets.key",
        ),
        (
            format!("{mask}config.key = \"hunter2 hunter2 hunter2 hunter2 hunter2\""),
            Some("CFG012"),
            "secrets.key.env",
        ),
        (
            format!("{mask}secrets.key.env = \"KEY\"\nconfig.key = \"hunter2 hunter2\""),
            Some("CFG012"),
            "plugin.mask.secrets.key",
        ),
        (
            format!("{mask}secrets.key.env = \"NO_SUCH\""),
            Some("CFG013"),
            "NO_SUCH",
        ),
        // A value that the schema of its config does not take.
        (
            format!("{filter}secrets.rules.env = \"SHORT\""),
            Some("CFG024"),
            "plugin.mask.secrets.rules",
        ),
    ];
    for (plugin, code, expected) in cases {
        let (status, said) = check(&plugin);
        assert_eq!(
            status,
            Some(if code.is_some() { 78 } else { 0 }),
            "{plugin}: {said}"
        );
        assert!(said.contains(code.unwrap_or_default()), "{plugin}: {said}");
        assert!(said.contains(expected), "{plugin}: {said}");
        assert!(
            !said.contains("hunter2") && !said.contains(KEY),
            "{plugin}: {said}"
        );
    }
}

#[test]
fn what_a_plugin_says_of_a_record_does_not_show_its_secrets() {
    let bi = Receiver::start();
    let keys = tempfile::tempdir().expect("a directory");
    let file = keys.path().join("reason");
    fs::write(&file, "hunter2").expect("a secret");
    let plugin = format!(
        "wasm = \"builtin:filter\"\nsecrets.drop_rest.file = {:?}",
        file.display().to_string()
    );
    let gateway = Gateway::start(&config(&bi.url(), &plugin));
    gateway.push("cdr", SEED);
    let skipped = until("a skipped delivery", || {
        gateway.deliveries("bi", "skipped").pop()
    });
    assert_eq!(skipped["reason"], "mask: [secret drop_rest]");
    assert!(!gateway.log().contains("hunter2"));
}
