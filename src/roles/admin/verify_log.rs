//! Verifying the ledger and every protected row against it.

use async_graphql::{Context, Object, SimpleObject};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use uuid::Uuid;

use super::authorize;
use crate::graph::{Answer, Can, can::can};

crate::action! {
    /// Verifies the ledger.
    VerifyLedger = "VERIFY_LEDGER" for "HOPERAT" by Admin else Forbidden
}

/// A row that is not as the ledger has it.
#[derive(SimpleObject)]
pub struct RowFault {
    /// The table.
    table: String,
    /// The row.
    row: Uuid,
    /// edited, stale, missing or resurrected.
    kind: String,
}

/// What verification found.
#[derive(SimpleObject)]
pub struct LedgerVerdict {
    /// Whether nothing is wrong.
    holds: bool,
    /// Entries that were looked at.
    entries: u64,
    /// The first bad index.
    first_bad_index: Option<i64>,
    /// What is wrong with it.
    fault: Option<String>,
    /// RFC 6962 root of all entries, base64.
    root: String,
    /// Rows that are not as the ledger has them, sorted.
    row_faults: Vec<RowFault>,
}

/// The query.
#[derive(Default)]
pub(super) struct VerifyAuditLog;

#[Object]
impl VerifyAuditLog {
    /// Walks the whole ledger, then every protected table against it. Takes a while on a large hospital.
    #[graphql(guard = "Can::<VerifyLedger>::new()", directive = can::apply("VERIFY_LEDGER".to_owned()))]
    async fn verify_audit_log(&self, ctx: &Context<'_>) -> Answer<LedgerVerdict> {
        let (world, ..) = authorize::<VerifyLedger>(ctx).await?;
        let verdict = world.ledger.verify(|_| ()).await?;
        let rows = world.ledger.verify_rows(|_, _| ()).await?;
        Ok(LedgerVerdict {
            holds: verdict.first_fault.is_none() && rows.is_empty(),
            entries: verdict.entries,
            first_bad_index: verdict.first_fault.map(|(index, _)| index),
            fault: verdict.first_fault.map(|(_, fault)| fault.to_string()),
            root: STANDARD.encode(verdict.root),
            row_faults: rows
                .into_iter()
                .map(|fault| RowFault { table: fault.table, row: fault.row, kind: fault.kind.to_string() })
                .collect(),
        })
    }
}
