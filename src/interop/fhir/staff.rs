//! FHIR `Organization`, `Practitioner` and `PractitionerRole` to their items.

use super::item;
use super::patient::{contact, name};
use super::refused::Reason;
use super::resources::{
    CodeableConcept, Organization, Practitioner, PractitionerRole, link, optional_link, required,
};
use super::sources::Kind;

pub(super) fn organization(source_id: String, resource: Organization) -> Result<item::Organization, Reason> {
    Ok(item::Organization {
        source_id,
        name: required(resource.name, "name")?,
        kind: resource.r#type.iter().find_map(code_or_words),
        part_of: optional_link(resource.part_of.as_ref(), "partOf", Kind::Organization)?,
    })
}

pub(super) fn practitioner(source_id: String, resource: Practitioner) -> Result<item::Practitioner, Reason> {
    let (family, given) = name(resource.name)?;
    Ok(item::Practitioner {
        source_id,
        active: resource.active.unwrap_or(true),
        family,
        given,
        email: contact(&resource.telecom, "email"),
        phone: contact(&resource.telecom, "phone"),
        qualification: resource.qualification.iter().find_map(|qualification| qualification.code.words()),
    })
}

pub(super) fn role(source_id: String, resource: &PractitionerRole) -> Result<item::PractitionerRole, Reason> {
    Ok(item::PractitionerRole {
        source_id,
        active: resource.active.unwrap_or(true),
        practitioner: link(resource.practitioner.as_ref(), "practitioner", Kind::Practitioner)?,
        organization: optional_link(resource.organization.as_ref(), "organization", Kind::Organization)?,
        role: resource.code.iter().find_map(code_or_words),
        specialty: resource.specialty.iter().find_map(CodeableConcept::words),
    })
}

fn code_or_words(concept: &CodeableConcept) -> Option<String> {
    concept.code().or_else(|| concept.words())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_names_its_holder_or_is_refused() {
        let read = |value| role("r".into(), &serde_json::from_value(value).unwrap());
        let specialty = json!([{ "coding": [{ "code": "394579002", "display": "Cardiology (qualifier)" }], "text": "Cardiology" }]);
        let full = json!({
            "practitioner": { "reference": "Practitioner/d" }, "specialty": specialty,
            "code": [{ "text": "Physical therapist" }],
        });
        let Ok(role) = read(full) else { panic!("refused") };
        assert_eq!((role.practitioner.as_str(), role.role.as_deref()), ("d", Some("Physical therapist")));
        assert_eq!((role.specialty.as_deref(), role.active), (Some("Cardiology"), true));
        assert_eq!(read(json!({ "specialty": specialty })).err(), Some(Reason::Missing("practitioner")));
    }
}
