//! Pages by keyset: a cursor is a time and an id (or an index), never an offset.

use async_graphql::{
    InputObject, OutputType,
    connection::{Connection, CursorType, Edge, EmptyFields},
};
use uuid::Uuid;

use super::{Answer, ErrorCode, Refused};

/// Items of a page unless asked otherwise.
const DEFAULT: u32 = 20;
/// Most items of a page.
const MOST: u32 = 50;

/// Which part of a list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct Page {
    /// How many items: 20 unless given, 50 at most.
    pub first: Option<u32>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
}

/// A place in a list: a key (milliseconds or a ledger index) and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub i64, pub Uuid);

impl CursorType for Cursor {
    type Error = &'static str;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        let parts =
            text.split_once('_').and_then(|(key, id)| Some(Self(key.parse().ok()?, id.parse().ok()?)));
        parts.ok_or("not a cursor of this list")
    }

    fn encode_cursor(&self) -> String {
        format!("{}_{}", self.0, self.1.simple())
    }
}

impl Page {
    /// How many items, within bounds.
    ///
    /// # Errors
    /// `INPUT_INVALID` for none or more than 50: a list is never cut silently.
    pub fn size(&self) -> Answer<u64> {
        match self.first.unwrap_or(DEFAULT) {
            first @ 1..=MOST => Ok(first.into()),
            _ => Err(Refused::new(ErrorCode::InputInvalid, "`first` must be between 1 and 50")),
        }
    }

    /// Where it begins.
    ///
    /// # Errors
    /// `INPUT_INVALID` for a text that is no cursor.
    pub fn after(&self) -> Answer<Option<Cursor>> {
        let decoded = self.after.as_deref().map(Cursor::decode_cursor).transpose();
        decoded.map_err(|problem| Refused::new(ErrorCode::InputInvalid, format!("`after` is {problem}")))
    }

    /// The connection of what was read: `more` where the list goes on after it.
    pub fn connection<T: OutputType>(
        &self,
        items: Vec<(Cursor, T)>,
        more: bool,
    ) -> Connection<Cursor, T, EmptyFields, EmptyFields> {
        let mut connection = Connection::new(self.after.is_some(), more);
        connection.edges.extend(items.into_iter().map(|(cursor, item)| Edge::new(cursor, item)));
        connection
    }
}
