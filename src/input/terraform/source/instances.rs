//! Modules as they are called, resources as often as they are repeated, and what their attributes are.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use rustc_hash::FxHashMap;

use super::attributes;
use super::evaluate::{Bound, Scope, pairs};
use super::files::Texts;
use super::modules::{Module, Placed, joined};
use super::value::{Kind, Member, Unknown, Value};
use super::variables;
use crate::text::{Located, Problem, Span};

/// A module as it is called, by its number.
pub(super) type InstanceId = usize;

/// Something with attributes that are worked out when they are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handle {
    pub(super) instance: InstanceId,
    pub(super) of: Of,
    pub(super) key: Key,
}

/// What has attributes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// By type and name.
    Resource(Arc<str>, Arc<str>),
    Data(Arc<str>, Arc<str>),
    /// The instance that the handle names.
    Module,
}

/// Which one of those that a block stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Single,
    Number(usize),
    Name(Arc<str>),
    /// How many there are is not known: it stands for all.
    Any,
}

impl Key {
    /// As it stands in addresses.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Single => String::new(),
            Self::Number(number) => format!("[{number}]"),
            Self::Name(name) => format!("[{}]", serde_json::Value::from(&**name)),
            Self::Any => "[…]".to_owned(),
        }
    }
}

/// One of those that a block with `count` or `for_each` stands for.
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub(super) key: Key,
    /// `each.key`, or `count.index`.
    pub(super) name: Value,
    /// `each.value`.
    pub(super) value: Value,
}

/// A module as it is called, or a root.
pub(super) struct Instance<'m> {
    pub(super) module: &'m Module<'m>,
    pub(super) folder: &'m str,
    /// What stands before the addresses of what is in it: `module.a.`; empty for a root.
    pub(super) address: String,
    pub(super) caller: Option<Caller<'m>>,
    depth: usize,
}

/// Where a module is called.
#[derive(Clone)]
pub(super) struct Caller<'m> {
    pub(super) instance: InstanceId,
    pub(super) block: Placed<'m, Block>,
    pub(super) each: Option<Each>,
}

/// What blocks stand for.
type Repeated = FxHashMap<(InstanceId, Of, Arc<str>), Rc<[Each]>>;

/// The instances that a call makes, each with what it is repeated for.
type Calls = Rc<[(Each, InstanceId)]>;

type Called = FxHashMap<(InstanceId, Arc<str>), Calls>;

/// All that is worked out of some files.
pub(super) struct World<'m> {
    modules: &'m BTreeMap<&'m str, Module<'m>>,
    pub(super) texts: &'m Texts<'m>,
    /// The account that resources of AWS are made in.
    pub(super) account: String,
    instances: RefCell<Vec<Rc<Instance<'m>>>>,
    /// What is being worked out has nothing yet.
    known: RefCell<FxHashMap<(InstanceId, Name), Option<Value>>>,
    repeated: RefCell<Repeated>,
    called: RefCell<Called>,
    steps: Cell<u64>,
    depth: Cell<usize>,
    /// Blocks of which it is not known how often they stand, with what that rests on.
    pub(super) assumed: RefCell<BTreeSet<(Span, String)>>,
    pub(super) problems: RefCell<Vec<Problem>>,
}

/// What is worked out once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Local(Arc<str>),
    Variable(Arc<str>),
    Output(Arc<str>),
    Attribute(Of, Key, Arc<str>),
    Provider(Arc<str>, Arc<str>),
}

/// Expressions that are worked out at most, of all files together.
const MOST_STEPS: u64 = 5_000_000;
/// What a block is repeated at most, and modules at most.
const MOST_REPEATED: usize = 10_000;
const MOST_INSTANCES: usize = 10_000;
/// Modules in modules.
const DEEPEST: usize = 32;
/// Expressions in expressions, those that names stand for counted, too.
const DEEPEST_VALUE: usize = 128;
const TOO_DEEP: &str = "terraform-too-deep";

impl<'m> World<'m> {
    pub(super) fn new(
        modules: &'m BTreeMap<&'m str, Module<'m>>,
        texts: &'m Texts<'m>,
        account: String,
    ) -> Self {
        Self {
            modules,
            texts,
            account,
            instances: RefCell::default(),
            known: RefCell::default(),
            repeated: RefCell::default(),
            called: RefCell::default(),
            steps: Cell::new(0),
            depth: Cell::new(0),
            assumed: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    /// Begins at a folder that nothing calls.
    pub(super) fn root(&self, folder: &'m str) -> Option<InstanceId> {
        let module = self.modules.get(folder)?;
        let root = Instance { module, folder, address: String::new(), caller: None, depth: 0 };
        Some(self.add(root))
    }

    fn add(&self, instance: Instance<'m>) -> InstanceId {
        let mut all = self.instances.borrow_mut();
        all.push(Rc::new(instance));
        all.len() - 1
    }

    /// An instance that was made. There is one for each number that was given.
    pub(super) fn instance(&self, id: InstanceId) -> Option<Rc<Instance<'m>>> {
        self.instances.borrow().get(id).cloned()
    }

    /// Takes a step down; an error says why it cannot be taken. Each that was taken is followed by one up.
    pub(super) fn down(&self, span: Span) -> Result<(), &'static str> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() >= MOST_STEPS {
            return Err("what takes too long to work out");
        }
        if self.depth.get() >= DEEPEST_VALUE {
            let message = "this rests on too many others, one after the other, so it has no value";
            let mut problems = self.problems.borrow_mut();
            if !problems.iter().any(|known| known.code == TOO_DEEP) {
                problems.push(Problem::error(TOO_DEEP, message).at(span));
            }
            return Err("what rests on too many others");
        }
        self.depth.set(self.depth.get() + 1);
        Ok(())
    }

    pub(super) fn up(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Works a value out once. What needs itself is unknown, and said.
    pub(super) fn once(
        &self,
        instance: InstanceId,
        name: Name,
        span: Span,
        work: impl FnOnce() -> Value,
    ) -> Value {
        let key = (instance, name);
        match self.known.borrow().get(&key) {
            Some(Some(value)) => return value.clone(),
            Some(None) => {
                let message = "this refers to itself, so it has no value";
                let problem = Problem::error("terraform-cycle", message).at(span);
                let mut problems = self.problems.borrow_mut();
                if !problems.iter().any(|known| known.code == problem.code && known.span == problem.span) {
                    problems.push(problem.help("break the circle; Terraform refuses it, too"));
                }
                return Value::unknown(span, Unknown::open("what refers to itself"));
            }
            None => {}
        }
        self.known.borrow_mut().insert(key.clone(), None);
        let value = work();
        self.known.borrow_mut().insert(key, Some(value.clone()));
        value
    }

    /// What a name with its first attributes stands for, and what is reached from there.
    pub(super) fn traversal(
        &self,
        head: &str,
        operators: &[&'m TraversalOperator],
        span: Span,
        scope: Scope<'_, 'm>,
    ) -> Value {
        let named = |index: usize| match operators.get(index) {
            Some(TraversalOperator::GetAttr(name)) => Some(name.as_str()),
            _ => None,
        };
        let id = scope.instance;
        let missing = || Value::unknown(span, Unknown::missing(head));
        let (value, used) = match (head, named(0), named(1)) {
            ("var", Some(name), _) => (variables::variable(self, id, name, span), 1),
            ("local", Some(name), _) => (self.local(id, name, span), 1),
            ("each", Some("key"), _) => (scope.each.map_or_else(missing, |each| each.name.clone()), 1),
            ("each", Some("value"), _) => (scope.each.map_or_else(missing, |each| each.value.clone()), 1),
            ("count", Some("index"), _) => (scope.each.map_or_else(missing, |each| each.name.clone()), 1),
            ("path", Some(which), _) => {
                let folder = self.instance(id).filter(|_| which == "module").map(|own| own.folder);
                let folder = folder.filter(|folder| !folder.is_empty()).unwrap_or(".");
                (Value::text(span, folder), 1)
            }
            ("terraform", Some(name), _) => {
                (Value::unknown(span, Unknown::open(format!("terraform.{name}"))), 1)
            }
            ("module", Some(name), _) => (self.module(id, name, span), 1),
            ("data", Some(kind), Some(name)) => {
                (self.repeated_value(id, Of::Data(kind.into(), name.into()), span), 2)
            }
            (kind, Some(name), _) => {
                (self.repeated_value(id, Of::Resource(kind.into(), name.into()), span), 1)
            }
            _ => (missing(), 0),
        };
        self.follow(value, operators.get(used..).unwrap_or_default(), scope)
    }

    pub(super) fn local(&self, id: InstanceId, name: &str, span: Span) -> Value {
        let found = self.instance(id).and_then(|own| own.module.locals.get(name).copied());
        let Some(local) = found else {
            return Value::unknown(span, Unknown::missing(format!("local.{name}")));
        };
        let scope = Scope { source: local.source, instance: id, each: None, bound: None };
        let at = local.at(local.of.span());
        self.once(id, Name::Local(name.into()), at, || self.value(&local.of.value, scope))
    }

    /// The block that something is written in.
    pub(super) fn block(&self, id: InstanceId, of: &Of) -> Option<Placed<'m, Block>> {
        let own = self.instance(id)?;
        match of {
            Of::Resource(kind, name) => own.module.resources.get(&(&**kind, &**name)).copied(),
            Of::Data(kind, name) => own.module.data.get(&(&**kind, &**name)).copied(),
            Of::Module => None,
        }
    }

    /// What a block stands for, one by one.
    pub(super) fn repetitions(
        &self,
        id: InstanceId,
        of: &Of,
        name: &str,
        block: Placed<'m, Block>,
    ) -> Rc<[Each]> {
        let key = (id, of.clone(), Arc::from(name));
        if let Some(found) = self.repeated.borrow().get(&key) {
            return Rc::clone(found);
        }
        // While it is worked out, it stands for one of which nothing is known.
        self.repeated.borrow_mut().insert(key.clone(), Rc::new([any(block.head(), "what is repeated")]));
        let scope = Scope { source: block.source, instance: id, each: None, bound: None };
        let found: Rc<[Each]> = self.repeat(block, scope).into();
        self.repeated.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    fn repeat(&self, block: Placed<'m, Block>, scope: Scope<'_, 'm>) -> Vec<Each> {
        if let Some(count) = block.argument("count") {
            let span = scope.at(count.span());
            let value = self.value(count, scope);
            let Some(number) = value.as_index() else { return vec![self.any(block, span, &value)] };
            let number = self.limited(number, span);
            let one = |index: usize| Each {
                key: Key::Number(index),
                name: Value::text(span, index.to_string()),
                value: Value::null(span),
            };
            return (0..number).map(one).collect();
        }
        if let Some(for_each) = block.argument("for_each") {
            let span = scope.at(for_each.span());
            let value = self.value(for_each, scope);
            let Some(found) = pairs(&value) else { return vec![self.any(block, span, &value)] };
            let number = self.limited(found.len(), span);
            // The elements of a set are their own keys.
            let is_set = value.as_list().is_some();
            let one = |(key, value): (Value, Value)| {
                let name = if is_set { value.clone() } else { key };
                let key = name.as_known_text().map_or(Key::Any, Key::Name);
                Each { key, name, value }
            };
            return found.into_iter().take(number).map(one).collect();
        }
        vec![Each { key: Key::Single, name: Value::null(block.head()), value: Value::null(block.head()) }]
    }

    /// One that stands for an unknown number.
    fn any(&self, block: Placed<'m, Block>, span: Span, value: &Value) -> Each {
        let what = written(value);
        self.assumed.borrow_mut().insert((block.head(), what.clone()));
        any(span, &what)
    }

    fn limited(&self, number: usize, span: Span) -> usize {
        if number > MOST_REPEATED {
            let message = format!("this stands for {number} of them, of which {MOST_REPEATED} are read");
            self.problems.borrow_mut().push(Problem::error("terraform-too-many", message).at(span));
        }
        number.min(MOST_REPEATED)
    }

    /// A resource or data source as a value: an object, a list of them, or one for each key.
    fn repeated_value(&self, id: InstanceId, of: Of, span: Span) -> Value {
        let (Of::Resource(kind, name) | Of::Data(kind, name)) = &of else {
            return Value::null(span);
        };
        let Some(block) = self.block(id, &of) else {
            return Value::unknown(span, Unknown::missing(format!("{kind}.{name}")));
        };
        let all = self.repetitions(id, &of, name, block);
        let handle = |key: &Key| Handle { instance: id, of: of.clone(), key: key.clone() };
        as_value(&all, span, |each| handle(&each.key))
    }

    /// A call of a module as a value.
    fn module(&self, id: InstanceId, name: &str, span: Span) -> Value {
        let found = self.instance(id).and_then(|own| own.module.calls.get(name).copied());
        let Some(call) = found else {
            return Value::unknown(span, Unknown::missing(format!("module.{name}")));
        };
        let called = self.calls(id, name, call);
        if called.is_empty() && call.argument("count").is_none() && call.argument("for_each").is_none() {
            return Value::unknown(span, Unknown::open(format!("module.{name}")));
        }
        let all: Vec<Each> = called.iter().map(|(each, _)| each.clone()).collect();
        let child =
            |key: &Key| called.iter().find(|(each, _)| each.key == *key).map_or(id, |(_, child)| *child);
        as_value(&all, span, |each| Handle { instance: child(&each.key), of: Of::Module, key: Key::Single })
    }

    /// The instances that a call makes; none where the source of the module is not in the input.
    pub(super) fn calls(&self, id: InstanceId, name: &str, call: Placed<'m, Block>) -> Calls {
        let key = (id, Arc::from(name));
        if let Some(found) = self.called.borrow().get(&key) {
            return Rc::clone(found);
        }
        let found: Calls = self.call(id, name, call).into();
        self.called.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    fn call(&self, id: InstanceId, name: &str, call: Placed<'m, Block>) -> Vec<(Each, InstanceId)> {
        let Some(own) = self.instance(id) else { return Vec::new() };
        let source = call.argument("source").and_then(Expression::as_str);
        let folder = source.and_then(|source| joined(call.source.folder(), source));
        let Some((folder, module)) = folder.and_then(|folder| self.modules.get_key_value(folder.as_str()))
        else {
            return Vec::new();
        };
        if own.depth >= DEEPEST || self.instances.borrow().len() >= MOST_INSTANCES {
            let message = "modules are nested too deeply here, or call each other; this one is not read";
            self.problems.borrow_mut().push(Problem::error("terraform-modules", message).at(call.head()));
            return Vec::new();
        }
        let all = self.repetitions(id, &Of::Module, name, call);
        let make = |each: &Each| {
            let address = format!("{}module.{name}{}.", own.address, each.key.written());
            let caller = Some(Caller { instance: id, block: call, each: Some(each.clone()) });
            self.add(Instance { module, folder, address, caller, depth: own.depth + 1 })
        };
        all.iter().map(|each| (each.clone(), make(each))).collect()
    }

    /// The address of what has attributes.
    pub(super) fn address(&self, handle: &Handle) -> String {
        let own = self.instance(handle.instance);
        let prefix = own.as_ref().map_or("", |own| &own.address);
        match &handle.of {
            Of::Resource(kind, name) => format!("{prefix}{kind}.{name}{}", handle.key.written()),
            Of::Data(kind, name) => format!("{prefix}data.{kind}.{name}{}", handle.key.written()),
            Of::Module => prefix.trim_end_matches('.').to_owned(),
        }
    }

    /// Which of the repetitions of its block a handle means.
    pub(super) fn each_of(&self, handle: &Handle) -> Option<(Placed<'m, Block>, Each)> {
        let (Of::Resource(_, name) | Of::Data(_, name)) = &handle.of else { return None };
        let block = self.block(handle.instance, &handle.of)?;
        let all = self.repetitions(handle.instance, &handle.of, name, block);
        let each = all.iter().find(|each| each.key == handle.key)?;
        Some((block, each.clone()))
    }

    /// An attribute. What is written is worked out; what is not is what the provider makes of it.
    pub(super) fn attribute_of(&self, handle: &Handle, name: &str, span: Span) -> Value {
        if let Of::Module = handle.of {
            return self.output(handle.instance, name, span);
        }
        if handle.key == Key::Any && attributes::is_index(name) {
            return Value::new(span, Kind::Handle(handle.clone()));
        }
        let once = Name::Attribute(handle.of.clone(), handle.key.clone(), name.into());
        let value = self.once(handle.instance, once, span, || {
            self.argument(handle, name).unwrap_or_else(|| attributes::made(self, handle, name, span))
        });
        // What nobody wrote stands where it is asked for.
        if self.is_written(handle, name) { value } else { value.moved(span) }
    }

    fn is_written(&self, handle: &Handle, name: &str) -> bool {
        self.block(handle.instance, &handle.of).is_some_and(|block| block.argument(name).is_some())
    }

    /// The value of an argument that is written and not null.
    pub(super) fn argument(&self, handle: &Handle, name: &str) -> Option<Value> {
        let (block, each) = self.each_of(handle)?;
        let expression = block.argument(name)?;
        let scope = Scope { source: block.source, instance: handle.instance, each: Some(&each), bound: None };
        Some(self.value(expression, scope)).filter(|value| !value.is_null())
    }

    fn output(&self, id: InstanceId, name: &str, span: Span) -> Value {
        let Some(own) = self.instance(id) else { return Value::null(span) };
        let Some(output) = own.module.outputs.get(name).copied() else {
            let missing = format!("{}{name}", own.address);
            return Value::unknown(span, Unknown::missing(missing));
        };
        let Some(expression) = output.argument("value") else { return Value::null(span) };
        let scope = Scope { source: output.source, instance: id, each: None, bound: None };
        self.once(id, Name::Output(name.into()), output.head(), || self.value(expression, scope))
    }

    /// All arguments and blocks of a body. Blocks become lists of objects, dynamic ones as often as they stand for.
    pub(super) fn content(&self, body: &'m Body, span: Span, scope: Scope<'_, 'm>) -> Value {
        let mut members: Vec<Member> = Vec::new();
        for attribute in body.attributes() {
            let key = Located::new(attribute.key.as_str().into(), scope.at(attribute.key.span()));
            members.push(Member { key, value: self.value(&attribute.value, scope) });
        }
        for block in body.blocks() {
            let at = scope.at(block.ident.span());
            let label = block.labels.first().map(|label| label.as_str());
            match (block.ident.as_str(), label) {
                ("dynamic", Some(name)) => {
                    for value in self.dynamic(name, block, scope) {
                        append(&mut members, name, at, value);
                    }
                }
                (name, _) => {
                    let value = self.content(&block.body, scope.at(block.span()), scope);
                    append(&mut members, name, at, value);
                }
            }
        }
        Value::object(span, members)
    }

    /// <https://developer.hashicorp.com/terraform/language/expressions/dynamic-blocks>
    fn dynamic(&self, name: &str, block: &'m Block, scope: Scope<'_, 'm>) -> Vec<Value> {
        let argument = |key: &str| block.body.get_attribute(key).map(|attribute| &attribute.value);
        let iterator = match argument("iterator") {
            Some(Expression::Variable(name)) => name.as_str(),
            _ => name,
        };
        let (Some(for_each), Some(content)) = (argument("for_each"), block.body.get_blocks("content").next())
        else {
            return Vec::new();
        };
        let collection = self.value(for_each, scope);
        let found = pairs(&collection).unwrap_or_else(|| {
            // It stands for one of which nothing is known.
            let open = self.open(for_each.span(), scope);
            self.assumed.borrow_mut().insert((scope.at(block.ident.span()), written(&open)));
            vec![(open.clone(), open)]
        });
        let one = |(key, value): (Value, Value)| {
            let span = value.span;
            let member = |name: &str, value| Member { key: Located::new(name.into(), span), value };
            let value = Value::object(span, [member("key", key), member("value", value)]);
            let bound = Bound { name: iterator, value, outer: scope.bound };
            self.content(&content.body, scope.at(block.span()), Scope { bound: Some(&bound), ..scope })
        };
        found.into_iter().take(MOST_REPEATED).map(one).collect()
    }
}

fn append(members: &mut Vec<Member>, name: &str, at: Span, value: Value) {
    match members.iter_mut().find(|member| &*member.key.value == name) {
        Some(member) if member.value.as_list().is_some() => member.value = with(&member.value, value),
        _ => {
            let key = Located::new(name.into(), at);
            members.push(Member { key, value: Value::list(at, [value]) });
        }
    }
}

/// The list with one value more.
pub(super) fn with(list: &Value, value: Value) -> Value {
    let known = list.as_list().unwrap_or_default();
    Value::list(list.span, known.iter().cloned().chain([value]).collect::<Vec<_>>())
}

/// What repeated blocks are as a value.
fn as_value(all: &[Each], span: Span, handle: impl Fn(&Each) -> Handle) -> Value {
    let one = |each: &Each| Value::new(span, Kind::Handle(handle(each)));
    match all.first().map(|each| &each.key) {
        Some(Key::Single | Key::Any) => all.first().map_or_else(|| Value::null(span), one),
        Some(Key::Name(_)) => {
            let members = all.iter().filter_map(|each| {
                let Key::Name(name) = &each.key else { return None };
                Some(Member { key: Located::new(name.clone(), span), value: one(each) })
            });
            Value::object(span, members)
        }
        Some(Key::Number(_)) | None => Value::list(span, all.iter().map(one)),
    }
}

/// One of an unknown number.
fn any(span: Span, what: &str) -> Each {
    let open = |part: &str| Value::unknown(span, Unknown::open(format!("{part} of {what}")));
    Each { key: Key::Any, name: open("each.key"), value: open("each.value") }
}

fn written(value: &Value) -> String {
    value.as_unknown().map_or_else(|| "what is repeated".to_owned(), |unknown| unknown.name.to_string())
}
