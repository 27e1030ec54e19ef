//! FHIR `Encounter` to [`item::Encounter`].

use super::item;
use super::moment::instant;
use super::refused::Reason;
use super::resources::{self, CodeableConcept, Encounter, Reference, filled, link, optional_link, required};
use super::sources::Kind;

/// ICD-10, as WHO and the United States write it.
pub(super) const ICD_10: [&str; 2] = ["http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"];

pub(super) fn encounter(source_id: String, resource: Encounter) -> Result<item::Encounter, Reason> {
    let status = required(resource.status, "status")?;
    if status == "entered-in-error" {
        return Err(Reason::NotAFact("entered in error"));
    }
    let start = instant(&required(resource.period.start, "period.start")?, "period.start")?;
    let end = filled(resource.period.end).map(|end| instant(&end, "period.end")).transpose()?;
    if end.is_some_and(|end| end < start) {
        return Err(Reason::Backwards("period"));
    }
    let chief_complaint = chief_complaint(&resource.diagnosis);
    let reasons: Vec<_> =
        resource.reason_code.into_iter().filter_map(|reason| reason.concept(&ICD_10)).collect();
    let words: Vec<_> = reasons.iter().map(item::Concept::words).collect();
    Ok(item::Encounter {
        source_id,
        patient: link(resource.subject.as_ref(), "subject", Kind::Patient)?,
        class: filled(resource.class.code),
        status,
        start,
        end,
        service_type: resource.service_type.words(),
        department: optional_link(resource.service_provider.as_ref(), "serviceProvider", Kind::Organization)?,
        cause: if words.is_empty() { chief_complaint } else { Some(words.join("; ")) },
        reasons,
        diagnoses: resource.diagnosis.iter().map(diagnosis).collect::<Result<_, _>>()?,
        participants: resource.participant.iter().flat_map(participants).collect(),
    })
}

/// The words of the diagnosis in the part `CC` (HL7 diagnosis-role: chief complaint).
fn chief_complaint(diagnoses: &[resources::EncounterDiagnosis]) -> Option<String> {
    let complaint = diagnoses.iter().find(|diagnosis| diagnosis.r#use.is("CC"))?;
    filled(complaint.condition.as_ref()?.display.clone())
}

fn diagnosis(diagnosis: &resources::EncounterDiagnosis) -> Result<item::DiagnosisLink, Reason> {
    Ok(item::DiagnosisLink {
        condition: link(diagnosis.condition.as_ref(), "diagnosis.condition", Kind::Condition)?,
        part: diagnosis.r#use.code(),
        rank: diagnosis.rank,
    })
}

/// Once per part that a practitioner took; relatives and devices take part too, but care for nobody.
fn participants(participant: &resources::Participant) -> Vec<item::Participant> {
    let Some(practitioner) = Reference::maybe_to(participant.individual.as_ref(), Kind::Practitioner) else {
        return Vec::new();
    };
    let with = |role| item::Participant { practitioner: practitioner.clone(), role };
    if participant.r#type.is_empty() {
        return vec![with(None)];
    }
    participant.r#type.iter().map(CodeableConcept::code).map(with).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(changes: &[(&str, Value)]) -> Result<item::Encounter, Reason> {
        let mut resource = json!({
            "status": "finished", "class": { "code": "AMB" }, "subject": { "reference": "Patient/p" },
            "period": { "start": "2026-02-20T10:01:00Z", "end": "2026-02-20T10:15:00Z" },
            "serviceProvider": { "reference": "Organization/cardiology" },
            "reasonCode": [
                { "coding": [{ "system": "http://snomed.info/sct", "code": "38341003" },
                             { "system": "http://hl7.org/fhir/sid/icd-10", "code": "I10" }], "text": "Hypertension" },
                { "text": "Headache" },
            ],
            "participant": [
                { "type": [{ "coding": [{ "code": "ATND" }] }], "individual": { "reference": "Practitioner/d" } },
                { "individual": { "reference": "RelatedPerson/r" } },
            ],
            "diagnosis": [{ "condition": { "reference": "Condition/c", "display": "Chest pain" },
                            "use": { "coding": [{ "code": "CC" }] }, "rank": 1 }],
        });
        for (field, value) in changes {
            resource[*field] = value.clone();
        }
        encounter("e".into(), serde_json::from_value(resource).unwrap())
    }

    #[test]
    fn a_visit_keeps_its_cause_its_codes_and_who_cared() {
        let Ok(visit) = read(&[]) else { panic!("refused") };
        assert_eq!(visit.cause.as_deref(), Some("Hypertension; Headache"));
        assert_eq!(visit.reasons[0].code.as_deref(), Some("I10"));
        assert_eq!(visit.department.as_deref(), Some("cardiology"));
        let cared: Vec<_> =
            visit.participants.iter().map(|who| (who.practitioner.as_str(), who.role.as_deref())).collect();
        assert_eq!(cared, [("d", Some("ATND"))]);
        assert_eq!(
            (visit.diagnoses[0].condition.as_str(), visit.diagnoses[0].part.as_deref()),
            ("c", Some("CC"))
        );
    }

    #[test]
    fn without_a_reason_the_chief_complaint_is_the_cause() {
        let Ok(visit) = read(&[("reasonCode", json!([]))]) else { panic!("refused") };
        assert_eq!(visit.cause.as_deref(), Some("Chest pain"));
    }

    #[test]
    fn a_visit_without_patient_or_time_or_made_in_error_is_refused() {
        let backwards = json!({ "start": "2026-02-20T10:01:00Z", "end": "2026-02-20T10:00:00Z" });
        let refused = |field, value| read(&[(field, value)]).err();
        assert_eq!(refused("subject", Value::Null), Some(Reason::Missing("subject")));
        assert_eq!(refused("period", json!({})), Some(Reason::Missing("period.start")));
        assert_eq!(refused("period", backwards), Some(Reason::Backwards("period")));
        assert_eq!(refused("status", json!("entered-in-error")), Some(Reason::NotAFact("entered in error")));
    }
}
