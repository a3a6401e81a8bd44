//! Stacks of an application that was read: what its templates attach to roles and resources. Decides nothing.

use crate::managed;
use crate::policy::Policy;
use crate::stack::Stack;
use model::aws::Role;
use model::{App, Identity, Kind, Member, Node, Place, Resource, ResourceId, Session, Trouble};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The policies of an identity of this application: of a role session its role's, of the root user none. What a session
/// was narrowed to when it began is [`session_policies`].
/// A user, a role or a policy that the application does not declare makes an unknown policy.
pub fn stack_of(app: &App, identity: &Identity) -> Stack {
    match identity {
        Identity::AssumedRole { role_arn, .. } => match app.aws().role_by_arn(role_arn) {
            Some(role) => stack_of_role(app, role),
            None => undeclared(role_arn),
        },
        Identity::User { arn } => match app.by_arn(arn) {
            Some(user) => stack_of_user(app, user),
            None => undeclared(arn),
        },
        Identity::Anonymous | Identity::Root { .. } | Identity::Service { .. } => Stack::default(),
    }
}

/// The session policies that a session began with (IAM User Guide, "Policies and permissions in IAM", Session policies). One
/// that cannot be read, or whose document is not known, is an unknown policy.
pub fn session_policies(app: &App, session: &Session) -> Vec<Arc<Policy>> {
    let place = Place::new("session policy", 1, 1);
    let inline = session.policies.iter().map(|text| {
        Policy::from_text("session policy", "session policy", text)
            .unwrap_or_else(|malformed| Policy::unknown("session policy", &malformed.says, malformed.place))
    });
    let managed = session.policy_arns.iter().map(|arn| managed_policy(app, arn, &place));
    inline.chain(managed).map(Arc::new).collect()
}

/// The stacks of an application's roles.
struct Stacks(BTreeMap<ResourceId, Stack>);

/// The identity-based policies and the boundary of a role. Those of the application's own roles are read once for each of its
/// versions.
pub fn stack_of_role(app: &App, role: &Role) -> Stack {
    let own = app.aws().roles.get(&role.id).is_some_and(|own| std::ptr::eq(own, role));
    let all = || Stacks(app.aws().roles.values().map(|role| (role.id.clone(), read_stack(app, role))).collect());
    let kept = own.then(|| app.derived.get(all)).flatten().and_then(|kept| kept.0.get(&role.id));
    kept.cloned().unwrap_or_else(|| read_stack(app, role))
}

fn read_stack(app: &App, role: &Role) -> Stack {
    let inline = role.policies.iter().map(|policy| Arc::new(Policy::parse(&policy.name, &policy.document)));
    let managed = role.managed_policies.iter().map(|(arn, place)| Arc::new(managed_policy(app, arn, place)));
    let boundary = role.boundary.iter().map(|arn| Arc::new(managed_policy(app, arn, &role.place)));
    let mut stack = Stack { identity: inline.chain(managed).collect(), boundary: boundary.collect(), ..Stack::default() };
    if let Some(resource) = app.resource(&role.id) {
        // The typed view leaves out what is not known; an unknown policy may allow or deny anything.
        stack.identity.extend(unknown_parts(&resource.properties, &["Policies", "ManagedPolicyArns"]));
        stack.boundary.extend(unknown_parts(&resource.properties, &["PermissionsBoundary"]));
    }
    stack
}

/// The trust policy of a role.
pub fn trust_policy(role: &Role) -> Option<Arc<Policy>> {
    role.trust.as_ref().map(|trust| Arc::new(Policy::parse(&format!("trust policy of {}", role.arn), trust)))
}

/// A managed policy by its ARN: one that the application declares, or an AWS managed policy whose document is known.
/// Anything else is unknown.
pub fn managed_policy(app: &App, arn: &str, place: &Place) -> Policy {
    if let Some(document) = app.by_arn(arn).and_then(|resource| resource.properties.get("PolicyDocument")) {
        return Policy::parse(arn, document);
    }
    managed::policy(arn, place).unwrap_or_else(|| Policy::unknown(arn, &format!("the document of {arn} is not known"), place.clone()))
}

/// Managed policies and boundaries of roles, users and groups whose documents are not known here: neither declared by the
/// application nor among the AWS managed policies that are embedded. What they allow or deny is not assessed.
pub fn unknown_policies(app: &App) -> Vec<Trouble> {
    let mut out: Vec<Trouble> = Vec::new();
    let mut say = |id: &ResourceId, arn: &str, place: &Place| {
        if app.by_arn(arn).is_some_and(|resource| resource.properties.get("PolicyDocument").is_some())
            || managed::policy(arn, place).is_some()
        {
            return;
        }
        let trouble = Trouble {
            says: format!("the document of {arn} is not known: what {id} may do by it is not assessed"),
            place: place.clone(),
            help: "write the policy in the template, or ask sekisho iam about the account's get-account-authorization-details".into(),
        };
        if !out.contains(&trouble) {
            out.push(trouble);
        }
    };
    for role in app.aws().roles.values() {
        role.managed_policies.iter().for_each(|(arn, place)| say(&role.id, arn, place));
        role.boundary.iter().for_each(|arn| say(&role.id, arn, &role.place));
    }
    for owner in app.of_kind("AWS::IAM::User").chain(app.of_kind("AWS::IAM::Group")) {
        let list = owner.properties.get("ManagedPolicyArns").map(Node::items).unwrap_or_default().iter();
        for node in list.chain(owner.properties.get("PermissionsBoundary")) {
            node.scalar().iter().for_each(|arn| say(&owner.id, arn, &node.place));
        }
    }
    out
}

/// The identity-based policies of a user, its groups' included, and its boundary.
pub(crate) fn stack_of_user(app: &App, user: &Resource) -> Stack {
    let mut stack = Stack { identity: attached(app, user, "Users"), ..Stack::default() };
    for (name, place, group) in groups_of_user(app, user) {
        match group {
            Some(group) => stack.identity.extend(attached(app, group, "Groups")),
            None => stack.identity.push(Arc::new(Policy::unknown(&name, &format!("group {name} is not declared"), place.clone()))),
        }
    }
    stack.identity.extend(unknown_parts(&user.properties, &["Groups"]));
    if let Some(boundary) = user.properties.get("PermissionsBoundary") {
        stack.boundary.extend(boundary.scalar().map(|arn| Arc::new(managed_policy(app, &arn, &boundary.place))));
        stack.boundary.extend(unknown_parts(&user.properties, &["PermissionsBoundary"]));
    }
    stack
}

/// The policies of a user or a group: its own, the managed ones, and the policies that name it in their list of `Users`
/// or `Groups`.
pub(crate) fn attached(app: &App, owner: &Resource, list: &str) -> Vec<Arc<Policy>> {
    let properties = &owner.properties;
    let inline = properties.get("Policies").map(Node::items).unwrap_or_default().iter().filter_map(|policy| {
        let name = policy.get("PolicyName").and_then(Node::scalar).unwrap_or_default();
        Some(Arc::new(Policy::parse(&name, policy.get("PolicyDocument")?)))
    });
    let managed = properties.get("ManagedPolicyArns").map(Node::items).unwrap_or_default().iter();
    let managed = managed.filter_map(|arn| Some(Arc::new(managed_policy(app, &arn.scalar()?, &arn.place))));
    let apart = app.resources().filter(|r| matches!(r.kind.as_str(), "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy"));
    let apart = apart.filter(|policy| names(policy, list, owner));
    let apart = apart.filter_map(|policy| Some(Arc::new(Policy::parse(&policy.id.logical, policy.properties.get("PolicyDocument")?))));
    inline.chain(managed).chain(apart).chain(unknown_parts(properties, &["Policies", "ManagedPolicyArns"])).collect()
}

/// The groups of a user, by its own property and by what adds users to groups: name, where it is said, and the group if
/// the application declares it.
pub(crate) fn groups_of_user<'a>(app: &'a App, user: &'a Resource) -> Vec<(String, &'a Place, Option<&'a Resource>)> {
    let own = user.properties.get("Groups").map(Node::items).unwrap_or_default().iter();
    let added = app.of_kind("AWS::IAM::UserToGroupAddition").filter(|addition| names(addition, "Users", user));
    let nodes = own.chain(added.filter_map(|addition| addition.properties.get("GroupName")));
    let mut out: Vec<(String, &Place, Option<&Resource>)> = Vec::new();
    for node in nodes {
        let Some(name) = node.str() else { continue };
        if out.iter().all(|(known, ..)| known != name) {
            out.push((name.to_owned(), &node.place, app.by_physical("AWS::IAM::Group", name)));
        }
    }
    out
}

/// Whether a resource names this one in a list of names.
fn names(resource: &Resource, list: &str, named: &Resource) -> bool {
    let list = resource.properties.get(list).map(Node::items).unwrap_or_default();
    list.iter().any(|item| item.str() == Some(named.physical_id.as_str()))
}

fn undeclared(arn: &str) -> Stack {
    let why = format!("{arn} is not declared in this application");
    Stack::identity([Arc::new(Policy::unknown(arn, &why, Place::new("", 0, 0)))])
}

/// One unknown policy for each unknown value directly below these properties.
fn unknown_parts(properties: &Node, keys: &[&str]) -> Vec<Arc<Policy>> {
    let lists = keys.iter().filter_map(|key| properties.get(key));
    let values = lists.flat_map(|list| std::iter::once(list).chain(list.items()));
    values.filter_map(|v| Some(Arc::new(Policy::unknown("policy", &v.unknown()?.why, v.place.clone())))).collect()
}

/// The resource-based policy of the resource with this ARN, as the application declares it. `None`: it declares none.
pub fn resource_policy(app: &App, arn: &str) -> Option<Arc<Policy>> {
    if let Some(role) = app.aws().role_by_arn(arn) {
        return trust_policy(role);
    }
    if arn.contains(":lambda:") {
        return function_policy(app, arn);
    }
    let base = app.by_arn(arn).or_else(|| {
        // An object belongs to its bucket.
        app.by_arn(arn.split('/').next().unwrap_or_default())
    })?;
    if let Some(document) =
        base.properties.get("KeyPolicy").or_else(|| base.properties.get("ResourcePolicy").and_then(|p| p.get("PolicyDocument")))
    {
        return Some(Arc::new(Policy::parse(&base.id.logical, document)));
    }
    let (kind, target, document) = match base.kind.as_str() {
        "AWS::S3::Bucket" => ("AWS::S3::BucketPolicy", "Bucket", "PolicyDocument"),
        "AWS::SQS::Queue" => ("AWS::SQS::QueuePolicy", "Queues", "PolicyDocument"),
        "AWS::SNS::Topic" => ("AWS::SNS::TopicPolicy", "Topics", "PolicyDocument"),
        "AWS::SecretsManager::Secret" => ("AWS::SecretsManager::ResourcePolicy", "SecretId", "ResourcePolicy"),
        _ => return None,
    };
    let names = |node: &Node| match &node.kind {
        Kind::Unknown(_) => true,
        _ => node.str().is_some_and(|text| text == base.physical_id || base.arn.as_deref() == Some(text)),
    };
    let mut found = app.of_kind(kind).filter_map(|policy| {
        let target = policy.properties.get(target)?;
        let hit = target.one_or_many().iter().find(|node| names(node))?;
        match hit.unknown() {
            Some(unknown) => Some(Policy::unknown(&policy.id.logical, &unknown.why, hit.place.clone())),
            None => Some(Policy::parse(&policy.id.logical, policy.properties.get(document)?)),
        }
    });
    found.next().map(Arc::new)
}

/// The policy of a function: one statement for each `AWS::Lambda::Permission` that names it (Lambda Developer Guide,
/// "Viewing resource-based IAM policies in Lambda"). `None`: nobody was given a permission.
pub fn function_policy(app: &App, function_arn: &str) -> Option<Arc<Policy>> {
    let function = app.aws().function_by_arn(function_arn)?;
    let statements: Vec<Node> = permissions(app, function).filter_map(|p| permission(p, function)).collect();
    let place = statements.first()?.place.clone();
    let document = map(
        &place,
        [("Version", Node::string("2012-10-17", place.clone())), ("Statement", Node::new(Kind::List(statements), place.clone()))],
    );
    Some(Arc::new(Policy::parse(&format!("policy of function {}", function.name), &document)))
}

/// The permissions of an application by the parts of what they name: `arn`, `aws`, ..., the function's name, the qualifier.
struct Permissions {
    /// In the order of the resources.
    all: Vec<ResourceId>,
    by_part: HashMap<String, Vec<usize>>,
    /// Those whose function is not a text.
    unknown: Vec<usize>,
}

/// The permissions that may speak of a function, in the order of the resources: of many, few.
fn permissions<'a>(app: &'a App, function: &model::aws::Function) -> impl Iterator<Item = &'a Resource> + use<'a> {
    let all = || {
        let mut out = Permissions { all: Vec::new(), by_part: HashMap::new(), unknown: Vec::new() };
        for (at, resource) in app.of_kind(PERMISSION).enumerate() {
            out.all.push(resource.id.clone());
            match resource.properties.get("FunctionName").and_then(Node::scalar) {
                Some(text) => text.split(':').for_each(|part| out.by_part.entry(part.to_owned()).or_default().push(at)),
                None => out.unknown.push(at),
            }
        }
        out
    };
    let kept = app.derived.get(all).map(|kept| {
        // A name, an ARN and a part of an ARN all hold the name between colons.
        let names = [function.name.as_str(), function.arn.rsplit(':').next().unwrap_or_default()];
        let named = names.iter().filter_map(|name| kept.by_part.get(*name)).flatten();
        let mut found: Vec<usize> = named.chain(&kept.unknown).copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|at| app.resource(kept.all.get(at)?))
    });
    // Where nothing can be kept, all of them.
    let others = kept.is_none().then(|| app.of_kind(PERMISSION));
    kept.into_iter().flatten().chain(others.into_iter().flatten())
}

const PERMISSION: &str = "AWS::Lambda::Permission";

/// The statement that Lambda makes of a permission, when it may speak of this function.
fn permission(resource: &Resource, function: &model::aws::Function) -> Option<Node> {
    let p = &resource.properties;
    let place = &resource.place;
    let name = p.get("FunctionName")?;
    let target = match name.scalar() {
        Some(text) => {
            let (text, qualifier) = match text.strip_prefix(function.arn.as_str()).or_else(|| text.strip_prefix(function.name.as_str())) {
                Some("") => (function.arn.clone(), p.get("Qualifier").and_then(Node::scalar)),
                Some(rest) => (function.arn.clone(), Some(rest.strip_prefix(':')?.to_owned())),
                // A partial ARN: `123456789012:function:name`.
                None if function.arn.ends_with(&format!(":{text}")) => (function.arn.clone(), p.get("Qualifier").and_then(Node::scalar)),
                None => return None,
            };
            Node::string(qualifier.map_or(text.clone(), |q| format!("{text}:{q}")), name.place.clone())
        }
        None => name.clone(),
    };
    let principal = p.get("Principal")?.clone();
    let service = principal.str().is_some_and(|text| text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn"));
    let star = principal.str() == Some("*");
    let principal = match (star, service) {
        (true, _) => principal,
        (_, true) => map(place, [("Service", principal)]),
        _ => map(place, [("AWS", principal)]),
    };
    const CONDITIONS: [(&str, &str, &str); 6] = [
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ];
    let conditions = CONDITIONS.iter().filter_map(|(property, operator, key)| {
        let value = p.get(property)?;
        Some((*operator, map(&value.place, [(*key, value.clone())])))
    });
    let condition = map(place, conditions);
    let sid = Node::string(&*resource.id.logical, place.clone());
    let allow = Node::string("Allow", place.clone());
    let action = p.get("Action")?.clone();
    Some(map(
        place,
        [("Sid", sid), ("Effect", allow), ("Principal", principal), ("Action", action), ("Resource", target), ("Condition", condition)],
    ))
}

/// The resource policy of an API (API Gateway Developer Guide, "API Gateway resource policy examples"): resources
/// written as `execute-api:/stage/METHOD/path` are completed with region, account and API id, as API Gateway does.
pub fn api_policy(app: &App, api: &model::aws::RestApi) -> Option<Arc<Policy>> {
    let mut document = api.resource_policy.clone()?;
    let prefix = format!("arn:{}:execute-api:{}:{}:{}/", app.partition, app.region, app.account, api.api_id);
    complete(&mut document, &prefix);
    Some(Arc::new(Policy::parse(&format!("resource policy of {}", api.name), &document)))
}

fn complete(node: &mut Node, prefix: &str) {
    match &mut node.kind {
        Kind::String(text) => {
            if let Some(rest) = text.strip_prefix("execute-api:/") {
                *text = format!("{prefix}{rest}");
            }
        }
        Kind::List(items) => items.iter_mut().for_each(|item| complete(item, prefix)),
        Kind::Map(members) => members.iter_mut().filter(|m| m.key != "Condition").for_each(|m| complete(&mut m.value, prefix)),
        _ => {}
    }
}

fn map<'a>(place: &Place, members: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    let members = members.into_iter().map(|(key, value)| Member { key: key.into(), key_place: value.place.clone(), value });
    Node::new(Kind::Map(members.collect()), place.clone())
}
