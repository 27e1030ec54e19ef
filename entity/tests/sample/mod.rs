//! Rows made from the entities' own description, so that a new table or column is tested without a word here.

use sea_orm::{
    ActiveModelTrait, EntityTrait, Iterable, ModelTrait, TryIntoModel, Value, prelude::Uuid,
    sea_query::ArrayType,
};

/// A row whose every column depends on `seed`. All ids of one seed are equal, so that rows of one seed refer
/// to each other.
pub(crate) fn row<E>(seed: u8) -> E::Model
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
{
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    for column in E::Column::iter() {
        let fits = candidates::<E>(column, seed).into_iter().any(|value| row.try_set(column, value).is_ok());
        assert!(fits, "no sample value fits {column:?}");
    }
    row.try_into_model().unwrap()
}

/// Values for a column, the first that fits being meant. Only texts have several: some are names of an enum's
/// variants.
pub(crate) fn candidates<E: EntityTrait>(column: E::Column, seed: u8) -> Vec<Value> {
    match E::Model::get_value_type(column) {
        ArrayType::Bool => vec![(seed % 2 == 1).into()],
        ArrayType::Int => vec![(i32::MIN + i32::from(seed)).into()],
        ArrayType::BigInt => vec![(i64::MAX - i64::from(seed)).into()],
        ArrayType::Bytes => vec![vec![0, 255, seed].into()],
        ArrayType::Uuid => vec![Uuid::from_u128(u128::from(seed)).into()],
        ArrayType::String => {
            let variants: &[&str] = match seed % 2 {
                0 => &["ADMIN", "ACTIVE", "OPEN", "CURRENT", "DRAFT", "DONE"],
                _ => &[
                    "DOCTOR",
                    "DISABLED",
                    "REVOKED",
                    "CLOSED",
                    "USED",
                    "AMENDED",
                    "PARTLY_DISPENSED",
                    "PENDING",
                ],
            };
            let text = format!("Señor № {seed}\n");
            [text.as_str()].into_iter().chain(variants.iter().copied()).map(Value::from).collect()
        }
        other => panic!("{column:?} is {other:?}, which `Protected::content` has no type byte for"),
    }
}
