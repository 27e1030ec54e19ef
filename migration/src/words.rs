//! The words the migrations are written in. They are part of every migration that uses them: add, never
//! change.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, pk_uuid},
};

/// A foreign key: a column, and the table and column it refers to. What is referred to can't be deleted.
pub(crate) type Reference = (&'static str, &'static str, &'static str);

/// A table with these columns.
pub(crate) fn table(
    name: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
    references: &[Reference],
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    for &(column, other, key) in references {
        table.foreign_key(
            ForeignKey::create()
                .from(name, column)
                .to(other, key)
                .on_delete(ForeignKeyAction::Restrict)
                .on_update(ForeignKeyAction::Restrict),
        );
    }
    table
}

/// A table whose rows carry a MAC: an `id` before these columns, `version` and `tag` after them.
pub(crate) fn protected(
    name: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
    references: &[Reference],
) -> TableCreateStatement {
    let columns = [pk_uuid("id")].into_iter().chain(columns).chain([big_integer("version"), blob("tag")]);
    table(name, columns, references)
}

/// An index on these columns, in this order.
pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("index_{table}_{}", columns.join("_"))).table(table);
    for &column in columns {
        index.col(column);
    }
    index
}

/// Makes the tables, then the indexes.
pub(crate) async fn create(
    manager: &SchemaManager<'_>,
    tables: Vec<TableCreateStatement>,
    indexes: Vec<IndexCreateStatement>,
) -> Result<(), DbErr> {
    for table in tables {
        manager.create_table(table).await?;
    }
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops the tables, the last made first, and their indexes with them.
pub(crate) async fn drop(
    manager: &SchemaManager<'_>,
    tables: Vec<TableCreateStatement>,
) -> Result<(), DbErr> {
    for name in tables.iter().rev().filter_map(TableCreateStatement::get_table_name) {
        manager.drop_table(Table::drop().table(name.clone()).take()).await?;
    }
    Ok(())
}
