//! Events of state machines: each has a role with which its service starts an execution.

use super::api_events::route;
use super::body::{self, INTEGRATION};
use super::make::{Put as _, attribute, copy, given, is_map, list, map, named_by_ref, policy, set, sub, text, trust, when};
use super::schedule::target_id;
use super::{Work, kind_of};
use model::{Kind, Member, Node, Place};

impl Work<'_> {
    pub(super) fn state_machine_event(&mut self, logical: &str, target: &Node, machine: &Node, event: &Member) {
        let id = format!("{logical}{}", event.key);
        let place = &event.key_place;
        let empty = map([], place);
        let p = event.value.get("Properties").filter(|p| is_map(p)).unwrap_or(&empty);
        let kind = kind_of(&event.value);
        if !self.check_event("state machine", &event.key, kind, p, place) {
            return;
        }
        match kind {
            "ScheduleV2" => {
                let starts = policy(&format!("{id}StartExecutionPolicy"), "states:StartExecution", target.clone(), place);
                self.schedule(&id, target, starts, p, place);
            }
            "Api" => {
                let role = self.starter(&id, "apigateway.amazonaws.com", target, machine, place);
                self.state_machine_route(target, event, p, &role, place);
            }
            _ => {
                let given_role = given(p, "RoleArn").filter(|_| kind == "Schedule").cloned();
                let role = given_role.unwrap_or_else(|| self.starter(&id, "events.amazonaws.com", target, machine, place));
                let goal_id = target_id(&id, "StepFunctionsTarget", p, true, place);
                let mut goal = map([("Arn", target.clone()), ("Id", goal_id), ("RoleArn", role)], place);
                let keys: &[&str] =
                    if kind == "Schedule" { &["Input", "RetryPolicy"] } else { &["Input", "InputPath", "RetryPolicy", "InputTransformer"] };
                copy(&mut goal, p, keys);
                self.rule_with(&id, kind, goal, p, kind == "Schedule", place);
            }
        }
    }

    /// The role of an event; gives its ARN.
    fn starter(&mut self, id: &str, service: &str, target: &Node, machine: &Node, place: &Place) -> Node {
        let role = format!("{id}Role");
        let starts = policy(&format!("{role}StartExecutionPolicy"), "states:StartExecution", target.clone(), place);
        let mut properties = map([("AssumeRolePolicyDocument", trust(service, place)), ("Policies", list(vec![starts], place))], place);
        properties.put_some("PermissionsBoundary", set(machine, "PermissionsBoundary").cloned());
        self.generate(&role, "AWS::IAM::Role", properties, place);
        attribute(&role, "Arn", place)
    }

    fn state_machine_route(&mut self, target: &Node, event: &Member, p: &Node, role: &Node, place: &Place) {
        let Some(route) = route(p, "RestApiId") else { return };
        let Some(api) = self.declared(&route.api).and_then(|api| api.get("Properties")).cloned() else { return };
        let Some(mut body) = given(&api, "DefinitionBody").filter(|_| self.managed.contains(&route.api)).cloned() else { return };
        if body::has_integration(&body, &route.path, &route.method) {
            return self.refuse(format!("{} {} is defined more than once in {}", route.method, route.path, route.api), place);
        }
        let condition = self.condition();
        let uri = sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution", place);
        let code = |code: &str| map([("statusCode", text(code, place))], place);
        let integration = map(
            [
                ("type", text("aws", place)),
                ("httpMethod", text("POST", place)),
                ("uri", when(condition.as_deref(), uri, place)),
                ("responses", map([("200", code("200")), ("400", code("400"))], place)),
                ("credentials", role.clone()),
                ("requestTemplates", map([("application/json", sub(request(named_by_ref(target).unwrap_or_default(), p), place))], place)),
            ],
            place,
        );
        let described = |words: &str| map([("description", text(words, place))], place);
        let responses = map([("200", described("OK")), ("400", described("Bad Request"))], place);
        body::add_path(&mut body, &route.path, &route.method, place);
        body::each_definition(&mut body, &route.path, &route.method, &mut |definition| {
            if !is_map(definition) {
                *definition = map([], place);
            }
            definition.put(INTEGRATION, integration.clone());
            if definition.get("responses").is_none() {
                definition.put("responses", responses.clone());
            }
            *definition = when(condition.as_deref(), definition.clone(), place);
        });
        if let Some(own) = set(p, "Auth").cloned() {
            // The transform does not look up the stage here.
            let stage = given(p, "Stage").cloned().unwrap_or_else(|| Node::new(Kind::Null, place.clone()));
            self.event_auth(&event.key, &route, &own, &api, &stage, &mut body);
        }
        if let Some(declared) = self.declared_mut(&route.api) {
            declared.entry("Properties").put("DefinitionBody", body);
        }
    }
}

/// The request that starts an execution with the body that came in.
fn request(logical: &str, p: &Node) -> String {
    match set(p, "UnescapeMappingTemplate") {
        Some(_) => {
            format!(r#"{{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")", "stateMachineArn": "${{{logical}}}"}}"#)
        }
        None => format!(r#"{{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "${{{logical}}}"}}"#),
    }
}
