//! What has to be known before its turn comes: departments and posts of staff, which make the accounts, and who smokes,
//! which stands in the patient's own row. One pass over these files alone; what can't be read is reported in its turn.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    ImportError, blind,
    fhir::{
        Kind, SourceFile,
        item::{self, Item, ObservationKind},
    },
    report::Progress,
    source::Batches,
};
use crate::keyring::Keyring;

/// Departments within departments that are followed upwards.
const LEVELS: usize = 8;

/// See the module.
#[derive(Default)]
pub(super) struct Ahead {
    organizations: HashMap<String, Organization>,
    posts: HashMap<String, Vec<Post>>,
    smoking: HashMap<Uuid, (i64, usize)>,
    /// The few words there are for it, once each: smokers are many.
    smoking_words: Vec<String>,
}

/// An organization's name and place.
struct Organization {
    name: String,
    part_of: Option<String>,
}

/// What a member of staff does, and where.
#[derive(Clone)]
pub(super) struct Post {
    /// Code of the role, or words.
    pub(super) role: Option<String>,
    /// Specialty, in words.
    pub(super) specialty: Option<String>,
    organization: Option<String>,
}

impl Ahead {
    /// Reads ahead.
    ///
    /// # Errors
    /// [`ImportError::Stopped`].
    pub(super) async fn look(
        keyring: &Keyring,
        files: &[SourceFile],
        progress: &dyn Progress,
    ) -> Result<Self, ImportError> {
        let mut ahead = Self::default();
        let needed = [Kind::Organization, Kind::PractitionerRole, Kind::Observation];
        for file in files.iter().filter(|file| needed.contains(&file.kind)) {
            progress.begin(&format!("{}, looking ahead", file.name()), file.bytes);
            let mut batches = Batches::of(file);
            while let Some(batch) = batches.next().await? {
                for (_, item) in &batch.items {
                    ahead.learn(keyring, item);
                }
                progress.advance(batch.bytes, batch.lines());
            }
            progress.end();
        }
        Ok(ahead)
    }

    /// The name of an organization.
    pub(super) fn name(&self, organization: &str) -> Option<&str> {
        self.organizations.get(organization).map(|organization| organization.name.as_str())
    }

    /// What a member of staff does: everything, as far as it has not ended.
    pub(super) fn posts(&self, practitioner: &str) -> &[Post] {
        self.posts.get(practitioner).map_or(&[], Vec::as_slice)
    }

    /// The department of a post (none where it is the whole house's), and the house.
    pub(super) fn place(&self, post: &Post) -> (Option<&str>, Option<&str>) {
        let Some(own) = post.organization.as_ref().and_then(|id| self.organizations.get(id)) else {
            return (None, None);
        };
        let mut house = own;
        for _ in 0..LEVELS {
            let Some(above) = house.part_of.as_ref().and_then(|id| self.organizations.get(id)) else { break };
            house = above;
        }
        (own.part_of.as_ref().map(|_| own.name.as_str()), Some(&house.name))
    }

    /// A patient's latest smoking status, in words.
    pub(super) fn smoking(&self, patient: Uuid) -> Option<&str> {
        let (_, word) = self.smoking.get(&patient)?;
        self.smoking_words.get(*word).map(String::as_str)
    }

    fn learn(&mut self, keyring: &Keyring, item: &Item) {
        match item {
            Item::Organization(it) => {
                let organization = Organization { name: it.name.clone(), part_of: it.part_of.clone() };
                self.organizations.insert(it.source_id.clone(), organization);
            }
            Item::PractitionerRole(it) if it.active => {
                let (role, specialty) = (it.role.clone(), it.specialty.clone());
                let post = Post { role, specialty, organization: it.organization.clone() };
                self.posts.entry(it.practitioner.clone()).or_default().push(post);
            }
            Item::Observation(it) => {
                if let ObservationKind::SmokingStatus(status) = &it.kind {
                    self.learn_smoking(keyring, it, &status.display);
                }
            }
            _ => {}
        }
    }

    fn learn_smoking(&mut self, keyring: &Keyring, it: &item::Observation, status: &str) {
        let word = self.smoking_words.iter().position(|word| word == status).unwrap_or_else(|| {
            self.smoking_words.push(status.to_owned());
            self.smoking_words.len() - 1
        });
        let told = (it.effective.timestamp_millis(), word);
        let patient = blind(keyring, Kind::Patient.name(), &it.patient);
        let latest = self.smoking.entry(patient).or_insert(told);
        if latest.0 <= told.0 {
            *latest = told;
        }
    }
}
