#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
//! What the row MAC is over, for every protected table.

mod sample;

use entity::{PROTECTED, Protected, epoch};
use medicrypt_entity as entity;
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, TryIntoModel, Value};

#[test]
fn content_changes_when_any_column_but_the_tag_changes() {
    fn check<E: EntityTrait<Model: Protected, ActiveModel: TryIntoModel<E::Model>>>() {
        for column in E::Column::iter() {
            let row = sample::row::<E>(0);
            let mut changed = row.clone();
            change::<E>(&mut changed, column);
            assert_ne!(row.get(column), changed.get(column));
            assert_eq!(row.content() == changed.content(), column.as_str() == "tag", "{column:?}");
        }
    }
    macro_rules! check { ($($table:ident)*) => { $(check::<entity::$table::Entity>();)* } }
    entity::for_each_protected!(check);
}

#[test]
fn content_tells_nothing_from_empty() {
    fn check<E: EntityTrait<Model: Protected, ActiveModel: TryIntoModel<E::Model>>>() -> usize {
        let nullable = E::Column::iter().filter(|column| column.def().is_null());
        let tested = nullable.map(|column| {
            let (mut nothing, mut empty) = (sample::row::<E>(0), sample::row::<E>(0));
            let value = nothing.get(column);
            nothing.set(column, value.as_null());
            empty.set(
                column,
                match value {
                    Value::Bytes(_) => Vec::<u8>::new().into(),
                    Value::String(_) => "".into(),
                    other => other.dummy_value(),
                },
            );
            assert_ne!(nothing.content(), empty.content(), "{column:?}");
        });
        tested.count()
    }
    let mut tested = 0;
    macro_rules! check { ($($table:ident)*) => { $(tested += check::<entity::$table::Entity>();)* } }
    entity::for_each_protected!(check);
    assert!(tested > 5);
}

#[test]
fn the_trait_and_the_columns_agree() {
    fn check<E: EntityTrait<Model: Protected, ActiveModel: TryIntoModel<E::Model>>>() {
        let mut row = sample::row::<E>(1);
        let table = E::default();
        assert_eq!(E::Model::TABLE, table.table_name());
        assert!(PROTECTED.contains(&table.table_name()));

        row.set_tag(vec![7; 32]);
        assert_eq!(row.tag(), [7; 32]);
        let columns: Vec<_> = E::Column::iter().collect();
        let [first, .., version, tag] = columns[..] else { panic!("too few columns in {}", E::Model::TABLE) };
        assert_eq!([first.as_str(), version.as_str(), tag.as_str()], ["id", "version", "tag"]);
        assert_eq!(row.get(first), row.id().into());
        assert_eq!(row.get(version), row.version().into());
        assert_eq!(row.get(tag), row.tag().to_vec().into());
    }
    macro_rules! check { ($($table:ident)*) => { $(check::<entity::$table::Entity>();)* } }
    entity::for_each_protected!(check);
}

/// Stored MACs depend on these very bytes: if this fails, every row of every installation is refused.
#[test]
fn content_is_these_bytes() {
    let row = epoch::Model {
        id: "00112233-4455-6677-8899-aabbccddeeff".parse().unwrap(),
        number: 258,
        opened_ms: -1,
        closed_ms: None,
        version: 1,
        tag: vec![1, 2, 3],
    };
    let column = |name: &str| [&(name.len() as u64).to_be_bytes()[..], name.as_bytes()].concat();
    let expected = [
        column("id"),
        vec![6],
        vec![0, 0, 0, 0, 0, 0, 0, 16],
        vec![0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
        column("number"),
        vec![3],
        vec![0, 0, 0, 0, 0, 0, 0, 8],
        vec![0, 0, 0, 0, 0, 0, 1, 2],
        column("opened_ms"),
        vec![3],
        vec![0, 0, 0, 0, 0, 0, 0, 8],
        vec![255; 8],
        column("closed_ms"),
        vec![0],
        column("version"),
        vec![3],
        vec![0, 0, 0, 0, 0, 0, 0, 8],
        vec![0, 0, 0, 0, 0, 0, 0, 1],
    ];
    assert_eq!(row.content(), expected.concat());
}

/// Puts another value into one column.
fn change<E: EntityTrait>(row: &mut E::Model, column: E::Column) {
    let before = row.get(column);
    let changed = (0..=1)
        .flat_map(|seed| sample::candidates::<E>(column, seed))
        .any(|value| value != before && row.try_set(column, value).is_ok());
    assert!(changed, "no other sample value fits {column:?}");
}
