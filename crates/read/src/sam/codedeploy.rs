//! `DeploymentPreference` of functions (AWS SAM Developer Guide): CodeDeploy shifts the alias to the new version. One
//! application and one role serve all functions, each function has a deployment group.

use super::make::{
    Put as _, attribute, boolean, branches, given, is_function, is_list, is_map, is_no_value, list, map, reference, set, text, texts, trust,
};
use super::{Work, tags};
use model::{Kind, Member, Node, Place};
use std::collections::BTreeSet;

const APPLICATION: &str = "ServerlessDeploymentApplication";
const ROLE: &str = "CodeDeployServiceRole";
const CONDITION: &str = "ServerlessCodeDeployCondition";
/// Configurations that CodeDeploy has itself.
const PREDEFINED: [&str; 9] = [
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
    "AllAtOnce",
];

/// The preference of one function.
pub(super) struct Preference {
    function: String,
    written: Node,
    /// The function's condition, where the preference takes it over.
    condition: Option<String>,
    /// The function's tags, where they are passed on.
    tags: Option<Node>,
    is_enabled: bool,
}

impl Work<'_> {
    /// Notes the preference of a function, and what CloudFormation does when its alias changes.
    pub(super) fn deployment_preference(&mut self, logical: &str, p: &Node, alias: Option<&str>) {
        let Some(written) = set(p, "DeploymentPreference") else { return };
        let place = &written.place;
        let mut written = written.clone();
        for key in ["Enabled", "Type", "PassthroughCondition"] {
            let known = written.get(key).map(|value| self.known(value));
            written.put_some(key, known);
        }
        let is_off = |node: &Node| !super::make::is_truthy(node) || matches!(node.str(), Some("false" | "False"));
        let is_enabled = written.get("Enabled").is_none_or(|enabled| !is_off(enabled));
        let passes = written.get("PassthroughCondition").is_some_and(|flag| !is_off(flag));
        if written.get("PassthroughCondition").is_some_and(|flag| flag.bool().is_none()) {
            self.refuse(format!("PassthroughCondition of {logical} must be true or false, also through parameters and mappings"), place);
        }
        let passed_tags = p.get("PropagateTags").filter(|on| super::make::is_truthy(on)).and(set(p, "Tags")).cloned();
        let condition = self.condition().filter(|_| passes);
        if is_enabled {
            if written.get("Type").is_none() {
                self.refuse(format!("DeploymentPreference of {logical} wants a Type"), place);
            }
            if given(&written, "Hooks").is_some_and(|hooks| !is_map(hooks)) {
                self.refuse(format!("Hooks of {logical} must be a mapping"), place);
            }
            match alias {
                Some(alias) => {
                    let update = update_policy(logical, &written, place);
                    if let Some(node) = self.output(alias) {
                        node.put("UpdatePolicy", update);
                    }
                }
                None => self.refuse(format!("DeploymentPreference of {logical} wants AutoPublishAlias"), place),
            }
        }
        let condition = condition.filter(|_| is_enabled);
        let tags = passed_tags.filter(|_| is_enabled);
        self.deployments.push(Preference { function: logical.to_owned(), written, condition, tags, is_enabled });
    }

    /// The application, the role and the groups.
    pub(super) fn codedeploy(&mut self) {
        let all = std::mem::take(&mut self.deployments);
        let Some(first) = all.iter().find(|one| one.is_enabled) else { return };
        let place = first.written.place.clone();
        self.origin.clone_from(&first.function);
        self.attributes = self.codedeploy_condition(&all, &place);
        let mut merged = map([], &place);
        for tag in all.iter().filter_map(|one| one.tags.as_ref()).flat_map(Node::members) {
            merged.put(&tag.key, tag.value.clone());
        }
        let merged = (!merged.members().is_empty()).then(|| list(tags::list(Some(&merged), &place), &place));
        let mut application = map([("ComputePlatform", text("Lambda", &place))], &place);
        application.put_some("Tags", merged.clone());
        self.generate(APPLICATION, "AWS::CodeDeploy::Application", application, &place);
        if all.iter().any(|one| one.is_enabled && set(&one.written, "Role").is_none()) {
            let limited = matches!(self.partition, "aws-iso" | "aws-iso-b");
            let name = if limited { "AWSCodeDeployRoleForLambdaLimited" } else { "AWSCodeDeployRoleForLambda" };
            let arn = self.managed_policy(&format!("service-role/{name}"), &place);
            let trust = trust("codedeploy.amazonaws.com", &place);
            let mut role = map([("AssumeRolePolicyDocument", trust), ("ManagedPolicyArns", list(vec![arn], &place))], &place);
            role.put_some("Tags", merged);
            self.generate(ROLE, "AWS::IAM::Role", role, &place);
        }
        for one in all.iter().filter(|one| one.is_enabled) {
            self.origin.clone_from(&one.function);
            self.attributes = condition_member(one.condition.as_deref(), &place);
            self.deployment_group(one);
        }
    }

    /// The condition under which any function is deployed so, where each depends on one.
    fn codedeploy_condition(&mut self, all: &[Preference], place: &Place) -> Vec<Member> {
        if all.iter().any(|one| one.condition.is_none() && one.is_enabled) {
            return Vec::new();
        }
        let names: BTreeSet<&String> = all.iter().filter_map(|one| one.condition.as_ref()).collect();
        match names.len() {
            0 => Vec::new(),
            1 => condition_member(names.first().map(|name| name.as_str()), place),
            _ => {
                let parts = names.iter().map(|name| map([("Condition", text(name.as_str(), place))], place)).collect();
                self.add_condition(CONDITION, map([("Fn::Or", list(parts, place))], place));
                condition_member(Some(CONDITION), place)
            }
        }
    }

    fn deployment_group(&mut self, one: &Preference) {
        let place = &one.written.place;
        let events = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"];
        let rollback = map([("Enabled", boolean(true, place)), ("Events", texts(&events, place))], place);
        let style = map([("DeploymentType", text("BLUE_GREEN", place)), ("DeploymentOption", text("WITH_TRAFFIC_CONTROL", place))], place);
        let role = set(&one.written, "Role").cloned().unwrap_or_else(|| attribute(ROLE, "Arn", place));
        let mut properties = map(
            [
                ("ApplicationName", reference(APPLICATION, place)),
                ("AutoRollbackConfiguration", rollback),
                ("DeploymentStyle", style),
                ("ServiceRoleArn", role),
            ],
            place,
        );
        properties.put_some("DeploymentConfigName", given(&one.written, "Type").map(|kind| configuration(kind, None)));
        let alarms = set(&one.written, "Alarms").filter(|alarms| !is_no_value(alarms));
        match alarms.map(alarms_of) {
            Some(Some(alarms)) => properties.put("AlarmConfiguration", alarms),
            Some(None) => self.refuse(format!("Alarms of {} must be a list", one.function), place),
            None => {}
        }
        properties.put_some("TriggerConfigurations", set(&one.written, "TriggerConfigurations").cloned());
        properties.put_some("Tags", one.tags.as_ref().map(|tags| list(tags::list(Some(tags), place), place)));
        self.generate(&format!("{}DeploymentGroup", one.function), "AWS::CodeDeploy::DeploymentGroup", properties, place);
    }
}

fn condition_member(name: Option<&str>, place: &Place) -> Vec<Member> {
    name.map(|name| map([("Condition", text(name, place))], place).members().to_vec()).unwrap_or_default()
}

fn update_policy(logical: &str, written: &Node, place: &Place) -> Node {
    let group = reference(&format!("{logical}DeploymentGroup"), place);
    let mut update = map([("ApplicationName", reference(APPLICATION, place)), ("DeploymentGroupName", group)], place);
    let hooks = given(written, "Hooks");
    for (from, to) in [("PreTraffic", "BeforeAllowTrafficHook"), ("PostTraffic", "AfterAllowTrafficHook")] {
        update.put_some(to, hooks.and_then(|hooks| set(hooks, from)).cloned());
    }
    map([("CodeDeployLambdaAliasUpdate", update)], place)
}

/// A predefined configuration by its full name, also inside a function call.
fn configuration(node: &Node, key: Option<&str>) -> Node {
    let place = &node.place;
    match &node.kind {
        Kind::List(items) => list(items.iter().map(|item| configuration(item, None)).collect(), place),
        Kind::Map(members) if is_function(node) => {
            let each = members.iter().map(|member| Member { value: configuration(&member.value, Some(&member.key)), ..member.clone() });
            Node::new(Kind::Map(each.collect()), place.clone())
        }
        Kind::String(name) if PREDEFINED.contains(&name.as_str()) => {
            let parts = vec![text("CodeDeployDefault.Lambda${ConfigName}", place), map([("ConfigName", node.clone())], place)];
            let parts = list(parts, place);
            if key == Some("Fn::Sub") { parts } else { map([("Fn::Sub", parts)], place) }
        }
        _ => node.clone(),
    }
}

fn alarms_of(alarms: &Node) -> Option<Node> {
    let place = &alarms.place;
    if let Some((condition, yes, no)) = branches(alarms) {
        return Some(map([("Fn::If", list(vec![condition.clone(), alarm_list(yes)?, alarm_list(no)?], place))], place));
    }
    alarm_list(alarms)
}

fn alarm_list(alarms: &Node) -> Option<Node> {
    let place = &alarms.place;
    if !is_list(alarms) {
        return None;
    }
    if alarms.items().first().is_none_or(is_no_value) {
        return Some(map([], place));
    }
    let each = alarms.items().iter().map(|alarm| map([("Name", alarm.clone())], place)).collect();
    Some(map([("Enabled", boolean(true, place)), ("Alarms", list(each, place))], place))
}
