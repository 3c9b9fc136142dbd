//! Texts that have a form of their own: addresses, pointers, expressions,
//! templates. The model names the form as `format` in the schema.

use std::net::SocketAddr;

use super::{
    diagnostic::Code,
    model::{OrderBy, Start},
};
use crate::{
    delivery::{
        http::address::parse_range,
        retry::Statuses,
        template::{PathTemplate, TemplateError, TrailerTemplate, UrlTemplate},
    },
    plugin::origin::{self, BadOrigin, is_sha256},
    record::{Pattern, Pointer},
    route::{guard::is_known_region, when::When},
    stage::outgoing::Origin,
};

/// What is wrong with a text.
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) remedy: String,
    /// Where in the text, in bytes from its beginning.
    pub(super) offset: usize,
    /// Whether the text holds a secret.
    pub(super) secret: bool,
}

impl Problem {
    fn malformed(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code: Code::Malformed,
            message: message.into(),
            remedy: remedy.into(),
            offset: 0,
            secret: false,
        }
    }
}

/// Checks a text against a format; formats that are not ours hold always.
pub(super) fn check(format: &str, text: &str) -> Result<(), Problem> {
    match format {
        "socket-address" => socket_address(text),
        "http-path" => http_path(text),
        "http-url" => http_url(text),
        "json-pointer" => pointer(Pointer::parse(text).err()),
        "json-pattern" => pointer(Pattern::parse(text).err()),
        "region" => region(text),
        "http-origin" => text.parse::<Origin>().map(drop).map_err(|error| {
            Problem::malformed(error.to_string(), "name the host alone, without a path")
        }),
        "address-range" => address_range(text),
        "statuses" => statuses(text),
        "cel" => expression(text),
        "component" => component(text),
        "sha256" if !is_sha256(text) => Err(Problem::malformed(
            "this is not a SHA-256",
            "write 64 hexadecimal digits in lower case, as `sha256sum` prints them",
        )),
        "order-by" => text.parse::<OrderBy>().map(drop).map_err(|error| {
            Problem::malformed(error.to_string(), "without this key there is no order")
        }),
        "start" => text.parse::<Start>().map(drop).map_err(|error| {
            Problem::malformed(error.to_string(), "without this key it starts with \"now\"")
        }),
        "time" => text.parse::<jiff::Timestamp>().map(drop).map_err(|_| {
            let message = format!("{text:?} is not a time");
            Problem::malformed(message, "write one such as 2026-11-01T00:00:00Z")
        }),
        "csv-delimiter" => csv_delimiter(text),
        "trailer-template" => TrailerTemplate::parse(text).map(drop).map_err(|error| Problem {
            offset: error.offset(),
            ..Problem::malformed(
                error.to_string(),
                "write one line with {records}, {first_id} or {last_id}, such as \"TRAILER,{records}\"",
            )
        }),
        "path-template" => PathTemplate::parse(text)
            .map(drop)
            .map_err(|error| path_template(&error)),
        "url-template" => UrlTemplate::parse(text)
            .map(drop)
            .map_err(|error| url_template(&error)),
        _ => Ok(()),
    }
}

fn socket_address(text: &str) -> Result<(), Problem> {
    match text.parse::<SocketAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::malformed(
            format!("{text:?} is not an address with a port"),
            "write an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"",
        )),
    }
}

fn component(text: &str) -> Result<(), Problem> {
    origin::Origin::parse(text).map(drop).map_err(|error| Problem {
        secret: error == BadOrigin::Credentials,
        ..Problem::malformed(
            format!("`wasm` {error}"),
            "give a `builtin:` name, a path, an https:// URL, or oci://HOST/REPOSITORY@sha256:DIGEST",
        )
    })
}

fn http_path(text: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    if text.starts_with('/') && !text.contains("//") && text.chars().all(allowed) {
        return Ok(());
    }
    Err(Problem::malformed(
        format!("{text:?} is not the path of an endpoint"),
        "write a path such as \"/tccc\": a slash first, then letters, digits and -._~/, no query",
    ))
}

fn http_url(text: &str) -> Result<(), Problem> {
    let remedy = "write a URL such as \"https://login.example/oauth2/token\"";
    let url = url::Url::parse(text)
        .map_err(|_| Problem::malformed(format!("{text:?} is not a URL"), remedy))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem {
            secret: true,
            ..Problem::malformed("a URL may not hold credentials", remedy)
        });
    }
    if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
        return Err(Problem::malformed(
            format!("{text:?} is not an http or https URL, or has a fragment"),
            remedy,
        ));
    }
    Ok(())
}

fn pointer(error: Option<impl std::fmt::Display>) -> Result<(), Problem> {
    match error {
        None => Ok(()),
        Some(error) => Err(Problem::malformed(
            error.to_string(),
            "write a JSON Pointer such as \"/Caller\" or, where several places are meant, \"/Participants/*/Phone\"",
        )),
    }
}

fn address_range(text: &str) -> Result<(), Problem> {
    parse_range(text).map(drop).map_err(|error| {
        Problem::malformed(
            error.to_string(),
            "write an address such as \"10.1.2.3\", or a range such as \"10.0.0.0/8\"",
        )
    })
}

fn statuses(text: &str) -> Result<(), Problem> {
    text.parse::<Statuses>().map(drop).map_err(|error| {
        Problem::malformed(
            error.to_string(),
            "write statuses and ranges, such as \"408, 425, 429, 500-599, !501\"",
        )
    })
}

fn csv_delimiter(text: &str) -> Result<(), Problem> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(()),
        _ => Err(Problem::malformed(
            format!("{text:?} cannot stand between cells"),
            "write one ASCII character that is neither a quote nor a line end, such as \",\", \";\" or \"\\t\"",
        )),
    }
}

fn region(text: &str) -> Result<(), Problem> {
    if is_known_region(text) {
        return Ok(());
    }
    Err(Problem::malformed(
        format!("{text:?} is not a country"),
        "write two capital letters of ISO 3166-1, such as \"CN\"",
    ))
}

fn expression(text: &str) -> Result<(), Problem> {
    When::compile(text).map(drop).map_err(|error| Problem {
        code: Code::BadExpression,
        message: format!("the expression is not usable: {error}"),
        remedy: "write a CEL expression over kind, source, cdr and tags, such as 'kind == \"cdr\"'"
            .into(),
        offset: error.at.map_or(0, |at| offset(text, at.line, at.column)),
        secret: false,
    })
}

/// The byte offset of a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let line = text.get(before..).unwrap_or_default();
    let within = line.char_indices().nth(column.saturating_sub(1));
    before + within.map_or(0, |(at, _)| at)
}

fn path_template(error: &TemplateError) -> Problem {
    let (code, remedy) = match error {
        TemplateError::Outside { .. } => (
            Code::OutsideBase,
            "write a path below the base directory, such as \"archive/{received:%Y-%m-%d}.ndjson\", and set base_dir where another one is meant",
        ),
        _ => (
            Code::Malformed,
            "placeholders are {received:%Y-%m-%d}, {source}, {kind}, {id}, {Member} and {/json/pointer}",
        ),
    };
    Problem {
        code,
        offset: error.offset(),
        message: error.to_string(),
        remedy: remedy.into(),
        secret: false,
    }
}

fn url_template(error: &TemplateError) -> Problem {
    Problem {
        code: Code::Malformed,
        offset: error.offset(),
        message: error.to_string(),
        secret: matches!(error, TemplateError::Credentials { .. }),
        remedy: "write a URL such as \"https://crm.example/hooks/{kind}\"".into(),
    }
}
