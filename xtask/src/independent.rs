//! The same answers from other implementations: Python scripts in `tests/independent/` recompute, with libraries
//! that share no code with ours, what the examples of the `crypto` crate export as JSON.
//!
//! To add one: write `crypto/examples/export_NAME.rs`, which prints JSON, and `tests/independent/NAME.py`, which
//! reads it on standard input and exits non-zero if an answer differs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::run;
use crate::summary::Summary;

/// RSA and AES by `pycryptodome`, Paillier by `phe`.
const NEEDED: [&str; 2] = ["pycryptodome==3.23.0", "phe==1.5.0"];
/// Makes `phe` fast where it can be had.
const WELCOME: [&str; 1] = ["gmpy2==2.3.1"];

/// Runs every script; skips them, loudly, where Python or its packages can't be had.
pub(crate) fn check(summary: &mut Summary) -> Result<()> {
    let scripts = scripts()?;
    if scripts.is_empty() {
        summary.skip("the checks by other implementations: there is no script in tests/independent/");
        return Ok(());
    }
    run::heading("a Python of our own in target/independent");
    let python = match environment(&run::root().join("target/independent")) {
        Ok(python) => python,
        Err(error) => {
            eprintln!("{error:#}");
            summary.skip("the checks by other implementations: no Python with pycryptodome and phe");
            return Ok(());
        }
    };
    for script in scripts {
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        summary.step(format!("independent check: {name}"), || agree(&python, &script, &name));
    }
    Ok(())
}

/// Files whose name begins with `_` are shared by scripts and are none themselves.
fn scripts() -> Result<Vec<PathBuf>> {
    let folder = run::root().join("tests/independent");
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut scripts = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    scripts.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_')));
    scripts.sort();
    Ok(scripts)
}

/// The interpreter of a virtual environment with the pinned packages, made once per set of pins.
fn environment(folder: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python");
    let stamp = folder.join("pins");
    let pins = NEEDED.join(" ");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == pins) && run::is_installed(&python) {
        return Ok(python);
    }
    run::quietly(run::program("python3", ["-m", "venv", "--clear"]).arg(folder))?;
    let install = |packages: &[&str]| {
        let mut pip = run::program(&python, ["-m", "pip", "install", "--quiet", "--only-binary=:all:"]);
        run::quietly(pip.args(packages))
    };
    install(&NEEDED)?;
    if let Err(error) = install(&WELCOME) {
        eprintln!("without {}, Paillier takes longer: {error:#}", WELCOME.join(" "));
    }
    fs::write(stamp, pins)?;
    Ok(python)
}

/// Hands what our code says to what the other one says.
fn agree(python: &Path, script: &Path, name: &str) -> Result<bool> {
    let json = run::output(&mut run::cargo(&format!(
        "run --quiet --locked --package medicrypt-crypto --example export_{name}"
    )))?;
    let mut judge =
        Command::new(python).arg(script).current_dir(run::root()).stdin(Stdio::piped()).spawn()?;
    // A script that stops reading has its own reason to fail: its exit code tells.
    let written = judge.stdin.take().context("the script has no input")?.write_all(json.as_bytes());
    Ok(judge.wait()?.success() && written.is_ok())
}
