//! Paths: chains of steps from one principal to the administration of a scope.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::hubs::{HubId, Move, at_target};
use super::net::Ready;
use super::{Cut, Graph, Hop, Node, Seat};
use crate::clouds::escalation::{Change, Gained};
use crate::evaluator::{Bug, Certainty, Evaluator, Standing};
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

/// A chain of steps to somebody who administers a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Who starts it.
    pub from: PrincipalId,
    /// The steps, at least one, in an order in which they can be taken.
    pub hops: Vec<Hop>,
    /// Where it ends.
    pub seat: Seat,
    /// How many further principals it comes to that administer the same.
    pub others: usize,
    /// How sure all of it is.
    pub certainty: Certainty,
}

/// Paths to administration, and who needs none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The paths.
    pub paths: Vec<Path>,
    /// What the principal in question administers without a path, or who administers the scope in question; nothing if
    /// neither one was named.
    pub own: Vec<Seat>,
    /// For the paths of one principal: what cuts all of them.
    pub cut: Option<Cut>,
}

impl Graph {
    /// The paths to the administration of one scope, by itself or with one above it.
    pub fn paths_to_scope(&self, evaluator: &Evaluator<'_>, scope: ScopeId) -> Result<Vec<Path>, Bug> {
        let above = evaluator.estate().ancestry(scope);
        let mut paths = self.paths_to_administration(evaluator)?;
        paths.retain(|path| above.contains(&path.seat.scope));
        Ok(paths)
    }

    /// For each principal that does not administer a scope and can come to, the best path to it: few steps, and steps
    /// that rest on no assumption rather than such that do. Not those to scopes below one that it can come to administer
    /// as a whole. Sorted by start, length and end. Among equals the one whose steps were found first. `evaluator` is the
    /// one that the graph was built with.
    pub fn paths_to_administration(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Path>, Bug> {
        let estate = evaluator.estate();
        let ends = self.ends(estate);
        let mut found: FxHashMap<Role, (PrincipalId, Vec<Route>)> = FxHashMap::default();
        let mut paths = Vec::new();
        for start in self.net.hubs.starts() {
            let role = if evaluator.takes_shortcuts() { Some(self.role(&ends, start)) } else { None };
            if let Some((like, routes)) = role.as_ref().and_then(|role| found.get(role)) {
                let exchange = Exchange { one: *like, other: start };
                let own: Vec<Route> = routes.iter().map(|route| exchange.route(route)).collect();
                self.add_paths(evaluator, start, &own, &mut paths)?;
                continue;
            }
            let routes = Self::routes(estate, start, &ends, |seat| (seat.scope, None));
            self.add_paths(evaluator, start, &routes, &mut paths)?;
            if let Some(role) = role {
                found.insert(role, (start, routes));
            }
        }
        paths.sort_by_key(Path::place);
        Ok(paths)
    }

    /// The best path of one principal to each principal that administers a scope it does not administer itself, as it is
    /// or after a change of its permissions.
    pub fn paths_from(&self, evaluator: &Evaluator<'_>, start: PrincipalId) -> Result<Vec<Path>, Bug> {
        let estate = evaluator.estate();
        let ends = self.ends(estate);
        let routes = Self::routes(estate, start, &ends, |seat| (seat.scope, Some(seat.node.principal)));
        let mut paths = Vec::new();
        self.add_paths(evaluator, start, &routes, &mut paths)?;
        paths.sort_by_key(Path::place);
        Ok(paths)
    }

    /// The routes of somebody with the requests that show them.
    fn add_paths(
        &self,
        evaluator: &Evaluator<'_>,
        from: PrincipalId,
        routes: &[Route],
        paths: &mut Vec<Path>,
    ) -> Result<(), Bug> {
        for route in routes {
            let Some(seat) = self.seats().get(route.seat).cloned() else { continue };
            let hops = self.shown(evaluator, &route.moves)?;
            let certainty =
                hops.iter().fold(seat.standing.certainty(), |sum, hop| sum.and(hop.certainty.clone()));
            paths.push(Path { from, hops, seat, others: route.others, certainty });
        }
        Ok(())
    }

    /// The nearest seat of each kind that `told` tells apart.
    fn routes(
        estate: &Estate,
        start: PrincipalId,
        ends: &Ends<'_>,
        told: impl Fn(&Seat) -> (ScopeId, Option<PrincipalId>),
    ) -> Vec<Route> {
        // The provider's own services take on roles all the time; who can make them do so is asked in steps.
        let kind = estate.principal(start).map(|one| one.kind);
        if matches!(kind, Some(PrincipalKind::StandIn | PrincipalKind::Service)) {
            return Vec::new();
        }
        let reach = ends.ready.reach(start);
        let mut routes: Vec<Route> = Vec::new();
        let mut reached: BTreeMap<_, usize> = BTreeMap::new();
        let mut won: BTreeSet<ScopeId> = BTreeSet::new();
        for (place, node) in reach.nodes() {
            for (index, seat) in ends.seats.get(&node).into_iter().flatten() {
                if ends.is_there(start, seat.scope) {
                    continue;
                }
                if let Some(at) = reached.get(&told(seat)) {
                    if let Some(route) = routes.get_mut(*at) {
                        route.others += 1;
                    }
                    continue;
                }
                let moves = reach.moves(place);
                if moves.is_empty() {
                    continue;
                }
                reached.insert(told(seat), routes.len());
                if matches!(seat.standing, Standing::Always(..)) {
                    won.insert(seat.scope);
                }
                routes.push(Route { moves, seat: *index, scope: seat.scope, others: 0 });
            }
        }
        // Whoever becomes the administrator of everything in a scope needs no other way to a part of it.
        routes.retain(|route| !estate.ancestry(route.scope).iter().skip(1).any(|scope| won.contains(scope)));
        routes
    }

    /// What somebody is to the graph. Where two are the same, each path of the one is a path of the other, the two
    /// exchanged.
    fn role(&self, ends: &Ends<'_>, one: PrincipalId) -> Role {
        let hubs = &self.net.hubs;
        let (groups, kind) = self.net.membership(one);
        let changes = hubs.changes(one);
        let into = |change: &Change| hubs.gaining(Gained::Rewrite(one, *change)).to_vec();
        let nodes = || {
            std::iter::once(Node::as_is(one)).chain(changes.iter().map(|change| Node::changed(one, *change)))
        };
        Role {
            kind,
            groups: groups.to_vec(),
            takes: nodes().map(|node| (node.change, hubs.of(node).to_vec())).collect(),
            becomes: hubs.gaining(Gained::Become(one)).to_vec(),
            admits: hubs.gaining(Gained::Admit(one)).to_vec(),
            rewrites: changes.iter().map(into).collect(),
            seats: ends.standing(one),
        }
    }

    fn ends<'g>(&'g self, estate: &'g Estate) -> Ends<'g> {
        let mut seats: BTreeMap<Node, Vec<(usize, &Seat)>> = BTreeMap::new();
        for (index, seat) in self.own_seats_numbered(estate) {
            seats.entry(seat.node).or_default().push((index, seat));
        }
        let of = |keep: fn(&Seat) -> bool| {
            let kept = self.seats().iter().filter(move |seat| seat.node.change.is_none() && keep(seat));
            kept.map(|seat| (seat.node.principal, seat.scope)).collect()
        };
        let always = of(|seat| matches!(seat.standing, Standing::Always(..)));
        Ends { estate, ready: self.net.ready(), seats, sitting: of(|_| true), always }
    }
}

/// Where paths may end, and who is there already.
struct Ends<'g> {
    ready: Ready<'g>,
    estate: &'g Estate,
    seats: BTreeMap<Node, Vec<(usize, &'g Seat)>>,
    sitting: BTreeSet<(PrincipalId, ScopeId)>,
    always: BTreeSet<(PrincipalId, ScopeId)>,
}

/// A path whose requests were not looked for yet.
#[derive(Clone)]
struct Route {
    moves: Vec<Move>,
    /// Where it ends, by its place among the seats.
    seat: usize,
    scope: ScopeId,
    others: usize,
}

/// What somebody is to the graph.
#[derive(PartialEq, Eq, Hash)]
struct Role {
    kind: Option<(PrincipalKind, Option<ScopeId>)>,
    groups: Vec<PrincipalId>,
    takes: Vec<(Option<Change>, Vec<HubId>)>,
    becomes: Vec<HubId>,
    admits: Vec<HubId>,
    rewrites: Vec<Vec<HubId>>,
    seats: Vec<(Option<Change>, ScopeId, bool, bool)>,
}

/// Two principals that are exchanged.
struct Exchange {
    one: PrincipalId,
    other: PrincipalId,
}

impl Exchange {
    fn principal(&self, id: PrincipalId) -> PrincipalId {
        match id {
            id if id == self.one => self.other,
            id if id == self.other => self.one,
            id => id,
        }
    }

    fn route(&self, route: &Route) -> Route {
        let exchanged = |taken: &Move| Move {
            from: Node { principal: self.principal(taken.from.principal), ..taken.from },
            hub: taken.hub,
            gained: match taken.gained.principal() {
                Some(target) => at_target(taken.gained, self.principal(target)),
                None => taken.gained,
            },
        };
        Route { moves: route.moves.iter().map(exchanged).collect(), ..route.clone() }
    }
}

impl Ends<'_> {
    /// What somebody administers as it is and after changes, and whether always and for sure.
    fn standing(&self, one: PrincipalId) -> Vec<(Option<Change>, ScopeId, bool, bool)> {
        let own = self.seats.range(Node::as_is(one)..).take_while(|(node, _)| node.principal == one);
        let seats = own.flat_map(|(_, seats)| seats).map(|(_, seat)| {
            let is_sure = seat.standing.certainty() == Certainty::Proven;
            (seat.node.change, seat.scope, matches!(seat.standing, Standing::Always(..)), is_sure)
        });
        seats.collect()
    }

    /// Whether somebody administers a scope as it is, or always one above it.
    fn is_there(&self, principal: PrincipalId, scope: ScopeId) -> bool {
        let above = || self.estate.ancestry(scope);
        self.sitting.contains(&(principal, scope))
            || above().into_iter().any(|above| self.always.contains(&(principal, above)))
    }
}

impl Path {
    fn place(&self) -> (PrincipalId, usize, Node, ScopeId) {
        (self.from, self.hops.len(), self.seat.node, self.seat.scope)
    }
}
