//! Starting other programs, always from the top of the workspace.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The top of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// `program` with `args`, to be started at the top of the workspace.
pub(crate) fn program<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// `cargo` with `args`, which are split at spaces.
pub(crate) fn cargo(args: &str) -> Command {
    program("cargo", args.split_whitespace())
}

/// Runs to the end in the open; false if it failed.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    let status = command.stdin(Stdio::null()).status().with_context(|| could_not_start(command))?;
    Ok(status.success())
}

/// Runs to the end and returns what it printed; its errors go to the screen.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| could_not_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", name(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no text", name(command)))
}

/// Runs to the end in silence; what it said becomes the error.
pub(crate) fn quietly(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| could_not_start(command))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "`{}` failed: {}\n{said}{}",
            name(command),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(said)
}

/// Whether `program` is there to be started.
pub(crate) fn is_installed(program: impl AsRef<OsStr>) -> bool {
    let started = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    !matches!(started, Err(error) if error.kind() == ErrorKind::NotFound)
}

/// What is about to run, so that a reader of the log can find the place.
pub(crate) fn heading(text: &str) {
    eprintln!("\n== {text}");
}

fn could_not_start(command: &Command) -> String {
    format!("could not start `{}`", name(command))
}

fn name(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args().take(3))
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
