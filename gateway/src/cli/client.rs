//! Talks to the admin API of a running gateway.

use anyhow::{Context, bail};
use clap::Args;
use serde::{Serialize, de::DeserializeOwned};

/// Which gateway to talk to.
#[derive(Debug, Clone, Args)]
pub(super) struct ClientArgs {
    /// Address of the admin API
    #[arg(
        long,
        value_name = "URL",
        env = "CDR_GATEWAY_ADMIN",
        default_value = "http://127.0.0.1:9090"
    )]
    admin: String,
    /// Environment variable that holds the token of the admin API
    #[arg(long, value_name = "NAME", default_value = "CDR_GATEWAY_ADMIN_TOKEN")]
    token_env: String,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A client of the admin API.
pub(super) struct Client {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    pub(super) fn new(args: &ClientArgs) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            base: format!("{}/api/v1", args.admin.trim_end_matches('/')),
            token: std::env::var(&args.token_env).ok(),
            http: reqwest::Client::builder().no_proxy().build()?,
            runtime,
        })
    }

    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let request = self.http.get(format!("{}{path}", self.base)).query(query);
        self.send(request)
    }

    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        self.send(request)
    }

    fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        self.runtime.block_on(async {
            let answer = request.send().await.with_context(|| {
                format!(
                    "no gateway answers at {}; start one, or give its address with --admin",
                    self.base
                )
            })?;
            let status = answer.status();
            let body = answer.bytes().await?;
            if status.is_success() {
                return serde_json::from_slice(&body)
                    .context("the gateway's answer is not understood; is it another version?");
            }
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            bail!("{}", problem["detail"].as_str().unwrap_or(status.as_str()))
        })
    }
}
