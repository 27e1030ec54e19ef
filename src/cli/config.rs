//! Settings: flags before environment before file. Everything that comes from outside comes in here, and nowhere else.
//!
//! Each group of settings is both flags (`clap`, which also reads the environment) and a part of the file
//! (`config`, TOML, the same names without the dashes in front). Touches no room: what a setting means is said where it
//! is used.
//!
//! To add a setting: a field of its group, a field of [`Settings`] with its default, a row in `shown`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use config::{Config, File, FileFormat};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The settings file that is read where none is named, if it is there.
const FILE: &str = "medicrypt.toml";
/// Holds the master secret where it is a passphrase: never a flag, which other processes can see.
const PASSPHRASE: &str = "MEDICRYPT_PASSPHRASE";
/// Holds the password for `login` and `enrol` in scripts.
pub const PASSWORD: &str = "MEDICRYPT_PASSWORD";

/// Where an installation is.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Installation")]
pub struct Place {
    /// Directory of the SQLite databases [default: ./medicrypt-data]
    #[arg(long, global = true, env = "MEDICRYPT_DATA", value_name = "DIR", conflicts_with = "database")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database instead, as `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, global = true, env = "MEDICRYPT_DATABASE", value_name = "URL", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Directory of the master secret; `MEDICRYPT_PASSPHRASE` holds a passphrase instead [default: ./medicrypt-master]
    #[arg(long, global = true, env = "MEDICRYPT_MASTER", value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master: Option<PathBuf>,
    /// Directory of the signed checkpoints, best on another disk [default: ./medicrypt-checkpoints]
    #[arg(long, global = true, env = "MEDICRYPT_CHECKPOINTS", value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<PathBuf>,
}

/// How the server listens.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Network")]
pub struct Network {
    /// Address and port to listen on [default: 127.0.0.1:8440]
    #[arg(long, env = "MEDICRYPT_LISTEN", value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// The server's address as clients see it, as `https://records.example`; may be given more than once. Log-ins signed
    /// for another one are refused [default: the listening address]
    #[arg(long, env = "MEDICRYPT_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<String>,
    /// TLS certificate chain, PEM
    #[arg(long, env = "MEDICRYPT_TLS_CERTIFICATE", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, env = "MEDICRYPT_TLS_KEY", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// Reverse proxy whose x-forwarded-for is believed; may be given more than once
    #[arg(long, env = "MEDICRYPT_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proxy: Vec<String>,
    /// What the user names of patients who register themselves end in [default: patient.example]
    #[arg(long, env = "MEDICRYPT_PATIENT_DOMAIN", value_name = "DOMAIN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_domain: Option<String>,
}

/// Which server the client talks to, and as whom.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Connection")]
pub struct Remote {
    /// The server [default: that of the session, or `http://127.0.0.1:8440`]
    #[arg(long, global = true, env = "MEDICRYPT_SERVER", value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// File that keeps the session [default: ~/.config/medicrypt/session.json]
    #[arg(long, global = true, env = "MEDICRYPT_SESSION", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<PathBuf>,
    /// Authorities to trust instead of the public ones, PEM
    #[arg(long, global = true, env = "MEDICRYPT_CA", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// What is in force.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// SQLite's directory.
    pub data: PathBuf,
    /// PostgreSQL's address, instead.
    pub database: Option<String>,
    /// The master secret's directory.
    pub master: PathBuf,
    /// The master secret, where it is a passphrase: from the environment only.
    #[serde(skip)]
    pub passphrase: Option<SecretString>,
    /// The checkpoints' directory.
    pub checkpoints: PathBuf,
    /// Address and port.
    pub listen: String,
    /// The server's addresses as clients see them.
    pub origin: Vec<String>,
    /// TLS certificate chain.
    pub tls_certificate: Option<PathBuf>,
    /// Its key.
    pub tls_key: Option<PathBuf>,
    /// Believed reverse proxies.
    pub proxy: Vec<String>,
    /// Of patients who register themselves.
    pub patient_domain: String,
    /// The server, for the client.
    pub server: Option<String>,
    /// The session's file, for the client.
    pub session: PathBuf,
    /// Trusted certificates, for the client.
    pub ca: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "medicrypt-data".into(),
            database: None,
            master: "medicrypt-master".into(),
            passphrase: None,
            checkpoints: "medicrypt-checkpoints".into(),
            listen: "127.0.0.1:8440".to_owned(),
            origin: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            proxy: Vec::new(),
            patient_domain: "patient.example".to_owned(),
            server: None,
            session: home().join(".config/medicrypt/session.json"),
            ca: None,
        }
    }
}

impl Settings {
    /// The defaults, over them the file, over that what each group of flags (and the environment) says.
    ///
    /// # Errors
    /// A file that was named and is not there, or that says something that is no setting.
    pub fn load(file: Option<&Path>, groups: &[&dyn Group]) -> Result<Self> {
        let named = file.unwrap_or(Path::new(FILE));
        let file = File::new(&named.to_string_lossy(), FileFormat::Toml).required(file.is_some());
        let mut layers = Config::builder().add_source(file);
        for group in groups {
            layers = layers.add_source(group.layer()?);
        }
        let layers = layers.build().with_context(|| format!("settings file `{}`", named.display()))?;
        let mut settings: Self =
            layers.try_deserialize().with_context(|| format!("settings file `{}`", named.display()))?;
        // A directory given by hand goes before a database given in the file.
        if groups.iter().any(|group| group.names_directory()) {
            settings.database = None;
        }
        settings.passphrase = secret(PASSPHRASE);
        Ok(settings)
    }

    /// What is in force as name and value, secrets masked.
    #[must_use]
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Path| path.display().to_string();
        let optional =
            |given: Option<&PathBuf>| given.map_or_else(|| "(none)".to_owned(), |given| path(given));
        let list = |given: &[String]| if given.is_empty() { "(none)".to_owned() } else { given.join(", ") };
        let store = match &self.database {
            Some(url) => ("database", masked(url)),
            None => ("data", path(&self.data)),
        };
        let master = match &self.passphrase {
            Some(_) => ("passphrase", "***".to_owned()),
            None => ("master", path(&self.master)),
        };
        vec![
            store,
            master,
            ("checkpoints", path(&self.checkpoints)),
            ("listen", self.listen.clone()),
            ("origin", list(&self.origin)),
            ("tls-certificate", optional(self.tls_certificate.as_ref())),
            ("tls-key", optional(self.tls_key.as_ref())),
            ("proxy", list(&self.proxy)),
            ("patient-domain", self.patient_domain.clone()),
            ("server", self.server.clone().unwrap_or_else(|| "(that of the session)".to_owned())),
            ("session", path(&self.session)),
            ("ca", optional(self.ca.as_ref())),
        ]
    }
}

/// A group of flags as a layer of settings.
pub trait Group {
    /// What was given, and nothing else.
    ///
    /// # Errors
    /// A path that is not UTF-8.
    fn layer(&self) -> Result<Config>;

    /// Whether it says where SQLite's files are.
    fn names_directory(&self) -> bool {
        false
    }
}

impl Group for Place {
    fn layer(&self) -> Result<Config> {
        Ok(Config::try_from(self)?)
    }

    fn names_directory(&self) -> bool {
        self.data.is_some()
    }
}

impl Group for Network {
    fn layer(&self) -> Result<Config> {
        Ok(Config::try_from(self)?)
    }
}

impl Group for Remote {
    fn layer(&self) -> Result<Config> {
        Ok(Config::try_from(self)?)
    }
}

/// A secret from the environment; an empty one is none.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads settings")]
pub fn secret(variable: &str) -> Option<SecretString> {
    std::env::var(variable).ok().filter(|secret| !secret.is_empty()).map(SecretString::from)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads settings")]
fn home() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

/// The same address without its password.
fn masked(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        let (user, place) = rest.split_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{place}"))
    };
    // `?password=…` is another way to write it.
    let shown = hidden().unwrap_or_else(|| url.to_owned());
    match shown.split_once("password=") {
        Some((before, secret)) => {
            let after = secret.split_once('&').map_or("", |(_, after)| after);
            format!("{before}password=***{}{after}", if after.is_empty() { "" } else { "&" })
        }
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn flags_go_before_the_file_and_the_file_before_defaults() {
        let file = written("listen = \"0.0.0.0:1\"\nmaster = \"/m\"\norigin = [\"https://a.example\"]\n");
        let network = Network { listen: Some("127.0.0.1:2".to_owned()), ..Network::default() };
        let settings = Settings::load(Some(file.path()), &[&Place::default(), &network]).unwrap();
        assert_eq!(settings.listen, "127.0.0.1:2");
        assert_eq!(settings.master, Path::new("/m"));
        assert_eq!(settings.origin, ["https://a.example"]);
        assert_eq!(settings.checkpoints, Path::new("medicrypt-checkpoints"));
    }

    #[test]
    fn a_directory_by_hand_goes_before_a_database_in_the_file() {
        let file = written("database = \"postgres://a/b\"\n");
        let place = Place { data: Some("/d".into()), ..Place::default() };
        assert!(Settings::load(Some(file.path()), &[&place]).unwrap().database.is_none());
        assert!(Settings::load(Some(file.path()), &[&Place::default()]).unwrap().database.is_some());
    }

    #[test]
    fn a_setting_that_is_none_and_a_file_that_is_not_there_are_refused() {
        let file = written("lissten = \"0.0.0.0:1\"\n");
        let error = Settings::load(Some(file.path()), &[]).unwrap_err();
        assert!(format!("{error:#}").contains("lissten"), "{error:#}");
        assert!(Settings::load(Some(Path::new("/nowhere/medicrypt.toml")), &[]).is_err());
    }

    #[test]
    fn the_passwords_of_addresses_are_masked() {
        assert_eq!(masked("postgres://me:s3cret@host/db"), "postgres://me:***@host/db");
        assert_eq!(
            masked("postgres://host/db?user=me&password=s3cret&x=1"),
            "postgres://host/db?user=me&password=***&x=1"
        );
        assert_eq!(masked("postgres://me@host/db"), "postgres://me@host/db");
    }
}
