//! What every operation passes before any resolver, on whatever transport it came.
//!
//! The HTTP handler asks [`Gate::admit`] itself, because it must know the kind of operation. Registered on
//! the schema as an extension as well, the same gate stands before transports that don't ask, and before
//! documents that came parsed. Register it after persisted queries, so that it sees what they put in.

use std::sync::Arc;

use async_graphql::{
    Request, ServerError, ServerResult, Value, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest},
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
};
use async_trait::async_trait;

use super::{
    DocumentLimits, Refusal,
    document::{self, Cost},
    secrets, tokens,
};

/// The checks of a document and its variables.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// How large a document may be.
    pub limits: DocumentLimits,
    /// Whether a text holds a private key.
    pub holds_private_key: fn(&str) -> bool,
}

/// What is known of an operation that may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// The operation that will be run.
    pub kind: OperationType,
    /// The size of its document.
    pub cost: Cost,
}

impl Gate {
    /// Parses the document, unless it came parsed, and checks it; the parsed document stays in the request.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] for a document that does not parse, is too large, has no operation to run, lacks a
    /// variable, or for an argument that holds a private key.
    pub fn admit(&self, request: &mut Request) -> Result<Admitted, Refusal> {
        tokens::check(&request.query, &self.limits)?;
        // Taken out for the time of the check: the parsed document keeps the whole request borrowed.
        let (name, variables) = (request.operation_name.take(), std::mem::take(&mut request.variables));
        let admitted = match request.parsed_query() {
            Ok(document) => self.check(document, name.as_deref(), &variables),
            Err(error) => Err(Refusal::Syntax(error.locations)),
        };
        (request.operation_name, request.variables) = (name, variables);
        admitted
    }

    fn check(
        &self,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
    ) -> Result<Admitted, Refusal> {
        let cost = document::measure(document, &self.limits)?;
        let holds = self.holds_private_key;
        if secrets::in_variables(variables, holds) || secrets::in_document(document, holds) {
            return Err(Refusal::PrivateKey);
        }
        let operation = chosen(document, name).ok_or(Refusal::UnknownOperation)?;
        require_variables(operation, variables)?;
        Ok(Admitted { kind: operation.ty, cost })
    }
}

impl ExtensionFactory for Gate {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(*self)
    }
}

#[async_trait]
impl Extension for Gate {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        self.admit(&mut request).map_err(ServerError::from)?;
        next.run(ctx, request).await
    }
}

/// The operation that will be run (GraphQL, section 6.1, `GetOperation`).
fn chosen<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(only), None) => Some(only),
        (DocumentOperations::Multiple(named), Some(name)) => named.get(name),
        (DocumentOperations::Multiple(named), None) if named.len() == 1 => named.values().next(),
        _ => None,
    };
    operation.map(|operation| &operation.node)
}

/// async-graphql finds a missing variable only in the resolver that wants it, when others have already run.
fn require_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refusal> {
    let missing = operation.variable_definitions.iter().find(|definition| {
        let definition = &definition.node;
        !definition.var_type.node.nullable
            && match variables.get(&definition.name.node) {
                Some(value) => *value == Value::Null,
                None => definition.default_value.is_none(),
            }
    });
    missing.map_or(Ok(()), |definition| Err(Refusal::MissingVariable(definition.pos)))
}
