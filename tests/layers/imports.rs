//! Finds the modules that a source file names, in its text.
//!
//! Not a parser: it knows what a comment, a string and a path look like, and that is enough. It does not see
//! through names made by macros, nor `#[path]`.

/// Crates of this workspace that the server imports by name.
const CRATES: [&str; 3] = ["crypto", "entity", "migration"];

/// After these, `::crypto` begins a path; after any other word it goes on.
const KEYWORDS: [&str; 8] = ["as", "dyn", "for", "impl", "in", "mut", "return", "use"];

/// A module that is named somewhere.
pub(crate) struct Import {
    /// Counted from 1.
    pub(crate) line: usize,
    /// The module it stands in, from the crate's root; inline modules count.
    pub(crate) from: Vec<String>,
    /// What it names, from the crate's root; one of our crates is like a room of that name.
    pub(crate) to: Vec<String>,
}

/// Every path in `source`, the text of the module `file`, that begins with `crate`, `self`, `super` or a crate of ours.
pub(crate) fn imports(file: &[String], source: &str) -> Vec<Import> {
    let tokens = tokens(source);
    let text = |at: usize| text(&tokens, at);
    let mut module = file.to_vec();
    let mut braces = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = |back: usize| at.checked_sub(back).map_or("", text);
        match text(at) {
            "{" => {
                let inline = before(2) == "mod";
                braces.push(inline);
                if inline {
                    module.push(before(1).to_owned());
                }
            }
            "}" if braces.pop() == Some(true) => drop(module.pop()),
            "crate" | "medicrypt" | "self" | "super" | "crypto" | "entity" | "migration" => {
                let names_a_module = text(at + 1) == "::" || before(1) == "use";
                let goes_before = is_word(before(2)) && !KEYWORDS.contains(&before(2)) || before(2) == ">";
                let is_middle = before(1) == "::" && goes_before;
                let is_visibility = before(1) == "in" && before(2) == "(";
                if names_a_module && !is_middle && !is_visibility {
                    let mut paths = Vec::new();
                    at = expand(&tokens, at, &[], &mut paths);
                    found.extend(paths.into_iter().map(|(line, path)| Import {
                        line,
                        from: module.clone(),
                        to: resolve(&module, &path),
                    }));
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Collects the paths that begin at `at` after `prefix`, one for each leaf of a group; returns where they end.
fn expand<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    paths: &mut Vec<(usize, Vec<&'a str>)>,
) -> usize {
    let mut path = prefix.to_vec();
    let text = |at: usize| text(tokens, at);
    if text(at) == "{" {
        at += 1;
        while !["}", ""].contains(&text(at)) {
            if text(at) == "," {
                at += 1;
                continue;
            }
            at = expand(tokens, at, prefix, paths);
            while !["}", ",", ""].contains(&text(at)) {
                at += 1; // `as name`
            }
        }
        return at + 1;
    }
    path.push(text(at));
    if text(at + 1) == "::" && (is_word(text(at + 2)) || ["{", "*"].contains(&text(at + 2))) {
        return expand(tokens, at + 2, &path, paths);
    }
    // A macro lives at the crate's root wherever it is written, so its name tells no room.
    let is_macro = path.len() == 2 && text(at + 1) == "!";
    if !is_macro {
        paths.push((tokens[at].0, path));
    }
    at + 1
}

fn resolve(module: &[String], path: &[&str]) -> Vec<String> {
    let mut resolved = match path[0] {
        "self" | "super" => module.to_vec(),
        _ => Vec::new(),
    };
    for (at, name) in path.iter().enumerate() {
        match *name {
            "crate" | "medicrypt" | "self" => {}
            "super" => drop(resolved.pop()),
            name if at > 0 || CRATES.contains(&name) => resolved.push(name.to_owned()),
            name => panic!("a path cannot begin with `{name}`"),
        }
    }
    resolved
}

/// A word, `::` or a single sign, with its line.
type Token<'a> = (usize, &'a str);

/// The text of a token; nothing beyond the end.
fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |(_, text)| *text)
}

/// The source without comments, strings and characters.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len());
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => 1 + string(&rest[1..]),
            '\'' => character(rest),
            _ if ["r", "br", "cr"].contains(&&rest[..word]) && rest[word..].starts_with(['"', '#']) => {
                raw_string(rest, word)
            }
            ':' if rest.starts_with("::") => 2,
            _ => word.max(first.len_utf8()),
        };
        let token = &rest[..length];
        if token == "::" || is_word(token) || token.len() == 1 && first.is_ascii_punctuation() && first != '"'
        {
            tokens.push((line, token));
        }
        line += token.matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_part)
}

fn is_word_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of a comment that may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of what is inside a string, with its closing quote.
fn string(inside: &str) -> usize {
    let mut escaped = false;
    let end = inside.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    end.map_or(inside.len(), |end| end + 1)
}

/// `r`, `"` or `#`s: up to the quote with as many `#`s. `r#type` is a word, of which the `r#` is dropped.
fn raw_string(rest: &str, prefix: usize) -> usize {
    let hashes = rest[prefix..].len() - rest[prefix..].trim_start_matches('#').len();
    let start = prefix + hashes + 1;
    if !rest[prefix + hashes..].starts_with('"') {
        return prefix + hashes;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
}

/// A character with its quotes, or the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, _))) => {
            rest[escaped + 1..].find('\'').map_or(1, |end| escaped + 2 + end)
        }
        (Some(_), Some((quote, '\''))) => quote + 1,
        _ => 1,
    }
}
