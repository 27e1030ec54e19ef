//! The demo's five people. Their passwords and keys are public: that is what makes it a demo.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use crypto::{
    signature::PrivateKey,
    signed_text::{Enrol, SignedText as _, text_hash},
};
use entity::UserStatus;
use rayon::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    cli::user,
    identity::{
        AdminDetails, DoctorDetails, EnrolInput, NewUser, PersonName, PharmacistDetails, Profile, Username,
    },
    world::World,
};

/// Bits of the keys.
const KEY_BITS: usize = 3072;

/// Somebody of the demo.
pub(super) struct Person {
    pub(super) role: &'static str,
    pub(super) username: &'static str,
    pub(super) password: &'static str,
    pub(super) name: &'static str,
}

const fn person(
    role: &'static str,
    username: &'static str,
    password: &'static str,
    name: &'static str,
) -> Person {
    Person { role, username, password, name }
}

pub(super) const ADMIN: Person = person("admin", "mihir@admin.kmc.edu", "Admin@1234", "Mihir Sahay");
pub(super) const CARDIOLOGIST: Person = person("doctor", "omkar@doctor.kmc.edu", "Doctor@123", "Omkar Nayak");
pub(super) const NEUROLOGIST: Person =
    person("doctor", "rishi@doctor.kmc.edu", "Doctor@456", "Rishi Khandelwal");
pub(super) const PATIENT: Person = person("patient", "harsh@patient.kmc.edu", "Patient@123", "Harsh Singh");
pub(super) const PHARMACIST: Person =
    person("pharmacist", "sushmita@pharmacist.kmc.edu", "Pharm@1NET", "Sushmita Sen");

/// Everybody.
pub(super) const ALL: [&Person; 5] = [&ADMIN, &CARDIOLOGIST, &NEUROLOGIST, &PATIENT, &PHARMACIST];

impl Person {
    /// File of the private key.
    pub(super) fn key_file(&self, keys: &Path) -> PathBuf {
        keys.join(format!("{}_private_key.pem", self.username.replace('@', "_at_")))
    }

    fn profile(&self, of_patient: &Profile) -> Profile {
        let doctor = |department: &str, specialty: &str| {
            let (department, specialty) = (department.to_owned(), specialty.to_owned());
            Profile::Doctor(DoctorDetails { department, specialty, hospital: "KMC".to_owned() })
        };
        match self.role {
            "patient" => of_patient.clone(),
            "pharmacist" => Profile::Pharmacist(PharmacistDetails {
                pharmacy: "KMC Pharmacy".to_owned(),
                licence: "PHKMC001".to_owned(),
            }),
            "doctor" if self.username == CARDIOLOGIST.username => doctor("Cardiology", "Interventional"),
            "doctor" => doctor("Neurology", "Epileptology"),
            _ => Profile::Admin(AdminDetails { department: "Records".to_owned() }),
        }
    }
}

/// Makes the keys that are not there yet, on all cores.
pub(super) fn make_keys(world: &World, keys: &Path) -> Result<()> {
    std::fs::create_dir_all(keys).with_context(|| format!("folder `{}`", keys.display()))?;
    ALL.par_iter().map(|person| person.key_file(keys)).filter(|file| !file.exists()).try_for_each(|file| {
        let key = PrivateKey::generate(KEY_BITS, &mut world.keyring.around().rng())?;
        let pem = key.to_pem()?;
        let write = || -> std::io::Result<()> {
            // `tempfile` makes it with mode 0600.
            let mut draft = tempfile::NamedTempFile::new_in(keys)?;
            draft.write_all(pem.as_bytes())?;
            draft.persist(&file)?;
            Ok(())
        };
        write().with_context(|| format!("key `{}`", file.display()))
    })
}

/// Makes the account and enrols it, as far as that was not done before.
pub(super) async fn join(world: &World, person: &Person, of_patient: &Profile, keys: &Path) -> Result<Uuid> {
    let username = Username::parse(person.username)?;
    let found = world.identity.find_user(&username).await?;
    let (id, invitation) = match found {
        Some(found) if found.status == UserStatus::Active => return Ok(found.id),
        // An earlier start was cut short: the code it gave is gone.
        Some(found) => (found.id, user::invite(world, found.id).await?),
        None => {
            let (profile, name) = (person.profile(of_patient), PersonName::parse(person.name)?);
            user::create(world, NewUser { id: None, username, name, profile, imported: false }, None).await?
        }
    };
    let key = read(&person.key_file(keys))?;
    let text = Enrol {
        user: person.username.to_owned(),
        code_hash: text_hash(invitation.code.expose_secret()),
        key_id: key.public().key_id(),
    };
    let enrolment = EnrolInput {
        username: person.username.to_owned(),
        code: invitation.code,
        password: SecretString::from(person.password),
        key: key.public().clone(),
        signature: key.sign(text.text()?.as_bytes())?,
        address: "127.0.0.1".to_owned(),
    };
    world.identity.enrol(enrolment).await.with_context(|| format!("enrolling {}", person.username))?;
    Ok(id)
}

/// Whether the key files still are those that were enrolled.
pub(super) async fn keys_are_there(world: &World, keys: &Path) -> Result<()> {
    for person in ALL {
        let file = person.key_file(keys);
        let gone = || {
            format!("the key `{}` is not the one that was enrolled: begin again with --fresh", file.display())
        };
        let key = read(&file).with_context(gone)?;
        world.identity.signing_key(&key.public().key_id()).await.with_context(gone)?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<PrivateKey> {
    let pem = std::fs::read_to_string(file).with_context(|| format!("key `{}`", file.display()))?;
    Ok(PrivateKey::from_pem(&Zeroizing::new(pem))?)
}
