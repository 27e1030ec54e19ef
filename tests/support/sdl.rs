//! The schema as its SDL has it: what the tests of the API go through field by field.

#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use async_graphql::{
    Value,
    parser::{
        parse_schema,
        types::{
            BaseType, ConstDirective, FieldDefinition, InputValueDefinition, SchemaDefinition,
            ServiceDocument, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
        },
    },
};

/// A parsed schema.
pub(crate) struct Sdl(ServiceDocument, String);

/// A field of `Query` or `Mutation`.
#[derive(Clone, Copy)]
pub(crate) struct Root<'a> {
    /// `query` or `mutation`.
    pub(crate) operation: &'static str,
    pub(crate) field: &'a FieldDefinition,
}

impl Sdl {
    pub(crate) fn parse(text: &str) -> Self {
        let parsed = parse_schema(text).unwrap_or_else(|error| panic!("the SDL does not parse: {error}"));
        Self(parsed, text.to_owned())
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &TypeDefinition> {
        self.0.definitions.iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(&definition.node),
            _ => None,
        })
    }

    /// Directives that may stand once on a field. From the text: the parser takes every directive for repeatable.
    pub(crate) fn directives_used_once(&self) -> Vec<String> {
        let names = self.0.definitions.iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Directive(definition) => Some(definition.node.name.node.to_string()),
            _ => None,
        });
        let line = |name: &str| {
            let starts = |line: &&str| {
                let rest = line.strip_prefix("directive @").and_then(|line| line.strip_prefix(name));
                rest.is_some_and(|rest| rest.starts_with(['(', ' ']))
            };
            self.1.lines().find(starts).unwrap_or_else(|| panic!("@{name} has a line"))
        };
        names.filter(|name| !line(name).contains(" repeatable on ")).collect()
    }

    /// The output fields of a type; none of a scalar's or enum's.
    pub(crate) fn fields(&self, name: &str) -> Vec<&FieldDefinition> {
        let found = self.types().find(|definition| definition.name.node == name);
        match found.map(|definition| &definition.kind) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|field| &field.node).collect(),
            Some(TypeKind::Interface(_) | TypeKind::Union(_)) => panic!("{name}: teach the tests interfaces"),
            _ => Vec::new(),
        }
    }

    /// Queries, then mutations.
    pub(crate) fn roots(&self) -> Vec<Root<'_>> {
        let schema = self.0.definitions.iter().find_map(|definition| match definition {
            TypeSystemDefinition::Schema(schema) => Some(&schema.node),
            _ => None,
        });
        let SchemaDefinition { query, mutation, .. } = schema.expect("the SDL names its roots");
        let of = |operation, root: Option<&str>| {
            let fields = root.map_or_else(Vec::new, |name| self.fields(name));
            fields.into_iter().map(move |field| Root { operation, field })
        };
        let name = |name: &Option<async_graphql::Positioned<async_graphql::Name>>| {
            name.as_ref().map(|name| name.node.to_string())
        };
        of("query", name(query).as_deref()).chain(of("mutation", name(mutation).as_deref())).collect()
    }

    /// Every output field of every type, as `Type.field`.
    pub(crate) fn all_fields(&self) -> Vec<(String, &FieldDefinition)> {
        let of = |definition: &TypeDefinition| {
            let name = definition.name.node.to_string();
            self.fields(&name).into_iter().map(move |field| (format!("{name}.{}", field.name.node), field))
        };
        self.types().flat_map(of).collect()
    }

    /// Everything that takes a value from a client, as `Type.field.argument` or `Input.field`.
    pub(crate) fn inputs(&self) -> Vec<(String, &InputValueDefinition)> {
        let mut inputs = Vec::new();
        for (place, field) in self.all_fields() {
            inputs.extend(
                field.arguments.iter().map(|arg| (format!("{place}.{}", arg.node.name.node), &arg.node)),
            );
        }
        for definition in self.types() {
            if let TypeKind::InputObject(object) = &definition.kind {
                let place = |field: &str| format!("{}.{field}", definition.name.node);
                inputs.extend(object.fields.iter().map(|field| (place(&field.node.name.node), &field.node)));
            }
        }
        inputs
    }

    /// Types that a type's fields lead to, itself included.
    pub(crate) fn reachable(&self, from: &Type) -> BTreeSet<String> {
        let (mut found, mut next) = (BTreeSet::new(), vec![name_of(from)]);
        while let Some(name) = next.pop() {
            if found.insert(name.clone()) {
                next.extend(self.fields(&name).iter().map(|field| name_of(&field.ty.node)));
            }
        }
        found
    }

    /// An operation that asks one root field for everything it can say. `given` are its arguments, as variables.
    pub(crate) fn ask_all(&self, root: Root<'_>, given: &serde_json::Value) -> String {
        let given = given.as_object().expect("variables are an object");
        let arguments: Vec<_> = root.field.arguments.iter().map(|argument| &argument.node).collect();
        for name in given.keys() {
            assert!(
                arguments.iter().any(|a| a.name.node == *name),
                "`{}` takes no `{name}`",
                root.field.name.node
            );
        }
        let given: Vec<_> = arguments
            .into_iter()
            .filter(|argument| given.contains_key(argument.name.node.as_str()))
            .collect();
        let variables = joined(given.iter().map(|a| format!("${}: {}", a.name.node, a.ty.node)));
        let arguments = joined(given.iter().map(|a| format!("{0}: ${0}", a.name.node)));
        let brackets = |text: String| if text.is_empty() { text } else { format!("({text})") };
        format!(
            "{}{} {{ {}{} {} }}",
            root.operation,
            brackets(variables),
            root.field.name.node,
            brackets(arguments),
            self.everything(&root.field.ty.node)
        )
    }

    /// The selection of all fields; `nodes` of a connection says the same as its `edges`.
    fn everything(&self, of: &Type) -> String {
        let fields = self.fields(&name_of(of));
        if fields.is_empty() {
            return String::new();
        }
        let select = |field: &&FieldDefinition| {
            (field.name.node != "nodes")
                .then(|| format!("{} {} ", field.name.node, self.everything(&field.ty.node)))
        };
        format!("{{ {} }}", joined(fields.iter().filter_map(select)))
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// The name within lists and non-null.
pub(crate) fn name_of(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => name_of(inner),
    }
}

/// The directives of that name on a field.
pub(crate) fn directives<'a>(field: &'a FieldDefinition, name: &str) -> Vec<&'a ConstDirective> {
    field.directives.iter().map(|directive| &directive.node).filter(|it| it.name.node == name).collect()
}

/// The `action` of a field's `@can`.
pub(crate) fn action(field: &FieldDefinition) -> Option<String> {
    directives(field, "can").first().map(|can| match can.get_argument("action").map(|value| &value.node) {
        Some(Value::String(action)) => action.clone(),
        other => panic!("`{}`: @can of {other:?}", field.name.node),
    })
}
