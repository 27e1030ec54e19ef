//! Practitioners become disabled accounts; what they do and where comes from their posts.

use super::{
    ahead::Post,
    compose::{Composer, NotTaken, Outcome, Why},
    fhir::{Kind, item},
};
use crate::identity::{
    DoctorDetails, NameRefused, NewUser, PersonName, PharmacistDetails, Profile, Username,
};

/// Codes of doctors, lower case: HL7 practitioner-role, SNOMED CT, and the plain words.
const DOCTOR: [&str; 4] = ["doctor", "158965000", "physician", "medical practitioner"];
/// The same of pharmacists.
const PHARMACIST: [&str; 2] = ["pharmacist", "46255001"];

/// What an imported member of staff will log in by: the address for e-mail, or else the id.
///
/// # Errors
/// As [`Username::parse`].
pub(super) fn username(it: &item::Practitioner) -> Result<Username, NameRefused> {
    Username::parse(it.email.as_deref().unwrap_or(&it.source_id))
}

impl Composer<'_> {
    pub(super) fn practitioner(&mut self, it: &item::Practitioner) -> Result<Outcome, NotTaken> {
        let id = self.id(Kind::Practitioner.name(), &it.source_id);
        if self.there.has(id) {
            return Ok(Outcome::AlreadyThere);
        }
        let profile = self.profile(&it.source_id).ok_or(Why::NoRoleHere)?;
        let name = PersonName::parse(&format!("{} {}", it.given, it.family))?;
        let username = username(it)?;
        if !self.there.take_username(&username) {
            return Err(Why::UsernameTaken.into());
        }
        self.rows.users.push(NewUser { id: Some(id), username, name, profile, imported: true });
        Ok(Outcome::Taken)
    }

    pub(super) fn role(&self, it: &item::PractitionerRole) -> Result<Outcome, NotTaken> {
        self.account(&it.practitioner)
            .map(|_| Outcome::ForOthers)
            .ok_or_else(|| Why::UnknownPractitioner.into())
    }

    /// Doctor comes before pharmacist. Whoever is neither gets no account: none of the roles here would be right.
    fn profile(&self, practitioner: &str) -> Option<Profile> {
        let posts = self.ahead.posts(practitioner);
        let of = |codes: &[&str]| posts.iter().find(|post| post.is_one_of(codes));
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        if let Some(post) = of(&DOCTOR) {
            let (department, hospital) = self.ahead.place(post);
            let specialty = post.specialty.as_deref();
            return Some(Profile::Doctor(DoctorDetails {
                department: text(department.or(specialty)),
                specialty: text(specialty),
                hospital: text(hospital),
            }));
        }
        let (department, hospital) = self.ahead.place(of(&PHARMACIST)?);
        Some(Profile::Pharmacist(PharmacistDetails {
            pharmacy: text(department.or(hospital)),
            licence: String::new(),
        }))
    }
}

impl Post {
    fn is_one_of(&self, codes: &[&str]) -> bool {
        self.role.as_ref().is_some_and(|role| codes.contains(&role.to_lowercase().as_str()))
    }
}
