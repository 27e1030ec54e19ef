//! The desk: decides, has the decision recorded, and only then hands out permits.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::{
    Action, FactVersion, Facts, Permit, Refusal, Resource, Rule,
    rule::{Decision, decide},
};
use crate::{
    identity::Actor,
    keyring::{Keyring, KeyringError, PatientKey},
    ledger::{By, Draft, Ledger, LedgerError, Outcome},
};

/// Why there is no permit.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The rules refuse. The denial is in the ledger.
    #[error("not permitted")]
    Denied(Refusal),
    /// The decision could not be recorded, so there is none.
    #[error("the decision could not be recorded: {0}")]
    Unrecorded(#[from] LedgerError),
    /// A patient's key could not be read.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// One thing that is asked for.
#[derive(Debug)]
pub struct Ask {
    /// The row.
    pub resource: Resource,
    /// What is known about it and the actor.
    pub facts: Facts,
}

/// Where permits are issued.
#[derive(Debug)]
pub struct Desk {
    rules: Vec<Rule>,
    keyring: Arc<Keyring>,
    ledger: Ledger,
}

impl Desk {
    /// A desk with all roles' rules.
    #[must_use]
    pub fn new(rules: Vec<Rule>, keyring: Arc<Keyring>, ledger: Ledger) -> Self {
        Self { rules, keyring, ledger }
    }

    /// Whether the actor's role alone could ever be granted the action: what field guards ask before anything is loaded.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// One permit.
    ///
    /// # Errors
    /// [`AccessError::Denied`], recorded; [`AccessError::Unrecorded`].
    pub async fn authorize<A: Action>(
        &self,
        actor: &Actor,
        resource: Resource,
        facts: Facts,
    ) -> Result<Permit<A>, AccessError> {
        let denied = || AccessError::Denied(A::REFUSAL);
        self.authorize_many(actor, vec![Ask { resource, facts }]).await?.pop().ok_or_else(denied)?
    }

    /// One answer per ask, in order, from one commit: a leaf per patient and outcome, whatever the number of rows.
    ///
    /// # Errors
    /// [`AccessError::Unrecorded`], for all of them.
    pub async fn authorize_many<A: Action>(
        &self,
        actor: &Actor,
        asks: Vec<Ask>,
    ) -> Result<Vec<Result<Permit<A>, AccessError>>, AccessError> {
        let decided: Vec<(Ask, Decision)> = asks
            .into_iter()
            .map(|ask| {
                let decision = decide(&self.rules, A::NAME, actor, &ask.facts);
                (ask, decision)
            })
            .collect();
        let patients: Vec<Uuid> = decided.iter().filter_map(|(ask, _)| ask.resource.patient).collect();
        let keys: HashMap<Uuid, Arc<PatientKey>> = self
            .keyring
            .patients(&patients)
            .await?
            .into_iter()
            .map(|(id, key)| (id, Arc::new(key)))
            .collect();

        let mut drafts: Vec<Draft> = Vec::new();
        let mut leaf_of: HashMap<(Option<Uuid>, bool), usize> = HashMap::new();
        let mut leaves = Vec::with_capacity(decided.len());
        for (ask, decision) in &decided {
            let (granted, why) = match decision {
                Decision::Granted(why) => (true, *why),
                Decision::Denied(why) => (false, *why),
            };
            let subject = ask.resource.patient.filter(|_| !A::IDENTITY_ONLY);
            let leaf = *leaf_of.entry((subject, granted)).or_insert_with(|| {
                drafts.push(draft::<A>(actor, ask, granted, why, &keys));
                drafts.len() - 1
            });
            drafts[leaf].about.push(("row", format!("{} {}", ask.resource.table, ask.resource.row)));
            leaves.push(leaf);
        }
        let receipts = self.ledger.append(drafts).await?;

        let permits = decided.into_iter().zip(leaves).map(|((ask, decision), leaf)| match decision {
            Decision::Denied(_) => Err(AccessError::Denied(A::REFUSAL)),
            Decision::Granted(_) => {
                let own =
                    actor.facts().iter().map(|&(table, id, version)| FactVersion { table, id, version });
                let facts = own.chain(ask.facts.versions).collect();
                Ok(Permit::mint(ask.resource, receipts[leaf], facts))
            }
        });
        Ok(permits.collect())
    }

    /// Records that the action was refused before anything was loaded: by a field's guard.
    ///
    /// # Errors
    /// [`AccessError::Unrecorded`].
    pub async fn refuse(&self, by: By, action: &'static str) -> Result<(), AccessError> {
        let draft = Draft::new(by, action, Outcome::Denied).with("why", "the role may not");
        self.ledger.append(vec![draft]).await?;
        Ok(())
    }
}

fn draft<A: Action>(
    actor: &Actor,
    ask: &Ask,
    granted: bool,
    why: &str,
    keys: &HashMap<Uuid, Arc<PatientKey>>,
) -> Draft {
    let outcome = if granted { Outcome::Granted } else { Outcome::Denied };
    let mut draft = Draft::new(actor.by(), A::NAME, outcome).with("why", why);
    draft.purpose = A::PURPOSE;
    draft.patient =
        ask.resource.patient.filter(|_| !A::IDENTITY_ONLY).and_then(|patient| keys.get(&patient).cloned());
    draft
}
