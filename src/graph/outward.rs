//! Ways out of what somebody administers. Whoever always administers an account or a project comes to everything in it,
//! so the walk back from the ends does not ask by which step it acts as the principals that live there. But one of these
//! may lead to another account: then the step into it matters, and is asked here.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Builder;
use super::hop::Node;
use crate::clouds::escalation::{Gain, Gained};
use crate::evaluator::Bug;
use crate::model::{PrincipalId, ScopeId};

impl Builder<'_> {
    /// Asks how those who administer a place act as the principals there that lead out of it. What is found may lead
    /// on from there for others, so this goes on until nothing is new.
    pub(super) fn outward(&mut self) -> Result<(), Bug> {
        let goals: BTreeSet<ScopeId> = self.seats.iter().map(|seat| seat.scope).collect();
        let rules_all = |by: &PrincipalId| goals.iter().all(|goal| self.rules_scope(*by, *goal));
        let rulers: Vec<PrincipalId> = self.rules.keys().copied().filter(|by| !rules_all(by)).collect();
        if rulers.is_empty() {
            return Ok(());
        }
        let mut asked: BTreeSet<(PrincipalId, PrincipalId)> = BTreeSet::new();
        loop {
            let mut found = false;
            for (door, lacking) in self.doors(&rulers) {
                let fresh: BTreeSet<PrincipalId> =
                    lacking.into_iter().filter(|by| asked.insert((*by, door))).collect();
                if fresh.is_empty() {
                    continue;
                }
                found |= self.asked_into(door, &fresh)?;
            }
            if !found {
                return Ok(());
            }
        }
    }

    /// The principals that lead directly out of where they live, each with those who always administer that place and
    /// not all that it leads to.
    fn doors(&self, rulers: &[PrincipalId]) -> BTreeMap<PrincipalId, Vec<PrincipalId>> {
        let mut seats: BTreeMap<Node, Vec<ScopeId>> = BTreeMap::new();
        let mut out: BTreeSet<PrincipalId> = BTreeSet::new();
        for seat in &self.seats {
            seats.entry(seat.node).or_default().push(seat.scope);
            if !self.levels(seat.node.principal).starts_with(&[seat.scope]) {
                out.insert(seat.node.principal);
            }
        }
        for (_, hub) in self.net.hubs.iter() {
            let becomes = |gained: Gained| match gained {
                Gained::Become(to) => Some(self.levels(to)),
                _ => None,
            };
            let ends: BTreeSet<Vec<ScopeId>> = hub.targets().filter_map(becomes).collect();
            let leads_out = |from: &Node| {
                let levels = self.levels(from.principal);
                ends.iter().any(|end| *end != levels)
            };
            out.extend(hub.members().filter(leads_out).map(|from| from.principal));
        }
        let ready = self.net.ready();
        let mut doors = BTreeMap::new();
        for door in out {
            let levels = self.levels(door);
            let mut above =
                rulers.iter().copied().filter(|by| *by != door && self.rule_one(&levels, *by)).peekable();
            if above.peek().is_none() {
                continue;
            }
            let reach = ready.reach(door);
            let goals: BTreeSet<ScopeId> =
                reach.nodes().filter_map(|(_, node)| seats.get(&node)).flatten().copied().collect();
            let lacks = |by: &PrincipalId| goals.iter().any(|goal| !self.rules_scope(*by, *goal));
            let lacking: Vec<PrincipalId> = above.filter(lacks).collect();
            if !lacking.is_empty() {
                doors.insert(door, lacking);
            }
        }
        doors
    }

    /// Asks who of these can act as somebody. Answers whether anybody can.
    pub(super) fn asked_into(&mut self, to: PrincipalId, by: &BTreeSet<PrincipalId>) -> Result<bool, Bug> {
        let mut able = 0;
        for class in self.classes_into(to, &[Gain::Become]) {
            self.add_target(class, to);
            for (at, posed) in self.posed(class).into_iter().enumerate() {
                let takers = by.iter().copied().filter(|by| posed.situation.candidates.have(*by));
                let takers: Vec<Node> = takers.map(Node::as_is).collect();
                able += self.ask(class, at, &posed, &takers, &mut Vec::new())?;
            }
        }
        Ok(able > 0)
    }

    /// Whether somebody always administers a scope, or one above it.
    fn rules_scope(&self, by: PrincipalId, scope: ScopeId) -> bool {
        self.rule_one(&self.asking.estate().ancestry(scope), by)
    }
}
