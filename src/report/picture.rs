//! The permission graph in the words of pictures: what every format that shows it writes. Its JSON is part of the
//! documented report (`src/report/README.md`) and what the page of [`super::html`] reads.
//!
//! Not here: the graph itself, and how a format looks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Report;
use crate::evaluator::{Certainty, Standing, Witness};
use crate::graph::{By, Edge, Hop, Node, Spot};
use crate::model::{Estate, Host, Origin, PrincipalId, PrincipalKind, Request, ScopeId, ScopeKind};

/// The graph.
#[derive(Serialize)]
pub(super) struct Picture<'a> {
    /// What it holds, in one sentence.
    pub(super) summary: String,
    /// Everybody, then what is administered.
    pub(super) nodes: Vec<PictureNode<'a>>,
    /// The edges; ends are places in `nodes`. Every chain of them is a path.
    pub(super) edges: Vec<PictureEdge>,
    /// The kinds of edges that occur.
    pub(super) edge_kinds: Vec<EdgeKind>,
    /// The questions that stayed open: the graph may lack edges because of them.
    pub(super) undecided: &'a [String],
}

/// Somebody or something.
#[derive(Serialize)]
pub(super) struct PictureNode<'a> {
    /// Its full name.
    pub(super) name: String,
    /// A short one.
    pub(super) label: String,
    /// `user`, `role`, `service-account`, `scope`, …
    pub(super) kind: &'static str,
    /// Its cloud's id.
    pub(super) cloud: &'a str,
    /// The account, project or subscription it belongs to.
    pub(super) home: Option<&'a str>,
    /// Whether it is what paths lead to.
    pub(super) goal: bool,
    /// With which change of its permissions, in words; none for somebody as it is.
    pub(super) change: Option<String>,
}

/// Whoever is at its start comes to its end.
#[derive(Serialize)]
pub(super) struct PictureEdge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The id of the step, of the last one where several are needed.
    pub(super) kind: String,
    /// `proven`, `conditional` (proven, under a condition), or `assuming`.
    pub(super) certainty: &'static str,
    /// Circumstances in which it can be gone, if it cannot always.
    pub(super) condition: Option<String>,
    /// What is assumed.
    pub(super) assumes: Vec<String>,
    /// What happens, in sentences.
    pub(super) says: String,
    /// The questions about permissions that it rests on; none where it is a fact.
    pub(super) questions: Vec<PictureQuestion>,
    /// The statements that allow it.
    pub(super) evidence: Vec<PictureEvidence>,
}

/// May this principal do this on that? All that are shown are answered by yes, at least under some circumstances.
#[derive(Serialize, PartialEq, Eq)]
pub(super) struct PictureQuestion {
    pub(super) principal: String,
    pub(super) action: String,
    pub(super) resource: String,
    /// Whether always; `null` where that stayed undecided.
    pub(super) always: Option<bool>,
}

/// A statement or binding.
#[derive(Serialize)]
pub(super) struct PictureEvidence {
    /// What it is.
    pub(super) what: String,
    /// `path:line:column`.
    pub(super) place: Option<String>,
}

/// A kind of edge.
#[derive(Serialize)]
pub(super) struct EdgeKind {
    pub(super) id: String,
    /// What happens, in words that follow a name.
    pub(super) title: String,
}

/// The kind of edges to what somebody administers.
const ADMINISTERS: &str = "administers";

/// The kind of edges from where many meet to those whom they can act as.
const ONE_OF: &str = "one-of";

/// The kind of edges from what runs as somebody to that principal.
const RUNS_AS: &str = "runs-as";

/// The kind of edges from the public to what anybody may use.
const PUBLIC_ACCESS: &str = "public-access";

/// The kind of edges from a scope to those in it that somebody administers. Nobody leads to its start.
const CONTAINS: &str = "contains";

/// More of what runs as the same principal are one node.
const FEW: usize = 4;

/// Draws the edges.
pub(super) fn picture<'a>(report: &Report<'a>, edges: &[Edge]) -> Picture<'a> {
    let estate = report.estate;
    let mut places: BTreeMap<Spot, usize> = BTreeMap::new();
    let mut nodes = Vec::new();
    let own = estate.principals().filter(|(_, one)| !matches!(one.kind, PrincipalKind::Service));
    let changed = edges.iter().flat_map(|edge| [edge.from, edge.to]);
    for spot in own.map(|(id, _)| Spot::Acting(Node::as_is(id))).chain(changed) {
        places.entry(spot).or_insert_with(|| {
            nodes.push(node(estate, spot));
            nodes.len() - 1
        });
    }
    // What anybody may use is worth following ways to; whose policy somebody can set leads no further.
    for edge in edges.iter().filter(|edge| matches!(edge.from, Spot::Anybody(_))) {
        if let Some(node) = places.get(&edge.to).and_then(|place| nodes.get_mut(*place)) {
            node.goal = true;
        }
    }
    let place = |spot: Spot| places.get(&spot).copied().unwrap_or_default();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut drawn: Vec<PictureEdge> = edges
        .iter()
        .map(|edge| {
            let (kind, title) = kind(edge);
            kinds.entry(kind.clone()).or_insert(title);
            drawn(report, edge, kind, place(edge.from), place(edge.to))
        })
        .collect();
    for (identity, kind, hosts) in hosts(estate) {
        let Some(to) = places.get(&Spot::Acting(Node::as_is(identity))).copied() else { continue };
        kinds.entry(RUNS_AS.to_owned()).or_insert_with(|| "runs as it".to_owned());
        let groups: Vec<&[&Host]> = if hosts.len() > FEW { vec![&hosts] } else { hosts.chunks(1).collect() };
        for group in groups {
            let Some(node) = host_node(estate, kind, group) else { continue };
            drawn.push(runs_as(report, &node.name, group, nodes.len(), to));
            nodes.push(node);
        }
    }
    above(estate, &places, &mut nodes, &mut drawn);
    if drawn.iter().any(|edge| edge.kind == CONTAINS) {
        kinds.insert(CONTAINS.to_owned(), "contains it".to_owned());
    }
    Picture {
        summary: format!(
            "{} nodes, {} edges, {} open questions",
            nodes.len(),
            drawn.len(),
            report.undecided.len()
        ),
        nodes,
        edges: drawn,
        edge_kinds: edge_kinds(kinds),
        undecided: report.undecided,
    }
}

/// The kinds of edges by their ids; where several are told in the same words, the id tells them apart.
fn edge_kinds(kinds: BTreeMap<String, String>) -> Vec<EdgeKind> {
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    kinds.values().for_each(|title| *told.entry(title.clone()).or_default() += 1);
    let own = |id: String, title: String| match told.get(&title) {
        Some(2..) => EdgeKind { title: format!("{title} ({})", id.replace('-', " ")), id },
        _ => EdgeKind { id, title },
    };
    kinds.into_iter().map(|(id, title)| own(id, title)).collect()
}

fn node(estate: &Estate, spot: Spot) -> PictureNode<'_> {
    let home = |id| estate.scope(id).map(|scope| scope.name.as_str());
    match spot {
        Spot::Acting(acting) => {
            let one = estate.principal(acting.principal);
            let name = one.map_or("", |one| one.name.as_str());
            let change = acting.change_in_words(estate);
            PictureNode {
                name: change.as_ref().map_or_else(|| name.to_owned(), |change| format!("{name}, {change}")),
                label: short(name).to_owned(),
                kind: one.map_or("principal", |one| kind_of(one.kind)),
                cloud: one.map_or("", |one| one.cloud.as_str()),
                home: one.and_then(|one| one.home).and_then(home),
                goal: false,
                change,
            }
        }
        Spot::Through(first, number) => {
            let one = estate.principal(first);
            let like = one.map_or("", |one| short(&one.name));
            let home = one.and_then(|one| one.home).and_then(home);
            let last = number.saturating_sub(1);
            PictureNode {
                name: format!("any of {number}: {} and {last} more", one.map_or("", |one| one.name.as_str())),
                label: format!("{number} like {like}"),
                kind: "hub",
                cloud: one.map_or("", |one| one.cloud.as_str()),
                home,
                goal: false,
                change: None,
            }
        }
        Spot::Anybody(cloud) => PictureNode {
            name: "anybody, without credentials".to_owned(),
            label: "anybody".to_owned(),
            kind: "public",
            cloud: cloud.as_str(),
            home: None,
            goal: false,
            change: None,
        },
        Spot::Using(id, number) => {
            let resource = estate.resource(id);
            let name = resource.map_or("", |resource| resource.name.as_str());
            let (name, label) = several(name, number);
            PictureNode {
                name,
                label,
                kind: "resource",
                cloud: resource.map_or("", |resource| resource.cloud.as_str()),
                home: resource.and_then(|resource| resource.home).and_then(home),
                goal: false,
                change: None,
            }
        }
        Spot::Administering(id) => {
            let scope = estate.scope(id);
            let name = scope.map_or("", |scope| scope.name.as_str());
            PictureNode {
                name: name.to_owned(),
                label: short(name).to_owned(),
                kind: scope.map_or("scope", |scope| scope_kind(scope.kind)),
                cloud: scope.map_or("", |scope| scope.cloud.as_str()),
                home: scope.and_then(|scope| scope.parent).and_then(home),
                goal: true,
                change: None,
            }
        }
    }
}

/// Draws what the scopes that somebody administers lie in. No edge leads from one that is administered to another:
/// whether that gives anything is told by steps alone.
fn above<'a>(
    estate: &'a Estate,
    places: &BTreeMap<Spot, usize>,
    nodes: &mut Vec<PictureNode<'a>>,
    drawn: &mut Vec<PictureEdge>,
) {
    let goals = places.iter().filter_map(|(spot, place)| match spot {
        Spot::Administering(id) => Some((*id, *place)),
        _ => None,
    });
    let goals: BTreeMap<ScopeId, usize> = goals.collect();
    let mut holders: BTreeMap<ScopeId, usize> = BTreeMap::new();
    for (goal, place) in &goals {
        let mut to = *place;
        for (inner, outer) in estate.ancestry(*goal).windows(2).filter_map(|two| two.first().zip(two.last()))
        {
            if goals.contains_key(outer) {
                break;
            }
            let known = holders.get(outer).copied();
            let from = known.unwrap_or(nodes.len());
            drawn.push(contains(estate, *inner, *outer, (from, to)));
            if known.is_some() {
                break;
            }
            holders.insert(*outer, from);
            nodes.push(PictureNode { goal: false, ..node(estate, Spot::Administering(*outer)) });
            to = from;
        }
    }
}

fn contains(estate: &Estate, inner: ScopeId, outer: ScopeId, (from, to): (usize, usize)) -> PictureEdge {
    let name = |id: ScopeId| estate.scope(id).map_or("", |scope| scope.name.as_str());
    PictureEdge {
        from,
        to,
        kind: CONTAINS.to_owned(),
        certainty: "proven",
        condition: None,
        assumes: Vec::new(),
        says: format!("`{}` lies in `{}`", name(inner), name(outer)),
        questions: Vec::new(),
        evidence: Vec::new(),
    }
}

/// What runs as somebody, by whom and by kind, in the order of the estate.
fn hosts(estate: &Estate) -> Vec<(PrincipalId, &str, Vec<&Host>)> {
    let mut found: BTreeMap<(PrincipalId, &str), Vec<&Host>> = BTreeMap::new();
    for host in estate.hosts().iter() {
        found.entry((host.identity, host.kind.as_str())).or_default().push(host);
    }
    found.into_iter().map(|((identity, kind), hosts)| (identity, kind, hosts)).collect()
}

/// One of what runs as somebody, or many that run as the same.
fn host_node<'a>(estate: &'a Estate, kind: &str, hosts: &[&Host]) -> Option<PictureNode<'a>> {
    let first = estate.resource(hosts.first()?.resource)?;
    let (mut name, label) = several(&first.name, hosts.len());
    if hosts.len() > 1 {
        name = format!("{} of the kind {kind}: {} and {} more", hosts.len(), first.name, hosts.len() - 1);
    }
    let home = first.home.and_then(|home| estate.scope(home)).map(|scope| scope.name.as_str());
    let (cloud, kind) = (first.cloud.as_str(), "compute");
    Some(PictureNode { name, label, kind, cloud, home, goal: false, change: None })
}

/// Whoever runs something there acts as the principal.
fn runs_as(report: &Report<'_>, name: &str, hosts: &[&Host], from: usize, to: usize) -> PictureEdge {
    let origins = hosts.iter().take(FEW).map(|host| &host.origin).collect();
    PictureEdge {
        from,
        to,
        kind: RUNS_AS.to_owned(),
        certainty: "proven",
        condition: None,
        assumes: Vec::new(),
        says: format!("what runs in `{name}` acts as it"),
        questions: Vec::new(),
        evidence: evidence(report, origins),
    }
}

/// The full and the short name of one thing, or of several of which it is the first.
fn several(first: &str, number: usize) -> (String, String) {
    match number {
        0 | 1 => (first.to_owned(), short(first).to_owned()),
        number => (
            format!("any of {number}: {first} and {} more", number - 1),
            format!("{number} like {}", short(first)),
        ),
    }
}

/// The last part of a name that says something.
fn short(name: &str) -> &str {
    // Of those that tokens speak of all counts that stands behind the issuer, or the pool.
    if let Some((_, subject)) = name.strip_prefix("subject://").and_then(|rest| rest.split_once('/')) {
        return subject;
    }
    if let Some((_, in_pool)) = name.split_once("/workloadIdentityPools/") {
        return in_pool;
    }
    let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
    if name.starts_with("arn:") { last } else { last.rsplit_once(':').map_or(last, |(_, behind)| behind) }
}

fn kind_of(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "user",
        PrincipalKind::Group => "group",
        PrincipalKind::Role => "role",
        PrincipalKind::ServiceAccount => "service-account",
        PrincipalKind::Service => "service",
        PrincipalKind::Holder => "holder",
        PrincipalKind::StandIn => "stand-in",
        PrincipalKind::External => "external",
        PrincipalKind::Public => "public",
    }
}

fn scope_kind(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::Organization => "organization",
        ScopeKind::Folder => "folder",
        ScopeKind::Account => "account",
        ScopeKind::Group => "resource-group",
    }
}

/// The id of an edge's kind and what happens along it.
fn kind(edge: &Edge) -> (String, String) {
    let of_step = |hop: &Hop| {
        let title = if hop.summary.is_empty() { hop.kind.replace('-', " ") } else { hop.summary.to_string() };
        (hop.kind.to_string(), title)
    };
    match &edge.by {
        By::Request(_) => (PUBLIC_ACCESS.to_owned(), "may use it without credentials".to_owned()),
        By::Permissions(_) => (ADMINISTERS.to_owned(), "administers it".to_owned()),
        By::OneOf(_) => (ONE_OF.to_owned(), "is one of several that the same can act as".to_owned()),
        By::AnyOf(hop) => of_step(hop),
        By::Steps(hops) => hops.last().map_or_else(Default::default, of_step),
    }
}

fn drawn(report: &Report<'_>, edge: &Edge, kind: String, from: usize, to: usize) -> PictureEdge {
    let estate = report.estate;
    let of_hops = |hops: &'_ [Hop]| -> String {
        let says: Vec<String> = hops.iter().map(|hop| hop.sentence(estate)).collect();
        says.join("; then ")
    };
    let (mut says, origins, witnesses) = match &edge.by {
        By::Steps(hops) => shown(of_hops(hops), hops),
        By::AnyOf(hop) => {
            let hops = std::slice::from_ref(&**hop);
            shown(format!("at any of them; for instance {}", of_hops(hops)), hops)
        }
        By::OneOf(hop) => {
            let hops = std::slice::from_ref(&**hop);
            shown(format!("whoever can act as any of them; for instance {}", of_hops(hops)), hops)
        }
        By::Request(witness) => {
            let origins = witness.decision.because.iter().map(|reason| &reason.origin).collect();
            let Request { action, resource, .. } = &witness.request;
            (format!("anybody may `{action}` on `{resource}`"), origins, vec![&**witness])
        }
        By::Permissions(seat) => {
            let witness = match &seat.standing {
                Standing::Always(_, witness) => Some((&**witness, false)),
                Standing::Conditionally(_, witness, _) => Some((&**witness, true)),
                _ => None,
            };
            let origins: Vec<&Origin> = witness
                .iter()
                .flat_map(|(witness, _)| &witness.decision.because)
                .map(|reason| &reason.origin)
                .collect();
            let needy: Vec<&Witness> =
                witness.iter().filter(|(_, needy)| *needy).map(|(witness, _)| *witness).collect();
            ("its own permissions make it an administrator".to_owned(), origins, needy)
        }
    };
    if edge.left_out > 0 {
        says = format!("{says} ({} more that need several steps are not drawn)", edge.left_out);
    }
    let assumes = match &edge.certainty {
        Certainty::Assuming(gaps) => gaps.iter().map(|gap| gap.message.clone()).collect(),
        Certainty::Proven | Certainty::Undecided(_) => Vec::new(),
    };
    let certainty = match &edge.certainty {
        Certainty::Undecided(_) => "undecided",
        Certainty::Assuming(_) => "assuming",
        Certainty::Proven if edge.is_conditional() => "conditional",
        Certainty::Proven => "proven",
    };
    PictureEdge {
        from,
        to,
        kind,
        certainty,
        condition: condition(&witnesses),
        assumes,
        says,
        questions: questions(edge),
        evidence: evidence(report, origins),
    }
}

/// The questions that an edge rests on, each once.
fn questions(edge: &Edge) -> Vec<PictureQuestion> {
    let of_hops = |hops: &[Hop]| -> Vec<PictureQuestion> {
        let all = hops.iter().flat_map(|hop| &hop.proofs).map(|proof| {
            let always = if proof.open { None } else { Some(proof.refusal.is_none()) };
            question(&proof.witness, always)
        });
        let mut found = Vec::new();
        for one in all {
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    };
    match &edge.by {
        By::Steps(hops) => of_hops(hops),
        By::AnyOf(hop) | By::OneOf(hop) => of_hops(std::slice::from_ref(&**hop)),
        By::Request(witness) => vec![question(witness, None)],
        By::Permissions(seat) => match &seat.standing {
            Standing::Always(_, witness) => vec![question(witness, Some(true))],
            Standing::Conditionally(_, witness, _) => vec![question(witness, Some(false))],
            Standing::Never(_) | Standing::Undecided(_) => Vec::new(),
        },
    }
}

fn question(witness: &Witness, always: Option<bool>) -> PictureQuestion {
    let Request { principal, action, resource, .. } = &witness.request;
    PictureQuestion {
        principal: principal.clone(),
        action: action.clone(),
        resource: resource.clone(),
        always,
    }
}

/// What steps show: a sentence, the statements, and the requests that need circumstances.
fn shown(says: String, hops: &[Hop]) -> (String, Vec<&Origin>, Vec<&Witness>) {
    let origins = hops.iter().flat_map(Hop::because).collect();
    let needy = hops.iter().flat_map(|hop| &hop.proofs).filter(|proof| proof.refusal.is_some());
    (says, origins, needy.map(|proof| &proof.witness).collect())
}

/// What holds in the requests that show a conditional edge.
fn condition(witnesses: &[&Witness]) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for (key, values) in witnesses.iter().flat_map(|witness| &witness.request.context) {
        let part = format!("{key} = {}", values.join(", "));
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then(|| format!("for instance {}", parts.join(" and ")))
}

fn evidence(report: &Report<'_>, origins: Vec<&Origin>) -> Vec<PictureEvidence> {
    let mut seen: Vec<&Origin> = Vec::new();
    for origin in origins {
        if !seen.contains(&origin) {
            seen.push(origin);
        }
    }
    let place = |origin: &Origin| {
        let span = origin.span?;
        let start = report.files.start(span);
        Some(format!("{}:{}:{}", report.files.path(span.file), start.line, start.column))
    };
    seen.into_iter()
        .map(|origin| PictureEvidence { what: origin.what.clone(), place: place(origin) })
        .collect()
}
