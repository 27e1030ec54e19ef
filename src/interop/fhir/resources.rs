//! The FHIR R4 resources, as far as they are read: small serde structs, everything else in a line is passed over.
//! What a resource says is judged in the mapping files; here are only its shapes and how to ask them.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Number;

use super::item::Concept;
use super::refused::Reason;
use super::sources::Kind;

/// Makes a struct whose fields may all be missing, named as FHIR names them.
macro_rules! fhir {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase", default)]
        pub(super) struct $name { $(pub(super) $field: $type),* }
    )*};
}

type Text = Option<String>;

fhir! {
    Head { resource_type: Text, id: Text }

    Coding { system: Text, code: Text, display: Text }
    CodeableConcept { coding: Vec<Coding>, text: Text }
    Reference { reference: Text, display: Text }
    Period { start: Text, end: Text }
    Quantity { value: Option<Number>, comparator: Text, unit: Text, code: Text }
    Identifier { r#use: Text, r#type: CodeableConcept, value: Text }
    HumanName { r#use: Text, text: Text, family: Text, given: Vec<Text> }
    ContactPoint { system: Text, value: Text, r#use: Text }

    Organization { name: Text, r#type: Vec<CodeableConcept>, part_of: Option<Reference> }

    Practitioner {
        active: Option<bool>, name: Vec<HumanName>, telecom: Vec<ContactPoint>, qualification: Vec<Qualification>,
    }
    Qualification { code: CodeableConcept }

    PractitionerRole {
        active: Option<bool>, practitioner: Option<Reference>, organization: Option<Reference>,
        code: Vec<CodeableConcept>, specialty: Vec<CodeableConcept>,
    }

    Patient {
        identifier: Vec<Identifier>, active: Option<bool>, name: Vec<HumanName>, telecom: Vec<ContactPoint>,
        gender: Text, birth_date: Text, deceased_boolean: Option<bool>, deceased_date_time: Text,
    }

    Encounter {
        status: Text, class: Coding, subject: Option<Reference>, period: Period, service_type: CodeableConcept,
        reason_code: Vec<CodeableConcept>, diagnosis: Vec<EncounterDiagnosis>, participant: Vec<Participant>,
        service_provider: Option<Reference>,
    }
    EncounterDiagnosis { condition: Option<Reference>, r#use: CodeableConcept, rank: Option<u32> }
    Participant { r#type: Vec<CodeableConcept>, individual: Option<Reference> }

    Condition {
        clinical_status: CodeableConcept, verification_status: CodeableConcept, category: Vec<CodeableConcept>,
        code: CodeableConcept, subject: Option<Reference>, encounter: Option<Reference>, onset_date_time: Text,
        onset_period: Period, abatement_date_time: Text, recorded_date: Text,
    }

    /// An observation or one of its components, which has no more than a code and a value.
    Observation {
        status: Text, code: CodeableConcept, subject: Option<Reference>, encounter: Option<Reference>,
        effective_date_time: Text, effective_instant: Text, effective_period: Period, issued: Text,
        value_quantity: Option<Quantity>, value_codeable_concept: Option<CodeableConcept>, value_string: Text,
        value_integer: Option<i64>, value_boolean: Option<bool>, value_date_time: Text, value_time: Text,
        value_range: Option<IgnoredAny>, value_ratio: Option<IgnoredAny>, value_period: Option<IgnoredAny>,
        value_sampled_data: Option<IgnoredAny>, component: Vec<Observation>,
    }

    MedicationRequest {
        status: Text, intent: Text, do_not_perform: Option<bool>, medication_codeable_concept: Option<CodeableConcept>,
        medication_reference: Option<Reference>, subject: Option<Reference>, encounter: Option<Reference>,
        authored_on: Text, requester: Option<Reference>, dosage_instruction: Vec<Dosage>,
        dispense_request: DispenseRequest,
    }
    Dosage {
        text: Text, patient_instruction: Text, as_needed_boolean: Option<bool>, route: CodeableConcept,
        dose_and_rate: Vec<DoseAndRate>, timing: Timing,
    }
    DoseAndRate { dose_quantity: Option<Quantity> }
    Timing { repeat: Repeat }
    Repeat { frequency: Option<u32>, period: Option<Number>, period_unit: Text }
    DispenseRequest {
        number_of_repeats_allowed: Option<u32>, quantity: Option<Quantity>, expected_supply_duration: Option<Quantity>,
    }
}

/// A text, unless it is missing or blank.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A text that must be there.
pub(super) fn required(text: Option<String>, field: &'static str) -> Result<String, Reason> {
    filled(text).ok_or(Reason::Missing(field))
}

impl Head {
    /// The id, if this is a resource of that kind with a valid one.
    pub(super) fn id_of(self, kind: Kind) -> Result<String, Reason> {
        if self.resource_type.as_deref() != Some(kind.name()) {
            return Err(Reason::WrongResource(kind));
        }
        self.id.filter(|id| is_id(id)).ok_or(Reason::BadId)
    }
}

impl Reference {
    /// The id that this refers to, if it refers to a resource of that type. Takes `Patient/1`, an absolute address
    /// that ends so, and either with a version (`…/_history/2`); the server in an address is not looked at.
    fn id_of(&self, kind: &str) -> Option<String> {
        let unversioned = self.reference.as_deref()?.split("/_history/").next()?;
        let (before, id) = unversioned.rsplit_once('/')?;
        (before.rsplit('/').next() == Some(kind) && is_id(id)).then(|| id.to_owned())
    }

    /// Like [`link`], for references that may be to other types too: those are nobody.
    pub(super) fn maybe_to(reference: Option<&Self>, kind: Kind) -> Option<String> {
        reference.and_then(|reference| reference.id_of(kind.name()))
    }
}

/// The id behind a reference that must be there.
pub(super) fn link(reference: Option<&Reference>, field: &'static str, kind: Kind) -> Result<String, Reason> {
    optional_link(reference, field, kind)?.ok_or(Reason::Missing(field))
}

/// The id behind a reference that may be missing, or consist of words only.
pub(super) fn optional_link(
    reference: Option<&Reference>,
    field: &'static str,
    kind: Kind,
) -> Result<Option<String>, Reason> {
    let Some(reference) = reference.filter(|reference| reference.reference.is_some()) else {
        return Ok(None);
    };
    let bad = Reason::BadReference { field, expected: kind.name() };
    reference.id_of(kind.name()).map(Some).ok_or(bad)
}

impl CodeableConcept {
    /// Whether one of its codings has this code, in whatever system.
    pub(super) fn is(&self, code: &str) -> bool {
        self.coding.iter().any(|coding| coding.code.as_deref() == Some(code))
    }

    /// Its first code.
    pub(super) fn code(&self) -> Option<String> {
        self.coding.iter().find_map(|coding| filled(coding.code.clone()))
    }

    /// The concept by its coding in one of these systems, or else by its first coding, or else by its text.
    pub(super) fn concept(self, preferred: &[&str]) -> Option<Concept> {
        let text = filled(self.text);
        let is_preferred =
            |coding: &Coding| preferred.iter().any(|system| coding.system.as_deref() == Some(*system));
        let position = self.coding.iter().position(is_preferred).unwrap_or(0);
        let Coding { system, code, display } = self.coding.into_iter().nth(position).unwrap_or_default();
        let code = filled(code);
        let display = filled(display).or_else(|| text.clone()).or_else(|| code.clone())?;
        Some(Concept { system: system.filter(|_| code.is_some()), code, display, text })
    }

    /// The writer's own words, or else the terminology's.
    pub(super) fn words(&self) -> Option<String> {
        let of = |coding: &Coding| filled(coding.display.clone()).or_else(|| filled(coding.code.clone()));
        filled(self.text.clone()).or_else(|| self.coding.first().and_then(of))
    }
}

impl Quantity {
    /// Its unit: the code, or else the printed unit.
    pub(super) fn unit(&self) -> Option<&str> {
        self.code.as_deref().or(self.unit.as_deref())
    }

    /// As a reader would write it: `< 2.5 L/min`.
    pub(super) fn to_text(&self) -> Option<String> {
        let value = self.value.as_ref()?.to_string();
        let unit = self.unit.as_deref().or(self.code.as_deref());
        Some(
            [self.comparator.as_deref(), Some(&value), unit]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }
}

/// FHIR's own grammar of ids (R4, data types, `id`); such an id is safe to print.
fn is_id(id: &str) -> bool {
    matches!(id.len(), 1..=64) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> Reference {
        Reference { reference: Some(text.into()), display: None }
    }

    #[test]
    fn a_reference_leads_to_an_id_of_the_right_type_only() {
        for good in ["Patient/p.1", "https://h.example/fhir/Patient/p.1", "Patient/p.1/_history/3"] {
            assert_eq!(reference(good).id_of("Patient").as_deref(), Some("p.1"), "{good}");
        }
        for bad in
            ["Group/p", "p", "#p", "urn:uuid:p", "Patient/", "Patient/a b", "NotPatient/p", "Patient/p/x"]
        {
            assert_eq!(reference(bad).id_of("Patient"), None, "{bad}");
        }
        let bad = Reason::BadReference { field: "subject", expected: "Patient" };
        assert_eq!(link(Some(&reference("Group/g")), "subject", Kind::Patient), Err(bad));
        assert_eq!(link(None, "subject", Kind::Patient), Err(Reason::Missing("subject")));
        assert_eq!(optional_link(Some(&Reference::default()), "encounter", Kind::Encounter), Ok(None));
    }

    #[test]
    fn a_concept_prefers_the_system_asked_for_and_keeps_the_writers_words() {
        let coding = |system: &str, code: &str| Coding {
            system: Some(system.into()),
            code: Some(code.into()),
            display: Some(format!("display of {code}")),
        };
        let both =
            CodeableConcept { coding: vec![coding("a", "1"), coding("b", "2")], text: Some("words".into()) };
        let concept = both.concept(&["b"]).unwrap();
        assert_eq!((concept.code.as_deref(), concept.display.as_str()), (Some("2"), "display of 2"));
        assert_eq!(concept.words(), "words");
        assert!(CodeableConcept { coding: vec![], text: Some(" ".into()) }.concept(&[]).is_none());
    }
}
