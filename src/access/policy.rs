//! A record's own policy: a text of at most 1 KB over the actor's attributes.
//!
//! ```text
//! policy = clause { "OR" clause }
//! clause = factor { "AND" factor }
//! factor = [ "NOT" ] ( "(" policy ")" | key ":" value )
//! ```
//!
//! Keys are `role`, `user_id`, `department`, `hospital`, `pharmacy`, `specialty`. Values are compared without case, spaces
//! written as `_`. What can't be parsed holds for nobody.

use std::{collections::BTreeMap, fmt, iter::Peekable, str::FromStr};

/// Bytes of a policy's text.
pub const MAX_BYTES: usize = 1024;
/// Brackets and negations within each other.
pub const MAX_DEPTH: usize = 16;

const KEYS: [&str; 6] = ["role", "user_id", "department", "hospital", "pharmacy", "specialty"];

/// A parsed policy. Attributes it is held against are those of an [`Actor`](crate::identity::Actor).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    text: String,
    tree: Tree,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tree {
    Any(Vec<Tree>),
    All(Vec<Tree>),
    Not(Box<Tree>),
    Is(String, String),
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefused {
    /// Longer than [`MAX_BYTES`].
    #[error("a policy has at most {MAX_BYTES} bytes")]
    TooLong,
    /// Deeper than [`MAX_DEPTH`].
    #[error("a policy has at most {MAX_DEPTH} levels")]
    TooDeep,
    /// A key that no actor has.
    #[error("`{0}` is no attribute: use one of role, user_id, department, hospital, pharmacy, specialty")]
    UnknownKey(String),
    /// Something else stood where this was expected.
    #[error("expected {0}")]
    Expected(&'static str),
}

impl Policy {
    /// Whether an actor with these attributes is within it.
    #[must_use]
    pub fn holds(&self, attributes: &BTreeMap<String, String>) -> bool {
        self.tree.holds(attributes)
    }

    /// The text it was parsed from: part of the associated data of what is sealed under it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Tree {
    fn holds(&self, attributes: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Any(trees) => trees.iter().any(|tree| tree.holds(attributes)),
            Self::All(trees) => trees.iter().all(|tree| tree.holds(attributes)),
            Self::Not(tree) => !tree.holds(attributes),
            Self::Is(key, value) => attributes.get(key).is_some_and(|own| folded(own) == *value),
        }
    }
}

fn folded(value: &str) -> String {
    value.trim().to_lowercase().replace(' ', "_")
}

impl FromStr for Policy {
    type Err = PolicyRefused;

    fn from_str(text: &str) -> Result<Self, PolicyRefused> {
        if text.len() > MAX_BYTES {
            return Err(PolicyRefused::TooLong);
        }
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut words = spaced.split_whitespace().peekable();
        let tree = any(&mut words, 0)?;
        match words.next() {
            None => Ok(Self { text: text.to_owned(), tree }),
            Some(_) => Err(PolicyRefused::Expected("AND, OR or the end")),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

type Words<'a> = Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, depth: usize) -> Result<Tree, PolicyRefused> {
    let mut clauses = vec![all(words, depth)?];
    while words.next_if_eq(&"OR").is_some() {
        clauses.push(all(words, depth)?);
    }
    Ok(Tree::Any(clauses))
}

fn all(words: &mut Words<'_>, depth: usize) -> Result<Tree, PolicyRefused> {
    let mut factors = vec![factor(words, depth)?];
    while words.next_if_eq(&"AND").is_some() {
        factors.push(factor(words, depth)?);
    }
    Ok(Tree::All(factors))
}

fn factor(words: &mut Words<'_>, depth: usize) -> Result<Tree, PolicyRefused> {
    if depth >= MAX_DEPTH {
        return Err(PolicyRefused::TooDeep);
    }
    match words.next().ok_or(PolicyRefused::Expected("`key:value`, `(` or NOT"))? {
        "NOT" => Ok(Tree::Not(Box::new(factor(words, depth + 1)?))),
        "(" => {
            let tree = any(words, depth + 1)?;
            words.next_if_eq(&")").ok_or(PolicyRefused::Expected("`)`"))?;
            Ok(tree)
        }
        word => {
            let (key, value) = word.split_once(':').ok_or(PolicyRefused::Expected("`key:value`"))?;
            if !KEYS.contains(&key) {
                return Err(PolicyRefused::UnknownKey(key.to_owned()));
            }
            if value.is_empty() {
                return Err(PolicyRefused::Expected("a value after `:`"));
            }
            Ok(Tree::Is(key.to_owned(), folded(value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn holds(policy: &str, pairs: &[(&str, &str)]) -> bool {
        policy.parse::<Policy>().unwrap().holds(&attributes(pairs))
    }

    #[test]
    fn and_binds_closer_than_or() {
        let policy = "role:doctor AND department:cardiology OR role:pharmacist";
        assert!(holds(policy, &[("role", "doctor"), ("department", "Cardiology")]));
        assert!(!holds(policy, &[("role", "doctor"), ("department", "neurology")]));
        assert!(holds(policy, &[("role", "pharmacist")]));
        assert!(!holds("role:doctor AND (department:a OR role:admin)", &[("role", "doctor")]));
    }

    #[test]
    fn not_turns_one_factor_around() {
        assert!(holds("role:doctor AND NOT department:neurology", &[("role", "doctor")]));
        assert!(!holds("NOT role:doctor", &[("role", "doctor")]));
    }

    #[test]
    fn a_missing_attribute_is_not_the_value() {
        assert!(!holds("hospital:kmc", &[("role", "doctor")]));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "role",
            "role:",
            "name:x",
            "role:doctor OR",
            "(role:doctor",
            "role:doctor)",
            "role:a role:b",
            "AND role:a",
        ] {
            assert!(text.parse::<Policy>().is_err(), "`{text}`");
        }
        assert_eq!(format!("role:{}", "a".repeat(MAX_BYTES)).parse::<Policy>(), Err(PolicyRefused::TooLong));
        let deep = format!("{}role:a{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
        assert_eq!(deep.parse::<Policy>(), Err(PolicyRefused::TooDeep));
        assert!(format!("{}role:a{}", "(".repeat(15), ")".repeat(15)).parse::<Policy>().is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_never_more(text in ".{0,200}") {
            let _ = text.parse::<Policy>();
        }
    }
}
