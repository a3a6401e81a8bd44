//! An account's principals with their policies, and the resources that hold roles: from an application that was read or
//! from `aws iam get-account-authorization-details`. Decides nothing.

use crate::app;
use crate::json::{self, Malformed};
use crate::managed;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::stack::Stack;
use model::{App, Kind, Node, Place, Resource};
use std::collections::HashMap;
use std::sync::Arc;

/// An account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Users, roles and groups.
    pub members: Vec<Member>,
    /// Resources that act with a role.
    pub holders: Vec<Holder>,
    /// Versions of customer managed policies that are not in force, by the policy's ARN, where they are known.
    pub versions: HashMap<String, Vec<Arc<Policy>>>,
    /// Whether `holders` is all there is; else a resource that holds a role is taken to be possible.
    pub inventory: bool,
}

/// A user, a role or a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub kind: MemberKind,
    /// Who acts: the user, or a session of the role. A group acts through its users.
    pub principal: Principal,
    /// Its policies, a user's groups' included.
    pub stack: Stack,
    /// A role's trust policy.
    pub trust: Option<Arc<Policy>>,
    /// ARNs of a user's groups.
    pub groups: Vec<String>,
    /// ARNs of the customer managed policies attached to it.
    pub managed: Vec<String>,
    /// Where it is declared.
    pub place: Place,
}

/// Kinds of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// IAM user.
    User,
    /// IAM role.
    Role,
    /// IAM group.
    Group,
}

/// A resource that acts with a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Service prefix: `lambda`, `states`, `cloudformation`.
    pub service: String,
    /// Its ARN.
    pub arn: String,
    /// The role's ARN.
    pub role_arn: String,
}

impl Account {
    /// The account of an application: its roles, users and groups, its functions and state machines.
    pub fn of_app(application: &App) -> Self {
        let mut out = Self { id: application.account.clone(), inventory: true, ..Self::default() };
        for role in application.aws().roles.values() {
            let stack = app::stack_of_role(application, role);
            out.push(&role.arn, MemberKind::Role, stack, app::trust_policy(role), role.place.clone());
            let declared = role.managed_policies.iter().filter(|(arn, _)| application.by_arn(arn).is_some());
            if let Some(member) = out.members.last_mut() {
                member.managed = declared.map(|(arn, _)| arn.clone()).collect();
            }
        }
        for group in application.of_kind("AWS::IAM::Group") {
            let Some(arn) = &group.arn else { continue };
            let stack = Stack { identity: app::attached(application, group, "Groups"), ..Stack::default() };
            out.push(arn, MemberKind::Group, stack, None, group.place.clone());
            out.attach_declared(application, group);
        }
        for user in application.of_kind("AWS::IAM::User") {
            let Some(arn) = &user.arn else { continue };
            out.push(arn, MemberKind::User, app::stack_of_user(application, user), None, user.place.clone());
            out.attach_declared(application, user);
            let groups = app::groups_of_user(application, user).into_iter().filter_map(|(_, _, group)| group?.arn.clone());
            if let Some(member) = out.members.last_mut() {
                member.groups = groups.collect();
            }
        }
        for function in application.aws().functions.values() {
            if let Some(role_arn) = &function.role_arn {
                out.holders.push(Holder { service: "lambda".into(), arn: function.arn.clone(), role_arn: role_arn.clone() });
            }
        }
        for (kind, service, property) in
            [("AWS::StepFunctions::StateMachine", "states", "RoleArn"), ("AWS::CodeBuild::Project", "codebuild", "ServiceRole")]
        {
            for resource in application.of_kind(kind) {
                if let (Some(arn), Some(role)) = (&resource.arn, resource.properties.get(property).and_then(Node::scalar)) {
                    out.holders.push(Holder { service: service.into(), arn: arn.clone(), role_arn: role });
                }
            }
        }
        out
    }

    /// Reads the JSON of `aws iam get-account-authorization-details`; places count in `file`.
    ///
    /// # Errors
    /// When the text is not JSON or has none of the lists.
    pub fn of_authorization_details(file: &str, text: &str) -> Result<Self, Malformed> {
        let node = json::read(file, text)?;
        let list = |key: &str| node.get(key).map(Node::items).unwrap_or_default();
        if ["UserDetailList", "RoleDetailList", "GroupDetailList"].iter().all(|key| node.get(key).is_none()) {
            let says = "this is not the output of get-account-authorization-details".into();
            return Err(Malformed { says, place: node.place.clone() });
        }
        let (mut policies, mut older) = (HashMap::new(), HashMap::new());
        for policy in list("Policies") {
            let versions = policy.get("PolicyVersionList").map(Node::items).unwrap_or_default();
            let default = versions.iter().find(|v| v.get("IsDefaultVersion").and_then(Node::bool) == Some(true));
            if let (Some(arn), Some(document)) = (text_of(policy, "Arn"), default.and_then(|v| v.get("Document"))) {
                policies.insert(arn.clone(), Arc::new(Policy::parse(&arn, &decoded(document))));
                let rest = versions.iter().filter(|v| v.get("IsDefaultVersion").and_then(Node::bool) != Some(true));
                let rest = rest.filter_map(|v| Some(Arc::new(Policy::parse(&arn, &decoded(v.get("Document")?)))));
                let rest = rest.collect();
                older.insert(arn, rest);
            }
        }
        // One document for all who have it attached.
        for owner in ["UserDetailList", "RoleDetailList", "GroupDetailList"].iter().flat_map(|key| list(key)) {
            let attached = owner.get("AttachedManagedPolicies").map(Node::items).unwrap_or_default().iter();
            let attached = attached.filter_map(|policy| Some((text_of(policy, "PolicyArn")?, &policy.place)));
            let limit = owner.get("PermissionsBoundary").and_then(|b| Some((text_of(b, "PermissionsBoundaryArn")?, &b.place)));
            for (arn, place) in attached.chain(limit) {
                if !policies.contains_key(&arn)
                    && let Some(known) = managed::policy(&arn, place)
                {
                    policies.insert(arn, Arc::new(known));
                }
            }
        }
        let mut out = Self { versions: older, ..Self::default() };
        let mut groups: HashMap<String, (String, Vec<Arc<Policy>>)> = HashMap::new();
        for group in list("GroupDetailList") {
            let Some(arn) = text_of(group, "Arn") else { continue };
            let stack = Stack { identity: attached(group, "GroupPolicyList", &policies), ..Stack::default() };
            groups.insert(text_of(group, "GroupName").unwrap_or_default(), (arn.clone(), stack.identity.clone()));
            out.push(&arn, MemberKind::Group, stack, None, group.place.clone());
            out.attach(group);
        }
        for user in list("UserDetailList") {
            let Some(arn) = text_of(user, "Arn") else { continue };
            let mut stack = Stack { identity: attached(user, "UserPolicyList", &policies), ..Stack::default() };
            stack.boundary = boundary(user, &policies);
            let mut own = Vec::new();
            for group in user.get("GroupList").map(Node::items).unwrap_or_default().iter().filter_map(Node::str) {
                if let Some((arn, policies)) = groups.get(group) {
                    stack.identity.extend(policies.iter().cloned());
                    own.push(arn.clone());
                }
            }
            out.push(&arn, MemberKind::User, stack, None, user.place.clone());
            out.attach(user);
            if let Some(member) = out.members.last_mut() {
                member.groups = own;
            }
        }
        for role in list("RoleDetailList") {
            let Some(arn) = text_of(role, "Arn") else { continue };
            let mut stack = Stack { identity: attached(role, "RolePolicyList", &policies), ..Stack::default() };
            stack.boundary = boundary(role, &policies);
            let trust = role.get("AssumeRolePolicyDocument");
            let trust = trust.map(|document| Arc::new(Policy::parse(&format!("trust policy of {arn}"), &decoded(document))));
            out.push(&arn, MemberKind::Role, stack, trust, role.place.clone());
            out.attach(role);
        }
        out.id = out.members.first().and_then(|m| m.arn.split(':').nth(4)).unwrap_or_default().to_owned();
        Ok(out)
    }

    /// The member with this ARN, name, or session of it.
    pub fn find(&self, name: &str) -> Option<usize> {
        let session = Principal::parse(name);
        self.members.iter().position(|m| {
            let same = matches!((&session, &m.principal), (Some(Principal::Session { role_arn: a, .. }), Principal::Session { role_arn: b, .. }) if a == b);
            m.arn == name || m.arn.rsplit('/').next() == Some(name) || same
        })
    }

    fn push(&mut self, arn: &str, kind: MemberKind, stack: Stack, trust: Option<Arc<Policy>>, place: Place) {
        let principal = match kind {
            MemberKind::Group => Principal::User { arn: arn.to_owned() },
            _ => Principal::parse(arn).unwrap_or(Principal::User { arn: arn.to_owned() }),
        };
        self.members.push(Member { arn: arn.into(), kind, principal, stack, trust, groups: Vec::new(), managed: Vec::new(), place });
    }

    /// Notes the managed policies that the application declares, of the member that was pushed last.
    fn attach_declared(&mut self, application: &App, owner: &Resource) {
        let list = owner.properties.get("ManagedPolicyArns").map(Node::items).unwrap_or_default();
        let own = list.iter().filter_map(Node::scalar).filter(|arn| application.by_arn(arn).is_some());
        if let Some(member) = self.members.last_mut() {
            member.managed = own.collect();
        }
    }

    /// Notes the customer managed policies of the member that was pushed last.
    fn attach(&mut self, node: &Node) {
        let arns = node.get("AttachedManagedPolicies").map(Node::items).unwrap_or_default().iter();
        let own = arns.filter_map(|policy| text_of(policy, "PolicyArn")).filter(|arn| !arn.contains(":iam::aws:policy/"));
        if let Some(member) = self.members.last_mut() {
            member.managed = own.collect();
        }
    }
}

fn text_of(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::str).map(str::to_owned)
}

/// A policy document as an object, or as the percent-encoded text that the API itself gives.
fn decoded(node: &Node) -> Node {
    let Kind::String(text) = &node.kind else { return node.clone() };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    Node::string(String::from_utf8_lossy(&bytes), node.place.clone())
}

fn attached(node: &Node, inline: &str, policies: &HashMap<String, Arc<Policy>>) -> Vec<Arc<Policy>> {
    let inline = node.get(inline).map(Node::items).unwrap_or_default().iter().filter_map(|policy| {
        let name = text_of(policy, "PolicyName").unwrap_or_default();
        Some(Arc::new(Policy::parse(&name, &decoded(policy.get("PolicyDocument")?))))
    });
    let managed = node.get("AttachedManagedPolicies").map(Node::items).unwrap_or_default().iter();
    inline.chain(managed.filter_map(|p| Some(by_arn(&text_of(p, "PolicyArn")?, &p.place, policies)))).collect()
}

fn boundary(node: &Node, policies: &HashMap<String, Arc<Policy>>) -> Vec<Arc<Policy>> {
    let boundary = node.get("PermissionsBoundary");
    boundary.and_then(|b| Some(by_arn(&text_of(b, "PermissionsBoundaryArn")?, &b.place, policies))).into_iter().collect()
}

fn by_arn(arn: &str, place: &Place, policies: &HashMap<String, Arc<Policy>>) -> Arc<Policy> {
    let unknown = || Policy::unknown(arn, &format!("the document of {arn} is not known"), place.clone());
    policies.get(arn).cloned().unwrap_or_else(|| Arc::new(unknown()))
}
