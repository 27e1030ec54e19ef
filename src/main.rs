//! `medicrypt`: see [`medicrypt::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    medicrypt::cli::main()
}
