//! What runs as a role, as the command line of AWS lists it: functions, instances, build projects, task definitions,
//! jobs, notebook instances, stacks, App Runner services.
//!
//! Only the name of each and its role are read. A list says that there is no other of its kind in the account; of kinds
//! that are described one by one it says so only where all that it lists are described, too. Answers are regional, and
//! which regions an account uses is not known here: what is given is taken to be all.

use std::collections::{BTreeMap, BTreeSet};

use super::aws_layout::{Place, is_written_by};
use super::{Confidence, Document, Format};
use crate::clouds::aws::AWS;
use crate::clouds::aws::ast::{Arn, is_account};
use crate::clouds::aws::escalation::INSTANCE_PROFILES;
use crate::clouds::aws::estate::{account, resource};
use crate::clouds::aws::names;
use crate::model::{Estate, Host, Origin, PrincipalId, PrincipalKind, ScopeId, ScopeKind};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsCompute;

/// How an answer of the command line is read.
struct Shape {
    /// The key at the top that tells it.
    top: &'static str,
    /// A key that each of its items has, to tell it from others with the same top.
    mark: &'static str,
    kind: &'static str,
    /// Where the ARN stands in an item.
    arn: &'static [&'static str],
    /// Where the role stands in an item, or the instance profile.
    role: &'static [&'static str],
    /// Whether it lists all there are.
    lists: Lists,
}

/// What an answer says about others of its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// There are no others.
    All,
    /// Nothing.
    One,
    /// There are no others, but it does not say as whom they run.
    Names,
}

const fn shape(
    top: &'static str,
    mark: &'static str,
    kind: &'static str,
    arn: &'static [&'static str],
    role: &'static [&'static str],
    lists: Lists,
) -> Shape {
    Shape { top, mark, kind, arn, role, lists }
}

const SHAPES: &[Shape] = &[
    shape("Functions", "FunctionArn", "lambda-function", &["FunctionArn"], &["Role"], Lists::All),
    shape("Reservations", "Instances", "ec2-instance", &[], &["IamInstanceProfile", "Arn"], Lists::All),
    shape("projects", "serviceRole", "codebuild-project", &["arn"], &["serviceRole"], Lists::All),
    shape(
        "taskDefinition",
        "taskDefinitionArn",
        "ecs-task-definition",
        &["taskDefinitionArn"],
        &["taskRoleArn"],
        Lists::One,
    ),
    shape("taskDefinitionArns", "", "ecs-task-definition", &[], &[], Lists::Names),
    shape("Jobs", "Command", "glue-job", &[], &["Role"], Lists::All),
    shape(
        "NotebookInstanceArn",
        "",
        "sagemaker-notebook",
        &["NotebookInstanceArn"],
        &["RoleArn"],
        Lists::One,
    ),
    shape(
        "NotebookInstances",
        "NotebookInstanceArn",
        "sagemaker-notebook",
        &["NotebookInstanceArn"],
        &[],
        Lists::Names,
    ),
    shape("Stacks", "StackId", "cloudformation-stack", &["StackId"], &["RoleARN"], Lists::All),
    shape(
        "Service",
        "ServiceArn",
        "apprunner-service",
        &["ServiceArn"],
        &["InstanceConfiguration", "InstanceRoleArn"],
        Lists::One,
    ),
    shape("ServiceSummaryList", "ServiceArn", "apprunner-service", &["ServiceArn"], &[], Lists::Names),
];

impl Format for AwsCompute {
    fn id(&self) -> &'static str {
        "aws-compute"
    }

    fn summary(&self) -> &'static str {
        "what runs as a role in an AWS account: functions, instances, build projects and others"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "ACCOUNT/lambda/REGION/functions.json    aws lambda list-functions",
            "ACCOUNT/ec2/REGION/instances.json    aws ec2 describe-instances",
            "ACCOUNT/codebuild/REGION/projects.json    aws codebuild batch-get-projects --names NAME…",
            "ACCOUNT/ecs/REGION/task-definitions.json    aws ecs list-task-definitions",
            "ACCOUNT/ecs/REGION/task-definition-NAME.json    aws ecs describe-task-definition --task-definition NAME",
            "ACCOUNT/glue/REGION/jobs.json    aws glue get-jobs",
            "ACCOUNT/sagemaker/REGION/notebooks.json    aws sagemaker list-notebook-instances",
            "ACCOUNT/sagemaker/REGION/notebook-NAME.json    aws sagemaker describe-notebook-instance --notebook-instance-name NAME",
            "ACCOUNT/cloudformation/REGION/stacks.json    aws cloudformation describe-stacks",
            "ACCOUNT/apprunner/REGION/services.json    aws apprunner list-services",
            "ACCOUNT/apprunner/REGION/service-NAME.json    aws apprunner describe-service --service-arn ARN",
        ]
    }

    fn claims(&self, path: &str) -> bool {
        is_written_by(path, self.commands())
    }

    /// Roles and instance profiles have to be there first, and lists of names need what is described elsewhere.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        match shape_of(tree) {
            Some((shape, [])) if shape.mark.is_empty() => Confidence::Certain,
            // An empty list has no marks but its key.
            Some((_, [])) => Confidence::Likely,
            Some(_) => Confidence::Certain,
            None => Confidence::No,
        }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(std::slice::from_ref(document), estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut inventory = Inventory::new(estate);
        for document in documents {
            if let Some((shape, _)) = shape_of(document.tree) {
                inventory.read(document, shape, problems);
            }
        }
        inventory.finish();
    }
}

/// The shape of an answer, with its items.
fn shape_of(tree: &Tree) -> Option<(&'static Shape, &[Tree])> {
    SHAPES.iter().find_map(|shape| {
        let found = tree.get(shape.top)?;
        let whole = std::slice::from_ref(tree);
        let is_whole = shape.arn == [shape.top];
        let items = match (found.as_list(), found.as_map(), shape.lists) {
            (.., Lists::One) if is_whole => whole,
            (Some(items), ..) => items,
            (None, Some(_), Lists::One) => std::slice::from_ref(found),
            _ => return None,
        };
        // A list is told by its first item, so that a broken one further on is reported.
        let fits = |item: &Tree| shape.mark.is_empty() || item.get(shape.mark).is_some();
        items.first().is_none_or(fits).then_some((shape, items))
    })
}

/// Reports what of an item is not as AWS prints it. Then it is not known as whom something runs.
fn is_sound(item: &Tree, shape: &Shape, problems: &mut Vec<Problem>) -> bool {
    let sound = if shape.top == "Reservations" {
        let instances = item.get("Instances").and_then(Tree::as_list);
        let paths: &[&[&str]] =
            &[&["InstanceId"], &["IamInstanceProfile", "Arn"], &["Placement", "AvailabilityZone"]];
        instances.map(|all| {
            all.iter()
                .all(|one| one.get("InstanceId").is_some() && paths.iter().all(|path| is_text(one, path)))
        })
    } else if shape.arn.is_empty() && shape.role.is_empty() {
        item.as_str().map(|_| true)
    } else {
        let named = shape.mark.is_empty() || item.get(shape.mark).is_some();
        let paths = [shape.arn, shape.role, if shape.kind == "glue-job" { &["Name"] } else { &[] }];
        (named && item.as_map().is_some()).then(|| paths.iter().all(|path| is_text(item, path)))
    };
    let sound = sound == Some(true);
    if !sound {
        let message = format!("an item of `{}` is not as the command prints it, and was left out", shape.top);
        let problem = Problem::error("aws-export-shape", message).at(item.span);
        problems.push(problem.help("export it again, and leave what the command prints as it is"));
    }
    sound
}

/// Whether a text is at the end of a path, or nothing.
fn is_text(item: &Tree, path: &[&str]) -> bool {
    let mut at = item;
    for key in path {
        if at.as_map().is_none() {
            return false;
        }
        match at.get(key) {
            Some(found) if !found.is_null() => at = found,
            _ => return true,
        }
    }
    path.is_empty() || at.as_str().is_some()
}

/// What is read of all answers together.
struct Inventory<'e> {
    estate: &'e mut Estate,
    /// The roles by the ARNs of their instance profiles.
    profiles: BTreeMap<String, PrincipalId>,
    /// By account and kind: what is listed by name, and what is described.
    named: BTreeMap<(ScopeId, &'static str), BTreeSet<String>>,
    described: BTreeSet<String>,
    complete: BTreeSet<(ScopeId, &'static str)>,
    /// Kinds of which an answer holds a part only.
    partial: BTreeSet<(ScopeId, &'static str)>,
}

impl<'e> Inventory<'e> {
    fn new(estate: &'e mut Estate) -> Self {
        let mut profiles = BTreeMap::new();
        for (id, role) in estate.principals().filter(|(_, one)| one.cloud == AWS) {
            let listed = role.facts.get(INSTANCE_PROFILES).map(String::as_str).unwrap_or_default();
            profiles.extend(listed.split(' ').map(|profile| (profile.to_owned(), id)));
        }
        Self {
            estate,
            profiles,
            named: BTreeMap::new(),
            described: BTreeSet::new(),
            complete: BTreeSet::new(),
            partial: BTreeSet::new(),
        }
    }

    fn read(&mut self, document: &Document<'_>, shape: &'static Shape, problems: &mut Vec<Problem>) {
        let place = Place::of(document.path);
        let Some((_, items)) = shape_of(document.tree) else { return };
        let mut scopes: BTreeSet<ScopeId> = self.placed(&place, document.tree).into_iter().collect();
        let mut is_broken = false;
        for (index, item) in items.iter().enumerate() {
            let route = Route::root().key(shape.top).index(index);
            if !is_sound(item, shape, problems) {
                is_broken = true;
            } else if shape.top == "Reservations" {
                let instances = item.get("Instances").and_then(Tree::as_list).unwrap_or_default();
                let owner = item.get("OwnerId").and_then(Tree::as_str);
                for instance in instances {
                    scopes.extend(self.instance(instance, owner, &place, &route));
                }
            } else {
                scopes.extend(self.item(item, shape, &place, &route));
            }
        }
        if scopes.is_empty() {
            let message = format!(
                "the account of `{}` is not told by the file, nor by its folder; it was left out",
                document.path
            );
            let help = "put it into a folder that is named after the account: docs/aws-estate.md";
            problems.push(Problem::warning("aws-compute-place", message).at(document.tree.span).help(help));
        }
        let more = ["NextToken", "nextToken", "NextMarker"];
        let is_part = more.iter().any(|key| document.tree.get(key).is_some_and(|token| !token.is_null()));
        for scope in scopes {
            if is_part || is_broken {
                self.partial.insert((scope, shape.kind));
            }
            match shape.lists {
                Lists::All => {
                    self.complete.insert((scope, shape.kind));
                }
                Lists::Names => {
                    self.named.entry((scope, shape.kind)).or_default();
                }
                Lists::One => {}
            }
        }
    }

    /// The account that a folder names, or the only one that there is.
    fn placed(&mut self, place: &Place, tree: &Tree) -> Option<ScopeId> {
        let origin = Origin { span: Some(tree.span), ..Origin::default() };
        if let Some(number) = &place.account {
            return account(self.estate, number, &origin);
        }
        let mut all =
            self.estate.scopes().filter(|(_, scope)| scope.cloud == AWS && scope.kind == ScopeKind::Account);
        match (all.next(), all.next()) {
            (Some((only, _)), None) => Some(only),
            _ => None,
        }
    }

    /// Reads an item; answers its account.
    fn item(&mut self, item: &Tree, shape: &'static Shape, place: &Place, route: &Route) -> Option<ScopeId> {
        let arn = match shape.arn {
            [] if shape.kind == "glue-job" => glue_job(item, place)?,
            [] => item.as_str()?.to_owned(),
            path => text(item, path)?.to_owned(),
        };
        let number = Arn::parse(&arn).map(|arn| arn.account).filter(|number| is_account(number))?;
        let origin = Origin {
            span: Some(item.span),
            route: route.clone(),
            what: format!("what runs as a role: `{arn}`"),
        };
        let scope = account(self.estate, number, &origin)?;
        if shape.lists == Lists::Names {
            self.named.entry((scope, shape.kind)).or_default().insert(arn);
            return Some(scope);
        }
        self.described.insert(arn.clone());
        let identity = text(item, shape.role).and_then(|role| self.role(role, number));
        self.runs(&arn, shape.kind, scope, identity, origin);
        Some(scope)
    }

    fn instance(
        &mut self,
        item: &Tree,
        owner: Option<&str>,
        place: &Place,
        route: &Route,
    ) -> Option<ScopeId> {
        let number = owner.or(place.account.as_deref()).filter(|number| is_account(number))?;
        let id = text(item, &["InstanceId"])?;
        // `eu-west-1a` lies in `eu-west-1`.
        let zone = text(item, &["Placement", "AvailabilityZone"]).unwrap_or_default();
        let region = zone.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let partition = names::partition(Some(region));
        let arn = format!("arn:{partition}:ec2:{region}:{number}:instance/{id}");
        let what = format!("what runs as a role: `{arn}`");
        let origin = Origin { span: Some(item.span), route: route.clone(), what };
        let scope = account(self.estate, number, &origin)?;
        let state = text(item, &["State", "Name"]);
        if state == Some("terminated") {
            return Some(scope);
        }
        let profile = text(item, &["IamInstanceProfile", "Arn"]);
        let identity = profile.and_then(|profile| self.profiles.get(profile).copied());
        if profile.is_some() && identity.is_none() {
            // It runs as somebody, and the input does not say as whom.
            self.partial.insert((scope, "ec2-instance"));
        }
        self.runs(&arn, "ec2-instance", scope, identity, origin);
        Some(scope)
    }

    fn runs(&mut self, arn: &str, kind: &str, scope: ScopeId, identity: Option<PrincipalId>, origin: Origin) {
        let Some(identity) = identity else { return };
        let resource = resource(self.estate, arn, Some(scope), origin.clone());
        self.estate.hosts_mut().add(Host { resource, kind: kind.to_owned(), identity, origin });
    }

    /// The role of that ARN, or of that name in the account.
    fn role(&self, named: &str, number: &str) -> Option<PrincipalId> {
        if named.starts_with("arn:") {
            return self.estate.find_principal(AWS, named);
        }
        let name = named.rsplit('/').next().unwrap_or(named);
        let fits = |arn: &str| {
            Arn::parse(arn)
                .is_some_and(|arn| arn.account == number && arn.resource.rsplit('/').next() == Some(name))
        };
        let mut roles = self.estate.principals().filter(|(_, one)| one.kind == PrincipalKind::Role);
        roles.find(|(_, one)| fits(&one.name)).map(|(id, _)| id)
    }

    /// Notes of which kinds everything is known.
    fn finish(self) {
        let all = |(_, names): &(&(ScopeId, &'static str), &BTreeSet<String>)| {
            names.iter().all(|name| self.described.contains(name))
        };
        let named = self.named.iter().filter(all).map(|(key, _)| *key);
        let complete: BTreeSet<(ScopeId, &'static str)> =
            self.complete.iter().copied().chain(named).collect();
        for (scope, kind) in complete.difference(&self.partial) {
            self.estate.hosts_mut().list(*scope, kind);
        }
    }
}

fn text<'t>(item: &'t Tree, path: &[&str]) -> Option<&'t str> {
    if path.is_empty() {
        return None;
    }
    path.iter().try_fold(item, |tree, key| tree.get(key))?.as_str()
}

/// Jobs of Glue are listed without an ARN.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html>
fn glue_job(item: &Tree, place: &Place) -> Option<String> {
    let name = text(item, &["Name"])?;
    let folder = place.resource.as_deref().and_then(Arn::parse);
    let region = folder.map(|arn| arn.region).unwrap_or_default();
    let number = place.account.as_deref().or_else(|| {
        let role = text(item, &["Role"]).and_then(Arn::parse)?;
        is_account(role.account).then_some(role.account)
    })?;
    Some(format!("arn:{}:glue:{region}:{number}:job/{name}", names::partition(Some(region))))
}
