//! FHIR `MedicationRequest` to [`item::Medication`].

use super::item::{self, Concept};
use super::moment::instant;
use super::refused::Reason;
use super::resources::{
    Dosage, MedicationRequest, Quantity, Reference, filled, link, optional_link, required,
};
use super::sources::Kind;

const RX_NORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";

pub(super) fn medication(source_id: String, resource: MedicationRequest) -> Result<item::Medication, Reason> {
    let status = required(resource.status, "status")?;
    match (status.as_str(), required(resource.intent, "intent")?.as_str()) {
        ("entered-in-error", _) => return Err(Reason::NotAFact("entered in error")),
        ("draft", _) => return Err(Reason::NotAFact("a draft")),
        (_, "proposal" | "plan" | "option") => return Err(Reason::NotAFact("no order")),
        _ if resource.do_not_perform == Some(true) => return Err(Reason::NotAFact("not to be given")),
        _ => {}
    }
    let supply = resource.dispense_request;
    let authored_on = required(resource.authored_on, "authoredOn")?;
    let dosage: Vec<_> = resource.dosage_instruction.iter().filter_map(Dosage::to_text).collect();
    let doses = resource.dosage_instruction.iter().flat_map(|dosage| &dosage.dose_and_rate);
    Ok(item::Medication {
        source_id,
        patient: link(resource.subject.as_ref(), "subject", Kind::Patient)?,
        encounter: optional_link(resource.encounter.as_ref(), "encounter", Kind::Encounter)?,
        authored_on: instant(&authored_on, "authoredOn")?,
        requester: Reference::maybe_to(resource.requester.as_ref(), Kind::Practitioner),
        dosage: Some(dosage.join("; ")).filter(|text| !text.is_empty()),
        dose: doses.filter_map(|dose| dose.dose_quantity.as_ref()).find_map(Quantity::to_text),
        drug: match resource.medication_codeable_concept {
            Some(drug) => drug.concept(&[RX_NORM]).ok_or(Reason::Missing("medicationCodeableConcept"))?,
            None => named(resource.medication_reference)?,
        },
        status,
        repeats: supply.number_of_repeats_allowed,
        days: supply.expected_supply_duration.as_ref().map(days).transpose()?,
        quantity: supply.quantity.as_ref().and_then(Quantity::to_text),
    })
}

/// A drug that stands in a `Medication` resource is known by the words of the reference only.
fn named(reference: Option<Reference>) -> Result<Concept, Reason> {
    let reference = reference.ok_or(Reason::Missing("medicationCodeableConcept"))?;
    let instead = "name the drug in medicationCodeableConcept or in medicationReference.display";
    let display =
        filled(reference.display).ok_or(Reason::NotRead { field: "medicationReference", instead })?;
    Ok(Concept { system: None, code: None, display, text: None })
}

/// Whole days; weeks are turned into days.
fn days(duration: &Quantity) -> Result<u32, Reason> {
    const FIELD: &str = "dispenseRequest.expectedSupplyDuration";
    let per_unit = match duration.unit() {
        Some("d" | "day" | "days") => 1,
        Some("wk") => 7,
        _ => return Err(Reason::NotRead { field: FIELD, instead: "give it in days, with the code `d`" }),
    };
    let value = duration.value.as_ref().and_then(serde_json::Number::as_f64).ok_or(Reason::Missing(FIELD))?;
    // A hundred years, so that a typing error is found here and not by an overflow.
    let whole = value.fract() == 0.0 && (0.0..=36_500.0).contains(&value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and at most 36 500")]
    whole.then(|| value as u32 * per_unit).ok_or(Reason::BadValue(FIELD))
}

impl Dosage {
    /// The writer's text, or else dose, route and timing: `500 mg PO, 2 times per 1 d, as needed`.
    fn to_text(&self) -> Option<String> {
        let written = filled(self.text.clone()).or_else(|| filled(self.patient_instruction.clone()));
        written.or_else(|| {
            let dose = self
                .dose_and_rate
                .iter()
                .filter_map(|dose| dose.dose_quantity.as_ref())
                .find_map(Quantity::to_text);
            let route = self.route.text.clone().or_else(|| self.route.coding.first()?.display.clone());
            let what = [dose, route].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let repeat = &self.timing.repeat;
            let how_often = match (repeat.frequency, &repeat.period, &repeat.period_unit) {
                (Some(frequency), Some(period), Some(unit)) => {
                    format!("{frequency} times per {period} {unit}")
                }
                _ => String::new(),
            };
            let as_needed = if self.as_needed_boolean == Some(true) { "as needed" } else { "" };
            let parts: Vec<_> =
                [what.as_str(), &how_often, as_needed].into_iter().filter(|part| !part.is_empty()).collect();
            Some(parts.join(", ")).filter(|text| !text.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(changes: &[(&str, Value)]) -> Result<item::Medication, Reason> {
        let mut resource = json!({
            "status": "active", "intent": "order", "authoredOn": "2026-02-07T15:17:00Z",
            "subject": { "reference": "Patient/p" }, "requester": { "reference": "Practitioner/d" },
            "medicationCodeableConcept": { "text": "Salbutamol",
                "coding": [{ "system": RX_NORM, "code": "435", "display": "Albuterol" }] },
            "dosageInstruction": [{
                "doseAndRate": [{ "doseQuantity": { "value": 100, "unit": "mcg", "code": "ug" } }],
                "route": { "text": "INH" }, "asNeededBoolean": true,
                "timing": { "repeat": { "frequency": 2, "period": 1, "periodUnit": "d" } },
            }],
            "dispenseRequest": { "numberOfRepeatsAllowed": 3, "expectedSupplyDuration": { "value": 4, "code": "wk" } },
        });
        for (field, value) in changes {
            resource[*field] = value.clone();
        }
        medication("m".into(), serde_json::from_value(resource).unwrap())
    }

    #[test]
    fn a_prescription_names_drug_dose_and_supply() {
        let Ok(read) = read(&[]) else { panic!("refused") };
        assert_eq!((read.drug.words(), read.drug.code.as_deref()), ("Salbutamol", Some("435")));
        assert_eq!(read.dosage.as_deref(), Some("100 mcg INH, 2 times per 1 d, as needed"));
        assert_eq!((read.dose.as_deref(), read.repeats, read.days), (Some("100 mcg"), Some(3), Some(28)));
        assert_eq!(read.requester.as_deref(), Some("d"));
    }

    #[test]
    fn what_must_not_be_given_or_was_never_ordered_is_refused() {
        let refused = |field, value| read(&[(field, value)]).err();
        assert_eq!(refused("doNotPerform", json!(true)), Some(Reason::NotAFact("not to be given")));
        assert_eq!(refused("status", json!("draft")), Some(Reason::NotAFact("a draft")));
        assert_eq!(refused("intent", json!("proposal")), Some(Reason::NotAFact("no order")));
        assert_eq!(refused("authoredOn", Value::Null), Some(Reason::Missing("authoredOn")));
    }

    #[test]
    fn a_drug_known_by_reference_needs_its_name_there() {
        let by_reference = |reference| {
            read(&[("medicationCodeableConcept", Value::Null), ("medicationReference", reference)])
        };
        let Ok(named) = by_reference(json!({ "reference": "Medication/1", "display": "Aspirin" })) else {
            panic!("refused")
        };
        assert_eq!(named.drug.words(), "Aspirin");
        let nameless = by_reference(json!({ "reference": "Medication/1" })).err();
        assert!(matches!(nameless, Some(Reason::NotRead { field: "medicationReference", .. })));
    }

    #[test]
    fn a_supply_in_odd_units_or_parts_of_a_day_is_refused() {
        let supply = |value: Value, code: &str| {
            let duration = json!({ "expectedSupplyDuration": { "value": value, "code": code } });
            read(&[("dispenseRequest", duration)]).err()
        };
        assert!(matches!(supply(json!(1), "mo"), Some(Reason::NotRead { .. })));
        assert!(matches!(supply(json!(1.5), "d"), Some(Reason::BadValue(_))));
        assert!(matches!(supply(json!(-1), "d"), Some(Reason::BadValue(_))));
    }
}
