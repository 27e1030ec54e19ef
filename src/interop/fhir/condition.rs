//! FHIR `Condition` to [`item::Condition`].

use super::encounter::ICD_10;
use super::item::{self, ConditionCategory};
use super::moment::{date, instant};
use super::refused::Reason;
use super::resources::{Condition, filled, link, optional_link};
use super::sources::Kind;

pub(super) fn condition(source_id: String, resource: Condition) -> Result<item::Condition, Reason> {
    let verification = resource.verification_status.code();
    match verification.as_deref() {
        Some("entered-in-error") => return Err(Reason::NotAFact("entered in error")),
        Some("refuted") => return Err(Reason::NotAFact("refuted")),
        _ => {}
    }
    let encounter = optional_link(resource.encounter.as_ref(), "encounter", Kind::Encounter)?;
    let has_category = |code| resource.category.iter().any(|category| category.is(code));
    let of_a_visit =
        has_category("encounter-diagnosis") || resource.category.is_empty() && encounter.is_some();
    let onset = filled(resource.onset_date_time).or_else(|| filled(resource.onset_period.start));
    Ok(item::Condition {
        source_id,
        patient: link(resource.subject.as_ref(), "subject", Kind::Patient)?,
        encounter,
        category: if of_a_visit {
            ConditionCategory::EncounterDiagnosis
        } else {
            ConditionCategory::ProblemList
        },
        code: resource.code.concept(&ICD_10).ok_or(Reason::Missing("code"))?,
        clinical_status: resource.clinical_status.code(),
        verification,
        onset: onset.map(|onset| date(&onset, "onset")).transpose()?,
        abated: filled(resource.abatement_date_time).map(|at| date(&at, "abatementDateTime")).transpose()?,
        recorded: filled(resource.recorded_date).map(|at| instant(&at, "recordedDate")).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(changes: &[(&str, Value)]) -> Result<item::Condition, Reason> {
        let mut resource = json!({
            "clinicalStatus": { "coding": [{ "code": "active" }] },
            "category": [{ "coding": [{ "code": "problem-list-item" }] }],
            "code": { "coding": [{ "system": ICD_10[0], "code": "I10", "display": "Essential hypertension" }],
                      "text": "High blood pressure" },
            "subject": { "reference": "Patient/p" }, "onsetDateTime": "2011-08", "recordedDate": "2026-01-15T10:33:00Z",
        });
        for (field, value) in changes {
            resource[*field] = value.clone();
        }
        condition("c".into(), serde_json::from_value(resource).unwrap())
    }

    #[test]
    fn a_problem_belongs_to_the_patient_and_a_diagnosis_to_its_visit() {
        let visit = ("encounter", json!({ "reference": "Encounter/e" }));
        let diagnosis = ("category", json!([{ "coding": [{ "code": "encounter-diagnosis" }] }]));
        let category = |changes: &[_]| read(changes).ok().map(|condition| condition.category);
        assert_eq!(category(&[]), Some(ConditionCategory::ProblemList));
        assert_eq!(category(std::slice::from_ref(&visit)), Some(ConditionCategory::ProblemList));
        assert_eq!(category(&[visit.clone(), diagnosis]), Some(ConditionCategory::EncounterDiagnosis));
        assert_eq!(category(&[visit, ("category", json!([]))]), Some(ConditionCategory::EncounterDiagnosis));
        assert_eq!(category(&[("category", json!([]))]), Some(ConditionCategory::ProblemList));
    }

    #[test]
    fn a_condition_keeps_code_words_and_how_precisely_it_began() {
        let Ok(condition) = read(&[]) else { panic!("refused") };
        assert_eq!(condition.code.code.as_deref(), Some("I10"));
        assert_eq!(
            (condition.code.display.as_str(), condition.code.words()),
            ("Essential hypertension", "High blood pressure")
        );
        assert_eq!(condition.onset.unwrap().to_string(), "2011-08");
    }

    #[test]
    fn what_was_refuted_or_names_nothing_is_refused() {
        let refuted = json!({ "coding": [{ "code": "refuted" }] });
        assert_eq!(read(&[("verificationStatus", refuted)]).err(), Some(Reason::NotAFact("refuted")));
        assert_eq!(read(&[("code", json!({}))]).err(), Some(Reason::Missing("code")));
        assert_eq!(read(&[("onsetDateTime", json!("long ago"))]).err(), Some(Reason::BadDate("onset")));
    }
}
