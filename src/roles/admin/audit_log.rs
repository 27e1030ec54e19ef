//! The audit log: ids and reasons, never a clinical word.

use async_graphql::{
    Context, InputObject, Object, SimpleObject,
    connection::{Connection, EmptyFields},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::authorize;
use crate::{
    graph::{
        Answer, Can, Cursor, Page,
        can::can,
        nouns::{Role, time},
    },
    ledger::{By, Entry, Filter},
};

crate::action! {
    /// Reads the audit log.
    ReadAuditLog = "READ_AUDIT_LOG" for "HOPERAT" by Admin else Forbidden
}

/// Which entries.
#[derive(Default, InputObject)]
pub struct AuditFilter {
    /// Only of this role.
    role: Option<Role>,
    /// Only this action, as `DISPENSE`.
    action: Option<String>,
    /// Only this outcome: GRANTED, DENIED or DONE.
    outcome: Option<String>,
}

/// One more thing that an entry says.
#[derive(SimpleObject)]
pub struct AuditDetail {
    /// What it is.
    name: String,
    /// An id, an index or a reason.
    value: String,
}

/// An entry of the ledger.
#[derive(SimpleObject)]
pub struct AuditEntry {
    /// Its index, from 0.
    index: i64,
    /// When.
    at: DateTime<Utc>,
    /// The account, if somebody was logged in.
    account_id: Option<Uuid>,
    /// In which role.
    role: Option<Role>,
    /// What was done.
    action: String,
    /// HL7 purpose of use.
    purpose: String,
    /// GRANTED, DENIED or DONE.
    outcome: String,
    /// Whether the ordinary rules were overridden.
    break_glass: bool,
    /// The patient concerned.
    patient_id: Option<Uuid>,
    /// Ids and reasons.
    details: Vec<AuditDetail>,
    /// RFC 6962 leaf hash, base64.
    hash: String,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let (account_id, role) = match entry.by {
            By::Account(account, role) => (Some(account), Some(role.into())),
            By::System | By::Unknown => (None, None),
        };
        Self {
            index: entry.index,
            at: time(entry.time_ms),
            account_id,
            role,
            action: entry.action,
            purpose: entry.purpose,
            outcome: entry.outcome,
            break_glass: entry.break_glass,
            patient_id: entry.patient,
            details: entry.about.into_iter().map(|(name, value)| AuditDetail { name, value }).collect(),
            hash: STANDARD.encode(entry.hash),
        }
    }
}

/// The query.
#[derive(Default)]
pub(super) struct AuditLog;

#[Object]
impl AuditLog {
    /// The ledger's entries, newest first.
    #[graphql(guard = "Can::<ReadAuditLog>::new()", directive = can::apply("READ_AUDIT_LOG".to_owned()))]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(default, desc = "Which part of the list.")] page: Page,
        #[graphql(default, desc = "Which entries.")] filter: AuditFilter,
    ) -> Answer<Connection<Cursor, AuditEntry, EmptyFields, EmptyFields>> {
        let (size, before) = (page.size()?, page.after()?.map(|Cursor(index, _)| index));
        let (world, ..) = authorize::<ReadAuditLog>(ctx).await?;
        let filter = Filter {
            before,
            role: filter.role.map(Into::into),
            action: filter.action,
            outcome: filter.outcome,
        };
        let entries = world.ledger.entries(&filter, size).await?;
        let more = entries.len() as u64 == size;
        Ok(page.connection(
            entries.into_iter().map(|entry| (Cursor(entry.index, Uuid::nil()), entry.into())).collect(),
            more,
        ))
    }
}
