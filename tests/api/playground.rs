//! Every document in `playground/` is valid against the schema.

use async_graphql::{Request, Variables};
use medicrypt::schema;
use serde_json::json;

#[tokio::test]
async fn every_playground_document_is_valid() {
    let playground = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playground");
    let api = schema::without_rooms();
    let mut documents = 0;
    for folder in std::fs::read_dir(playground)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().path()).filter(|p| p.is_dir()))
    {
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&file).unwrap();
            let id = "00000000-0000-4000-8000-000000000000";
            let variables = Variables::from_json(json!({"id": id, "patient": id, "key": id, "after": null}));
            let response = api.execute(Request::new(text).variables(variables)).await;
            // Valid documents get as far as the guards, whose refusals carry a code; validation errors carry none.
            let unknown: Vec<_> = response.errors.iter().filter(|error| error.extensions.is_none()).collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", file.display());
            documents += 1;
        }
    }
    assert!(documents >= 14, "only {documents} documents were found");
}
