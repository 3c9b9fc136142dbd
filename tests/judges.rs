//! What others have to be able to read is judged by the tools that they use,
//! not by our own code: the reference library of Standard Webhooks, `jq`,
//! `gzip`, `zstd`, `sha256sum`, Python, `sqlite3`, `promtool`, `openssl`, `curl`, `requests-oauthlib`,
//! `cryptography`, `moto` with `boto3`, and Docker's registry.
//!
//! A tool that is not installed is skipped, and said so loudly; `make judges`
//! requires all of them.

mod cryptography;
mod files;
mod jq;
mod oauth2;
mod openssl;
mod promtool;
mod registry;
mod s3;
mod sqlite;
mod standard_webhooks;
pub mod tool;
