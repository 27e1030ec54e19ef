//! A sealed column: ciphertext that remembers what it is a ciphertext of.

use std::{fmt, marker::PhantomData};

use sea_orm::{
    ColIdx, ColumnType, IntoActiveValue, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, Nullable, ValueType, ValueTypeErr},
};

/// The ciphertext of an `M`, one of the types in [`marker`](crate::marker): a column of bytes in the
/// database.
///
/// Nothing here yields plaintext; only the vault and its few peers can. `Debug` shows the length alone.
pub struct Sealed<M> {
    ciphertext: Vec<u8>,
    of: PhantomData<fn() -> M>,
}

impl<M> Sealed<M> {
    /// Takes an envelope as the keyring made it.
    #[must_use]
    pub fn new(ciphertext: Vec<u8>) -> Self {
        Self { ciphertext, of: PhantomData }
    }

    /// The envelope's bytes.
    #[must_use]
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }
}

// By hand, because a derive would ask the same of the markers, which are nothing.
impl<M> Clone for Sealed<M> {
    fn clone(&self) -> Self {
        Self::new(self.ciphertext.clone())
    }
}

impl<M> PartialEq for Sealed<M> {
    fn eq(&self, other: &Self) -> bool {
        self.ciphertext == other.ciphertext
    }
}

impl<M> Eq for Sealed<M> {}

impl<M> fmt::Debug for Sealed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.ciphertext.len())
    }
}

impl<M> From<Sealed<M>> for Value {
    fn from(sealed: Sealed<M>) -> Self {
        sealed.ciphertext.into()
    }
}

impl<M> TryGetable for Sealed<M> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        Vec::try_get_by(row, index).map(Self::new)
    }
}

impl<M> ValueType for Sealed<M> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <Vec<u8> as ValueType>::try_from(value).map(Self::new)
    }

    fn type_name() -> String {
        "Sealed".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::Bytes
    }

    fn column_type() -> ColumnType {
        ColumnType::Blob
    }
}

impl<M> Nullable for Sealed<M> {
    fn null() -> Value {
        Value::Bytes(None)
    }
}

impl<M> IntoActiveValue<Sealed<M>> for Sealed<M> {
    fn into_active_value(self) -> sea_orm::ActiveValue<Self> {
        sea_orm::ActiveValue::Set(self)
    }
}
