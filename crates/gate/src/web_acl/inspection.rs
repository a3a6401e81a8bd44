//! What a web ACL made of one request, for those who watch: WAF's log record, its sampled requests and its numbers (AWS
//! WAF Developer Guide, "Log fields", "Viewing a sample of web requests", "AWS WAF metrics and dimensions").

use super::Compiled;
use crate::invoke::waf::request;
use model::{App, Ask, Call, Node, WebAclAnswer};
use serde_json::{Value, json};
use std::sync::Arc;
use waf::wafv2::ast::Visibility;
use waf::wafv2::{Judgement, Outcome, Program, Redacted, RuleMatch, Source, WebAcl, log_line};

/// A request that a web ACL judged.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub(crate) answer: WebAclAnswer,
    pub(crate) acl: Arc<Compiled>,
    pub(crate) judgement: Judgement,
}

/// A number to count up by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// `BlockedRequests`.
    pub name: &'static str,
    /// Dimension `WebACL`: its metric name.
    pub web_acl: String,
    /// Dimension `Rule`: a rule's metric name, `Default_Action` or `ALL`.
    pub rule: String,
}

/// Dimension `Rule` of requests that no rule ended.
const DEFAULT: &str = "Default_Action";

impl Inspection {
    /// The web ACL, when it judged.
    fn acl(&self) -> Option<&WebAcl> {
        self.acl.as_ref().as_ref().ok().map(Program::acl)
    }

    /// ARN of the web ACL.
    pub fn web_acl_arn(&self) -> &str {
        self.acl().map_or("", |acl| &acl.arn)
    }

    /// The record of WAF's log and its destination's ARN, when the web ACL has a logging configuration and its filter
    /// keeps the record.
    pub fn log_record(&self, app: &App, call: &Call) -> Option<(String, Value)> {
        let acl = self.acl()?;
        let Ask::Invoke(invoke) = &call.ask else { return None };
        let is_its = |configuration: &&model::Resource| configuration.properties.get("ResourceArn").and_then(Node::str) == Some(&acl.arn);
        let configuration = &app.of_kind("AWS::WAFv2::LoggingConfiguration").find(is_its)?.properties;
        let destination = configuration.get("LogDestinationConfigs")?.items().first()?.scalar()?;
        if !self.kept(configuration) {
            return None;
        }
        let api = app.aws().rest_apis.iter().find(|api| api.id == invoke.api)?;
        let id = format!("{}:{}:{}", app.account, api.api_id, invoke.stage);
        let timestamp = u64::try_from(call.time.0).unwrap_or(0);
        let source = Source { timestamp, name: "APIGW", id: &id, request_id: &call.id };
        let path = path(call);
        let request = request(call, invoke, path.as_bytes());
        Some((destination, log_line(acl, &request, &self.judgement, &source, &redacted(configuration))))
    }

    /// `LoggingFilter`: the first filter whose conditions are met says whether the record is kept.
    fn kept(&self, configuration: &Node) -> bool {
        let Some(filter) = configuration.get("LoggingFilter").filter(|filter| !filter.members().is_empty()) else { return true };
        let keeps = |node: &Node, key: &str| node.get(key).and_then(Node::str) != Some("DROP");
        let met = |condition: &Node| {
            let action = condition.at(&["ActionCondition", "Action"]).and_then(Node::str);
            let label = condition.at(&["LabelNameCondition", "LabelName"]).and_then(Node::str);
            action.is_some_and(|action| self.took(action))
                || label.is_some_and(|label| self.judgement.labels.iter().any(|own| own == label))
        };
        let is_met = |one: &&Node| {
            let conditions = one.get("Conditions").map(Node::items).unwrap_or_default();
            match one.get("Requirement").and_then(Node::str) {
                Some("MEETS_ALL") => conditions.iter().all(met),
                _ => conditions.iter().any(met),
            }
        };
        let filters = filter.get("Filters").map(Node::items).unwrap_or_default();
        filters.iter().find(is_met).map_or_else(|| keeps(filter, "DefaultBehavior"), |one| keeps(one, "Behavior"))
    }

    /// Whether an action was taken, by the rule that ended the inspection or by one that did not.
    fn took(&self, action: &str) -> bool {
        let judgement = &self.judgement;
        let inner = judgement.groups.iter().flat_map(|group| &group.non_terminating);
        let mut counted = judgement.non_terminating.iter().chain(inner);
        match action {
            "EXCLUDED_AS_COUNT" => counted.any(|matched| matched.excluded),
            action => judgement.outcome.name() == action || counted.any(|matched| !matched.excluded && matched.action == action),
        }
    }

    /// What is counted: the rules that matched and the web ACL as a whole, where they have metrics.
    pub fn counters(&self) -> Vec<Counter> {
        let Some(acl) = self.acl() else { return Vec::new() };
        let mut out = Vec::new();
        let mut count = |name: &'static str, rule: &str| {
            out.push(Counter { name, web_acl: acl.visibility.metric.clone(), rule: rule.to_owned() });
        };
        for matched in self.rules().filter(|(_, visibility, _)| visibility.metrics) {
            let (_, visibility, action) = matched;
            count(metric(action), &visibility.metric);
        }
        if acl.visibility.metrics {
            let name = metric(self.judgement.outcome.name());
            if self.judgement.terminating.is_none() {
                count(name, DEFAULT);
            }
            if !self.judgement.non_terminating.is_empty() {
                count("CountedRequests", "ALL");
            }
            count(name, "ALL");
        }
        out
    }

    /// The rules of the web ACL that matched: their name, visibility and the action that was applied.
    fn rules(&self) -> impl Iterator<Item = (&str, &Visibility, &'static str)> {
        let counted = self.judgement.non_terminating.iter().map(|matched| (matched.rule.as_str(), matched.action));
        let ended = self.judgement.terminating.iter().map(|end| (end.rule.as_str(), self.judgement.outcome.name()));
        counted.chain(ended).filter_map(|(name, action)| {
            let rule = self.acl()?.rules.iter().find(|rule| rule.name == name)?;
            Some((name, &rule.visibility, action))
        })
    }

    /// The samples: WAF's `SampledHTTPRequest` for each rule that matched, else for the default action, by metric name.
    pub fn samples(&self, call: &Call) -> Vec<(String, Value)> {
        let (Some(acl), Ask::Invoke(invoke)) = (self.acl(), &call.ask) else { return Vec::new() };
        let mut out: Vec<(String, Value)> = Vec::new();
        let sampled = self.rules().filter(|(_, visibility, _)| visibility.sampled);
        out.extend(sampled.map(|(rule, visibility, action)| (visibility.metric.clone(), self.sample(call, invoke, action, Some(rule)))));
        if self.judgement.terminating.is_none() && acl.visibility.sampled {
            out.push((DEFAULT.to_owned(), self.sample(call, invoke, self.judgement.outcome.name(), None)));
        }
        out
    }

    fn sample(&self, call: &Call, invoke: &model::Invoke, action: &str, rule: Option<&str>) -> Value {
        let headers: Vec<_> = invoke.request.headers.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let mut sample = json!({
            "Request": {
                "ClientIP": call.source_ip,
                "Country": "-",
                "URI": path(call),
                "Method": invoke.request.method,
                "HTTPVersion": "HTTP/1.1",
                "Headers": headers,
            },
            "Action": action,
        });
        let end = self.judgement.terminating.as_ref().filter(|end| rule == Some(end.rule.as_str()));
        if let Some(inner) = end.and_then(|end| self.inner(&end.rule, &end.matched)) {
            sample["RuleNameWithinRuleGroup"] = json!(inner);
        }
        if let Some(overridden) = end.and_then(|end| end.matched.overridden) {
            sample["OverriddenAction"] = json!(overridden);
        }
        if !self.judgement.inserted.is_empty() {
            let inserted = self.judgement.inserted.iter().map(|(name, value)| json!({ "Name": name, "Value": value }));
            sample["RequestHeadersInserted"] = inserted.collect();
        }
        if let (Some(_), Some(response)) = (end, &self.judgement.response) {
            sample["ResponseCodeSent"] = json!(response.status);
        }
        if !self.judgement.labels.is_empty() {
            sample["Labels"] = self.judgement.labels.iter().map(|label| json!({ "Name": label })).collect();
        }
        sample
    }

    /// `<vendor>#<group>#<rule>` or `<group>#<rule>` of a rule inside a group.
    fn inner(&self, rule: &str, matched: &RuleMatch) -> Option<String> {
        if matched.rule == rule {
            return None;
        }
        let group = self.judgement.groups.iter().find(|group| group.terminating.as_ref() == Some(matched))?;
        let name = if group.id.starts_with("arn:") { group.id.rsplit('/').nth(1)? } else { &group.id };
        Some(format!("{name}#{}", matched.rule))
    }
}

/// The path as WAF sees it: with the stage.
pub(crate) fn path(call: &Call) -> String {
    match &call.ask {
        Ask::Invoke(invoke) => format!("/{}{}", invoke.stage, invoke.request.path),
        _ => String::new(),
    }
}

fn metric(action: &str) -> &'static str {
    match action {
        "ALLOW" => "AllowedRequests",
        "COUNT" => "CountedRequests",
        "CAPTCHA" => "CaptchaRequests",
        "CHALLENGE" => "ChallengeRequests",
        _ => "BlockedRequests",
    }
}

fn redacted(configuration: &Node) -> Redacted {
    let mut out = Redacted::default();
    for field in configuration.get("RedactedFields").map(Node::items).unwrap_or_default() {
        out.uri |= field.get("UriPath").is_some();
        out.query |= field.get("QueryString").is_some();
        out.method |= field.get("Method").is_some();
        out.headers.extend(field.at(&["SingleHeader", "Name"]).and_then(Node::scalar));
    }
    out
}

/// The outcome in a sentence about a rule.
pub(crate) fn verb(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allows",
        Outcome::Block => "blocks",
        Outcome::Captcha => "asks for a CAPTCHA on",
        Outcome::Challenge => "challenges",
        Outcome::Monetize => "asks money for",
    }
}
