//! Keys and signatures. A private key is read from its file, used, and wiped; it goes nowhere.

use std::{
    fs::OpenOptions,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use crypto::{
    canonical,
    signature::PrivateKey,
    signed_text::{Cancel, Enrol, Handover, Login, Prescription, ReplaceKey, SignedText},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::rng;
use crate::cli::{
    output::{Output, confirm, listed, say, visible},
    progress,
};

pub(super) const KEYGEN_EXAMPLES: &str = "\
Examples:
  medicrypt keygen --out omkar.pem
  medicrypt keygen --out omkar.pem --bits 4096

omkar.pem gets the private key (PKCS#8, readable by you alone), omkar.pub.pem the public one.";

pub(super) const SIGN_EXAMPLES: &str = "\
Examples:
  medicrypt sign --key omkar.pem text.json
  medicrypt sign --key omkar.pem --yes < text.json > text.sig

The text is canonical JSON (RFC 8785) of a domain that MediCrypt knows. What it says is shown on stderr; the signature
(RSASSA-PKCS1-v1_5, SHA-256) goes to stdout in base64. OpenSSL agrees:
  base64 -d text.sig > raw; openssl dgst -sha256 -verify omkar.pub.pem -signature raw text.json";

/// Arguments of `keygen`.
#[derive(Args, Debug)]
pub struct Keygen {
    /// File for the private key; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Size of the key
    #[arg(long, default_value_t = 3072, value_parser = clap::value_parser!(u16).range(2048..=4096))]
    bits: u16,
    #[command(flatten)]
    output: Output,
}

/// Arguments of `sign`.
#[derive(Args, Debug)]
pub struct Sign {
    /// The text; stdin where none is named
    #[arg(value_name = "FILE")]
    text: Option<PathBuf>,
    /// Your private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: Output,
}

/// Makes a key pair.
pub(super) fn keygen(args: &Keygen) -> Result<()> {
    let making = progress::spinner("making a key");
    let key = PrivateKey::generate(args.bits.into(), &mut rng())?;
    making.finish_and_clear();
    let public_file = args.out.with_extension("pub.pem");
    anyhow::ensure!(
        public_file != args.out,
        "`{}` would be both halves: name it NAME.pem",
        args.out.display()
    );
    write_new(&args.out, key.to_pem()?.as_bytes(), 0o600)?;
    write_new(&public_file, key.public().spki_pem().as_bytes(), 0o644)?;
    let made = json!({ "keyId": key.public().key_id(), "privateKey": args.out, "publicKey": public_file });
    args.output
        .fields(&made, &[("private key", "/privateKey"), ("public key", "/publicKey"), ("key id", "/keyId")])
}

/// Shows and signs one text.
pub(super) fn sign(args: &Sign) -> Result<()> {
    let mut text = String::new();
    match &args.text {
        Some(file) => {
            text = std::fs::read_to_string(file).with_context(|| format!("text `{}`", file.display()))?;
        }
        None => drop(std::io::stdin().take(canonical::MAX_LENGTH as u64 * 2).read_to_string(&mut text)?),
    }
    known(&text)?;
    let key = OwnKey::read(&args.key)?;
    let signature = key.sign_shown(&text, args.yes)?;
    if args.output.json {
        return args.output.data(&json!({ "keyId": key.id(), "signature": signature }));
    }
    crate::cli::output::print(&format!("{signature}\n"))
}

/// The private key of whoever sits here.
pub(super) struct OwnKey(PrivateKey);

impl OwnKey {
    /// Reads a PEM file that nobody else can read.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let named = || format!("private key `{}`", file.display());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let others = std::fs::metadata(file).with_context(named)?.permissions().mode() & 0o077;
            anyhow::ensure!(others == 0, "{} can be read by others: `chmod 600` it", named());
        }
        let pem = Zeroizing::new(std::fs::read_to_string(file).with_context(named)?);
        Ok(Self(PrivateKey::from_pem(&pem).with_context(named)?))
    }

    /// Its id, as signed texts name it.
    pub(super) fn id(&self) -> String {
        self.0.public().key_id()
    }

    /// The public half.
    pub(super) fn public(&self) -> &crypto::signature::PublicKey {
        self.0.public()
    }

    /// Signs a text of one's own making that proves who one is; base64.
    pub(super) fn sign(&self, text: &impl SignedText) -> Result<String> {
        Ok(STANDARD.encode(self.0.sign(text.text()?.as_bytes())?))
    }

    /// Shows what a text says, asks, and signs it; base64.
    pub(super) fn sign_shown(&self, text: &str, agreed: bool) -> Result<String> {
        say(&shown(text)?);
        confirm("sign this?", agreed)?;
        Ok(STANDARD.encode(self.0.sign(text.as_bytes())?))
    }
}

/// The text as it will be read by whoever verifies it: parsed from the very bytes that get signed.
fn shown(text: &str) -> Result<String> {
    fn walk(name: &str, value: &Value, rows: &mut Vec<(String, String)>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    walk(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, rows);
                }
            }
            Value::String(text) => rows.push((name.to_owned(), visible(text))),
            other => rows.push((name.to_owned(), other.to_string())),
        }
    }
    let mut rows = Vec::new();
    walk("", &canonical::parse(text)?, &mut rows);
    let rows: Vec<(&str, String)> = rows.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    Ok(format!("this is what gets signed:\n\n{}", listed(&rows)))
}

/// Refuses to sign what no part of MediCrypt would ask for.
fn known(text: &str) -> Result<()> {
    fn check<T: SignedText>(text: &str) -> Result<()> {
        Ok(T::parse(text).map(drop)?)
    }
    let value = canonical::parse(text)?;
    match value["domain"].as_str().unwrap_or_default() {
        Login::DOMAIN => check::<Login>(text),
        Enrol::DOMAIN => check::<Enrol>(text),
        ReplaceKey::DOMAIN => check::<ReplaceKey>(text),
        Prescription::DOMAIN => check::<Prescription>(text),
        Cancel::DOMAIN => check::<Cancel>(text),
        Handover::DOMAIN => check::<Handover>(text),
        other => anyhow::bail!("`{}` is no domain of a text that MediCrypt signs", visible(other)),
    }
}

/// A file that was not there before, with its mode from the first byte on.
fn write_new(file: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let write = || -> std::io::Result<()> {
        let mut opened = options.open(file)?;
        opened.write_all(content)?;
        opened.sync_all()
    };
    write().with_context(|| format!("file `{}`", file.display()))
}
