//! One stack of rooms, and imports only go down it: "may A import B?" compares two positions in [`STACK`].
//!
//! The check reads the sources as text: comments and strings are left out, `super::`, `self::` and grouped paths
//! are resolved. To add a room: put it into [`STACK`]; to add a role: put its folder into [`ROLES`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "layers/imports.rs"]
mod imports;

use std::fs;
use std::path::{Path, PathBuf};

use imports::{Import, imports};

/// From top to bottom. Rooms of one position may import each other; `main` is also the crate's root.
const STACK: [&[&str]; 20] = [
    &["main"],
    &["cli", "config"],
    &["server"],
    &["schema"],
    &["roles"],
    &["graph"],
    &["interop"],
    &["world"],
    &["clinic"],
    &["statistics"],
    &["search"],
    &["vault"],
    &["access"],
    &["identity"],
    &["ledger"],
    &["keyring"],
    &["store"],
    &["crypto"],
    &["entity"],
    &["migration"],
];

/// Folders of `src/roles/`, strangers to each other.
const ROLES: [&str; 5] = ["admin", "doctor", "everyone", "patient", "pharmacist"];

/// A file that outgrows this is a folder waiting to be made.
const MOST_LINES: usize = 400;

/// Tables of data and one-way history may be as long as they are.
const EXEMPT: [&str; 3] = ["migration/src/", "tests/vectors/", "crypto/tests/vectors/"];

/// What could turn a sealed column into its content, or look as if: none of it in `entity` or `migration`.
const CRYPTOGRAPHY: &str = "crypto aes aes-gcm cbc chacha20poly1305 cipher hmac hkdf pbkdf2 sha1 sha2 sha3 digest bcrypt \
    argon2 scrypt rsa signature ed25519-dalek x25519-dalek num-bigint crypto-bigint prio ring aws-lc-rs openssl rustls";

#[test]
fn imports_only_go_down_the_stack() {
    let sources = rust_files(&root().join("src"));
    assert!(!sources.is_empty(), "there is nothing to check in src/");
    let offences: Vec<_> = sources.iter().flat_map(|file| offences(&shown(file), &read(file))).collect();
    assert!(offences.is_empty(), "imports that don't go down the stack:\n{}\n", offences.join("\n"));
}

#[test]
fn every_room_is_in_the_stack_and_every_role_in_its_list() {
    let strays = |folder: &str, known: &dyn Fn(&str) -> bool| -> Vec<String> {
        let entries = fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.path().file_stem().unwrap().to_string_lossy().into_owned());
        names.filter(|name| !known(name)).map(|name| format!("{folder}/{name}")).collect()
    };
    let mut strays = [
        strays("src", &|name| position(name).is_some() || ["lib", "bin"].contains(&name)),
        strays("src/roles", &|name| ROLES.contains(&name) || !root().join("src/roles").join(name).is_dir()),
    ]
    .concat();
    strays.sort();
    assert!(strays.is_empty(), "add it to the stack, or to ROLES, in tests/layers.rs: {}", strays.join(", "));
}

#[test]
fn no_file_outgrows_what_a_reader_can_hold() {
    let files = rust_files(&root());
    let files = files.iter().map(|file| (shown(file), read(file).lines().count()));
    let long: Vec<_> = files
        .filter(|(file, lines)| *lines > MOST_LINES && !EXEMPT.iter().any(|exempt| file.starts_with(exempt)))
        .map(|(file, lines)| format!("{file}: {lines} lines, {MOST_LINES} at most: make it a folder"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn entity_and_migration_have_nothing_to_decrypt_with() {
    for member in ["entity", "migration"] {
        let found = dependencies(&read(&root().join(member).join("Cargo.toml")));
        assert!(!found.is_empty(), "{member}/Cargo.toml has no dependencies: was it read rightly?");
        let cryptography =
            found.iter().find(|name| CRYPTOGRAPHY.split_whitespace().any(|crypto| crypto == *name));
        assert_eq!(cryptography, None, "{member} must not depend on cryptography");
    }
}

/// The imports of one file that the stack forbids, one a line with its place. `file` is seen from the top folder.
fn offences(file: &str, source: &str) -> Vec<String> {
    let module = module(file);
    let refused = |Import { line, from, to }: Import| {
        refusal(&from, &to).map(|why| format!("{file}:{line}: `{}`: {why}", to.join("::")))
    };
    imports(&module, source).into_iter().filter_map(refused).collect()
}

/// `src/ledger/append.rs` is the module `ledger::append`.
fn module(file: &str) -> Vec<String> {
    let path = file.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
    let mut module: Vec<_> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if module[0] == "bin" || module == ["main"] || module == ["lib"] {
        module.clear();
    }
    module
}

/// Why the module `from` may not import `to`, if it may not. Both are paths from the crate's root.
fn refusal(from: &[String], to: &[String]) -> Option<String> {
    let name = |path: &[String], at: usize| {
        path.get(at).map(String::as_str).filter(|name| *name != "*").map(str::to_owned)
    };
    let here = name(from, 0).unwrap_or_else(|| "main".to_owned());
    let Some(there) = name(to, 0) else {
        return (here != "main").then(|| "takes the whole crate: name the room".to_owned());
    };
    let unknown = |room: &str| Some(format!("`{room}` is no room: add it to the stack in tests/layers.rs"));
    let Some(from_position) = position(&here) else { return unknown(&here) };
    let Some(to_position) = position(&there) else { return unknown(&there) };

    let is_client = here == "cli" && name(from, 1).is_some_and(|part| part == "client");
    if is_client && !["cli", "crypto"].contains(&there.as_str()) {
        return Some("the client uses `crypto` and HTTP only".to_owned());
    }
    if here == "roles" && there == "roles" {
        let role = name(from, 1).filter(|role| ROLES.contains(&role.as_str()))?;
        return match name(to, 1) {
            None => Some("takes all roles: name what you need".to_owned()),
            Some(other) if other != role && ROLES.contains(&other.as_str()) => {
                Some(format!("roles are strangers: `{role}` may not import `{other}`"))
            }
            Some(_) => None,
        };
    }
    (to_position < from_position).then(|| format!("`{there}` stands above `{here}`: imports only go down"))
}

fn position(room: &str) -> Option<usize> {
    STACK.iter().position(|rooms| rooms.contains(&room))
}

/// The names a Cargo.toml depends on in any section, without the workspace's prefix; renamed ones by both names.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.contains("dependencies");
            names.extend(section.rsplit_once("dependencies.").map(|(_, name)| name));
        } else if inside {
            names.extend(line.split(['=', '.', ' ']).next());
            names.extend(line.split_once("package = \"").and_then(|(_, name)| name.split('"').next()));
        }
    }
    names.into_iter().map(|name| name.trim_matches('"').trim_start_matches("medicrypt-").to_owned()).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All `.rs` files below a folder but those of builds, packages and hidden folders.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The path from the top folder, as people write it.
fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("could not read {}: {error}", shown(file)))
}

mod the_scanner {
    use super::{dependencies, offences};

    /// The one offence in a source, without its explanation after the path.
    fn offence(file: &str, source: &str) -> String {
        let offences = offences(file, source);
        assert_eq!(offences.len(), 1, "{offences:#?}");
        offences[0].clone()
    }

    #[test]
    fn catches_an_upward_import_with_its_line() {
        assert_eq!(
            offence("src/ledger.rs", "//! The ledger.\n\nuse crate::world::World;\n"),
            "src/ledger.rs:3: `world::World`: `world` stands above `ledger`: imports only go down"
        );
    }

    #[test]
    fn catches_one_of_a_group_that_is_fine_otherwise() {
        let source = "use crate::{\n    keyring::Key,\n    store::{self, Tx},\n    graph::{errors::{Code as C}, *},\n};";
        let offences = offences("src/vault/open.rs", source);
        assert_eq!(offences.len(), 2, "{offences:#?}");
        assert!(offences[0].starts_with("src/vault/open.rs:4: `graph::errors::Code`"), "{offences:#?}");
        assert!(offences[1].starts_with("src/vault/open.rs:4: `graph::*`"), "{offences:#?}");
    }

    #[test]
    fn catches_a_role_that_knows_another() {
        let pharmacist = "src/roles/pharmacist/dispense.rs";
        let why = "roles are strangers: `pharmacist` may not import `doctor`";
        for source in ["use crate::roles::doctor::prescribe;", "fn f() { super::super::doctor::prescribe() }"]
        {
            assert_eq!(
                offence(pharmacist, source),
                format!("{pharmacist}:1: `roles::doctor::prescribe`: {why}")
            );
        }
        assert!(offence(pharmacist, "use crate::roles::{self as others};").contains("takes all roles"));
        assert!(offence("src/roles/doctor.rs", "use super::*;").contains("takes all roles"));
        assert!(
            offences(pharmacist, "use super::queue; use crate::roles::{Register, pharmacist::log};")
                .is_empty()
        );
    }

    #[test]
    fn catches_a_path_by_super_and_one_in_the_middle_of_code() {
        assert!(
            offence("src/store/tx.rs", "use super::super::ledger::Receipt;")
                .contains("`ledger` stands above")
        );
        assert!(
            offence("src/store.rs", "fn f(r: &crate::ledger::Receipt) {}").contains("`ledger` stands above")
        );
        assert!(
            offence("src/store.rs", "mod tests { use super::super::ledger; }")
                .contains("`ledger` stands above")
        );
        assert!(offence("src/store.rs", "pub use ::medicrypt::ledger;").contains("`ledger` stands above"));
    }

    #[test]
    fn catches_the_whole_crate_and_a_room_nobody_knows() {
        assert!(offence("src/vault.rs", "use crate::*;").contains("takes the whole crate"));
        assert!(offence("src/vault.rs", "use crate as everything;").contains("takes the whole crate"));
        assert!(offence("src/vault.rs", "use crate::utils::pad;").contains("add it to the stack"));
        assert!(offence("src/utils.rs", "use crypto::Key;").contains("add it to the stack"));
    }

    #[test]
    fn holds_the_client_to_cryptography_and_http() {
        let client = "src/cli/client/login.rs";
        assert!(
            offences(client, "use crypto::PrivateKey; use crate::cli::Output; use super::http;").is_empty()
        );
        for source in ["use crate::identity::User;", "use entity::user;", "use crate::config::Config;"] {
            assert!(offence(client, source).contains("`crypto` and HTTP only"));
        }
    }

    #[test]
    fn lets_downward_imports_pass_and_is_not_fooled_by_text() {
        let source = r##"
            use crate::{keyring::Key, store, ledger::append::Leaf};
            use crypto::mac; // use crate::world::World;
            /* crate::world /* crate::world */ crate::world */
            pub(in crate::ledger) fn a<'a>(quote: char) -> &'a str {
                let _ = ('"', '\'', b'x', "\" crate::world", r#"" crate::world"#);
                crate::register! {}
                super::ledger::b(self.crate_::world)
            }
            mod tests { use super::*; }
        "##;
        assert_eq!(offences("src/ledger.rs", source), [""; 0]);
        assert!(
            offence("src/ledger.rs", &format!("{source} use crate::world;"))
                .starts_with("src/ledger.rs:11: ")
        );
        assert_eq!(offences("src/main.rs", "use medicrypt::cli; use crate::store::*;"), [""; 0]);
    }

    #[test]
    fn finds_a_dependency_however_it_is_written() {
        let manifest = "[package]\nname = \"entity\"\n[dependencies]\nuuid.workspace = true\n# aes = \"1\"\n\
            c = { package = \"medicrypt-crypto\" }\n[target.'cfg(unix)'.dev-dependencies.hmac]\nversion = \"1\"\n\
            [features]\nrsa = []\n";
        assert_eq!(dependencies(manifest), ["uuid", "c", "crypto", "hmac", "version"]);
    }
}
