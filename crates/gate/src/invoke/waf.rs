//! Web ACL of the stage (AWS WAF Developer Guide, "How AWS WAF works"; API Gateway Developer Guide, "Use AWS WAF to protect
//! your REST APIs in API Gateway"). A web ACL that is not understood closes its stage; it never passes silently.

use super::stage_of;
use crate::compiled;
use crate::walk::{Said, Walk, stop};
use crate::web_acl::{Asking, Inspection, inspection, instance};
use model::aws::Stage;
use model::{Ask, Call, Charge, HttpResponse, Invoke, Place, Stop, WebAclAnswer};
use waf::request::Request;
use waf::wafv2::{Judgement, ResourceType, Response, RuleMatch, Terminating, Tier, WebAcl};

/// Judges the web ACL of the stage. What it lets pass must be there whole: every phase after it looks at all of the request.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let said = web_acl(walk);
    match &walk.call.ask {
        Ask::Invoke(invoke) if invoke.beyond > 0 && said.goes_on() => Said::depends(
            format!("{} bytes of the body were not kept, and the web ACL does not stop what came before", invoke.beyond),
            None,
        ),
        _ => said,
    }
}

fn web_acl(walk: &mut Walk<'_>) -> Said {
    let (invoke, _, stage) = match stage_of(walk) {
        Ok(found) => found,
        Err(said) => return said,
    };
    let Some(arn) = &stage.web_acl else {
        return Said::on(format!("stage `{}` has no web ACL", stage.name), Some(stage.place.clone()));
    };
    if let Some(answer) = walk.state.web_acl_answer() {
        return answered(walk, answer);
    }
    let Some(compiled) = compiled::web_acl(walk.app, arn) else { return undeclared(stage, arn) };
    let program = match &*compiled {
        Ok(program) => program,
        Err(trouble) => {
            let says = format!("web ACL {arn} of stage `{}` cannot be judged: {}", stage.name, trouble.says);
            return Said::depends(says, Some(trouble.place.clone()));
        }
    };
    let path = inspection::path(walk.call);
    let asking = Asking { state: walk.state, now: walk.call.time };
    let judgement = program.ask(&request(walk.call, invoke, path.as_bytes()), ResourceType::ApiGateway, &asking);
    let answer = answer(program.acl(), &judgement);
    walk.inspection = Some(Inspection { answer: answer.clone(), acl: compiled, judgement });
    answered(walk, answer)
}

fn undeclared(stage: &Stage, arn: &str) -> Said {
    Said::depends(format!("web ACL {arn} of stage `{}` is not declared in this application", stage.name), Some(stage.place.clone()))
}

/// The request as WAF sees it. `path` begins with the stage.
pub(crate) fn request<'a>(call: &Call, invoke: &'a Invoke, path: &'a [u8]) -> Request<'a> {
    let body_size = invoke.request.body.len().saturating_add(invoke.beyond);
    Request { path, client_ip: call.source_ip.parse().ok(), body_size, ..Request::of(&invoke.request) }
}

fn answered(walk: &mut Walk<'_>, answer: WebAclAnswer) -> Said {
    walk.grant.inserted_headers = answer.inserted_headers;
    walk.charges.extend(answer.charges);
    match answer.stop {
        Some(stop) => Said::stop(stop, answer.says, answer.place),
        None => Said::on(answer.says, answer.place),
    }
}

fn answer(acl: &WebAcl, judgement: &Judgement) -> WebAclAnswer {
    let end = judgement.terminating.as_ref();
    let charge = |counted: &waf::wafv2::Counted| Charge::Rate {
        rule: counted.instance.rule.clone(),
        instance: instance(&counted.instance.values),
        limit: counted.limit,
        window: counted.window,
    };
    WebAclAnswer {
        says: says(acl, judgement),
        place: Some(end.map_or_else(|| acl.place.clone(), |end| place(acl, end))),
        stop: judgement.response.as_ref().map(refusal),
        inserted_headers: judgement.inserted.clone(),
        charges: judgement.counted.iter().map(charge).collect(),
    }
}

/// Where the rule is written: a managed group's rules are written nowhere in the application, but their use is.
fn place(acl: &WebAcl, end: &Terminating) -> Place {
    let own = acl.rules.iter().find(|rule| rule.name == end.rule).map(|rule| &rule.place);
    let inner = Some(&end.matched.place).filter(|_| end.matched.tier.is_none());
    inner.or(own).unwrap_or(&acl.place).clone()
}

/// The sentence: which rule of which web ACL, how faithful it is, what else matched, and what could not be assessed.
fn says(acl: &WebAcl, judgement: &Judgement) -> String {
    let verb = inspection::verb(judgement.outcome);
    let mut out = match &judgement.terminating {
        Some(end) => format!("rule {} of web ACL {} {verb} it{}", judgement.path().join("/"), acl.name, faith(&end.matched)),
        None => format!("the default action of web ACL {} {verb} it", acl.name),
    };
    let inner = judgement.groups.iter().flat_map(|group| &group.non_terminating);
    let counted: Vec<_> = judgement.non_terminating.iter().chain(inner).map(|own| format!("{}{}", own.rule, faith(own))).collect();
    let unassessed: Vec<_> = judgement.unassessed.iter().map(|one| format!("{}: {}", one.rule, one.why)).collect();
    for (what, list) in [("counted", &counted), ("labels", &judgement.labels), ("not assessed", &unassessed)] {
        if !list.is_empty() {
            out.push_str(&format!("; {what}: {}", list.join(", ")));
        }
    }
    out
}

/// ` (tier C, inferred: ...)` of a rule whose answer may not be AWS's.
fn faith(matched: &RuleMatch) -> String {
    let tier = matched.tier.map(|tier| match tier {
        Tier::NotSimulated => "tier X, not simulated".to_owned(),
        tier => format!("tier {}", tier.letter()),
    });
    let inferred = matched.inferred.map(|why| format!("inferred: {why}"));
    let parts: Vec<_> = tier.into_iter().chain(inferred).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// API Gateway's answer: its gateway response for `WAF_FILTERED`, unless WAF has one of its own.
fn refusal(response: &Response) -> Stop {
    let own = response.custom || response.status != 403;
    let http = || {
        let mut http = HttpResponse { status: response.status, headers: response.headers.clone(), body: Vec::new() };
        if let Some(body) = &response.body {
            http.headers.push(("Content-Type".into(), body.content_type.into()));
            http.body = body.content.clone().into_bytes();
        }
        Box::new(http)
    };
    Stop { response: own.then(http), ..stop(response.status, "WAF_FILTERED", "Forbidden") }
}
