//! Anything the API answers, with one's own document.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

use super::{
    Door,
    http::{DEFAULT, Server},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  medicrypt query -q '{ me { name role } }'
  medicrypt query playground/doctor/patients.graphql --variables '{\"page\":{\"first\":5}}'
  medicrypt query --anonymous -q '{ serverTime }'

The whole answer is printed as JSON, errors included; with errors the exit code is 3.";

/// Arguments of `query`.
#[derive(Args, Debug)]
pub struct Query {
    /// File with a GraphQL document
    #[arg(value_name = "FILE", required_unless_present = "query", conflicts_with = "query")]
    document: Option<PathBuf>,
    /// The document itself
    #[arg(short = 'q', long = "query", id = "query", value_name = "DOCUMENT")]
    literal: Option<String>,
    /// Its variables, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = object)]
    variables: Value,
    /// Ask without a session
    #[arg(long)]
    anonymous: bool,
    #[command(flatten)]
    door: Door,
}

/// Sends a document and prints what comes back.
pub(super) fn run(args: &Query, file: Option<&Path>) -> Result<()> {
    let document = match (&args.literal, &args.document) {
        (Some(document), _) => document.clone(),
        (None, Some(path)) => {
            std::fs::read_to_string(path).with_context(|| format!("document `{}`", path.display()))?
        }
        (None, None) => String::new(),
    };
    let reply = if args.anonymous {
        let settings = args.door.settings(file)?;
        let server = Server::at(settings.server.as_deref().unwrap_or(DEFAULT), settings.ca.as_deref())?;
        server.send(None, &document, &args.variables)?
    } else {
        let client = args.door.enter(file)?;
        client.server.send(Some(&client.session.token), &document, &args.variables)?
    };
    args.door.output.data(&reply.body)?;
    reply.refused.map_or(Ok(()), |refused| Err(refused.into()))
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => Ok(object),
        _ => Err("must be a JSON object".to_owned()),
    }
}
