//! Exports that tests write themselves.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// Words that stand for what must not be readable; each appears in [`planted`], at its name.
pub(crate) mod word {
    pub(crate) const HOSPITAL: &str = "Plantagenet Infirmary";
    pub(crate) const DEPARTMENT: &str = "Tropical Plantology";
    pub(crate) const DOCTOR: &str = "Quillfeather";
    pub(crate) const USERNAME: &str = "quill@plantmail.example";
    pub(crate) const GIVEN: &str = "Zebediah";
    pub(crate) const FAMILY: &str = "Quackenbush";
    pub(crate) const MRN: &str = "PLANT-MRN-77";
    pub(crate) const PHONE: &str = "555-8642-97";
    pub(crate) const BORN: &str = "1961-04-17";
    pub(crate) const CAUSE: &str = "a buzzing in the plantears";
    pub(crate) const DIAGNOSIS: &str = "Plantar dysphoria";
    pub(crate) const CODE: &str = "Q97.42";
    pub(crate) const FINDING: &str = "Grip of the plantarm";
    pub(crate) const NOTE: &str = "feeble as a plantstalk";
    pub(crate) const SMOKES: &str = "Smokes plantleaves";
    pub(crate) const DRUG: &str = "Amoxiplantin";
    pub(crate) const DRUG_CODE: &str = "99887766";
    pub(crate) const DOSAGE: &str = "twice a plantday";
    pub(crate) const STATUS: &str = "on-hold";
    pub(crate) const SOURCE_ID: &str = "plantpatient-1";

    pub(crate) const ALL: [&str; 20] = [
        HOSPITAL, DEPARTMENT, DOCTOR, USERNAME, GIVEN, FAMILY, MRN, PHONE, BORN, CAUSE, DIAGNOSIS, CODE,
        FINDING, NOTE, SMOKES, DRUG, DRUG_CODE, DOSAGE, STATUS, SOURCE_ID,
    ];
}

/// Writes `FILE.ndjson` into the folder, one line per value.
pub(crate) fn write(folder: &Path, file: &str, lines: impl IntoIterator<Item = Value>) {
    let text: String = lines.into_iter().map(|line| format!("{line}\n")).collect();
    fs::write(folder.join(format!("{file}.ndjson")), text).unwrap();
}

pub(crate) fn doctor(id: &str, email: &str, family: &str) -> Value {
    json!({ "resourceType": "Practitioner", "id": id, "name": [{ "family": family, "given": ["Ada"] }],
            "telecom": [{ "system": "email", "value": email }] })
}

pub(crate) fn role(practitioner: &str, code: &str, department: &str) -> Value {
    json!({ "resourceType": "PractitionerRole", "id": format!("role-{practitioner}"),
            "practitioner": reference("Practitioner", practitioner), "code": [{ "coding": [{ "code": code }] }],
            "organization": reference("Organization", department), "specialty": [{ "text": "Epileptology" }] })
}

pub(crate) fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "family": "Ordinary" }], "birthDate": "1980" })
}

pub(crate) fn encounter(id: &str, patient: &str, practitioner: &str, start: &str) -> Value {
    let attender = [json!({ "coding": [{ "code": "ATND" }] })];
    json!({ "resourceType": "Encounter", "id": id, "status": "finished", "class": { "code": "AMB" },
            "subject": reference("Patient", patient), "period": { "start": start },
            "participant": [{ "type": attender, "individual": reference("Practitioner", practitioner) }] })
}

pub(crate) fn heart_rate(id: &str, patient: &str, value: u32) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": reference("Patient", patient),
            "effectiveDateTime": "2026-02-20T10:05:00Z", "code": loinc("8867-4"),
            "valueQuantity": { "value": value, "code": "/min" } })
}

pub(crate) fn finding(id: &str, patient: &str, name: &str, value: &str) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final", "subject": reference("Patient", patient),
            "effectiveDateTime": "2026-02-20T10:06:00Z", "code": { "text": name }, "valueString": value })
}

pub(crate) fn medication(id: &str, patient: &str, requester: Option<&str>) -> Value {
    let requester = requester.map(|id| reference("Practitioner", id));
    json!({ "resourceType": "MedicationRequest", "id": id, "status": word::STATUS, "intent": "order",
            "medicationCodeableConcept": { "coding": [{ "code": word::DRUG_CODE }], "text": word::DRUG },
            "subject": reference("Patient", patient), "authoredOn": "2026-02-20T10:14:00Z", "requester": requester,
            "dosageInstruction": [{ "text": word::DOSAGE }] })
}

/// A hospital of one doctor and one patient, with everything that an import takes.
pub(crate) fn planted(folder: &Path) {
    let organization = |id: &str, name: &str, above: Option<&str>| json!({ "resourceType": "Organization", "id": id, "name": name, "partOf": above.map(|id| reference("Organization", id)) });
    write(
        folder,
        "Organization",
        [organization("house", word::HOSPITAL, None), organization("ward", word::DEPARTMENT, Some("house"))],
    );
    write(folder, "Practitioner", [doctor("dr", word::USERNAME, word::DOCTOR)]);
    write(folder, "PractitionerRole", [role("dr", "doctor", "ward")]);
    let number = json!({ "use": "usual", "value": word::MRN });
    let mut who = patient(word::SOURCE_ID);
    who["name"] = json!([{ "family": word::FAMILY, "given": [word::GIVEN] }]);
    who["identifier"] = json!([number]);
    who["telecom"] = json!([{ "system": "phone", "value": word::PHONE }]);
    who["birthDate"] = json!(word::BORN);
    who["gender"] = json!("male");
    write(folder, "Patient", [who]);
    let mut first = encounter("visit", word::SOURCE_ID, "dr", "2026-02-20T10:01:00Z");
    first["reasonCode"] = json!([{ "text": word::CAUSE }]);
    first["serviceProvider"] = reference("Organization", "ward");
    let again = encounter("visit-2", word::SOURCE_ID, "dr", "2026-02-18T09:00:00Z");
    write(folder, "Encounter", [first, again]);
    let diagnosis = json!({ "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": word::CODE, "display": word::DIAGNOSIS }] });
    write(
        folder,
        "Condition",
        [
            json!({ "resourceType": "Condition", "id": "c", "code": diagnosis, "encounter": reference("Encounter", "visit"),
                 "subject": reference("Patient", word::SOURCE_ID), "recordedDate": "2026-02-20T10:10:00Z" }),
        ],
    );
    let mut smoking = finding("smoking", word::SOURCE_ID, "", "");
    smoking["code"] = loinc("72166-2");
    smoking["valueCodeableConcept"] = json!({ "coding": [{ "code": "1", "display": word::SMOKES }] });
    write(
        folder,
        "Observation",
        [
            heart_rate("pulse", word::SOURCE_ID, 71),
            finding("grip", word::SOURCE_ID, word::FINDING, word::NOTE),
            smoking,
        ],
    );
    write(folder, "MedicationRequest", [medication("m", word::SOURCE_ID, Some("dr"))]);
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "reference": format!("{kind}/{id}") })
}

fn loinc(code: &str) -> Value {
    json!({ "coding": [{ "system": "http://loinc.org", "code": code }] })
}
