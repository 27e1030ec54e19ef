//! The one register of roles: their queries, mutations and rules become one schema and one rule table.

use async_graphql::{EmptySubscription, MergedObject, Schema};

use crate::{access::Rule, graph::session::Sessions, world::World};

/// Registers role modules: each brings `Query`, `Mutation` and `RULES`. Two roles with a root field of one name would
/// silently hide each other; `tests/schema.rs` refuses that.
macro_rules! register {
    ($($role:ident),+ $(,)?) => {
        /// Everything that can be asked.
        #[derive(MergedObject, Default)]
        pub struct Query($(crate::roles::$role::Query),+);

        /// Everything that can be changed.
        #[derive(MergedObject, Default)]
        pub struct Mutation($(crate::roles::$role::Mutation),+);

        /// All roles' rules.
        #[must_use]
        pub fn rules() -> Vec<Rule> {
            [$(crate::roles::$role::RULES),+].concat()
        }

        /// The SDL of each role alone, to test that no two have a root field in common.
        #[must_use]
        pub fn sdl_by_role() -> Vec<(&'static str, String)> {
            vec![$((
                stringify!($role),
                Schema::build(crate::roles::$role::Query::default(), crate::roles::$role::Mutation::default(), EmptySubscription).finish().sdl(),
            )),+]
        }
    };
}

register! { everyone, admin, doctor, patient, pharmacist }

/// The executable schema.
pub type Api = Schema<Query, Mutation, EmptySubscription>;

/// The schema over open rooms.
#[must_use]
pub fn build(world: World) -> Api {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
        .data(world.clone())
        .extension(Sessions(world))
        .disable_suggestions()
        .finish()
}

/// The schema alone: to print it, and to validate documents. Whatever needs a room is refused.
#[must_use]
pub fn without_rooms() -> Api {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).disable_suggestions().finish()
}

/// The whole schema as `schema.graphql` has it.
#[must_use]
pub fn sdl() -> String {
    let options =
        async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    without_rooms().sdl_with_options(options)
}
