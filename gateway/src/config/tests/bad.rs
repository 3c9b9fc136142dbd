//! Tables of what is wrong.

use super::{BASE, Folder, inputs, load, load_text, places};
use crate::config::{Diagnostics, Inputs, Severity, load as load_inputs};

/// How a case is made from [`BASE`].
enum Edit {
    /// Lines after it; the first is line 10.
    Add(&'static str),
    /// A part of it, and what stands there instead.
    Swap(&'static str, &'static str),
}
use Edit::{Add, Swap};

impl Edit {
    fn text(&self) -> String {
        match self {
            Add(text) => format!("{BASE}{text}"),
            Swap(part, other) => {
                assert!(BASE.contains(part), "{part}");
                BASE.replace(part, other)
            }
        }
    }
}

type Place = (&'static str, usize, &'static str);

fn assert_found(cases: &[(Edit, &[Place])]) {
    for (edit, expected) in cases {
        let text = edit.text();
        let found = match load_text(&text) {
            Err(found) => found,
            Ok(loaded) => Diagnostics {
                errors: Vec::new(),
                warnings: loaded.warnings,
            },
        };
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, line, key)| (*code, Some(*line), *key))
            .collect();
        assert_eq!(places(&found), expected, "{text}\n{found}");
        for one in found.iter() {
            assert!(one.remedy.is_some(), "no remedy: {one}");
        }
    }
}

#[test]
fn keys_and_types() {
    assert_found(&[
        (
            Add("[ingest]\nlistn = \"127.0.0.1:1\"\n"),
            &[("CFG003", 11, "ingest.listn")],
        ),
        (Add("[ingst]\n"), &[("CFG003", 10, "ingst")]),
        (
            Add("[ingest]\nmax_concurrency = \"4\"\n"),
            &[("CFG004", 11, "ingest.max_concurrency")],
        ),
        (
            Add("[ingest]\nmax_concurrency = 0\n"),
            &[("CFG007", 11, "ingest.max_concurrency")],
        ),
        (
            Add("[ingest]\nmax_concurrency = 99999999999999999999999999999999999999999\n"),
            &[("CFG007", 11, "ingest.max_concurrency")],
        ),
        (
            Add("[ingest]\nlisten = \"localhost\"\n"),
            &[("CFG008", 11, "ingest.listen")],
        ),
        (
            Add("[log]\nformat = \"jsn\"\n"),
            &[("CFG006", 11, "log.format")],
        ),
        (
            Add("concurrency = 0\n"),
            &[("CFG007", 10, "destination.out.concurrency")],
        ),
        (
            Add("start = \"yesterday\"\n"),
            &[("CFG008", 10, "destination.out.start")],
        ),
        (Add("start = 2026-11-01T00:00:00Z\n"), &[]),
        (
            Add("retired = 1\n"),
            &[("CFG004", 10, "destination.out.retired")],
        ),
        (
            Add("chain = [5]\n"),
            &[("CFG004", 10, "destination.out.chain.0")],
        ),
        (
            Add("http.method = \"GET\"\n"),
            &[("CFG006", 10, "destination.out.http.method")],
        ),
        (
            Add("retry.initial_ms = 9\nretry.max_ms = 8\n"),
            &[("CFG007", 10, "destination.out.retry.initial_ms")],
        ),
        (Swap("path = \"/in\"\n", ""), &[("CFG005", 1, "source.in")]),
        (
            Swap("path = \"/in\"", "paht = \"/in\""),
            &[("CFG003", 2, "source.in.paht")],
        ),
        (
            Swap("\"tccc\"", "\"tcc\""),
            &[("CFG006", 3, "source.in.dialect")],
        ),
        (
            Swap("\"/in\"", "\"in?x\""),
            &[("CFG008", 2, "source.in.path")],
        ),
        (
            Swap("dialect = \"tccc\"", "dialect = \"tccc\"\nregion = \"XX\""),
            &[("CFG008", 4, "source.in.region")],
        ),
        (
            Swap("from = [\"in\"]", "from = []"),
            &[("CFG007", 6, "route.0.from")],
        ),
        (
            Add(
                "chain = [\"m\"]\n[plugin.m]\nwasm = \"builtin:filter\"\nconfig = { a = [inf], b = 99999999999999999999 }\n",
            ),
            &[
                ("CFG007", 13, "plugin.m.config.a.0"),
                ("CFG007", 13, "plugin.m.config.b"),
            ],
        ),
    ]);
}

#[test]
fn drivers() {
    assert_found(&[
        (
            Swap("http.url = \"http://h/x\"\n", ""),
            &[("CFG010", 8, "destination.out")],
        ),
        (
            Add("file.path = \"x\"\n"),
            &[("CFG010", 8, "destination.out")],
        ),
        (
            Swap("http.url", "htp.url"),
            &[("CFG003", 9, "destination.out.htp")],
        ),
        (
            Swap("http://h/x", "ftp://h/x"),
            &[("CFG008", 9, "destination.out.http.url")],
        ),
        (
            Swap("http://h/x", "http://{Host}/x"),
            &[("CFG008", 9, "destination.out.http.url")],
        ),
        (
            Add("http.headers = { Host = \"x\" }\n"),
            &[("CFG023", 10, "destination.out.http.headers.Host")],
        ),
        (
            Add("http.headers = { \"a b\" = \"x\" }\n"),
            &[("CFG008", 10, "destination.out.http.headers.a b")],
        ),
        (
            Swap(
                "http.url = \"http://h/x\"",
                "file.path = \"x\"\n[destination.more]\nfile.path = \"x\"\nretired = true",
            ),
            &[("CFG018", 9, "destination.out.file.path")],
        ),
        (
            Swap("http.url = \"http://h/x\"", "file.path = \"../x\""),
            &[("CFG017", 9, "destination.out.file.path")],
        ),
        (
            Swap("http.url = \"http://h/x\"", "file.path = \"/var/x\""),
            &[("CFG017", 9, "destination.out.file.path")],
        ),
        (
            Swap("http.url = \"http://h/x\"", "file.path = \"a/{received}\""),
            &[("CFG008", 9, "destination.out.file.path")],
        ),
    ]);
}

#[test]
fn batches() {
    let place = |key| ("CFG007", 10, key);
    assert_found(&[
        (
            Add("http.batch = { max_records = 0 }\n"),
            &[place("destination.out.http.batch.max_records")],
        ),
        (
            Add("http.batch = { max_records = 1001, max_bytes = 1023, max_wait_ms = 0 }\n"),
            &[
                place("destination.out.http.batch.max_records"),
                place("destination.out.http.batch.max_bytes"),
                place("destination.out.http.batch.max_wait_ms"),
            ],
        ),
        (
            Add("http.batch = { format = \"csv\" }\n"),
            &[("CFG006", 10, "destination.out.http.batch.format")],
        ),
        (
            Add("http.compress = \"br\"\n"),
            &[("CFG006", 10, "destination.out.http.compress")],
        ),
        // One request goes to one URL.
        (
            Swap(
                "http.url = \"http://h/x\"",
                "http.url = \"http://h/{kind}\"\nhttp.batch = {}",
            ),
            &[("CFG023", 9, "destination.out.http.url")],
        ),
        (
            Swap(
                "http.url = \"http://h/x\"",
                "file.path = \"x\"\nfile.batch = {}",
            ),
            &[("CFG003", 10, "destination.out.file.batch")],
        ),
    ]);
}

#[test]
fn tables() {
    assert_found(&[
        (
            Add("[table.t]\nfile = \"no.csv\"\n"),
            &[("CFG016", 11, "table.t.file")],
        ),
        (
            Add("[table.t]\nfile = \"no.db\"\n"),
            &[("CFG005", 10, "table.t"), ("CFG016", 11, "table.t.file")],
        ),
        (
            Add("[table.t]\nfile = \"no.db\"\nsqlite = {}\n"),
            &[
                ("CFG016", 11, "table.t.file"),
                ("CFG010", 12, "table.t.sqlite"),
            ],
        ),
        (
            Add("[table.t]\nfile = \"no.db\"\nsqlite = { table = \"a\", query = \"SELECT 1\" }\n"),
            &[
                ("CFG016", 11, "table.t.file"),
                ("CFG010", 12, "table.t.sqlite"),
            ],
        ),
        (
            Add("[table.t]\nfile = \"no.db\"\nformat = \"csv\"\nsqlite.table = \"a\"\n"),
            &[
                ("CFG016", 11, "table.t.file"),
                ("CFG023", 13, "table.t.sqlite"),
            ],
        ),
        (
            Add("[table.t]\nfile = \"no.csv\"\nformat = \"xml\"\n"),
            &[
                ("CFG016", 11, "table.t.file"),
                ("CFG006", 12, "table.t.format"),
            ],
        ),
        (
            Add("[table.t]\nfile = \"no.csv\"\nrefresh_s = 86401\nmax_bytes = 1023\n"),
            &[
                ("CFG016", 11, "table.t.file"),
                ("CFG007", 12, "table.t.refresh_s"),
                ("CFG007", 13, "table.t.max_bytes"),
            ],
        ),
        (
            Add(
                "[table.t]\nfile = \"builtin:attribution\"\nformat = \"csv\"\nsqlite.table = \"a\"\n",
            ),
            &[
                ("CFG023", 12, "table.t.format"),
                ("CFG023", 13, "table.t.sqlite"),
            ],
        ),
    ]);
}

#[test]
fn names() {
    assert_found(&[
        (
            Swap("[\"in\"]", "[\"inn\"]"),
            &[("CFG014", 6, "route.0.from.0")],
        ),
        (
            Swap("[\"out\"]", "[\"ot\"]"),
            &[("CFG014", 7, "route.0.to.0")],
        ),
        (
            Swap("[\"out\"]", "[\"out\", \"out\"]"),
            &[("CFG018", 7, "route.0.to.1")],
        ),
        (
            Add("chain = [\"mask\"]\n"),
            &[("CFG014", 10, "destination.out.chain.0")],
        ),
        (
            Add("chain = [{ use = \"mask\" }]\n"),
            &[("CFG014", 10, "destination.out.chain.0.use")],
        ),
        (
            Add("chain = [\"m\"]\n[plugin.m]\nwasm = \"builtin:maks\"\n"),
            &[("CFG014", 12, "plugin.m.wasm")],
        ),
        (
            Add("chain = [\"m\"]\n[plugin.m]\nwasm = \"no/such.wasm\"\ntables = [\"t\"]\n"),
            &[
                ("CFG016", 12, "plugin.m.wasm"),
                ("CFG014", 13, "plugin.m.tables.0"),
            ],
        ),
        (
            Swap("name = \"all\"", "name = \"All calls\""),
            &[("CFG011", 5, "route.0.name")],
        ),
        (
            Add("renamed_from = \"out\"\n"),
            &[("CFG018", 10, "destination.out.renamed_from")],
        ),
        (
            Add("[source.Two]\npath = \"/in\"\ndialect = \"tccc\"\n"),
            &[
                ("CFG018", 2, "source.in.path"),
                ("CFG011", 10, "source.Two"),
            ],
        ),
        (
            Swap(
                "[source.in]",
                "[source.event]\npath = \"/e\"\ndialect = \"tccc\"\n[source.in]",
            ),
            &[("CFG011", 1, "source.event")],
        ),
        (Swap("from = [\"in\"]", "from = [\"in\", \"event\"]"), &[]),
    ]);
}

#[test]
fn expressions() {
    assert_found(&[
        (
            Swap("from =", "when = 'kind == '\nfrom ="),
            &[("CFG009", 6, "route.0.when")],
        ),
        (
            Swap(
                "from =",
                "when = '''\nkind == \"cdr\" &&\n  cdr.( > 1'''\nfrom =",
            ),
            &[("CFG009", 8, "route.0.when")],
        ),
        (
            Swap(
                "from =",
                "when = 'kind == \"cdr\" && cdr.Direktion == 1'\nfrom =",
            ),
            &[("CFG103", 6, "route.0.when")],
        ),
        (
            Swap("from =", "when = 'cdr.SeatUser.Mail == \"x\"'\nfrom ="),
            &[],
        ),
    ]);
}

#[test]
fn secrets() {
    assert_found(&[
        (
            Add("http.auth.bearer = \"hunter2\"\n"),
            &[("CFG012", 10, "destination.out.http.auth.bearer")],
        ),
        (
            Add("http.auth.bearer.env = \"NOT_SET\"\n"),
            &[("CFG013", 10, "destination.out.http.auth.bearer.env")],
        ),
        (
            Add("http.auth.bearer.file = \"no/such\"\n"),
            &[("CFG013", 10, "destination.out.http.auth.bearer.file")],
        ),
        (
            Add("http.auth.bearer = { env = \"A\", file = \"B\" }\n"),
            &[("CFG010", 10, "destination.out.http.auth.bearer")],
        ),
        (
            Add("http.auth.basic = { username = \"u\" }\n"),
            &[("CFG005", 10, "destination.out.http.auth.basic")],
        ),
        (
            Swap(
                "dialect = \"tccc\"",
                "dialect = \"tccc\"\nauth.none = false",
            ),
            &[("CFG006", 4, "source.in.auth.none")],
        ),
        (
            Add("[journal.encryption]\ndrop_after_days = 3\n"),
            &[("CFG005", 10, "journal.encryption")],
        ),
        (
            Add("[journal.encryption]\nmaster = \"AAAA\"\n"),
            &[("CFG012", 11, "journal.encryption.master")],
        ),
        (
            Add("[journal.encryption]\nprevious = [{ env = \"NOT_SET\" }]\n"),
            &[("CFG013", 11, "journal.encryption.previous.0.env")],
        ),
    ]);
}

#[test]
fn what_a_line_with_a_literal_secret_says_is_not_repeated() {
    let text =
        format!("{BASE}http.sign.secret = \"hunter2\"\nhttp.auth.bearer.value = \"hunter2\"\n")
            .replace("http://h", "http://user:hunter2@h");
    let found = load_text(&text).expect_err("refused");
    assert_eq!(found.errors.len(), 4, "{found}");
    assert!(!found.to_string().contains("hunter2"), "{found}");
    assert!(!found.to_json().to_string().contains("hunter2"));
}

#[test]
fn listeners() {
    assert_found(&[
        (
            Add("[admin]\nlisten = \"127.0.0.1:8080\"\n"),
            &[("CFG019", 11, "admin.listen")],
        ),
        (
            Add("[admin]\nlisten = \"0.0.0.0:9090\"\n"),
            &[("CFG020", 11, "admin.listen")],
        ),
        (
            Add("[ingest]\nlisten = \"0.0.0.0:8080\"\n"),
            &[("CFG104", 1, "source.in")],
        ),
        (
            Add(
                "[ingest]\nlisten = \"0.0.0.0:8080\"\n[source.in.auth.url_token]\nfile = \"/dev/null\"\n",
            ),
            &[
                ("CFG013", 13, "source.in.auth.url_token.file"),
                ("CFG107", 12, "source.in.auth"),
            ],
        ),
        (
            Add(
                "[ingest]\nlisten = \"0.0.0.0:8080\"\ntrusted_proxies = [\"10.0.0.0/33\"]\n[source.in.auth]\nnone = true\n",
            ),
            &[("CFG008", 12, "ingest.trusted_proxies.0")],
        ),
        (
            Swap("dialect = \"tccc\"", "dialect = \"tccc\"\nallow_from = []"),
            &[("CFG007", 4, "source.in.allow_from")],
        ),
        (
            Add(
                "[source.in.auth.oauth2]\nclient_id = \"id\"\nclient_secret.file = \"/dev/null\"\ntoken_path = \"/in\"\n",
            ),
            &[
                ("CFG013", 12, "source.in.auth.oauth2.client_secret.file"),
                ("CFG018", 13, "source.in.auth.oauth2.token_path"),
            ],
        ),
    ]);
}

#[test]
fn backlogs() {
    assert_found(&[
        (
            Add("backlog = { max_bytes = 1000 }\n"),
            &[("CFG005", 10, "destination.out.backlog")],
        ),
        (
            Add("backlog = { when_full = \"block\" }\n"),
            &[("CFG005", 10, "destination.out.backlog")],
        ),
        (
            Add("backlog = { max_age_s = 0, when_full = \"drop\" }\n"),
            &[
                ("CFG007", 10, "destination.out.backlog.max_age_s"),
                ("CFG006", 10, "destination.out.backlog.when_full"),
            ],
        ),
    ]);
}

#[test]
fn contracts() {
    let json = "dialect = \"json\"";
    assert_found(&[
        (
            Add(
                "numbers = \"masked\"\nchain = [{ use = \"m\", on_error = \"skip\" }]\n[plugin.m]\nwasm = \"builtin:phone-mask\"\n",
            ),
            &[("CFG022", 11, "destination.out.chain.0.on_error")],
        ),
        (
            Add(
                "chain = [{ use = \"m\", on_error = \"stop\" }]\n[plugin.m]\nwasm = \"builtin:phone-mask\"\n",
            ),
            &[("CFG006", 10, "destination.out.chain.0.on_error")],
        ),
        (
            Add("numbers = \"maskd\"\n"),
            &[("CFG006", 10, "destination.out.numbers")],
        ),
        (
            Swap("dialect = \"tccc\"", "dialect = \"tccc\"\nnumbers_in = []"),
            &[("CFG023", 4, "source.in.numbers_in")],
        ),
        (
            Swap(
                "dialect = \"tccc\"",
                "dialect = \"json\"\nnumbers_in = [\"a\"]",
            ),
            &[("CFG008", 4, "source.in.numbers_in.0")],
        ),
        (
            Swap("dialect = \"tccc\"", "dialect = \"json\"\nid_in = \"/a~2\""),
            &[("CFG008", 4, "source.in.id_in")],
        ),
    ]);
    let under_contract = format!("{BASE}numbers = \"none\"\n").replace("dialect = \"tccc\"", json);
    let found = load_text(&under_contract).expect_err("refused");
    assert_eq!(
        places(&found),
        [("CFG021", Some(10), "destination.out.numbers")]
    );
    let said = under_contract.replace(json, "dialect = \"json\"\nnumbers_in = []");
    assert!(load_text(&said).is_ok());
}

#[test]
fn secrets_that_can_be_guessed_from_a_token() {
    let folder = Folder::new();
    let auth = "[source.in.auth.oauth2]\nclient_id = \"id\"\nclient_secret.file = \"secret\"\n";
    let file = folder.file("gateway.toml", &format!("{BASE}{auth}"));
    for (secret, warned) in [("fifteen letters", true), ("sixteen letters.", false)] {
        folder.file("secret", secret);
        let loaded = load(&inputs(vec![file.clone()])).expect("loads");
        let codes: Vec<_> = loaded
            .warnings
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        assert_eq!(codes == ["CFG108"], warned, "{codes:?}");
    }
}

#[test]
fn warnings() {
    assert_found(&[
        (
            Add("[[route]]\nname = \"more\"\nfrom = [\"in\"]\nto = [\"out\"]\n"),
            &[("CFG101", 11, "route.1.name")],
        ),
        (
            Add("[plugin.m]\nwasm = \"builtin:phone-mask\"\n"),
            &[("CFG102", 10, "plugin.m")],
        ),
        (
            Add("[table.t]\nfile = \"builtin:attribution\"\n"),
            &[("CFG102", 10, "table.t")],
        ),
        (Add("retired = true\n"), &[("CFG105", 7, "route.0.to.0")]),
        (
            Add("[journal]\nkeep_s = 86399\n"),
            &[("CFG106", 11, "journal.keep_s")],
        ),
    ]);
}

#[test]
fn everything_is_reported_at_once() {
    let text = r#"
[ingest]
max_body_bytes = "big"
[source.a]
dialect = "tccc"
[source.b]
path = "/b"
dialect = "morse"
[[route]]
name = "one"
from = ["a", "b", "c"]
when = 'kind =='
to = ["crm", "nowhere"]
[destination.crm]
http.url = "gopher://x"
http.auth.bearer.env = "NOT_SET"
numbrs = "masked"
[destination.bi]
http.url = "http://bi/x"
chain = ["mask"]
"#;
    let found = load_text(text).expect_err("refused");
    let errors: Vec<_> = found
        .errors
        .iter()
        .map(|one| (one.code.as_str(), one.location.line.unwrap_or_default()))
        .collect();
    assert_eq!(
        errors,
        [
            ("CFG004", 3),
            ("CFG005", 4),
            ("CFG006", 8),
            ("CFG014", 11),
            ("CFG009", 12),
            ("CFG014", 13),
            ("CFG008", 15),
            ("CFG013", 16),
            ("CFG003", 17),
            ("CFG014", 20),
        ],
        "{found}"
    );
}

#[test]
fn files() {
    let csv = |more: &'static str| Swap("http.url = \"http://h/x\"", more);
    assert_found(&[
        (
            csv("file.path = \"x\"\nfile.format = \"csv\""),
            &[("CFG005", 10, "destination.out.file.format")],
        ),
        (
            csv("file.path = \"x\"\nfile.format = \"tsv\""),
            &[("CFG006", 10, "destination.out.file.format")],
        ),
        (
            csv("file.path = \"x\"\nfile.csv.columns = [{ name = \"a\", pointer = \"/a\" }]"),
            &[("CFG023", 10, "destination.out.file.csv")],
        ),
        (
            csv(
                "file.path = \"x\"\nfile.format = \"csv\"\nfile.csv.columns = [{ name = \"a\", pointer = \"/a\" }, { name = \"a\", pointer = \"/b\" }]",
            ),
            &[("CFG018", 11, "destination.out.file.csv.columns.1.name")],
        ),
        (
            csv(
                "file.path = \"x\"\nfile.format = \"csv\"\nfile.csv = { columns = [{ name = \"a\", pointer = \"a\" }], delimiter = \"ab\", trailer = \"{rows}\" }",
            ),
            &[
                ("CFG008", 11, "destination.out.file.csv.columns.0.pointer"),
                ("CFG008", 11, "destination.out.file.csv.delimiter"),
                ("CFG008", 11, "destination.out.file.csv.trailer"),
            ],
        ),
        (
            csv("file.path = \"x\"\nfile.compress = \"lz4\""),
            &[("CFG006", 10, "destination.out.file.compress")],
        ),
        (
            csv("file.path = \"x\"\nfile.max_open = 0\nfile.max_parts = 0"),
            &[
                ("CFG007", 10, "destination.out.file.max_open"),
                ("CFG007", 11, "destination.out.file.max_parts"),
            ],
        ),
        (
            csv(
                "file.path = \"x\"\nfile.rotate_bytes = 300000000\nfile.upload = { bucket = \"b\", access_key_id.file = \"/proc/self/comm\", secret_access_key.file = \"/proc/self/comm\" }",
            ),
            &[("CFG007", 10, "destination.out.file.rotate_bytes")],
        ),
        (
            csv(
                "file.path = \"x\"\n[destination.out.file.upload]\nbucket = \"b\"\naccess_key_id = \"made-up\"\nsecret_access_key.file = \"no\"",
            ),
            &[
                ("CFG012", 12, "destination.out.file.upload.access_key_id"),
                (
                    "CFG013",
                    13,
                    "destination.out.file.upload.secret_access_key.file",
                ),
            ],
        ),
        (
            csv("file.path = \"x\"\nfile.upload.bucket = \"b\""),
            &[
                ("CFG005", 10, "destination.out.file.upload"),
                ("CFG005", 10, "destination.out.file.upload"),
            ],
        ),
        (
            csv(
                "file.path = \"x/{kind}.ndjson\"\n[destination.more]\nfile.path = \"x/cdr.ndjson\"\nretired = true",
            ),
            &[("CFG018", 9, "destination.out.file.path")],
        ),
    ]);
}

#[test]
fn object_stores() {
    let folder = Folder::new();
    folder.file("key", "made-up");
    let keys = "access_key_id.file = \"key\"\nsecret_access_key.file = \"key\"";
    let cases: &[(&str, &[Place])] = &[
        ("bucket = \"\"", &[("CFG007", 13, "bucket")]),
        (
            "bucket = \"b\"\nendpoint = \"s3://h\"",
            &[("CFG008", 14, "endpoint")],
        ),
        (
            "bucket = \"b\"\ntimeout_ms = 1",
            &[("CFG007", 14, "timeout_ms")],
        ),
        (
            "bucket = \"b\"\nprefix = \"p\"",
            &[("CFG003", 14, "prefix")],
        ),
    ];
    for (settings, expected) in cases {
        let file =
            format!("file.path = \"x\"\n[destination.out.file.upload]\n{keys}\n{settings}\n");
        let text = BASE.replace("http.url = \"http://h/x\"\n", &file);
        let file = folder.file("gateway.toml", &text);
        let found = load(&inputs(vec![file])).expect_err(settings);
        assert!(found.iter().all(|one| one.remedy.is_some()), "{found}");
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, line, key)| {
                (
                    *code,
                    Some(*line),
                    format!("destination.out.file.upload.{key}"),
                )
            })
            .collect();
        let places = places(&found).into_iter();
        let places: Vec<_> = places
            .map(|(code, line, key)| (code, line, key.to_owned()))
            .collect();
        assert_eq!(places, expected, "{settings}\n{found}");
    }
}

#[test]
fn what_is_not_toml_is_reported_with_its_line() {
    let found = load_text("a = \n[b\nc = 1\n").expect_err("refused");
    assert!(found.errors.iter().all(|one| one.code.as_str() == "CFG002"));
    assert_eq!(found.errors[0].location.line, Some(1), "{found}");
}

#[test]
fn files_that_cannot_be_read_and_further_files_that_say_too_much() {
    let folder = Folder::new();
    let first = folder.file("a.toml", BASE);
    let missing = folder.path().join("missing.toml");
    let found = load(&inputs(vec![first.clone(), missing])).expect_err("refused");
    assert_eq!(places(&found), [("CFG001", None, "")]);

    let further = folder.file(
        "b.toml",
        "data_dir = \"x\"\n[destination.out]\nhttp.url = \"http://h/y\"\n[plugin.m]\nwasm = \"builtin:filter\"\n",
    );
    let found = load(&inputs(vec![first, further])).expect_err("refused");
    let errors: Vec<_> = places(&found);
    assert_eq!(
        errors,
        [
            ("CFG015", Some(1), "data_dir"),
            ("CFG018", Some(2), "destination.out"),
        ]
    );
}

#[test]
fn environment_and_flags_are_named_in_what_is_wrong_with_them() {
    let cases = [
        (
            "CDR_GATEWAY__INGEST__LISTEN",
            "nowhere",
            "CFG008",
            "ingest.listen",
        ),
        (
            "CDR_GATEWAY__INGEST__MAX_CONCURRENCY",
            "many",
            "CFG004",
            "ingest.max_concurrency",
        ),
        (
            "CDR_GATEWAY__INGEST__LISTN",
            "127.0.0.1:1",
            "CFG003",
            "ingest.listn",
        ),
        ("CDR_GATEWAY__ROUTE__0__NAME", "x", "CFG015", "route"),
    ];
    let folder = Folder::new();
    let file = folder.file("gateway.toml", BASE);
    for (name, value, code, key) in cases {
        let found = load_inputs(&Inputs {
            environment: [(name.to_owned(), value.to_owned())].into(),
            ..inputs(vec![file.clone()])
        })
        .expect_err(name);
        assert_eq!(places(&found), [(code, None, key)], "{name}");
        assert_eq!(
            found.errors[0].location.file,
            format!("environment variable {name}")
        );
        assert_eq!(found.errors[0].severity, Severity::Error);
    }
    let found = load_inputs(&Inputs {
        flags: vec![("ingest.max_body_bytes".into(), "5".into())],
        ..inputs(vec![file])
    })
    .expect_err("refused");
    assert_eq!(
        found.errors[0].location.to_string(),
        "flag ingest.max_body_bytes"
    );
}

#[test]
fn people_see_the_line_and_what_to_do() {
    let found = load_text(&format!("{BASE}retried = true\n")).expect_err("refused");
    let text = found.to_string();
    let (first, rest) = text.split_once('\n').expect("several lines");
    assert_eq!(first, "error[CFG003]: unknown key `retried`");
    let (place, rest) = rest.split_once('\n').expect("several lines");
    assert!(
        place.starts_with("  --> ") && place.ends_with("gateway.toml:10:1"),
        "{place}"
    );
    assert_eq!(
        rest,
        "   |\n10 | retried = true\n   | ^^^^^^^\n   = key: destination.out.retried\n   = help: did you mean `retired`?\n\n1 error, 0 warnings"
    );
}

#[test]
fn policies_of_destinations() {
    assert_found(&[
        (
            Add("concurrency = { min = 9, max = 8 }\n"),
            &[("CFG007", 10, "destination.out.concurrency.min")],
        ),
        (
            Add("concurrency = { max = 5000 }\n"),
            &[("CFG007", 10, "destination.out.concurrency.max")],
        ),
        (
            Add("concurrency = true\n"),
            &[("CFG004", 10, "destination.out.concurrency")],
        ),
        (
            Add("rate = { attempts = 0, per = \"day\" }\n"),
            &[
                ("CFG007", 10, "destination.out.rate.attempts"),
                ("CFG006", 10, "destination.out.rate.per"),
            ],
        ),
        (
            Swap(
                "http.url = \"http://h/x\"",
                "file.path = \"x\"\nrate = { attempts = 1, per = \"hour\" }",
            ),
            &[("CFG023", 10, "destination.out.rate")],
        ),
        (
            Add("breaker = { min_attempts = 30, probe_initial_ms = 900, probe_max_ms = 800 }\n"),
            &[
                ("CFG007", 10, "destination.out.breaker.min_attempts"),
                ("CFG007", 10, "destination.out.breaker.probe_initial_ms"),
            ],
        ),
        (
            Add("order_by = \"session\"\nhttp.batch = {}\n"),
            &[("CFG023", 10, "destination.out.order_by")],
        ),
        (
            Add("order_by = \"call\"\n"),
            &[("CFG008", 10, "destination.out.order_by")],
        ),
        (
            Add("breaker.probe_max_ms = 6000\n"),
            &[("CFG007", 10, "destination.out.breaker.probe_max_ms")],
        ),
    ]);
}

#[test]
fn stages() {
    assert_found(&[
        (
            Add("[stage.join]\nplugin = \"join\"\nfrom = [\"inn\"]\n"),
            &[
                ("CFG014", 11, "stage.join.plugin"),
                ("CFG014", 12, "stage.join.from.0"),
            ],
        ),
        (
            Add(
                "[plugin.join]\nwasm = \"builtin:sessionize\"\n[stage.in]\nplugin = \"join\"\nfrom = [\"in\"]\n",
            ),
            &[
                ("CFG005", 10, "plugin.join"),
                ("CFG018", 12, "stage.in"),
                ("CFG018", 14, "stage.in.from.0"),
            ],
        ),
        (
            Add(
                "[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant.state = {}\ncpu_budget_percent = 50\n[stage.a]\nplugin = \"join\"\nfrom = [\"in\"]\n",
            ),
            &[("CFG023", 13, "plugin.join.cpu_budget_percent")],
        ),
        (
            Add(
                "numbers = \"masked\"\n[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant.state = {}\n[stage.a]\nplugin = \"join\"\nfrom = [\"b\"]\n[stage.b]\nplugin = \"join\"\nfrom = [\"a\"]\n[[route]]\nname = \"circle\"\nfrom = [\"a\"]\nto = [\"out\"]\n",
            ),
            &[
                ("CFG018", 16, "stage.a.from.0"),
                ("CFG018", 19, "stage.b.from.0"),
            ],
        ),
        (
            Add(
                "[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant.state = {}\n[stage.a]\nplugin = \"join\"\nfrom = [\"b\"]\n[stage.b]\nplugin = \"join\"\nfrom = [\"in\", \"a\"]\n",
            ),
            &[
                ("CFG018", 15, "stage.a.from.0"),
                ("CFG018", 18, "stage.b.from.1"),
            ],
        ),
        (
            Add(
                "chain = [\"join\"]\n[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant.state = {}\n",
            ),
            &[
                ("CFG023", 10, "destination.out.chain.0"),
                ("CFG023", 13, "plugin.join.grant"),
            ],
        ),
        (
            Add(
                "[plugin.mask]\nwasm = \"builtin:phone-mask\"\n[stage.event]\nplugin = \"mask\"\nfrom = [\"in\"]\n",
            ),
            &[
                ("CFG011", 12, "stage.event"),
                ("CFG023", 13, "stage.event.plugin"),
            ],
        ),
        (
            Add(
                "[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant = { state = { max_keys = 0 }, hosts = [\"crm.example/path\"] }\n",
            ),
            &[
                ("CFG007", 12, "plugin.join.grant.state.max_keys"),
                ("CFG008", 12, "plugin.join.grant.hosts.0"),
            ],
        ),
        (
            Add(
                "[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant.state = {}\n[stage.joined]\nplugin = \"join\"\nfrom = [\"in\"]\n",
            ),
            &[("CFG102", 13, "stage.joined")],
        ),
    ]);
}

#[test]
fn a_contract_needs_the_number_places_of_what_stages_make() {
    assert_found(&[(
        Swap(
            "from = [\"in\"]\nto = [\"out\"]\n[destination.out]\n",
            "from = [\"own\", \"joined\"]\nto = [\"out\"]\n[plugin.join]\nwasm = \"builtin:sessionize\"\ngrant.state = {}\n[plugin.own]\nwasm = \"/dev/null/own.wasm\"\n[stage.own]\nplugin = \"own\"\nfrom = [\"in\"]\n[stage.joined]\nplugin = \"join\"\nfrom = [\"in\"]\n[destination.out]\nnumbers = \"masked\"\n",
        ),
        &[
            ("CFG016", 12, "plugin.own.wasm"),
            ("CFG021", 20, "destination.out.numbers"),
        ],
    )]);
}
