//! Where senders may be: allow lists, and the word of proxies.

use crate::harness::{Gateway, SEED, field};

/// Sources that take records from here, from elsewhere, and from anywhere; the
/// proxies that are believed are these.
fn config(trusted: &str) -> String {
    format!(
        r#"
        ingest.trusted_proxies = [{trusted}]
        [source.here]
        path = "/here"
        dialect = "tccc"
        allow_from = ["127.0.0.0/8", "::1"]
        [source.elsewhere]
        path = "/elsewhere"
        dialect = "json"
        allow_from = ["203.0.113.0/24"]
        auth.bearer.env = "TOKEN"
        [source.anywhere]
        path = "/anywhere"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["here", "elsewhere", "anywhere"]
        to = ["archive"]
        [destination.archive]
        file.path = "all.ndjson"
        "#
    )
}

const QUERY: &str = "action=cdr&version=1";

#[test]
fn addresses_that_are_not_allowed_are_refused_before_anything_is_read() {
    let believed = r#""127.0.0.1""#;
    let gateway = |trusted| {
        let workspace = crate::harness::Workspace::new(&config(trusted));
        Gateway::start_with(workspace, &[("TOKEN", "t0ken")])
    };
    let (direct, proxied) = (gateway(""), gateway(believed));
    let cases = [
        (&direct, "here", "", 200),
        (&direct, "elsewhere", "", 403),
        (&direct, "elsewhere", "203.0.113.9", 403),
        (&direct, "here", "203.0.113.9", 200),
        (&direct, "anywhere", "", 200),
        (&proxied, "here", "", 200),
        (&proxied, "here", "203.0.113.9", 403),
        (&proxied, "elsewhere", "203.0.113.9", 200),
        (&proxied, "elsewhere", "203.0.113.9, 198.51.100.1", 403),
        (&proxied, "elsewhere", "203.0.113.9, 127.0.0.1", 200),
        (&proxied, "elsewhere", "hidden", 403),
        (&proxied, "anywhere", "hidden", 200),
    ];
    for (gateway, source, forwarded, status) in cases {
        let mut headers = vec![("authorization", "Bearer t0ken")];
        if !forwarded.is_empty() {
            headers.push(("x-forwarded-for", forwarded));
        }
        let (answered, body) = gateway.post_with(&format!("/{source}?{QUERY}"), SEED, &headers);
        assert_eq!(answered, status, "{source} {forwarded}: {body}");
        let told = match (source, status) {
            ("here", 403) => field(&body, "/ErrCode") == 40301,
            ("elsewhere", 403) => field(&body, "/reason") == "address",
            _ => true,
        };
        assert!(told, "{body}");
    }
    let (_, metrics) = direct.get("/metrics");
    let line = r#"cdr_gateway_ingest_refused_total{source="elsewhere",reason="address"} 2"#;
    assert!(metrics.contains(line), "{metrics}");
    assert!(
        !direct.log().contains("203.0.113.9"),
        "addresses are personal"
    );
}
