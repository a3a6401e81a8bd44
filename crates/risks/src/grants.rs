//! What resource policies grant to whom, asked of the IAM engine statement by statement: the policy's denials count, its
//! conditions are decided, and a caller who could exist is asked about, not a pattern.

use iam::catalogue::Level;
use iam::{Context, Decision, Effect, Outcome, Policy, Principal, Request, Stack, Statement, Who};
use model::aws::Function;
use model::{App, Edit, Node, Operation, Place, Resource, Segment};
use serde_json::Value;
use std::sync::Arc;

/// An account nobody has heard of.
pub const STRANGER: &str = "000000000000";

/// One statement of a resource policy that allows something.
pub struct Grant<'a> {
    /// Whose policy it is: the bucket, the queue, the function; the policy's own resource where the target is not declared.
    pub target: &'a Resource,
    /// The resource in which the statement is written.
    pub holder: &'a Resource,
    /// The statement with the policy's denials.
    policy: Arc<Policy>,
    /// Its position in the policy above.
    at: usize,
    /// Keys from `Properties` to the policy; `None` for a Lambda permission.
    document: Option<(&'static [&'static str], &'a Node)>,
}

/// Types of resources whose policy is a resource of its own: its type, where it names its targets, where the document is.
const APART: [(&str, &str, &[&str]); 4] = [
    ("AWS::S3::BucketPolicy", "Bucket", &["PolicyDocument"]),
    ("AWS::SQS::QueuePolicy", "Queues", &["PolicyDocument"]),
    ("AWS::SNS::TopicPolicy", "Topics", &["PolicyDocument"]),
    ("AWS::SecretsManager::ResourcePolicy", "SecretId", &["ResourcePolicy"]),
];
/// Types that hold their policy themselves.
const WITHIN: [(&str, &[&str]); 3] = [
    ("AWS::KMS::Key", &["KeyPolicy"]),
    ("AWS::DynamoDB::Table", &["ResourcePolicy", "PolicyDocument"]),
    ("AWS::DynamoDB::GlobalTable", &["ResourcePolicy", "PolicyDocument"]),
];

/// Every statement of every resource policy that allows something, in the order of the resources.
pub fn all(app: &App) -> Vec<Grant<'_>> {
    let mut out = Vec::new();
    for (kind, property, keys) in APART {
        for holder in app.of_kind(kind) {
            let names = |node: &Node| {
                let text = node.scalar()?;
                app.by_arn(&text).or_else(|| app.resources().find(|r| r.physical_id == text && r.arn.is_some()))
            };
            let targets = holder.properties.get(property).map(Node::one_or_many).unwrap_or_default();
            push(&mut out, targets.iter().find_map(names).unwrap_or(holder), holder, keys);
        }
    }
    for (kind, keys) in WITHIN {
        app.of_kind(kind).for_each(|holder| push(&mut out, holder, holder, keys));
    }
    for function in app.aws().functions.values() {
        functions(app, function, &mut out);
    }
    out
}

fn push<'a>(out: &mut Vec<Grant<'a>>, target: &'a Resource, holder: &'a Resource, keys: &'static [&'static str]) {
    let Some(document) = holder.properties.at(keys) else { return };
    let policy = Policy::parse(&holder.id.logical, document);
    for at in 0..policy.statements.len() {
        out.extend(alone(&policy, at).map(|(policy, at)| Grant { target, holder, policy, at, document: Some((keys, document)) }));
    }
}

fn functions<'a>(app: &'a App, function: &Function, out: &mut Vec<Grant<'a>>) {
    let (Some(policy), Some(target)) = (iam::app::function_policy(app, &function.arn), app.resource(&function.id)) else { return };
    for at in 0..policy.statements.len() {
        let Some(statement) = policy.statements.get(at) else { continue };
        let declares = |r: &&Resource| Some(&*r.id.logical) == statement.sid.as_deref() && r.place == statement.place;
        let Some(holder) = app.of_kind("AWS::Lambda::Permission").find(declares) else { continue };
        out.extend(alone(&policy, at).map(|(policy, at)| Grant { target, holder, policy, at, document: None }));
    }
}

/// A policy of one allowing statement and all denials. `None` for a denial.
fn alone(policy: &Policy, at: usize) -> Option<(Arc<Policy>, usize)> {
    let index = policy.statements.get(at).filter(|s| s.effect == Effect::Allow && s.unknown.is_none())?.index;
    let kept: Vec<Statement> = policy.statements.iter().filter(|s| s.effect == Effect::Deny || s.index == index).cloned().collect();
    let at = kept.iter().position(|s| s.index == index)?;
    Some((Arc::new(Policy { statements: kept.into(), ..policy.clone() }), at))
}

impl<'a> Grant<'a> {
    /// The statement.
    pub fn statement(&self) -> Option<&Statement> {
        self.policy.statements.get(self.at)
    }

    /// Where it is written.
    pub fn place(&self) -> Place {
        self.statement().map_or_else(|| self.holder.place.clone(), |s| s.place.clone())
    }

    /// Whom the statement names.
    pub fn named(&self) -> impl Iterator<Item = &iam::Named> {
        self.statement().and_then(|s| s.principals.as_ref()).filter(|set| !set.not).into_iter().flat_map(|set| set.any_of.iter())
    }

    /// Whether it names everyone.
    pub fn names_everyone(&self) -> bool {
        self.named().any(|named| named.who == Who::Everyone)
    }

    /// The actions as they are written.
    pub fn actions(&self) -> Vec<&str> {
        self.statement().map(|s| s.actions.any_of.iter().map(|p| &*p.text.text).collect()).unwrap_or_default()
    }

    /// Whether one of its actions changes what is there.
    pub fn changes(&self) -> bool {
        let catalogue = iam::catalogue::catalogue();
        let level = |pattern: &&str| catalogue.expand(pattern).take(MOST_ACTIONS).any(|action| action.level == Level::Write);
        self.actions().iter().any(level)
    }

    /// Whether a condition of the statement asks for one of these keys (lowered).
    pub fn asks_for(&self, keys: &[&str]) -> bool {
        self.statement().is_some_and(|s| s.conditions.iter().any(|c| keys.contains(&c.key.trim().to_lowercase().as_str())))
    }

    /// The first action it allows this caller on its target, and what that depends on.
    pub fn lets(&self, app: &App, principal: &Principal, context: &Context) -> Option<(String, Option<String>)> {
        let catalogue = iam::catalogue::catalogue();
        let stack = own_account(Some(self.policy.clone()));
        let mut depends = None;
        for pattern in self.actions() {
            for action in catalogue.expand(pattern).take(MOST_ACTIONS) {
                let action = action.full(catalogue);
                for resource in self.resources() {
                    let request = Request::new(principal.clone(), &action, resource).with_context(context.clone()).owned_by(&*app.account);
                    let decision = iam::decide(&request, &stack);
                    match decision.outcome {
                        Outcome::Allowed => return Some((action, None)),
                        Outcome::Depends => depends = depends.or_else(|| condition(&decision).map(|says| (action.clone(), Some(says)))),
                        Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied => {}
                    }
                }
            }
        }
        depends
    }

    /// What the statement may be about: the target, something within it, and what it names itself.
    fn resources(&self) -> Vec<String> {
        let mut out: Vec<String> = self.target.arn.iter().flat_map(|arn| [arn.clone(), format!("{arn}/x")]).collect();
        let named = self.statement().and_then(|s| s.resources.as_ref()).filter(|r| !r.not).into_iter().flat_map(|r| r.any_of.iter());
        out.extend(named.map(|p| p.text.text.replace(['*', '?'], "x")).filter(|text| text.starts_with("arn:")));
        out
    }

    /// An edit that adds to the statement, or to the permission; `None` where the template does not hold it as such.
    pub fn add(&self, permission: (&str, Value), condition: [&str; 2], value: Value) -> Option<Edit> {
        if self.holder.generated_from.is_some() {
            return None;
        }
        let mut path: Vec<Segment> = ["Resources", &*self.holder.id.logical, "Properties"].into_iter().map(Segment::from).collect();
        let Some((keys, document)) = self.document else {
            path.push(Segment::from(permission.0));
            return Some(Edit::document(self.holder.place.file.clone(), path, Operation::Set(permission.1)));
        };
        path.extend(keys.iter().map(|key| Segment::from(*key)));
        path.push(Segment::from("Statement"));
        if !document.get("Statement")?.items().is_empty() {
            path.push(Segment::Index(self.statement()?.index));
        }
        path.extend(["Condition", condition[0], condition[1]].into_iter().map(Segment::from));
        Some(Edit::document(self.holder.place.file.clone(), path, Operation::Set(value)))
    }

    /// An edit that replaces whom the statement names by the application's own account.
    pub fn own_account_only(&self) -> Option<Edit> {
        if self.holder.generated_from.is_some() {
            return None;
        }
        let own = serde_json::json!({"Ref": "AWS::AccountId"});
        let (place, value) = match self.document {
            None => (self.holder.properties.get("Principal")?.place.clone(), own),
            Some((_, document)) => {
                let statement = document.get("Statement")?;
                let statement = statement.one_or_many().get(self.statement()?.index)?;
                (statement.get("Principal")?.place.clone(), serde_json::json!({"AWS": own}))
            }
        };
        Some(Edit::Value { place, operation: Operation::Set(value) })
    }
}

/// The stack of a caller who has every permission in an account of its own.
pub fn own_account(resource: Option<Arc<Policy>>) -> Stack {
    Stack::of_stranger().with_resource(resource)
}

/// Actions of one pattern that are tried.
const MOST_ACTIONS: usize = 200;

/// What a decision depends on, when it is a condition whose key the caller may choose; `None` when the template itself
/// is not known there.
fn condition(decision: &Decision<'_>) -> Option<String> {
    let known = !decision.residual.is_empty() && decision.residual.iter().all(|residue| residue.key.is_some());
    known.then(|| decision.residual.iter().map(|r| r.says.clone()).collect::<Vec<_>>().join("; "))
}

/// What the request of a stranger says, as far as it cannot be chosen (IAM User Guide, "AWS global condition context
/// keys"): no network of ours, no organisation of ours, no resource that it is made for. The rest is the stranger's choice.
pub fn stranger() -> Context {
    const ABSENT: [&str; 16] = [
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:VpcSourceIp",
        "aws:SourceVpcArn",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:SourceOwner",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "kms:ViaService",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
        "lambda:InvokedViaFunctionUrl",
    ];
    let context = Context::open()
        .with("aws:SourceIp", "198.51.100.7")
        .with("aws:SecureTransport", "true")
        .with("aws:PrincipalOrgID", "o-stranger")
        .with_many("aws:PrincipalOrgPaths", ["o-stranger/r-x/".to_owned()])
        .with("kms:CallerAccount", STRANGER)
        .with("lambda:EventSourceToken", "stranger");
    ABSENT.iter().fold(context, |context, key| context.without(key))
}
