//! Reads a FHIR R4 bulk export (a folder of NDJSON files) into plain [`item`]s, line by line.
//!
//! The pure half of `medicrypt import fhir DIR`: no database, no async, no clock; of our own rooms it knows only
//! [`crate::clinic::metric`]. One bad line never stops the reading: it becomes a [`Refused`] that says what to do and
//! holds no clinical value, and every line that is not blank gives exactly one item or one refusal.
//!
//! To read another resource: 1. a [`Kind`] in its place of the import order, 2. its serde struct in `resources`,
//! 3. its struct in [`item`], 4. a mapping file, 5. its arm in [`map`].

mod condition;
mod encounter;
pub mod item;
mod medication;
mod moment;
mod ndjson;
mod observation;
mod patient;
mod refused;
mod resources;
mod sources;
mod staff;

use std::collections::HashSet;
use std::io::Read;

use serde::de::DeserializeOwned;

pub use moment::PartialDate;
pub use ndjson::MAX_LINE;
pub use refused::{Reason, Refused};
pub use sources::{Kind, SourceFile, Sources, SourcesError, files};

use item::Item;
use ndjson::Lines;
use resources::Head;

/// The items of one file with their line numbers, in the file's order.
///
/// A file that cannot be opened, or not be read to its end, gives one last refusal that says so.
#[must_use]
pub fn read(file: &SourceFile) -> Items {
    Items::new(file.kind, file.name(), Lines::of_file(file))
}

/// The items of a stream of plain NDJSON, for whoever has no file; `name` is what refusals call it.
#[must_use]
pub fn read_from(kind: Kind, name: impl Into<String>, source: impl Read + Send + 'static) -> Items {
    Items::new(kind, name.into(), Lines::of(source))
}

/// Iterator over one file: made by [`read`].
pub struct Items {
    kind: Kind,
    file: String,
    lines: Lines,
    seen: HashSet<String>,
}

impl Items {
    fn new(kind: Kind, file: String, lines: Lines) -> Self {
        Self { kind, file, lines, seen: HashSet::new() }
    }
}

impl Iterator for Items {
    type Item = Result<(u64, Item), Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, text) = self.lines.next_line()?;
        let mut id = None;
        let item = text.and_then(|text| {
            let head: Head = parse(text)?;
            let known = head.id_of(self.kind)?;
            id = Some(known.clone());
            if !self.seen.insert(known.clone()) {
                return Err(Reason::Duplicate);
            }
            map(self.kind, known, text)
        });
        let refused = |reason| Refused { file: self.file.clone(), line, kind: self.kind, id, reason };
        Some(item.map(|item| (line, item)).map_err(refused))
    }
}

fn map(kind: Kind, id: String, text: &[u8]) -> Result<Item, Reason> {
    Ok(match kind {
        Kind::Organization => Item::Organization(staff::organization(id, parse(text)?)?),
        Kind::Practitioner => Item::Practitioner(staff::practitioner(id, parse(text)?)?),
        Kind::PractitionerRole => Item::PractitionerRole(staff::role(id, &parse(text)?)?),
        Kind::Patient => Item::Patient(patient::patient(id, parse(text)?)?),
        Kind::Encounter => Item::Encounter(encounter::encounter(id, parse(text)?)?),
        Kind::Condition => Item::Condition(condition::condition(id, parse(text)?)?),
        Kind::Observation => Item::Observation(observation::observation(id, parse(text)?)?),
        Kind::MedicationRequest => Item::Medication(medication::medication(id, parse(text)?)?),
    })
}

/// serde's own message is dropped: it may repeat the value that it stumbled over.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Reason> {
    serde_json::from_slice(text).map_err(|error| {
        let column = error.column();
        if error.is_data() { Reason::WrongType { column } } else { Reason::NotJson { column } }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one file of these lines gives: per line its item's or its refusal's text.
    fn outcomes(kind: Kind, text: &'static str) -> Vec<String> {
        read_from(kind, "test.ndjson", text.as_bytes())
            .map(|outcome| match outcome {
                Ok((line, _)) => format!("{line} taken"),
                Err(refused) => refused.to_string(),
            })
            .collect()
    }

    #[test]
    fn a_bad_line_is_named_and_the_next_one_is_read() {
        let outcomes = outcomes(
            Kind::Organization,
            concat!(
                "{\"resourceType\":\"Organization\",\"id\":\"a\",\"name\":\"A\"}\n",
                "{\"resourceType\":\"Organization\",\n",
                "\n",
                "{\"resourceType\":\"Organization\",\"id\":\"a\",\"name\":\"A\"}\n",
                "{\"resourceType\":\"Patient\",\"id\":\"b\"}\n",
                "{\"resourceType\":\"Organization\",\"id\":\"no spaces\",\"name\":\"A\"}\n",
                "{\"resourceType\":\"Organization\",\"id\":\"c\",\"name\":7}\n",
                "{\"resourceType\":\"Organization\",\"id\":\"d\"}\n",
                "{\"resourceType\":\"Organization\",\"id\":\"e\",\"name\":\"E\"}",
            ),
        );
        let expected = [
            "1 taken",
            "test.ndjson:2: is not valid JSON from column 31 on: export this file again",
            "test.ndjson:4: Organization/a appears twice in this file: keep one",
            "test.ndjson:5: is not a resource of type `Organization`: move the line to the file of its type",
            "test.ndjson:6: has no `id` of 1 to 64 letters, digits, `-` or `.`: give it one",
            "test.ndjson:7: Organization/c has a field of the wrong type near column 48: see FHIR R4 for its type",
            "test.ndjson:8: Organization/d has no `name`: add it",
            "9 taken",
        ];
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn a_refusal_repeats_nothing_of_what_it_refuses() {
        let outcomes = outcomes(
            Kind::Patient,
            concat!(
                "{\"resourceType\":\"Patient\",\"id\":\"p\",\"birthDate\":\"SECRET\",\"name\":[{\"family\":\"F\"}]}\n",
                "{\"resourceType\":\"Patient\",\"id\":\"q\",\"gender\":\"SECRET\",\"name\":[{\"family\":\"F\"}]}\n",
                "{\"resourceType\":\"Patient\",\"id\":\"r\",\"name\":\"SECRET\"}\n",
                "{\"resourceType\":\"Patient\",\"id\":\"s\",\"name\":[{\"family\":\"SECRET\"}],}\n",
                "{\"resourceType\":\"SECRET\",\"id\":\"SECRET SECRET\"}\n",
            ),
        );
        assert_eq!(outcomes.len(), 5);
        for outcome in outcomes {
            assert!(outcome.starts_with("test.ndjson:") && !outcome.contains("SECRET"), "{outcome}");
        }
    }
}
