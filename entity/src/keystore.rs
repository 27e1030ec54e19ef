//! The key store's tables. They live in a database of their own (a second SQLite file; on PostgreSQL another
//! schema or database), of which only the newest copies are kept: so a destroyed patient key is gone from
//! backups too.

pub mod master_version;
pub mod patient_key;
pub mod system_key;
