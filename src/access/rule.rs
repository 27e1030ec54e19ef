//! Rules are const rows: an effect, an action, a reason, a condition. Conditions are pure functions of actor and facts.

use super::{Action, Facts};
use crate::identity::Actor;

/// What a rule does where its condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Grants, unless something forbids.
    Allow,
    /// Refuses, whatever grants.
    Forbid,
}

/// One row of the rule table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it does.
    pub effect: Effect,
    /// The action it is about.
    pub action: &'static str,
    /// Why, for people.
    pub why: &'static str,
    /// When.
    pub when: fn(&Actor, &Facts) -> bool,
}

/// A rule that grants.
#[must_use]
pub const fn allow<A: Action>(why: &'static str, when: fn(&Actor, &Facts) -> bool) -> Rule {
    Rule { effect: Effect::Allow, action: A::NAME, why, when }
}

/// A rule that refuses.
#[must_use]
pub const fn forbid<A: Action>(why: &'static str, when: fn(&Actor, &Facts) -> bool) -> Rule {
    Rule { effect: Effect::Forbid, action: A::NAME, why, when }
}

/// The reason of the decision: which rules granted, or which refused.
#[derive(Clone, Debug)]
pub(super) enum Decision {
    Granted(&'static str),
    Denied(&'static str),
}

/// Deny by default; forbid beats allow; a record's policy can only narrow what the rules grant.
pub(super) fn decide(rules: &[Rule], action: &'static str, actor: &Actor, facts: &Facts) -> Decision {
    let holds = |effect: Effect| {
        rules.iter().find(|rule| rule.effect == effect && rule.action == action && (rule.when)(actor, facts))
    };
    if let Some(rule) = holds(Effect::Forbid) {
        return Decision::Denied(rule.why);
    }
    let Some(rule) = holds(Effect::Allow) else { return Decision::Denied("no rule grants it") };
    match &facts.policy {
        Some(policy) if !policy.holds(actor.attributes()) => {
            Decision::Denied("the record's own policy excludes it")
        }
        _ => Decision::Granted(rule.why),
    }
}
