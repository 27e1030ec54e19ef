//! How large a document is once its fragments are written out, counted without writing them out.
//!
//! async-graphql's own checks walk through every spread anew, so 814 bytes of fragments that spread each
//! other twice keep it busy for seconds, with all its limits on. Here each fragment is measured once and its
//! cost remembered: the work is linear in the document. This check has to run first, on parsed documents too.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use super::Refusal;

/// How large a document may be. Counts are over all operations of the document, fragments written out.
#[derive(Debug, Clone, Copy)]
pub struct DocumentLimits {
    /// Lexical tokens, as written.
    pub tokens: u64,
    /// Brackets of any kind inside each other, as written: what bounds every recursion over literals.
    pub nesting: u64,
    /// Fields inside each other. Inside `__schema` and `__type`, `ofType` is free: it unwraps one list or
    /// non-null and never fans out, and every tool's introspection query has a row of them.
    pub depth: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Directives.
    pub directives: u64,
    /// Selections: fields, and also spreads and inline fragments, which cost work as well.
    pub fields: u64,
    /// Lists of introspection (`fields`, `inputFields`, `interfaces`, `possibleTypes`) inside each other:
    /// they lead round in circles through the schema, and each round multiplies the answer.
    pub introspection_lists: u64,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            tokens: 2_000,
            nesting: 64,
            depth: 10,
            aliases: 30,
            directives: 50,
            fields: 1_000,
            introspection_lists: 2,
        }
    }
}

/// The size of a document or of a part of it; the names are those of [`DocumentLimits`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Fields inside each other.
    pub depth: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Directives.
    pub directives: u64,
    /// Selections.
    pub fields: u64,
    /// Lists of introspection inside each other.
    pub introspection_lists: u64,
}

/// Measures a document and refuses one that is larger than `limits` allow.
///
/// # Errors
///
/// [`Refusal::DocumentTooLarge`] names the first limit passed; [`Refusal::FragmentCycle`] if a fragment, used
/// or not, spreads itself.
pub fn measure(document: &ExecutableDocument, limits: &DocumentLimits) -> Result<Cost, Refusal> {
    let mut meter = Meter { fragments: &document.fragments, known: HashMap::new() };
    // Unused fragments are measured as well: validation is not ours, and may walk them.
    for name in document.fragments.keys() {
        meter.spread(name)?.within(limits)?;
    }
    let mut total = Cost::default();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let on_variables =
            operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        let own = Cost {
            directives: count(operation.directives.len() + on_variables.sum::<usize>()),
            ..Cost::default()
        };
        total = total.beside(own).beside(meter.selections(&operation.selection_set.node, false)?);
    }
    total.within(limits)?;
    Ok(total)
}

struct Meter<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// What a fragment costs; `None` while it is being measured.
    known: HashMap<&'a str, Option<Cost>>,
}

impl<'a> Meter<'a> {
    fn selections(&mut self, set: &'a SelectionSet, introspecting: bool) -> Result<Cost, Refusal> {
        let mut total = Cost::default();
        for selection in &set.items {
            let own =
                Cost { fields: 1, directives: count(selection.node.directives().len()), ..Cost::default() };
            let inner = match &selection.node {
                Selection::Field(field) => {
                    let (field, name) = (&field.node, field.node.name.node.as_str());
                    let inside = introspecting || matches!(name, "__schema" | "__type");
                    let mut cost = self.selections(&field.selection_set.node, inside)?;
                    cost.aliases = cost.aliases.saturating_add(u64::from(field.alias.is_some()));
                    cost.depth += u64::from(!(introspecting && name == "ofType"));
                    cost.introspection_lists += u64::from(introspecting && is_list_of_introspection(name));
                    cost
                }
                Selection::InlineFragment(fragment) => {
                    self.selections(&fragment.node.selection_set.node, introspecting)?
                }
                Selection::FragmentSpread(spread) => self.spread(spread.node.fragment_name.node.as_str())?,
            };
            total = total.beside(own).beside(inner);
        }
        Ok(total)
    }

    fn spread(&mut self, name: &'a str) -> Result<Cost, Refusal> {
        match self.known.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(Refusal::FragmentCycle),
            None => {}
        }
        // A spread of nothing costs nothing; validation will say that it is unknown.
        let Some(fragment) = self.fragments.get(name) else { return Ok(Cost::default()) };
        let fragment = &fragment.node;
        // Its type says where it may be spread: those of introspection begin with two underscores, no others
        // do.
        let introspecting = fragment.type_condition.node.on.node.starts_with("__");
        self.known.insert(name, None);
        let own = Cost { directives: count(fragment.directives.len()), ..Cost::default() };
        let cost = own.beside(self.selections(&fragment.selection_set.node, introspecting)?);
        self.known.insert(name, Some(cost));
        Ok(cost)
    }
}

impl Cost {
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            fields: self.fields.saturating_add(other.fields),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
        }
    }

    fn within(self, limits: &DocumentLimits) -> Result<(), Refusal> {
        let rows = [
            ("fields after its fragments are written out", self.fields, limits.fields),
            ("levels of fields", self.depth, limits.depth),
            ("aliases", self.aliases, limits.aliases),
            ("directives", self.directives, limits.directives),
            (
                "lists of introspection inside each other",
                self.introspection_lists,
                limits.introspection_lists,
            ),
        ];
        match rows.into_iter().find(|(_, found, limit)| found > limit) {
            Some((what, _, limit)) => Err(Refusal::DocumentTooLarge { what, limit }),
            None => Ok(()),
        }
    }
}

fn is_list_of_introspection(field: &str) -> bool {
    matches!(field, "fields" | "inputFields" | "interfaces" | "possibleTypes")
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
