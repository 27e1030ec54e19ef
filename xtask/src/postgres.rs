//! The PostgreSQL the tests run on: one's own, or a throw-away cluster on 127.0.0.1.
//!
//! A cluster outlives nobody: a small shell, the keeper, waits for the end of its input and then stops the
//! server and removes its files. That end comes when [`Cluster`] is dropped, and just as well when this program
//! is interrupted or killed.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::run;

/// What the tests find in `MEDICRYPT_TEST_POSTGRES`, or why it is missing.
pub(crate) enum Postgres {
    Own(String),
    ThrowAway(Cluster),
    Missing(&'static str),
}

impl Postgres {
    /// `own` if given, else a new cluster. A machine without PostgreSQL gets it installed if we are root.
    pub(crate) fn provide(own: Option<&str>) -> Result<Self> {
        if let Some(url) = own {
            return Ok(Self::Own(url.to_owned()));
        }
        let Some(bin) = binaries() else {
            return Ok(Self::Missing("it is not installed, and could not be"));
        };
        Cluster::start(bin).map(Self::ThrowAway)
    }

    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Own(url) => Some(url),
            Self::ThrowAway(cluster) => Some(&cluster.url),
            Self::Missing(_) => None,
        }
    }

    /// Tells `command`, and all it starts, where PostgreSQL is.
    pub(crate) fn tell(&self, command: &mut Command) {
        match self.url() {
            Some(url) => command.env("MEDICRYPT_TEST_POSTGRES", url),
            None => command.env_remove("MEDICRYPT_TEST_POSTGRES"),
        };
    }

    /// For the summary; an own URL may hold a password and is not shown.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Own(_) => "SQLite, and the PostgreSQL of MEDICRYPT_TEST_POSTGRES".to_owned(),
            Self::ThrowAway(cluster) => format!("SQLite, and a throw-away {}", cluster.version),
            Self::Missing(_) => "SQLite only".to_owned(),
        }
    }
}

/// A running server with trust authentication, whose superuser is `medicrypt`.
pub(crate) struct Cluster {
    url: String,
    version: String,
    keeper: Child,
    data: Data,
}

impl Cluster {
    fn start(bin: PathBuf) -> Result<Self> {
        let version = run::quietly(Command::new(bin.join("initdb")).arg("--version"))?;
        let version = version.trim().replace("initdb (PostgreSQL)", "PostgreSQL");
        run::heading(&format!("starting a throw-away {version}"));

        let data = Data::make(bin)?;
        let mut cluster = Self { url: String::new(), version, keeper: data.keeper()?, data };
        let port = cluster.data.serve()?;
        cluster.url = format!("postgres://medicrypt@127.0.0.1:{port}/postgres");
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("could not stop PostgreSQL in {}: {error}", self.data.folder.path().display());
        }
    }
}

/// The files of a cluster, and the programs that work on them.
struct Data {
    bin: PathBuf,
    user: Option<Unprivileged>,
    folder: TempDir,
}

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 200
fsync = on
";

/// Three arguments: `pg_ctl`, the data, the folder to remove.
const KEEPER: &str = r#"read -r _; "$1" stop --pgdata="$2" --mode=fast --wait; cd /; rm -rf "$3""#;

impl Data {
    fn make(bin: PathBuf) -> Result<Self> {
        let user = Unprivileged::choose()?;
        let folder = tempfile::Builder::new().prefix("medicrypt-pg-").tempdir()?;
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid), Some(user.gid))
                .context("could not give the cluster's folder away")?;
        }
        let data = Self { bin, user, folder };
        let mut initdb = data.program(data.bin.join("initdb"));
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--username=medicrypt", "--pgdata"]);
        run::quietly(initdb.arg(data.files()))?;

        let configuration = data.files().join("postgresql.conf");
        let defaults = fs::read_to_string(&configuration)?;
        let sockets = data.folder.path().display();
        fs::write(&configuration, format!("{defaults}{SETTINGS}unix_socket_directories = '{sockets}'\n"))?;
        Ok(data)
    }

    /// A process group of its own, so that Ctrl-C on the terminal leaves it to do its work.
    fn keeper(&self) -> Result<Child> {
        let mut keeper = self.program("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(self.bin.join("pg_ctl"))
            .arg(self.files())
            .arg(self.folder.path());
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        keeper.spawn().context("could not start the cluster's keeper")
    }

    /// Starts the server and returns its port. Another program may take the free port first: three tries.
    fn serve(&self) -> Result<u16> {
        let mut tries = 0;
        loop {
            tries += 1;
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut server = self.program(self.bin.join("pg_ctl"));
            server.args(["start", "--wait", "--silent", "--log=server.log", "--pgdata"]).arg(self.files());
            match run::quietly(server.arg(format!("--options=-p {port}"))) {
                Ok(_) => return Ok(port),
                Err(_) if tries < 3 => {}
                Err(error) => {
                    let log = fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
                    return Err(error.context(format!("PostgreSQL did not start; its log says:\n{log}")));
                }
            }
        }
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }
}

/// PostgreSQL refuses to run as root.
struct Unprivileged {
    uid: u32,
    gid: u32,
}

impl Unprivileged {
    /// None if we are not root, so that we are unprivileged ourselves.
    fn choose() -> Result<Option<Self>> {
        if !is_root()? {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let (Ok(uid), Ok(gid)) = (id(&["-u", name]), id(&["-g", name])) {
                return Ok(Some(Self { uid, gid }));
            }
        }
        bail!("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")
    }
}

fn is_root() -> Result<bool> {
    Ok(id(&["-u"])? == 0)
}

fn id(args: &[&str]) -> Result<u32> {
    let printed = run::quietly(Command::new("id").args(args))?;
    printed.trim().parse().with_context(|| format!("`id` printed `{}`", printed.trim()))
}

/// The folder that holds `initdb`; empty if PATH does.
fn binaries() -> Option<PathBuf> {
    installed().or_else(|| {
        install().unwrap_or_else(|error| eprintln!("could not install PostgreSQL: {error:#}"));
        installed()
    })
}

/// Debian and its children put each version's programs beside PATH, and so do others.
const PREFIXES: [&str; 3] = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];

fn installed() -> Option<PathBuf> {
    if run::is_installed("initdb") && run::is_installed("pg_ctl") {
        return Some(PathBuf::new());
    }
    let versions = PREFIXES.iter().filter_map(|prefix| fs::read_dir(prefix).ok()).flatten().flatten();
    let bins = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    bins.max_by_key(|bin| version_number(bin))
}

/// 15 of `/usr/lib/postgresql/15/bin` or of `/usr/local/opt/postgresql@15/bin`.
fn version_number(bin: &Path) -> Option<u32> {
    bin.parent()?.file_name()?.to_str()?.rsplit('@').next()?.parse().ok()
}

fn install() -> Result<()> {
    if !is_root()? || !run::is_installed("apt-get") {
        return Ok(());
    }
    run::heading("installing PostgreSQL: apt-get install postgresql");
    for args in [&["update"][..], &["install", "--yes", "--no-install-recommends", "postgresql"][..]] {
        run::quietly(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version_number(Path::new("/usr/lib/postgresql/15/bin")), Some(15));
        assert_eq!(version_number(Path::new("/usr/local/opt/postgresql@17/bin")), Some(17));
        assert!(
            version_number(Path::new("/usr/lib/postgresql/9/bin"))
                < version_number(Path::new("/usr/lib/postgresql/15/bin"))
        );
    }
}
