//! Web ACLs, rule groups and sets: from AWS's JSON and from CloudFormation.

use super::ast::{
    Action, CustomResponse, IpSet, RegexPatternSet, ResourceType, ResponseBody, Rule, RuleAction, RuleGroup, Statement, Visibility, WebAcl,
};
use super::read::{Form, Read, Shape, fault, number, text};
use super::read_statement::{Level, Statements, pattern};
use model::{App, Node, Place, Resource, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What references in a web ACL lead to.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Account of labels where a document has no ARN; twelve digits.
    pub account: String,
    /// Rule groups by ARN.
    pub rule_groups: BTreeMap<String, Arc<RuleGroup>>,
    /// IP sets by ARN.
    pub ip_sets: BTreeMap<String, Arc<IpSet>>,
    /// Regex pattern sets by ARN.
    pub regex_pattern_sets: BTreeMap<String, Arc<RegexPatternSet>>,
    /// Managed rule groups by vendor and name; one that is missing is not simulated, and every verdict says so.
    pub managed: BTreeMap<(String, String), Arc<RuleGroup>>,
}

const WEB_ACL: &[&str] = &[
    "Name",
    "Id",
    "ARN",
    "DefaultAction",
    "Description",
    "Rules",
    "VisibilityConfig",
    "DataProtectionConfig",
    "Capacity",
    "PreProcessFirewallManagerRuleGroups",
    "PostProcessFirewallManagerRuleGroups",
    "ManagedByFirewallManager",
    "LabelNamespace",
    "CustomResponseBodies",
    "CaptchaConfig",
    "ChallengeConfig",
    "TokenDomains",
    "AssociationConfig",
    "RetrofittedByFirewallManager",
    "OnSourceDDoSProtectionConfig",
    "ApplicationConfig",
    "MonetizationConfig",
    "Scope",
    "Tags",
    "LockToken",
];
const RULE_GROUP: &[&str] = &[
    "Name",
    "Id",
    "Capacity",
    "ARN",
    "Description",
    "Rules",
    "VisibilityConfig",
    "LabelNamespace",
    "CustomResponseBodies",
    "AvailableLabels",
    "ConsumedLabels",
    "MonetizationConfig",
    "Scope",
    "Tags",
    "LockToken",
];

/// Who an entity is: its name and ARN.
struct Who {
    name: String,
    arn: String,
    prefix: String,
}

fn who(shape: &Shape<'_>, kind: &str, account: &str) -> Read<Who> {
    let arn = shape.maybe_text("ARN")?;
    let named = arn.as_deref().and_then(|arn| arn.split('/').nth(2)).map(str::to_owned);
    let name = shape.maybe_text("Name")?.or(named).ok_or_else(|| fault(&shape.node.place, "has no Name", "add Name"))?;
    let written = arn.as_deref().and_then(|arn| arn.split(':').nth(4)).filter(|account| !account.is_empty());
    let account = written.unwrap_or(account).to_owned();
    let prefix = shape.maybe_text("LabelNamespace")?.unwrap_or_else(|| format!("awswaf:{account}:{kind}:{name}:"));
    let arn = arn.unwrap_or_else(|| format!("arn:aws:wafv2:us-east-1:{account}:regional/{kind}/{name}"));
    Ok(Who { name, arn, prefix })
}

impl WebAcl {
    /// From a document of AWS's: `CreateWebACL`'s request, `GetWebACL`'s answer with or without its envelope, or a web ACL
    /// beside `IPSets`, `RegexPatternSets` and `RuleGroups`, which are taken for what the library does not have.
    ///
    /// `SearchString` is Base64 in what the API answers (it has a `LockToken`, or an `Id`), else text.
    ///
    /// # Errors
    /// All that AWS would refuse and all that is not known, each with its place.
    pub fn from_aws_json(document: &Node, library: &Library) -> Result<Self, Vec<Trouble>> {
        let node = document.get("WebACL").unwrap_or(document);
        let answered = ["LockToken", "Id"].iter().any(|key| document.get(key).is_some() || node.get(key).is_some());
        let form = if answered { Form::Wire } else { Form::Text };
        let mut library = library.clone();
        library.extend(document, form)?;
        Self::read(node, &library, form)
    }

    /// From the JSON of the API itself, where `SearchString` is always Base64.
    ///
    /// # Errors
    /// As [`WebAcl::from_aws_json`].
    pub fn from_wire(node: &Node, library: &Library) -> Result<Self, Vec<Trouble>> {
        Self::read(node, library, Form::Wire)
    }

    /// From an `AWS::WAFv2::WebACL` of an application; its sets and groups are looked up in the application.
    ///
    /// # Errors
    /// As [`WebAcl::from_aws_json`]; also where a value is not known before deployment.
    pub fn from_cloudformation(app: &App, resource: &Resource, managed: &Library) -> Result<Self, Vec<Trouble>> {
        let mut library = managed.clone();
        library.extend_from_app(app)?;
        let mut acl = Self::read(&named(resource), &library, Form::CloudFormation)?;
        acl.place = resource.place.clone();
        Ok(acl)
    }

    fn read(node: &Node, library: &Library, form: Form) -> Result<Self, Vec<Trouble>> {
        let mut troubles = Vec::new();
        let acl = Self::read_with(node, library, form, &mut troubles);
        match acl {
            Ok(acl) if troubles.is_empty() => Ok(acl),
            Ok(_) => Err(troubles),
            Err(trouble) => {
                troubles.push(trouble);
                Err(troubles)
            }
        }
    }

    fn read_with(node: &Node, library: &Library, form: Form, troubles: &mut Vec<Trouble>) -> Read<Self> {
        let shape = Shape::of(node, "WebACL", WEB_ACL)?;
        let statements = Statements { form, library };
        let who = who(&shape, "webacl", &library.account)?;
        let mut rules = Vec::new();
        let stages = [
            ("PreProcessFirewallManagerRuleGroups", "FirewallManagerStatement"),
            ("Rules", "Statement"),
            ("PostProcessFirewallManagerRuleGroups", "FirewallManagerStatement"),
        ];
        for (stage, statement) in stages {
            rules.extend(read_rules(shape.maybe_list(stage)?, statement, &statements, Level::WebAcl, troubles));
        }
        let bodies = bodies(&shape)?;
        check_bodies(&rules, &bodies, troubles);
        Ok(Self {
            default_action: action(shape.need("DefaultAction")?, Names::Default)?,
            label_prefix: who.prefix,
            captcha_immunity: immunity(&shape, "CaptchaConfig", 60)?.unwrap_or(300),
            challenge_immunity: immunity(&shape, "ChallengeConfig", 300)?.unwrap_or(300),
            body_limits: body_limits(&shape)?,
            visibility: visibility(&shape)?,
            name: who.name,
            arn: who.arn,
            place: node.place.clone(),
            rules,
            bodies,
        })
    }
}

/// The properties of a resource with the name and ARN that it has.
fn named(resource: &Resource) -> Node {
    let mut node = resource.properties.clone();
    if let model::Kind::Map(members) = &mut node.kind {
        let mut put = |key: &str, value: &str| {
            members.retain(|member| member.key != key);
            let place = resource.place.clone();
            members.push(model::Member { key: key.into(), key_place: place.clone(), value: Node::string(value, place) });
        };
        if let Some(arn) = &resource.arn {
            put("ARN", arn);
            put("Name", arn.split('/').nth(2).unwrap_or(&resource.id.logical));
        } else {
            put("Name", &resource.id.logical);
        }
    }
    node
}

impl Library {
    /// Takes the sets and groups that stand beside a web ACL in a document.
    ///
    /// # Errors
    /// As [`WebAcl::from_aws_json`].
    pub fn extend(&mut self, document: &Node, form: Form) -> Result<(), Vec<Trouble>> {
        let items = |key: &str| document.get(key).map_or(&[][..], Node::items);
        for node in items("IPSets") {
            let set = ip_set(node).map_err(|trouble| vec![trouble])?;
            self.ip_sets.insert(set.arn.clone(), Arc::new(set));
        }
        for node in items("RegexPatternSets") {
            let set = regex_pattern_set(node).map_err(|trouble| vec![trouble])?;
            self.regex_pattern_sets.insert(set.arn.clone(), Arc::new(set));
        }
        for node in items("RuleGroups") {
            let group = RuleGroup::read(node, self, form)?;
            self.rule_groups.insert(group.arn.clone(), Arc::new(group));
        }
        Ok(())
    }

    /// Takes the sets and groups of an application.
    ///
    /// # Errors
    /// As [`WebAcl::from_aws_json`].
    pub fn extend_from_app(&mut self, app: &App) -> Result<(), Vec<Trouble>> {
        self.account.clone_from(&app.account);
        for resource in app.of_kind("AWS::WAFv2::IPSet") {
            let set = ip_set(&named(resource)).map_err(|trouble| vec![trouble])?;
            self.ip_sets.insert(set.arn.clone(), Arc::new(set));
        }
        for resource in app.of_kind("AWS::WAFv2::RegexPatternSet") {
            let set = regex_pattern_set(&named(resource)).map_err(|trouble| vec![trouble])?;
            self.regex_pattern_sets.insert(set.arn.clone(), Arc::new(set));
        }
        for resource in app.of_kind("AWS::WAFv2::RuleGroup") {
            let group = RuleGroup::read(&named(resource), self, Form::CloudFormation)?;
            self.rule_groups.insert(group.arn.clone(), Arc::new(group));
        }
        Ok(())
    }
}

impl RuleGroup {
    /// A rule group: `CreateRuleGroup`'s request, `GetRuleGroup`'s `RuleGroup`, an `AWS::WAFv2::RuleGroup`'s properties.
    ///
    /// # Errors
    /// As [`WebAcl::from_aws_json`].
    pub fn read(node: &Node, library: &Library, form: Form) -> Result<Self, Vec<Trouble>> {
        let mut troubles = Vec::new();
        let one = |trouble: Trouble| vec![trouble];
        let shape = Shape::of(node, "RuleGroup", RULE_GROUP).map_err(one)?;
        let who = who(&shape, "rulegroup", &library.account).map_err(one)?;
        let statements = Statements { form, library };
        let rules = read_rules(shape.maybe_list("Rules").map_err(one)?, "Statement", &statements, Level::RuleGroup, &mut troubles);
        let bodies = bodies(&shape).map_err(one)?;
        check_bodies(&rules, &bodies, &mut troubles);
        let capacity = shape.need("Capacity").and_then(|node| number(node, "Capacity", 1..=i64::from(i32::MAX))).map_err(one)?;
        if !troubles.is_empty() {
            return Err(troubles);
        }
        Ok(Self { name: who.name, arn: who.arn, capacity: capacity as u64, rules, label_prefix: who.prefix, bodies })
    }
}

/// An IP set.
fn ip_set(node: &Node) -> Read<IpSet> {
    let shape =
        Shape::of(node, "IPSet", &["Name", "Id", "ARN", "Description", "IPAddressVersion", "Addresses", "Scope", "Tags", "LockToken"])?;
    let version: u8 = shape.choice("IPAddressVersion", &[("IPV4", 4), ("IPV6", 6)])?;
    let mut addresses = Vec::new();
    for item in shape.list("Addresses")? {
        let address = text(item, "Addresses")?;
        let net: ipnet::IpNet =
            address.parse().map_err(|_| fault(&item.place, format!("{address} is no range of addresses"), "write it as CIDR"))?;
        if net.prefix_len() == 0 || (version == 4) != net.addr().is_ipv4() {
            return Err(fault(&item.place, format!("{address} cannot stand in this set"), "AWS takes no /0, and one version of addresses"));
        }
        addresses.push(net);
    }
    Ok(IpSet { arn: shape.text("ARN")?, addresses })
}

/// A regex pattern set; the API writes each pattern as `{"RegexString": ...}`, CloudFormation as text.
fn regex_pattern_set(node: &Node) -> Read<RegexPatternSet> {
    let shape =
        Shape::of(node, "RegexPatternSet", &["Name", "Id", "ARN", "Description", "RegularExpressionList", "Scope", "Tags", "LockToken"])?;
    let patterns = shape.list("RegularExpressionList")?.iter().map(|item| {
        let inner = if item.members().is_empty() { item } else { Shape::of(item, "Regex", &["RegexString"])?.need("RegexString")? };
        Ok(Arc::new(pattern(inner)?))
    });
    Ok(RegexPatternSet { arn: shape.text("ARN")?, patterns: patterns.collect::<Read<_>>()? })
}

fn read_rules(nodes: &[Node], key: &'static str, statements: &Statements<'_>, level: Level, troubles: &mut Vec<Trouble>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let (mut names, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for node in nodes {
        match rule(node, key, statements, level) {
            Ok(rule) => {
                if !names.insert(rule.name.clone()) {
                    troubles.push(fault(&rule.place, format!("rule {} is there twice", rule.name), "give each its own name"));
                }
                if !priorities.insert(rule.priority) {
                    troubles.push(fault(&rule.place, format!("priority {} is there twice", rule.priority), "give each rule its own"));
                }
                rules.push(rule);
            }
            Err(trouble) => troubles.push(trouble),
        }
    }
    rules.sort_by_key(|rule| rule.priority);
    rules
}

fn rule(node: &Node, key: &'static str, statements: &Statements<'_>, level: Level) -> Read<Rule> {
    let known = ["Name", "Priority", key, "Action", "OverrideAction", "RuleLabels", "VisibilityConfig", "CaptchaConfig", "ChallengeConfig"];
    let shape = Shape::of(node, "Rule", &known)?;
    let name = shape.text("Name")?;
    let statement = statements.read(shape.need(key)?, level)?;
    let is_group = matches!(statement, Statement::Group(_));
    let action = match (shape.get("Action"), shape.get("OverrideAction"), is_group) {
        (Some(node), None, false) => RuleAction::Act(action(node, Names::Rule)?),
        (None, Some(node), true) => RuleAction::Group { count: Shape::of(node, "OverrideAction", &["None", "Count"])?.one()?.0 == "Count" },
        (_, _, true) => return Err(fault(&node.place, format!("rule {name} runs a rule group"), "give OverrideAction and no Action")),
        (_, _, false) => return Err(fault(&node.place, format!("rule {name} runs no rule group"), "give Action and no OverrideAction")),
    };
    let labels = shape.maybe_list("RuleLabels")?;
    if is_group && !labels.is_empty() {
        return Err(fault(&labels[0].place, "a rule that runs a rule group cannot add labels", "remove RuleLabels"));
    }
    Ok(Rule {
        priority: number(shape.need("Priority")?, "Priority", 0..=i64::from(i32::MAX))?,
        labels: labels.iter().map(label).collect::<Read<_>>()?,
        captcha_immunity: immunity(&shape, "CaptchaConfig", 60)?,
        challenge_immunity: immunity(&shape, "ChallengeConfig", 300)?,
        visibility: visibility(&shape)?,
        tier: None,
        place: node.place.clone(),
        name,
        statement,
        action,
    })
}

/// "Label syntax and naming requirements".
fn label(node: &Node) -> Read<String> {
    const RESERVED: [&str; 8] = ["awswaf", "aws", "waf", "rulegroup", "webacl", "regexpatternset", "ipset", "managed"];
    let name = Shape::of(node, "Label", &["Name"])?.text("Name")?;
    let parts: Vec<&str> = name.split(':').collect();
    let refuse = |says: String, help: &str| Err(fault(&node.place, says, help));
    if parts.len() > 6 {
        return refuse(format!("label {name} has {} namespaces", parts.len() - 1), "AWS takes five");
    }
    if let Some(part) = parts.iter().find(|part| RESERVED.contains(part)) {
        return refuse(format!("label {name} has the reserved word {part}"), "use another");
    }
    let valid =
        |part: &&str| !part.is_empty() && part.len() <= 128 && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !parts.iter().all(valid) {
        return refuse(format!("{name} is no label"), "use letters, digits, _ and -, up to 128 in each part");
    }
    Ok(name)
}

/// Which actions may stand somewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// A rule's.
    Rule,
    /// A web ACL's default.
    Default,
}

/// An action.
///
/// # Errors
/// An unknown one, and customizations that AWS refuses.
pub fn action(node: &Node, names: Names) -> Read<Action> {
    let known: &[&str] = match names {
        Names::Rule => &["Allow", "Block", "Count", "Captcha", "Challenge", "Monetize"],
        Names::Default => &["Allow", "Block"],
    };
    let (name, inner) = Shape::of(node, "Action", known)?.one()?;
    let inserts = || {
        let shape = Shape::of(inner, "Action", &["CustomRequestHandling"])?;
        let Some(handling) = shape.get("CustomRequestHandling") else { return Ok(Vec::new()) };
        headers(Shape::of(handling, "CustomRequestHandling", &["InsertHeaders"])?.list("InsertHeaders")?)
    };
    Ok(match name {
        "Allow" => Action::Allow(inserts()?),
        "Count" => Action::Count(inserts()?),
        "Captcha" => Action::Captcha(inserts()?),
        "Challenge" => Action::Challenge(inserts()?),
        "Block" => Action::Block(Shape::of(inner, "Block", &["CustomResponse"])?.get("CustomResponse").map(custom_response).transpose()?),
        _ => Shape::of(inner, "Monetize", &["PriceMultiplier"]).map(|_| Action::Monetize)?,
    })
}

/// "Supported status codes for custom response".
const STATUS: [u16; 33] = [
    200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 414, 415, 416, 421, 429,
    500, 501, 502, 503, 504, 505,
];

fn custom_response(node: &Node) -> Read<CustomResponse> {
    let shape = Shape::of(node, "CustomResponse", &["ResponseCode", "CustomResponseBodyKey", "ResponseHeaders"])?;
    let status = number(shape.need("ResponseCode")?, "ResponseCode", 200..=599)? as u16;
    if !STATUS.contains(&status) {
        return Err(fault(&node.place, format!("{status} is no status AWS sends"), "see \"Supported status codes for custom response\""));
    }
    Ok(CustomResponse { status, body: shape.maybe_text("CustomResponseBodyKey")?, headers: headers(shape.maybe_list("ResponseHeaders")?)? })
}

fn headers(items: &[Node]) -> Read<Vec<(String, String)>> {
    let read = |item: &Node| {
        let shape = Shape::of(item, "CustomHTTPHeader", &["Name", "Value"])?;
        let name = shape.text("Name")?;
        if name.is_empty() || name.len() > 64 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._$-".contains(&b)) {
            return Err(fault(&item.place, format!("{name} is no header name AWS takes"), "use letters, digits, . _ $ -"));
        }
        Ok((name, shape.text("Value")?))
    };
    items.iter().map(read).collect()
}

fn bodies(shape: &Shape<'_>) -> Read<BTreeMap<String, ResponseBody>> {
    let mut bodies = BTreeMap::new();
    for member in shape.get("CustomResponseBodies").map_or(&[][..], Node::members) {
        let body = Shape::of(&member.value, "CustomResponseBody", &["ContentType", "Content"])?;
        let types = [("TEXT_PLAIN", "text/plain"), ("TEXT_HTML", "text/html"), ("APPLICATION_JSON", "application/json")];
        bodies
            .insert(member.key.clone(), ResponseBody { content_type: body.choice("ContentType", &types)?, content: body.text("Content")? });
    }
    Ok(bodies)
}

/// Every body that a rule names must be there.
fn check_bodies(rules: &[Rule], bodies: &BTreeMap<String, ResponseBody>, troubles: &mut Vec<Trouble>) {
    for rule in rules {
        if let RuleAction::Act(Action::Block(Some(CustomResponse { body: Some(key), .. }))) = &rule.action
            && !bodies.contains_key(key)
        {
            troubles.push(fault(&rule.place, format!("no custom response body is called {key}"), "define it in CustomResponseBodies"));
        }
    }
}

fn immunity(shape: &Shape<'_>, key: &'static str, least: i64) -> Read<Option<u64>> {
    let Some(node) = shape.get(key) else { return Ok(None) };
    let Some(inner) = Shape::of(node, key, &["ImmunityTimeProperty"])?.get("ImmunityTimeProperty") else { return Ok(None) };
    let time = Shape::of(inner, "ImmunityTimeProperty", &["ImmunityTime"])?.need("ImmunityTime")?;
    number(time, "ImmunityTime", least..=259_200).map(|seconds| Some(seconds as u64))
}

/// `VisibilityConfig`, which AWS requires.
fn visibility(shape: &Shape<'_>) -> Read<Visibility> {
    let node = shape.need("VisibilityConfig")?;
    let config = Shape::of(node, "VisibilityConfig", &["SampledRequestsEnabled", "CloudWatchMetricsEnabled", "MetricName"])?;
    let bool = |key: &str| config.maybe_bool(key).map(Option::unwrap_or_default);
    Ok(Visibility {
        sampled: bool("SampledRequestsEnabled")?,
        metrics: bool("CloudWatchMetricsEnabled")?,
        metric: config.text("MetricName")?,
    })
}

const RESOURCES: [(&str, ResourceType); 6] = [
    ("CLOUDFRONT", ResourceType::CloudFront),
    ("API_GATEWAY", ResourceType::ApiGateway),
    ("COGNITO_USER_POOL", ResourceType::CognitoUserPool),
    ("APP_RUNNER_SERVICE", ResourceType::AppRunnerService),
    ("VERIFIED_ACCESS_INSTANCE", ResourceType::VerifiedAccessInstance),
    ("AGENTCORE_GATEWAY", ResourceType::AgentcoreGateway),
];

fn body_limits(shape: &Shape<'_>) -> Read<BTreeMap<ResourceType, usize>> {
    let mut limits = BTreeMap::new();
    let Some(config) = shape.get("AssociationConfig") else { return Ok(limits) };
    let config = Shape::of(config, "AssociationConfig", &["RequestBody", "ChallengeJavascriptSdkInjection"])?;
    for member in config.get("RequestBody").map_or(&[][..], Node::members) {
        let unknown = |place: &Place| fault(place, format!("{} has no body limit", member.key), "see AssociationConfig of the API");
        let kind = RESOURCES.iter().find(|(name, _)| *name == member.key).ok_or_else(|| unknown(&member.key_place))?.1;
        let sizes = [("KB_16", 16), ("KB_32", 32), ("KB_48", 48), ("KB_64", 64)];
        let limit: usize =
            Shape::of(&member.value, "RequestBody", &["DefaultSizeInspectionLimit"])?.choice("DefaultSizeInspectionLimit", &sizes)?;
        limits.insert(kind, limit * 1024);
    }
    Ok(limits)
}

impl ResourceType {
    /// The bytes of a body that are inspected: 8 KB for load balancers and AppSync, 16 KB or the configured limit else.
    pub fn body_limit(self, acl: &WebAcl) -> usize {
        match self {
            Self::ApplicationLoadBalancer | Self::AppSync => 8192,
            // "For Amplify, use the CloudFront limit."
            Self::Amplify => Self::CloudFront.body_limit(acl),
            kind => acl.body_limits.get(&kind).copied().unwrap_or(16_384),
        }
    }
}

/// The web ACLs that resources of an application are associated with: (resource ARN, web ACL ARN, place); of AWS WAF Classic
/// (`AWS::WAFRegional::WebACLAssociation`) the web ACL's id.
pub fn associations(app: &App) -> Vec<(String, String, Place)> {
    let of = |resource: &Resource| {
        let text = |key: &str| resource.properties.get(key).and_then(Node::scalar);
        Some((text("ResourceArn")?, text("WebACLArn").or_else(|| text("WebACLId"))?, resource.place.clone()))
    };
    app.of_kind("AWS::WAFv2::WebACLAssociation").chain(app.of_kind("AWS::WAFRegional::WebACLAssociation")).filter_map(of).collect()
}
