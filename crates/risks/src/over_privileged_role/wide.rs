//! Which grants are wide in effect: the IAM engine is asked on resources of nobody's choice, with the role's denials, its
//! boundary and the statement's conditions. What a denial or a boundary takes away, or a condition narrows, is not wide.

use super::Wide;
use iam::{Context, Outcome, Policy, Principal, Request, Stack, Statement};
use model::aws::Role;
use model::{App, Node, Place};

/// Actions of one service that are asked about.
const ASKED: usize = 24;

/// The wide statements of a role's own policies, with what is not known about each.
pub fn statements<'a>(app: &App, role: &'a Role, stack: &Stack) -> Vec<(Wide<'a>, Option<String>)> {
    let mut out = Vec::new();
    for own in &role.policies {
        let policy = Policy::parse(&own.name, &own.document);
        let nodes = own.document.get("Statement").map(Node::one_or_many).unwrap_or_default();
        for (node, statement) in nodes.iter().zip(&*policy.statements) {
            let Some(wide) = wide(node, statement) else { continue };
            let services: Vec<&str> = wide.actions.iter().filter_map(|action| action.strip_suffix(":*")).collect();
            match asked(app, role, stack, &services) {
                Asked::Held => out.push((wide, None)),
                Asked::Unknown(why) => out.push((wide, Some(why))),
                Asked::Narrowed => {}
            }
        }
    }
    out
}

/// Names of AWS managed policies that say themselves how wide they are, should the document not be known.
const BROAD: [&str; 2] = ["AdministratorAccess", "PowerUserAccess"];

/// Whether an AWS managed policy gives a role whole services on everything: by its document, where it is known, else by its
/// name; and no known boundary or denial takes it away.
pub fn broad(app: &App, role: &Role, stack: &Stack, arn: &str, place: &Place) -> bool {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let policy = iam::app::managed_policy(app, arn, place);
    let star = |s: &&iam::Statement| {
        let everywhere = s.resources.as_ref().is_some_and(|r| !r.not && r.any_of.iter().any(|p| p.text.is_star()));
        s.effect == iam::Effect::Allow && s.unknown.is_none() && everywhere && s.conditions.is_empty()
    };
    let wide: Vec<&iam::Statement> = policy.statements.iter().filter(star).collect();
    let everything = wide.iter().any(|s| s.actions.not || s.actions.any_of.iter().any(|p| p.text.is_star()));
    let patterns = wide.iter().filter(|s| !s.actions.not).flat_map(|s| &*s.actions.any_of);
    let services: Vec<&str> = patterns.filter_map(|p| p.text.text.strip_suffix(":*")).collect();
    if services.is_empty() && !everything {
        return BROAD.contains(&name) || name.ends_with("FullAccess");
    }
    !matches!(asked(app, role, stack, if everything { &[] } else { &services }), Asked::Narrowed)
}

enum Asked {
    /// At least a fifth of what was asked is allowed: S3 has many actions on things that are no buckets.
    Held,
    /// It hangs on something the template does not say.
    Unknown(String),
    /// It is denied, bounded, or bound to conditions.
    Narrowed,
}

/// Asks for actions of these services, or of some that every application has when none is named.
fn asked(app: &App, role: &Role, stack: &Stack, services: &[&str]) -> Asked {
    const COMMON: [&str; 4] = ["dynamodb", "s3", "sqs", "lambda"];
    let Some(principal) = Principal::parse(&role.arn) else { return Asked::Held };
    let all = iam::catalogue::catalogue();
    let services = if services.is_empty() { &COMMON[..] } else { services };
    // A caller over TLS, in this region and account; everything else is open.
    let context = Context::open().with("aws:SecureTransport", "true").with("aws:RequestedRegion", &app.region);
    let (mut held, mut unknown, mut narrowed, mut why) = (0, 0, 0, None);
    for service in services.iter().filter_map(|name| all.service(&name.to_lowercase())) {
        for action in all.actions_of(service).iter().take(ASKED) {
            let name = action.full(all);
            // Actions on one of several types of resources: one that is allowed is enough.
            let types = action.resource_types.iter().filter_map(|(at, _)| service.resource_types.get(usize::from(*at)));
            let mut resources: Vec<String> = types.map(|kind| some(&kind.arn, app)).collect();
            if resources.is_empty() {
                resources.push("*".into());
            }
            let ask = |resource: &String| {
                let request = Request::new(principal.clone(), &name, resource).with_context(context.clone()).owned_by(&*app.account);
                let decision = iam::decide(&request, stack);
                let unknown = decision.residual.iter().find(|residue| residue.key.is_none()).map(|residue| residue.says.clone());
                (decision.outcome, unknown)
            };
            let answers: Vec<_> = resources.iter().map(ask).collect();
            if answers.iter().any(|(outcome, _)| *outcome == Outcome::Allowed) {
                held += 1;
            } else if let Some(says) = answers.into_iter().find_map(|(_, unknown)| unknown) {
                unknown += 1;
                why = why.or(Some(says));
            } else {
                narrowed += 1;
            }
        }
    }
    match (held, unknown, narrowed, why) {
        (0, 0, 0, _) => Asked::Held,
        (held, unknown, narrowed, _) if held * 5 >= unknown + narrowed + held => Asked::Held,
        (held, unknown, narrowed, Some(why)) if (held + unknown) * 5 >= unknown + narrowed + held => Asked::Unknown(why),
        _ => Asked::Narrowed,
    }
}

/// A resource of a type that nobody named: `arn:aws:dynamodb:us-east-1:123456789012:table/some-0`.
fn some(template: &str, app: &App) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(match name {
            "Partition" => &app.partition,
            "Region" => &app.region,
            "Account" => &app.account,
            _ => "some-0",
        });
        rest = after;
    }
    out + rest
}

pub fn wide<'a>(node: &'a Node, statement: &Statement) -> Option<Wide<'a>> {
    if statement.effect != iam::Effect::Allow || statement.unknown.is_some() {
        return None;
    }
    let resources = statement.resources.as_ref()?;
    let everywhere = resources.not || resources.any_of.iter().any(|pattern| covers(&pattern.text.text));
    let (key, plain) = if statement.actions.not { ("NotAction", false) } else { ("Action", true) };
    let action = node.get(key)?;
    let resource = node.get("Resource").or_else(|| node.get("NotResource"))?;
    let texts = statement.actions.any_of.iter().map(|pattern| pattern.text.text.trim().to_owned());
    let actions: Vec<String> = match plain {
        true => texts.filter(|text| text == "*" || text.ends_with(":*")).collect(),
        false => vec![format!("everything but {}", texts.collect::<Vec<_>>().join(", "))],
    };
    (everywhere && !actions.is_empty()).then_some(Wide { actions, action, resource, plain: plain && !resources.not })
}

/// Whether a pattern covers every resource of its service: `*`, `arn:aws:s3:::*`, `arn:aws:dynamodb:*:*:*`.
fn covers(pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':').skip(3);
    pattern == "*"
        || (pattern.starts_with("arn:") && parts.clone().count() == 3 && parts.all(|part| part.is_empty() || part == "*" || part == "*/*"))
}
