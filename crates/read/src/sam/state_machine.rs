//! `AWS::Serverless::StateMachine` (AWS SAM Developer Guide): the state machine, its role, and a version with an alias.

use super::make::{Put as _, attribute, given, is_function, list, map, reference, set, text, trust};
use super::{Work, tags};
use model::{Kind, Member, Node, Place};

impl Work<'_> {
    pub(super) fn state_machine(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        let mut properties = map([], &p.place);
        for (from, to) in [
            ("Name", "StateMachineName"),
            ("Type", "StateMachineType"),
            ("Logging", "LoggingConfiguration"),
            ("Tracing", "TracingConfiguration"),
            ("Role", "RoleArn"),
        ] {
            properties.put_some(to, given(p, from).cloned());
        }
        properties.put_some("DefinitionSubstitutions", set(p, "DefinitionSubstitutions").cloned());
        match (set(p, "Definition"), set(p, "DefinitionUri")) {
            (Some(definition), other) => {
                if other.is_some() {
                    self.refuse(format!("{logical} has both Definition and DefinitionUri"), place);
                }
                definition_string(definition, &mut properties);
            }
            (None, Some(uri)) => {
                let location = self.document_location(uri);
                let key = if location.get("Bucket").is_some() { "DefinitionS3Location" } else { "Definition" };
                properties.put(key, location);
            }
            (None, None) => self.refuse(format!("{logical} wants Definition or DefinitionUri"), place),
        }
        let all_tags = tags::created("stateMachine:createdBy", p.get("Tags"), place);
        properties.put("Tags", list(all_tags.clone(), place));
        let own_role = set(p, "Role").is_none();
        if !own_role && set(p, "Policies").is_some() {
            self.refuse(format!("{logical} has both Role and Policies"), place);
        }
        if own_role {
            properties.put("RoleArn", attribute(&format!("{logical}Role"), "Arn", place));
        }
        self.replace(&member.value, logical, "AWS::StepFunctions::StateMachine", properties, place);
        if own_role {
            self.state_machine_role(logical, p, all_tags, place);
        }
        let alias = self.state_machine_alias(logical, p, place);
        let wants_alias = set(p, "UseAliasAsEventTarget").is_some();
        let target = match alias {
            Some(id) if wants_alias => reference(&id, place),
            _ => reference(logical, place),
        };
        for event in p.get("Events").map(Node::members).unwrap_or_default() {
            self.state_machine_event(logical, &target, p, event);
        }
    }

    fn state_machine_role(&mut self, logical: &str, p: &Node, all_tags: Vec<Node>, place: &Place) {
        let traced = p.get("Tracing").and_then(|tracing| tracing.get("Enabled")).is_some_and(|on| matches!(on.kind, Kind::Bool(true)));
        let mut own = p.clone();
        if traced {
            let name = if self.partition == "aws" { "AWSXrayWriteOnlyAccess" } else { "AWSXRayDaemonWriteAccess" };
            let mut all = set(p, "Policies").map(Node::one_or_many).unwrap_or_default().to_vec();
            all.push(text(name, place));
            own.put("Policies", list(all, place));
        }
        self.role(logical, trust("states.amazonaws.com", place), &own, (Vec::new(), Vec::new()), all_tags, place);
    }

    /// `AutoPublishAlias`: a version and an alias; gives the alias's logical id.
    fn state_machine_alias(&mut self, logical: &str, p: &Node, place: &Place) -> Option<String> {
        let preference = set(p, "DeploymentPreference");
        let Some(name) = set(p, "AutoPublishAlias") else {
            if preference.is_some() || set(p, "UseAliasAsEventTarget").is_some() {
                self.refuse(format!("DeploymentPreference and UseAliasAsEventTarget of {logical} want AutoPublishAlias"), place);
            }
            return None;
        };
        let version = format!("{logical}Version");
        let properties = map(
            [
                ("StateMachineArn", reference(logical, place)),
                ("StateMachineRevisionId", attribute(logical, "StateMachineRevisionId", place)),
            ],
            place,
        );
        self.generate(&version, "AWS::StepFunctions::StateMachineVersion", properties, place);
        if let Some(node) = self.output(&version) {
            for key in ["DeletionPolicy", "UpdateReplacePolicy"] {
                if node.get(key).is_none() {
                    node.put(key, text("Retain", place));
                }
            }
        }
        let mut shift = preference.cloned().unwrap_or_else(|| map([("Type", text("ALL_AT_ONCE", place))], place));
        shift.put("StateMachineVersionArn", reference(&version, place));
        let id = format!("{logical}Alias{}", name.scalar().unwrap_or_default());
        let properties = map([("Name", name.clone()), ("DeploymentPreference", shift)], place);
        self.generate(&id, "AWS::StepFunctions::StateMachineAlias", properties, place);
        Some(id)
    }
}

/// A definition as text in lines; what only the deployment knows becomes a substitution.
fn definition_string(definition: &Node, properties: &mut Node) {
    let mut definition = definition.clone();
    let mut found = Vec::new();
    substitute(&mut definition, &mut found);
    let place = definition.place.clone();
    if !found.is_empty() {
        let known = properties.entry("DefinitionSubstitutions");
        found.into_iter().enumerate().for_each(|(at, value)| known.put(&format!("definition_substitution_{}", at + 1), value));
    }
    let mut lines = String::new();
    pretty(&definition.json(), 0, &mut lines);
    let lines = lines.split('\n').map(|line| text(line, &place)).collect();
    let joined = map([("Fn::Join", list(vec![text("\n", &place), list(lines, &place)], &place))], &place);
    properties.put("DefinitionString", joined);
}

/// Function calls and dynamic references, replaced in the order of sorted keys.
fn substitute(node: &mut Node, found: &mut Vec<Node>) {
    let is_dynamic =
        |node: &Node| is_function(node) || node.str().is_some_and(|text| text.starts_with("{{resolve:") && text.ends_with("}}"));
    let mut one = |node: &mut Node| {
        if is_dynamic(node) {
            let place = node.place.clone();
            let name = format!("${{definition_substitution_{}}}", found.len() + 1);
            found.push(std::mem::replace(node, text(name, &place)));
        } else {
            substitute(node, found);
        }
    };
    match &mut node.kind {
        Kind::Map(members) => {
            let mut order: Vec<usize> = (0..members.len()).collect();
            order.sort_by_key(|at| members.get(*at).map(|member| member.key.clone()));
            for at in order {
                if let Some(member) = members.get_mut(at) {
                    one(&mut member.value);
                }
            }
        }
        Kind::List(items) => items.iter_mut().for_each(one),
        _ => {}
    }
}

/// JSON in lines, four spaces deep, keys sorted.
fn pretty(value: &serde_json::Value, depth: usize, out: &mut String) {
    use serde_json::Value;
    let indent = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"    ".repeat(depth));
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                indent(out, depth + 1);
                super::letters::quoted(key, out);
                out.push_str(": ");
                pretty(value, depth + 1, out);
            }
            indent(out, depth);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                indent(out, depth + 1);
                pretty(item, depth + 1, out);
            }
            indent(out, depth);
            out.push(']');
        }
        Value::String(text) => super::letters::quoted(text, out),
        other => out.push_str(&other.to_string()),
    }
}
