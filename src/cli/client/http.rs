//! GraphQL over HTTP, as a client: one POST, one answer.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use ureq::{
    Agent,
    http::{Uri, uri::Scheme},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use crate::cli::{
    exit::{Refused, Unreachable, Usage},
    output::{say, visible},
};

/// Where the server is unless said.
pub(super) const DEFAULT: &str = "http://127.0.0.1:8440";
/// Longer than the server lets a request run.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// A server that may be there.
pub(super) struct Server {
    origin: String,
    agent: Agent,
}

/// An answer, with whatever went wrong on the way.
pub(super) struct Reply {
    pub(super) body: Value,
    pub(super) refused: Option<Refused>,
}

impl Server {
    /// The server at an address, trusting the authorities in `ca` or else the public ones.
    pub(super) fn at(address: &str, ca: Option<&Path>) -> Result<Self> {
        let origin = origin(address)?;
        let mut tls = TlsConfig::builder();
        if let Some(file) = ca {
            tls = tls.root_certs(authorities(file)?);
        }
        // No proxy from the environment, no redirect: passwords and tokens go where they were sent and nowhere else.
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        Ok(Self { origin, agent: config.into() })
    }

    /// Its address as this client sees it: what a login is signed for.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The data of an answer without errors.
    pub(super) fn ask(
        &self,
        token: Option<&SecretString>,
        document: &str,
        variables: &Value,
    ) -> Result<Value> {
        let Reply { mut body, refused } = self.send(token, document, variables)?;
        match refused {
            Some(refused) => Err(refused.into()),
            None => Ok(body["data"].take()),
        }
    }

    /// The whole answer.
    pub(super) fn send(
        &self,
        token: Option<&SecretString>,
        document: &str,
        variables: &Value,
    ) -> Result<Reply> {
        let unreachable = |problem: String| Unreachable { server: self.origin.clone(), problem };
        let mut request = self
            .agent
            .post(format!("{}/graphql", self.origin))
            .header("accept", "application/graphql-response+json, application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.expose_secret()));
        }
        let mut response = request
            .send_json(json!({ "query": document, "variables": variables }))
            .map_err(|error| unreachable(error.to_string()))?;
        let status = response.status();
        let body: Value =
            response.body_mut().with_config().limit(ANSWER_BYTES).read_json().map_err(|_| {
                unreachable(format!("it answered {status} with something that is not GraphQL"))
            })?;
        if body.get("data").is_none() && body.get("errors").is_none() {
            return Err(
                unreachable(format!("it answered {status} with something that is not GraphQL")).into()
            );
        }
        let refused = body.pointer("/errors/0").map(|error| Refused {
            code: visible(error.pointer("/extensions/code").and_then(Value::as_str).unwrap_or("REFUSED")),
            message: visible(error["message"].as_str().unwrap_or("no message")),
        });
        Ok(Reply { body, refused })
    }
}

/// Scheme, host and port as browsers write an origin (RFC 6454 section 6): lower case, no default port, no path.
fn origin(address: &str) -> Result<String> {
    let wrong = || Usage(format!("`{address}` is no server's address: write it as https://records.example"));
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    let (scheme, authority) = (uri.scheme().ok_or_else(wrong)?, uri.authority().ok_or_else(wrong)?);
    let secure = *scheme == Scheme::HTTPS;
    if (!secure && *scheme != Scheme::HTTP)
        || authority.as_str().contains('@')
        || !matches!(uri.path(), "" | "/")
    {
        return Err(wrong().into());
    }
    let host = authority.host().to_lowercase();
    let default = if secure { 443 } else { 80 };
    let port = authority
        .port_u16()
        .filter(|port| *port != default)
        .map_or_else(String::new, |port| format!(":{port}"));
    if !secure && !["127.0.0.1", "localhost", "[::1]"].contains(&host.as_str()) {
        say("warning: without TLS, everybody on the way can read this");
    }
    Ok(format!("{scheme}://{host}{port}"))
}

fn authorities(file: &Path) -> Result<RootCerts> {
    let named = || format!("certificates `{}`", file.display());
    let pem = std::fs::read(file).with_context(named)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.with_context(named)? {
            certificates.push(certificate);
        }
    }
    anyhow::ensure!(!certificates.is_empty(), "{}: there is none in it", named());
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        for (address, expected) in [
            ("http://127.0.0.1:8440", "http://127.0.0.1:8440"),
            ("http://LocalHost:80/", "http://localhost"),
            ("https://Records.Example:443", "https://records.example"),
            ("https://records.example:8443/", "https://records.example:8443"),
            ("http://[::1]:8440", "http://[::1]:8440"),
        ] {
            assert_eq!(origin(address).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for address in ["records.example", "ftp://a", "https://me:secret@a", "https://a/graphql", ""] {
            assert!(origin(address).unwrap_err().is::<Usage>(), "{address}");
        }
    }
}
