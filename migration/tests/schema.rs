#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
//! The schema against the entities, on both databases.

mod databases;
#[path = "../../entity/tests/sample/mod.rs"]
mod sample;

use std::collections::{BTreeMap, BTreeSet};

use databases::{Places, on_each};
use medicrypt_migration::{KeyStore, Main};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, ModelTrait, SqlErr, Statement, TransactionTrait, TryIntoModel,
};
use sea_orm_migration::MigratorTrait;

/// All tables but `role`, which the migration fills: those referred to come before those that refer.
macro_rules! for_each_table {
    (main, $callback:ident) => {
        $callback! {
            installation account account_attribute admin_profile doctor_profile pharmacist_profile patient
            patient_profile care_relation signing_key session challenge enrolment_code backoff idempotency
            medical_record vital medicine prescription dispensing search_posting search_word
            ledger ledger_row checkpoint budget release statistic_sum epoch
        }
    };
    (keys, $callback:ident) => {
        $callback! { master_version system_key patient_key }
    };
}

#[tokio::test]
async fn tables_go_and_come_back() {
    async fn check(places: Places) {
        for _ in 0..2 {
            Main::up(&places.main, None).await.unwrap();
            KeyStore::up(&places.keys, None).await.unwrap();
            assert_eq!(columns(&places.main).await.len(), 30);
            assert_eq!(columns(&places.keys).await.len(), 3);

            Main::down(&places.main, None).await.unwrap();
            KeyStore::down(&places.keys, None).await.unwrap();
            assert_eq!(columns(&places.main).await, BTreeMap::new());
            assert_eq!(columns(&places.keys).await, BTreeMap::new());
        }
        Main::up(&places.main, None).await.unwrap();
        assert!(Main::get_pending_migrations(&places.main).await.unwrap().is_empty());
    }
    on_each("up_and_down", check).await;
}

#[tokio::test]
async fn entities_and_schema_have_the_same_columns() {
    fn declared<E: EntityTrait>() -> (String, Vec<(String, bool)>) {
        let columns = E::Column::iter().map(|column| (column.as_str().to_owned(), column.def().is_null()));
        (E::default().table_name().to_owned(), columns.collect())
    }
    macro_rules! main { ($($table:ident)*) => { [$(declared::<entity::$table::Entity>()),*] } }
    macro_rules! keys { ($($table:ident)*) => { [$(declared::<entity::keystore::$table::Entity>()),*] } }

    async fn check(places: Places) {
        let places = migrated(places).await;
        let mut main = BTreeMap::from(for_each_table!(main, main));
        main.extend([declared::<entity::role::Entity>()]);
        assert_eq!(columns(&places.main).await, main);
        assert_eq!(columns(&places.keys).await, BTreeMap::from(for_each_table!(keys, keys)));
    }
    on_each("columns", check).await;
}

#[tokio::test]
async fn the_protected_tables_are_those_with_a_tag() {
    async fn check(places: Places) {
        let places = migrated(places).await;
        let mut tables = columns(&places.main).await;
        tables.retain(|_, columns| columns.iter().any(|(name, _)| name == "tag"));
        let tagged: BTreeSet<_> = tables.keys().map(String::as_str).collect();
        assert_eq!(tagged, entity::PROTECTED.iter().copied().collect());
        for (table, columns) in tables {
            let ends = [&columns[0].0, &columns[columns.len() - 2].0, &columns[columns.len() - 1].0];
            assert_eq!(ends, ["id", "version", "tag"], "{table}");
        }
    }
    on_each("protected", check).await;
}

#[tokio::test]
async fn every_entity_is_read_back_as_written() {
    async fn read_back<E>(db: &DatabaseConnection)
    where
        E: EntityTrait<Model: PartialEq + IntoActiveModel<E::ActiveModel>>,
        E::ActiveModel: TryIntoModel<E::Model> + Send,
    {
        for row in [sample::row::<E>(0), sparse::<E>(sample::row::<E>(2))] {
            assert_eq!(insert::<E>(db, &row).await.unwrap(), row);
            assert!(E::find().all(db).await.unwrap().contains(&row));
        }
    }
    async fn check(places: Places) {
        let Places { main: db, keys } = migrated(places).await;
        macro_rules! main { ($($table:ident)*) => { $(read_back::<entity::$table::Entity>(&db).await;)* } }
        macro_rules! keys { ($($table:ident)*) => { $(read_back::<entity::keystore::$table::Entity>(&keys).await;)* } }
        for_each_table!(main, main);
        for_each_table!(keys, keys);
    }
    on_each("round_trip", check).await;
}

#[tokio::test]
async fn the_roles_are_there_from_the_start() {
    async fn check(places: Places) {
        let db = migrated(places).await.main;
        let roles = entity::role::Entity::find().all(&db).await.unwrap();
        let codes: BTreeSet<_> = roles.into_iter().map(|role| role.code).collect();
        let expected = entity::Role::iter().map(|role| sea_orm::ActiveEnum::to_value(&role)).collect();
        assert_eq!(codes, expected);
    }
    on_each("roles", check).await;
}

#[tokio::test]
async fn what_must_be_unique_is() {
    /// The columns that two rows can't have in common, other than the table's first, its key.
    async fn unique<E>(db: &DatabaseConnection) -> Vec<String>
    where
        E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
        E::ActiveModel: TryIntoModel<E::Model> + Send,
    {
        insert::<E>(db, &sample::row::<E>(0)).await.unwrap();
        let mut unique = Vec::new();
        for column in E::Column::iter() {
            let mut row = sample::row::<E>(1);
            row.set(column, sample::row::<E>(0).get(column));
            if is_duplicate::<E>(db, row).await {
                unique.push(format!("{}.{}", E::default().table_name(), column.as_str()));
            }
        }
        assert!(!unique.is_empty(), "{} has no key", E::default().table_name());
        unique.split_off(1)
    }
    async fn check(places: Places) {
        let db = migrated(places).await.main;
        let mut found = BTreeSet::new();
        macro_rules! main { ($($table:ident)*) => { $(found.extend(unique::<entity::$table::Entity>(&db).await);)* } }
        for_each_table!(main, main);
        let expected = [
            "account.username_tag",
            "patient_profile.patient_id",
            "signing_key.fingerprint",
            "session.token_tag",
            "challenge.challenge_tag",
            "enrolment_code.code_tag",
            "patient.source_tag",
            "medicine.code_tag",
            "prescription.text_tag",
            "dispensing.text_tag",
            "search_word.word_tag",
            "ledger.subject_tag",
            "ledger.prev_hash",
            "ledger.hash",
            "budget.scope_tag",
            "release.question_tag",
            "statistic_sum.label_tag",
            "epoch.number",
        ];
        assert_eq!(found, expected.map(str::to_owned).into());

        let relation = sample::row::<entity::care_relation::Entity>(0);
        let mut again = sample::row::<entity::care_relation::Entity>(1);
        again.patient_id = relation.patient_id;
        again.account_id = relation.account_id;
        assert!(!is_duplicate::<entity::care_relation::Entity>(&db, again.clone()).await);
        again.kind = relation.kind;
        assert!(is_duplicate::<entity::care_relation::Entity>(&db, again).await);
    }
    on_each("unique", check).await;
}

#[tokio::test]
async fn what_is_referred_to_stays() {
    async fn check(places: Places) {
        let db = migrated(places).await.main;
        let orphan = insert::<entity::session::Entity>(&db, &sample::row::<entity::session::Entity>(0)).await;
        assert!(is_broken_reference(&orphan.unwrap_err()));

        let account = sample::row::<entity::account::Entity>(0);
        insert::<entity::account::Entity>(&db, &account).await.unwrap();
        insert::<entity::session::Entity>(&db, &sample::row::<entity::session::Entity>(0)).await.unwrap();
        let gone = entity::account::Entity::delete_by_id(account.id).exec(&db).await;
        assert!(is_broken_reference(&gone.unwrap_err()));
    }
    on_each("references", check).await;
}

#[tokio::test]
async fn search_postings_have_no_row_id() {
    async fn check(places: Places) {
        let db = migrated(places).await.main;
        let order = db.execute_unprepared("SELECT rowid FROM search_posting").await;
        assert!(order.unwrap_err().to_string().contains("rowid"));
    }
    on_each("postings", check).await;
}

async fn migrated(places: Places) -> Places {
    Main::up(&places.main, None).await.unwrap();
    KeyStore::up(&places.keys, None).await.unwrap();
    places
}

/// The same row with nothing in the columns that may hold nothing.
fn sparse<E: EntityTrait>(mut row: E::Model) -> E::Model {
    for column in E::Column::iter().filter(|column| column.def().is_null()) {
        row.set(column, row.get(column).as_null());
    }
    row
}

async fn insert<E>(db: &impl ConnectionTrait, row: &E::Model) -> Result<E::Model, DbErr>
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
{
    // Reset, or sea-orm would leave out what a model already holds.
    let mut row = row.clone().into_active_model();
    for column in E::Column::iter() {
        sea_orm::ActiveModelTrait::reset(&mut row, column);
    }
    E::insert(row).exec_with_returning(db).await
}

async fn is_duplicate<E>(db: &DatabaseConnection, row: E::Model) -> bool
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
{
    let transaction = db.begin().await.unwrap();
    let outcome = insert::<E>(&transaction, &row).await;
    transaction.rollback().await.unwrap();
    matches!(outcome.map_err(|error| error.sql_err()), Err(Some(SqlErr::UniqueConstraintViolation(_))))
}

/// By its text, because the codes differ: SQLite calls a RESTRICT a trigger (1811), PostgreSQL 18 has 23001
/// for it.
fn is_broken_reference(error: &DbErr) -> bool {
    error.to_string().to_lowercase().contains("foreign key")
}

/// Every table's columns in order, each with whether it may hold nothing.
async fn columns(db: &DatabaseConnection) -> BTreeMap<String, Vec<(String, bool)>> {
    let query = match db.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT t.name, c.name, CASE c.\"notnull\" WHEN 0 THEN 1 ELSE 0 END \
             FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid"
        }
        _ => {
            "SELECT table_name::text, column_name::text, CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END \
             FROM information_schema.columns WHERE table_schema = current_schema() \
             ORDER BY table_name, ordinal_position"
        }
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap();
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        let table: String = row.try_get_by_index(0).unwrap();
        let nullable: i32 = row.try_get_by_index(2).unwrap();
        tables.entry(table).or_default().push((row.try_get_by_index(1).unwrap(), nullable == 1));
    }
    tables.remove("seaql_migrations");
    tables
}
