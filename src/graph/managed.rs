//! Resources whose policy somebody can set, for pictures: buckets, keys, vaults and the like. They lead no further, so
//! paths do without them. Whoever always administers the place where a resource lies is not asked: it can anyway.

use std::collections::BTreeMap;

use super::Graph;
use super::build::Builder;
use super::hop::Node;
use super::hubs::{HubId, Move};
use super::outline::{By, Edge, Spot};
use crate::clouds;
use crate::clouds::escalation::{AskOn, Candidates, Gain, Gained, Situation};
use crate::evaluator::{Bug, Evaluator, Outcome};
use crate::model::{Estate, PrincipalKind, Question, ResourceId, ScopeId, Subject};

/// Of more resources that the same can do the same with, one node stands for all.
const FEW: usize = 4;

impl Builder<'_> {
    /// Asks who can set the policies of resources.
    pub(super) fn manages(&mut self) -> Result<(), Bug> {
        for template in 0..self.steps.templates.len() {
            let gain = self.steps.templates.get(template).map(|one| one.step.gain);
            if gain != Some(Gain::Manage) {
                continue;
            }
            for (class, target) in self.targets_of(template, None) {
                // Whom principals let in was asked where it matters.
                if target.is_some() {
                    continue;
                }
                for (at, posed) in self.posed(class).into_iter().enumerate() {
                    if let Some(edge) = self.open_to_all(&posed.situation)? {
                        self.open_edges.push(edge);
                        continue;
                    }
                    let takers = self.managers(&posed.situation);
                    self.ask_once(class, at, takers, &mut Vec::new())?;
                }
            }
        }
        Ok(())
    }

    /// The edge from the public, if anybody can set the policy without credentials: then all others can, too.
    fn open_to_all(&mut self, situation: &Situation) -> Result<Option<Edge>, Bug> {
        let estate = self.asking.estate();
        let ([ask], Gained::Manage(id)) = (situation.asks.as_slice(), situation.gained) else {
            return Ok(None);
        };
        let AskOn::Object(object) = &ask.on else { return Ok(None) };
        let cloud = estate.resource(id).and_then(|one| clouds::cloud(one.cloud));
        let Some(cloud) = cloud.filter(|cloud| cloud.may_admit(estate, Subject::Anonymous, id)) else {
            return Ok(None);
        };
        let (subject, action) = (Subject::Anonymous, Some(ask.action.to_string()));
        let question = Question { cloud: cloud.id(), subject, action, object: object.clone() };
        let answer =
            self.asking.with_estate(cloud, None, |evaluator| evaluator.can(&question, &ask.given))?;
        Ok(match answer.outcome {
            Outcome::Sometimes(witness) => Some(Edge {
                from: Spot::Anybody(cloud.id()),
                to: Spot::Using(id, 1),
                by: By::Request(witness),
                certainty: answer.certainty,
                left_out: 0,
            }),
            Outcome::Never | Outcome::Undecided => None,
        })
    }

    /// Who comes into question for setting a policy.
    fn managers(&self, situation: &Situation) -> Vec<Node> {
        let estate = self.asking.estate();
        let asks = |node: &Node| {
            let kind = estate.principal(node.principal).map(|one| one.kind);
            let is_nobody = matches!(
                kind,
                None | Some(PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::Service)
            );
            !is_nobody && !self.is_idle(*node, situation.gained)
        };
        match &*situation.candidates {
            Candidates::Only(listed) => listed.iter().copied().map(Node::as_is).filter(asks).collect(),
            Candidates::Anybody => estate.principals().map(|(id, _)| Node::as_is(id)).filter(asks).collect(),
        }
    }
}

/// What resources have in common that are drawn as one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Common<'g> {
    step: &'g str,
    kind: &'g str,
    home: Option<ScopeId>,
    members: Vec<Node>,
}

impl Graph {
    /// The edges to the resources whose policy somebody can set.
    pub(super) fn managed(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Edge>, Bug> {
        let mut edges = self.open_edges.clone();
        for (common, hubs) in self.managed_alike(evaluator.estate()) {
            let groups: Vec<&[(HubId, ResourceId)]> =
                if hubs.len() > FEW { vec![&hubs] } else { hubs.chunks(1).collect() };
            for group in groups {
                let Some((hub, resource)) = group.first().copied() else { continue };
                let to = Spot::Using(resource, group.len());
                for from in &common.members {
                    let taken = Move { from: *from, hub, gained: Gained::Manage(resource) };
                    for hop in self.shown(evaluator, &[taken])? {
                        let (from, certainty) = (Spot::Acting(hop.from), hop.certainty.clone());
                        let by =
                            if group.len() > 1 { By::AnyOf(Box::new(hop)) } else { By::Steps(vec![hop]) };
                        edges.push(Edge { from, to, by, certainty, left_out: 0 });
                    }
                }
            }
        }
        Ok(edges)
    }

    /// The resources with the hubs by which their policies are set, by what they have in common.
    fn managed_alike<'g>(&'g self, estate: &'g Estate) -> BTreeMap<Common<'g>, Vec<(HubId, ResourceId)>> {
        let mut found: BTreeMap<Common<'_>, Vec<(HubId, ResourceId)>> = BTreeMap::new();
        for (id, hub) in self.net.hubs.iter() {
            let resource = hub.targets().find_map(|gained| match gained {
                Gained::Manage(resource) => Some(resource),
                _ => None,
            });
            let known = resource.and_then(|id| Some((id, estate.resource(id)?)));
            let step = self.steps.classes.get(hub.class).map(|class| class.kind());
            let Some(((resource, one), step)) = known.zip(step) else { continue };
            let members = hub.members().filter(|node| node.change.is_none()).collect();
            let common = Common { step, kind: &one.kind, home: one.home, members };
            found.entry(common).or_default().push((id, resource));
        }
        found
    }
}
