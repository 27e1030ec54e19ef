//! Finds private keys in what a client sends: in variables, and in literals written into the document.
//!
//! What a private key looks like as text is the caller's to say; a JWK written as an object is known by its
//! members.

use async_graphql::{
    Name, Positioned, Value as ConstValue, Variables,
    parser::types::{Directive, ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value;

/// Whether a value of `variables`, or a name in it, holds a private key.
pub(super) fn in_variables(variables: &Variables, holds: fn(&str) -> bool) -> bool {
    variables.iter().any(|(name, value)| holds(name) || in_constant(value, holds))
}

/// Whether a literal of `document` holds a private key.
pub(super) fn in_document(document: &ExecutableDocument, holds: fn(&str) -> bool) -> bool {
    document.operations.iter().any(|(_, operation)| {
        let operation = &operation.node;
        operation.variable_definitions.iter().any(|variable| {
            let default = variable.node.default_value.as_ref();
            default.is_some_and(|value| in_constant(&value.node, holds))
                || in_directives(&variable.node.directives, holds)
        }) || in_directives(&operation.directives, holds)
            || in_selections(&operation.selection_set.node, holds)
    }) || document.fragments.values().any(|fragment| {
        in_directives(&fragment.node.directives, holds)
            || in_selections(&fragment.node.selection_set.node, holds)
    })
}

fn in_selections(set: &SelectionSet, holds: fn(&str) -> bool) -> bool {
    set.items.iter().any(|selection| {
        in_directives(selection.node.directives(), holds)
            || match &selection.node {
                Selection::Field(field) => {
                    in_arguments(&field.node.arguments, holds)
                        || in_selections(&field.node.selection_set.node, holds)
                }
                Selection::InlineFragment(fragment) => {
                    in_selections(&fragment.node.selection_set.node, holds)
                }
                Selection::FragmentSpread(_) => false,
            }
    })
}

fn in_directives(directives: &[Positioned<Directive>], holds: fn(&str) -> bool) -> bool {
    directives.iter().any(|directive| in_arguments(&directive.node.arguments, holds))
}

fn in_arguments(arguments: &[(Positioned<Name>, Positioned<Value>)], holds: fn(&str) -> bool) -> bool {
    arguments.iter().any(|(_, value)| in_literal(&value.node, holds))
}

fn in_literal(value: &Value, holds: fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => holds(text),
        Value::Enum(name) => holds(name),
        Value::List(items) => items.iter().any(|item| in_literal(item, holds)),
        Value::Object(members) => {
            is_private_jwk(|name| members.contains_key(name))
                || members.iter().any(|(name, member)| holds(name) || in_literal(member, holds))
        }
        Value::Variable(_) | Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Binary(_) => false,
    }
}

fn in_constant(value: &ConstValue, holds: fn(&str) -> bool) -> bool {
    match value {
        ConstValue::String(text) => holds(text),
        ConstValue::Enum(name) => holds(name),
        ConstValue::List(items) => items.iter().any(|item| in_constant(item, holds)),
        ConstValue::Object(members) => {
            is_private_jwk(|name| members.contains_key(name))
                || members.iter().any(|(name, member)| holds(name) || in_constant(member, holds))
        }
        ConstValue::Null | ConstValue::Number(_) | ConstValue::Boolean(_) | ConstValue::Binary(_) => false,
    }
}

/// RFC 7517 section 4.1, RFC 7518 section 6: `kty` makes it a key, `d` makes it private.
fn is_private_jwk(has: impl Fn(&str) -> bool) -> bool {
    has("kty") && has("d")
}
