//! FHIR `Patient` to [`item::Patient`], and how any person is named and reached.

use super::item::{self, Sex};
use super::moment::{PartialDate, instant};
use super::refused::Reason;
use super::resources::{ContactPoint, HumanName, Identifier, Patient, filled};

pub(super) fn patient(source_id: String, resource: Patient) -> Result<item::Patient, Reason> {
    let (family, given) = name(resource.name)?;
    let deceased_at =
        resource.deceased_date_time.as_deref().map(|at| instant(at, "deceasedDateTime")).transpose()?;
    let birth_date = filled(resource.birth_date)
        .map(|date| PartialDate::parse(&date).ok_or(Reason::BadDate("birthDate")))
        .transpose()?;
    Ok(item::Patient {
        source_id,
        mrn: record_number(resource.identifier),
        active: resource.active.unwrap_or(true),
        family,
        given,
        sex: sex(resource.gender.as_deref())?,
        birth_date,
        deceased: deceased_at.is_some() || resource.deceased_boolean == Some(true),
        deceased_at,
        phone: contact(&resource.telecom, "phone"),
        email: contact(&resource.telecom, "email"),
    })
}

/// Family and given names: the official or usual name before others, a past name last. A name that is not divided
/// is all family name.
pub(super) fn name(names: Vec<HumanName>) -> Result<(String, String), Reason> {
    let rank = |name: &HumanName| match name.r#use.as_deref() {
        Some("official") => 0,
        Some("usual") | None => 1,
        Some("old" | "maiden") => 3,
        Some(_) => 2,
    };
    let name = names.into_iter().min_by_key(rank).ok_or(Reason::Missing("name"))?;
    let given: Vec<_> = name.given.into_iter().filter_map(filled).collect();
    match filled(name.family) {
        Some(family) => Ok((family, given.join(" "))),
        None => match filled(name.text) {
            Some(text) => Ok((text, String::new())),
            None if given.is_empty() => Err(Reason::Missing("name.family")),
            None => Ok((given.join(" "), String::new())),
        },
    }
}

/// The first way of reaching somebody by that system; a mobile number before others, one no longer in use never.
pub(super) fn contact(telecom: &[ContactPoint], system: &str) -> Option<String> {
    telecom
        .iter()
        .filter(|point| point.system.as_deref() == Some(system) && point.r#use.as_deref() != Some("old"))
        .min_by_key(|point| point.r#use.as_deref() != Some("mobile"))
        .and_then(|point| filled(point.value.clone()))
}

/// The identifier of type `MR` (HL7 table 0203), or else the usual one.
fn record_number(identifiers: Vec<Identifier>) -> Option<String> {
    let rank =
        |identifier: &Identifier| (!identifier.r#type.is("MR"), identifier.r#use.as_deref() != Some("usual"));
    let best = identifiers.into_iter().min_by_key(rank)?;
    filled(best.value).filter(|_| best.r#type.is("MR") || best.r#use.as_deref() == Some("usual"))
}

fn sex(gender: Option<&str>) -> Result<Sex, Reason> {
    Ok(match gender {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        Some("other") => Sex::Other,
        Some("unknown") | None => Sex::Unknown,
        Some(_) => return Err(Reason::BadValue("gender")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(resource: serde_json::Value) -> Result<item::Patient, Reason> {
        patient("p".into(), serde_json::from_value(resource).unwrap())
    }

    #[test]
    fn a_patient_is_known_by_official_name_record_number_and_mobile_phone() {
        let Ok(patient) = read(json!({
            "identifier": [
                { "use": "official", "value": "other" },
                { "type": { "coding": [{ "code": "MR" }] }, "value": "M-1" },
            ],
            "name": [
                { "use": "maiden", "family": "Former" },
                { "use": "official", "family": "Iyer", "given": ["Asha", null, "R."] },
            ],
            "telecom": [
                { "system": "phone", "use": "home", "value": "1" },
                { "system": "phone", "use": "mobile", "value": "2" },
            ],
            "gender": "female", "birthDate": "1963-02", "deceasedDateTime": "2026-02-03T23:59:59Z",
        })) else {
            panic!("refused")
        };
        assert_eq!((patient.family.as_str(), patient.given.as_str()), ("Iyer", "Asha R."));
        assert_eq!((patient.mrn.as_deref(), patient.phone.as_deref()), (Some("M-1"), Some("2")));
        assert_eq!((patient.sex, patient.deceased, patient.active), (Sex::Female, true, true));
        assert_eq!(patient.birth_date.unwrap().to_string(), "1963-02");
    }

    #[test]
    fn a_patient_without_a_name_or_with_a_wrong_date_or_gender_is_refused() {
        let refused = |resource| read(resource).err();
        assert_eq!(refused(json!({})), Some(Reason::Missing("name")));
        assert_eq!(refused(json!({ "name": [{ "given": [" "] }] })), Some(Reason::Missing("name.family")));
        let named = json!([{ "text": "Asha Iyer" }]);
        let bad_date = refused(json!({ "name": named, "birthDate": "2.3.1963" }));
        assert_eq!(bad_date, Some(Reason::BadDate("birthDate")));
        assert_eq!(refused(json!({ "name": named, "gender": "F" })), Some(Reason::BadValue("gender")));
        assert_eq!(refused(json!({ "name": named })), None);
    }
}
