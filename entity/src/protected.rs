//! Rows on which access, identity, budget or statistics decide carry a version and a MAC over all their
//! columns. This room says which tables those are and what exactly the MAC is over; making and checking it is
//! the keyring's and the ledger's.
//!
//! To add a protected table: end its columns with `version` and `tag` in the migration and the entity, and
//! name its module in [`for_each_protected`].

use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value, prelude::Uuid};

/// A row with a version and a row MAC.
pub trait Protected: ModelTrait {
    /// The table's name, part of what the MAC is over.
    const TABLE: &'static str;

    /// The row's id, unique in its table.
    fn id(&self) -> Uuid;

    /// Which version of the row this is, from 1.
    fn version(&self) -> i64;

    /// The MAC as stored.
    fn tag(&self) -> &[u8];

    /// Sets the version, for the next one to be tagged and written.
    fn set_version(&mut self, version: i64);

    /// Puts a MAC in place.
    fn set_tag(&mut self, tag: Vec<u8>);

    /// Every column but `tag`, in declaration order, as bytes that no other content of this table has: for
    /// each column the name's length and name, a byte for the value's type (0: none), then, unless none, the
    /// value's length and bytes. Lengths and integers are big-endian, lengths of 8 bytes.
    fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        for column in <<Self::Entity as EntityTrait>::Column as Iterable>::iter() {
            if column.as_str() != "tag" {
                append(&mut content, column.as_str().as_bytes());
                append_value(&mut content, self.get(column));
            }
        }
        content
    }
}

/// Calls the macro `$callback` with the modules of all protected tables, separated by spaces.
///
/// ```
/// # use medicrypt_entity as entity;
/// macro_rules! names {
///     ($($table:ident)*) => { [$(<entity::$table::Model as entity::Protected>::TABLE),*] };
/// }
/// assert_eq!(entity::for_each_protected!(names), entity::PROTECTED);
/// ```
#[macro_export]
macro_rules! for_each_protected {
    ($callback:ident) => {
        $callback! {
            account account_attribute admin_profile doctor_profile pharmacist_profile patient_profile
            signing_key session challenge enrolment_code
            patient care_relation medical_record vital medicine prescription dispensing
            search_word
            budget release statistic_sum epoch
        }
    };
}

macro_rules! protect {
    ($($table:ident)*) => {
        /// The names of all protected tables.
        pub const PROTECTED: &[&str] = &[$(stringify!($table)),*];

        $(impl Protected for crate::$table::Model {
            const TABLE: &'static str = stringify!($table);

            fn id(&self) -> Uuid {
                self.id
            }

            fn version(&self) -> i64 {
                self.version
            }

            fn tag(&self) -> &[u8] {
                &self.tag
            }

            fn set_version(&mut self, version: i64) {
                self.version = version;
            }

            fn set_tag(&mut self, tag: Vec<u8>) {
                self.tag = tag;
            }
        })*
    };
}

for_each_protected!(protect);

fn append_value(content: &mut Vec<u8>, value: Value) {
    let (kind, bytes) = match value {
        Value::Bool(Some(truth)) => (1, vec![u8::from(truth)]),
        Value::Int(Some(number)) => (2, number.to_be_bytes().to_vec()),
        Value::BigInt(Some(number)) => (3, number.to_be_bytes().to_vec()),
        Value::String(Some(text)) => (4, text.into_bytes()),
        Value::Bytes(Some(bytes)) => (5, bytes),
        Value::Uuid(Some(id)) => (6, id.as_bytes().to_vec()),
        none if none == none.as_null() => return content.push(0),
        // No protected column has another type (tests/protected.rs); if one came, its SQL literal would still
        // bind it.
        other => (u8::MAX, other.to_string().into_bytes()),
    };
    content.push(kind);
    append(content, &bytes);
}

fn append(content: &mut Vec<u8>, bytes: &[u8]) {
    content.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    content.extend_from_slice(bytes);
}
