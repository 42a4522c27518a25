//! Asking for classes of situations: who can take a step is asked at one target of a class, and holds for all.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::asking::{Known, Posed, Way};
use super::build::{Builder, as_situation, is_direct, name};
use super::hop::Node;
use super::hubs::{Class, Kind, Like, Steps, Template};
use crate::clouds::escalation::{Candidates, Change, Gain, Gained, Situation};
use crate::evaluator::Bug;
use crate::model::PrincipalId;

impl Builder<'_> {
    /// Makes a principal a target of a class. If it is the first one, asks who can take the steps.
    pub(super) fn enter(
        &mut self,
        class: usize,
        to: PrincipalId,
        open: &mut Vec<Node>,
        takers: impl Fn(&Self, &Situation) -> Vec<Node>,
    ) -> Result<(), Bug> {
        self.add_target(class, to);
        for (at, posed) in self.posed(class).into_iter().enumerate() {
            if self.steps.classes.get(class).is_some_and(|class| !class.is_asked(at)) {
                let all = takers(self, &posed.situation);
                self.ask_once(class, at, all, open)?;
            }
        }
        self.ask_first(class, to, open, takers)
    }

    /// Asks the first target of a class, which was not asked whether it becomes itself, whether it becomes another.
    pub(super) fn ask_first(
        &mut self,
        class: usize,
        to: PrincipalId,
        open: &mut Vec<Node>,
        takers: impl Fn(&Self, &Situation) -> Vec<Node>,
    ) -> Result<(), Bug> {
        let Some(found) = self.steps.classes.get_mut(class) else { return Ok(()) };
        let (change, template) = (found.change, found.template);
        let Some(first) = found.first.filter(|first| *first != to && !found.first_asked) else {
            return Ok(());
        };
        found.first_asked = true;
        let Some(template) = template.and_then(|at| self.steps.templates.get(at)).cloned() else {
            return Ok(());
        };
        let situations = Steps::situations(&mut self.asking, &template, change, Some(to));
        for (at, situation) in situations.into_iter().enumerate() {
            if situation.gained != Gained::Become(to) {
                continue;
            }
            let mut own = takers(self, &situation);
            own.retain(|node| node.principal == first);
            let posed = self.asking.pose(Rc::new(situation));
            if change != Some(Change::Admitted) || is_direct(&posed) {
                self.ask(class, at, &posed, &own, open)?;
            }
        }
        Ok(())
    }

    pub(super) fn ask_once(
        &mut self,
        class: usize,
        at: usize,
        takers: Vec<Node>,
        open: &mut Vec<Node>,
    ) -> Result<(), Bug> {
        let Some(found) = self.steps.classes.get(class).filter(|class| !class.is_asked(at)) else {
            return Ok(());
        };
        let Some(posed) = found.posed.get(at).cloned() else { return Ok(()) };
        self.ask(class, at, &posed, &takers, open)?;
        self.set_asked(class, at);
        Ok(())
    }

    pub(super) fn set_asked(&mut self, class: usize, at: usize) {
        if let Some(class) = self.steps.classes.get_mut(class) {
            class.set_asked(at);
        }
    }

    /// Asks who of these can take a step. Answers how many can.
    pub(super) fn ask(
        &mut self,
        class: usize,
        at: usize,
        posed: &Posed,
        takers: &[Node],
        open: &mut Vec<Node>,
    ) -> Result<usize, Bug> {
        let mut able = 0;
        for from in takers.iter().copied() {
            match self.asking.can_take(from, posed)? {
                Known::No => continue,
                Known::Open => {
                    if let Some(class) = self.steps.classes.get_mut(class) {
                        class.open.push((at, from));
                    }
                    self.tell_open(class, at, from);
                }
                Known::Yes(proven) => {
                    able += 1;
                    self.steps.add_member(&mut self.net.hubs, class, at, proven, from);
                }
            }
            // Whoever comes in by a trust that was opened is there as it is.
            open.push(match from.change {
                Some(Change::Admitted) => Node::as_is(from.principal),
                _ => from,
            });
        }
        Ok(able)
    }

    /// Makes a principal a target of a class.
    pub(super) fn add_target(&mut self, class: usize, target: PrincipalId) {
        self.look_again(class, target);
        if self.steps.add_target(&mut self.net.hubs, class, target) {
            let open = self.steps.classes.get(class).map(|class| class.open.clone()).unwrap_or_default();
            for (at, from) in open {
                self.tell_open(class, at, from);
            }
        }
    }

    /// Takes the situations of a class from its second target, if there are none at the first: nobody comes into question
    /// there where it is the only one that could take the step.
    fn look_again(&mut self, class: usize, target: PrincipalId) {
        let only = |found: &&Class| {
            found.posed.is_empty() && found.targets().len() == 1 && !found.targets().contains(&target)
        };
        let Some(found) = self.steps.classes.get(class).filter(only) else { return };
        let change = found.change;
        let Some(template) = found.template.and_then(|at| self.steps.templates.get(at)).cloned() else {
            return;
        };
        let posed = self.posed_at(&template, change, target);
        if let Some(found) = self.steps.classes.get_mut(class) {
            found.restart(target, posed);
        }
    }

    fn posed_at(
        &mut self,
        template: &Template,
        change: Option<Change>,
        target: PrincipalId,
    ) -> Vec<Rc<Posed>> {
        let all = Steps::situations(&mut self.asking, template, change, Some(target)).into_iter();
        all.map(|situation| Rc::new(self.asking.pose(Rc::new(situation)))).collect()
    }

    /// Says of each target of a class that a step to it stayed undecided.
    fn tell_open(&mut self, class: usize, at: usize, from: Node) {
        let estate = self.asking.estate();
        let Some(class) = self.steps.classes.get(class) else { return };
        let Some(gain) = class.posed.get(at).map(|posed| posed.situation.gained.gain()) else { return };
        let what = match gain {
            Gain::Become => "become",
            Gain::Rewrite | Gain::Restore => "change the permissions of",
            Gain::Join => "add members to",
            Gain::Manage => "decide who becomes",
        };
        let who = name(estate, from.principal);
        if let Some(Gained::Manage(id)) = class.posed.get(at).map(|posed| posed.situation.gained) {
            let resource = estate.resource(id).map_or("", |found| found.name.as_str());
            self.undecided.insert(format!("whether `{who}` can decide who may use `{resource}`"));
        }
        for whom in class.targets() {
            self.undecided.insert(format!("whether `{who}` can {what} `{}`", name(estate, *whom)));
        }
    }

    pub(super) fn posed(&self, class: usize) -> Vec<Rc<Posed>> {
        self.steps.classes.get(class).map(|class| class.posed.clone()).unwrap_or_default()
    }

    /// The classes of the steps into a principal as it is, those that its cloud knows as code included.
    pub(super) fn classes_into(&mut self, to: PrincipalId, gains: &[Gain]) -> Vec<usize> {
        let mut classes = self.classes_as_code(to);
        classes.extend(self.classes_as_data(to, None, gains, 0));
        classes
    }

    fn classes_as_code(&mut self, to: PrincipalId) -> Vec<usize> {
        if let Some(known) = self.coded_classes.get(&to) {
            return known.clone();
        }
        let Some(cloud) = self.asking.cloud_of(to) else { return Vec::new() };
        let single = cloud.steps_to(self.asking.estate(), to);
        let single = single.map(|steps| steps.into_iter().map(as_situation).collect());
        let mut ways: Vec<_> = single.or_else(|| self.coded.get(&to).cloned()).unwrap_or_default();
        ways.extend(self.tokens.get(&to).into_iter().flatten().cloned());
        let classes: Vec<usize> =
            ways.into_iter().map(|(way, situation)| self.alone(way, None, None, situation)).collect();
        self.coded_classes.insert(to, classes.clone());
        classes
    }

    /// The classes of the steps that principals of somebody's cloud can take by tokens.
    fn classes_by_token(&mut self, of: PrincipalId) -> Vec<usize> {
        let estate = self.asking.estate();
        let cloud = |id: PrincipalId| estate.principal(id).map(|one| one.cloud);
        let is_own = |(_, situation): &&(Way, Situation)| match &*situation.candidates {
            Candidates::Anybody => true,
            Candidates::Only(listed) => listed.iter().any(|id| cloud(*id) == cloud(of)),
        };
        let own: Vec<_> = self.tokens.values().flatten().filter(is_own).cloned().collect();
        own.into_iter().map(|(way, situation)| self.alone(way, None, None, situation)).collect()
    }

    /// A class of one situation.
    fn alone(
        &mut self,
        way: Way,
        template: Option<usize>,
        change: Option<Change>,
        situation: Situation,
    ) -> usize {
        let target = situation.gained.principal();
        let posed = Rc::new(self.asking.pose(Rc::new(situation)));
        let class = self.steps.classes.add(None, Class::new(way, template, change, vec![posed]));
        if let Some(target) = target {
            self.add_target(class, target);
        }
        class
    }

    /// The classes of the steps as data into a principal, in the estate after a change.
    pub(super) fn classes_as_data(
        &mut self,
        to: PrincipalId,
        change: Option<Change>,
        gains: &[Gain],
        openers: u32,
    ) -> Vec<usize> {
        let Some(cloud) = self.asking.cloud_of(to) else { return Vec::new() };
        let mut classes = Vec::new();
        for template in 0..self.steps.templates.len() {
            let wanted = |one: &&Template| one.cloud.id() == cloud.id() && gains.contains(&one.step.gain);
            let Some(found) = self.steps.templates.get(template).filter(wanted) else { continue };
            let alike = self.asking.alike_targets(found, change);
            let like = match &alike {
                None => Like::Alone(to),
                Some(alike) => match alike.get(to) {
                    Some(number) => Like::Number(number),
                    None => continue,
                },
            };
            classes.push(self.class(Kind { template, change, like, openers }, to));
        }
        classes
    }

    /// The class of that kind, made for a target where it is the first of them.
    fn class(&mut self, kind: Kind, target: PrincipalId) -> usize {
        if let Some(known) = self.steps.classes.find(&kind) {
            return known;
        }
        let template = self.steps.templates.get(kind.template).cloned();
        let mut posed = Vec::new();
        let mut way = Way { kind: Arc::from(""), summary: Arc::from("") };
        if let Some(template) = template {
            posed = self.posed_at(&template, kind.change, target);
            way = template.way;
        }
        let class = Class::new(way, Some(kind.template), kind.change, posed);
        self.steps.classes.add(Some(kind), class)
    }

    /// A step at all targets, in the estate after a change: the classes, each with a target if it is a principal.
    pub(super) fn targets_of(
        &mut self,
        template: usize,
        change: Option<Change>,
    ) -> Vec<(usize, Option<PrincipalId>)> {
        let Some(found) = self.steps.templates.get(template).cloned() else { return Vec::new() };
        let mut classes = Vec::new();
        let alike = self.asking.alike_targets(&found, change);
        if let Some(alike) = &alike {
            let estate = self.asking.estate();
            for (id, _) in estate.principals() {
                if let Some(number) = alike.get(id) {
                    let kind = Kind { template, change, like: Like::Number(number), openers: 0 };
                    classes.push((self.class(kind, id), Some(id)));
                }
            }
        }
        // Resources are like no other.
        let is_only = alike.is_some_and(|alike| !alike.is_empty() && found.step.targets.len() == 1);
        if is_only || (!classes.is_empty() && found.step.gain != Gain::Manage) {
            return classes;
        }
        let has_principals = !classes.is_empty();
        for situation in Steps::situations(&mut self.asking, &found, change, None) {
            let target = situation.gained.principal();
            if target.is_none() || !has_principals {
                let way = found.way.clone();
                classes.push((self.alone(way, Some(template), change, situation), target));
            }
        }
        classes
    }

    /// The classes of all steps at all targets that a principal's cloud knows, in the estate after a change.
    pub(super) fn all_classes(&mut self, of: PrincipalId, change: Option<Change>) -> Vec<usize> {
        let tokens = if change.is_none() { self.classes_by_token(of) } else { Vec::new() };
        let Some(cloud) = self.asking.cloud_of(of) else { return tokens };
        let coded = cloud.steps(self.asking.estate()).into_iter().map(as_situation);
        let mut classes: Vec<usize> =
            coded.map(|(way, situation)| self.alone(way, None, None, situation)).collect();
        classes.extend(tokens);
        for template in 0..self.steps.templates.len() {
            let own = self.steps.templates.get(template).is_some_and(|one| one.cloud.id() == cloud.id());
            let found = if own { self.targets_of(template, change) } else { Vec::new() };
            for (class, target) in found {
                if let Some(target) = target {
                    self.add_target(class, target);
                }
                if classes.last() != Some(&class) {
                    classes.push(class);
                }
            }
        }
        let mut seen = BTreeSet::new();
        classes.retain(|class| seen.insert(*class));
        classes
    }
}
