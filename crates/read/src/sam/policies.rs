//! A function's `Policies`: managed policy names and ARNs, policy documents, SAM policy templates
//! (AWS SAM Developer Guide, "AWS SAM policy templates").

use super::make::{branches, is_function, is_no_value, list, map, sub, sub_with, text};
use model::{Kind, Node, Place};

const TEMPLATES: &str = include_str!("policy_templates.txt");
const MANAGED: &str = include_str!("managed_policies.txt");

/// What an entry of `Policies` gives the role.
pub(super) enum Policy {
    /// The ARN of a managed policy, or a function that yields one.
    Managed(Node),
    /// A policy document, or a function that yields one.
    Document(Node),
    /// A policy template that is not known.
    Unknown(String),
}

/// Reads one entry.
pub(super) fn policy(entry: &Node, partition: &str) -> Policy {
    if let Some(name) = entry.str() {
        return Policy::Managed(text(managed_arn(name, partition), &entry.place));
    }
    match entry.members() {
        [only] if only.key == "Fn::If" => conditional(entry, partition),
        _ if is_function(entry) => Policy::Managed(entry.clone()),
        _ if entry.get("Statement").is_some() => Policy::Document(entry.clone()),
        [only] => match template(&only.key, &only.value, &only.key_place) {
            Some(document) => match document.first_unknown() {
                Some((_, unknown)) => Policy::Unknown(unknown.why.clone()),
                None => Policy::Document(document),
            },
            None => Policy::Unknown(format!("{} is not a SAM policy template that is known", only.key)),
        },
        _ => Policy::Unknown("an entry of Policies is neither a policy document nor a policy template".to_owned()),
    }
}

/// `Fn::If` over entries: each branch is read, the function stays around them.
fn conditional(entry: &Node, partition: &str) -> Policy {
    let Some((condition, yes, no)) = branches(entry) else {
        return Policy::Unknown("Fn::If in Policies wants a condition and two entries".to_owned());
    };
    let (mut kinds, mut items) = (Vec::new(), vec![condition.clone()]);
    for branch in [yes, no] {
        if is_no_value(branch) {
            items.push(branch.clone());
            continue;
        }
        match policy(branch, partition) {
            Policy::Managed(arn) => {
                kinds.push(false);
                items.push(arn);
            }
            Policy::Document(document) => {
                kinds.push(true);
                items.push(document);
            }
            Policy::Unknown(why) => return Policy::Unknown(why),
        }
    }
    let node = map([("Fn::If", list(items, &entry.place))], &entry.place);
    match kinds.as_slice() {
        [true, false] | [false, true] => Policy::Unknown("Fn::If in Policies mixes a document with a managed policy".to_owned()),
        [true, ..] => Policy::Document(node),
        _ => Policy::Managed(node),
    }
}

/// The ARN of a policy by its name; what is an ARN already stays.
fn managed_arn(name: &str, partition: &str) -> String {
    if name.starts_with("arn:") || name.contains("${") {
        return name.to_owned();
    }
    let mut path = "";
    for line in MANAGED.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(known) if known == name => return format!("arn:{partition}:iam::aws:policy/{path}/{name}"),
            Some(_) => {}
            None => path = line,
        }
    }
    format!("arn:{partition}:iam::aws:policy/{name}")
}

/// The document that a policy template stands for.
fn template(name: &str, parameters: &Node, place: &Place) -> Option<Node> {
    let mut lines = TEMPLATES.lines().skip_while(|line| line.split(' ').next() != Some(name));
    lines.next()?;
    let statements = lines.take_while(|line| line.starts_with("  ")).map(|line| statement(line.trim_start(), parameters, place));
    Some(map([("Statement", list(statements.collect(), place))], place))
}

fn statement(line: &str, parameters: &Node, place: &Place) -> Node {
    let (line, condition) = match line.split_once(" if ") {
        Some((line, condition)) => (line, Some(condition)),
        None => (line, None),
    };
    let (actions, resources) = line.split_once(" @ ").unwrap_or((line, "*"));
    let mut service = "";
    let actions = actions.split(' ').map(|action| match action.split_once(':') {
        Some((prefix, _)) => {
            service = prefix;
            text(action, place)
        }
        None => text(format!("{service}:{action}"), place),
    });
    let actions = list(actions.collect(), place);
    let resources = list(resources.split(' ').map(|resource| arn(resource, parameters, place)).collect(), place);
    let mut node = map([("Effect", text("Allow", place)), ("Action", actions), ("Resource", resources)], place);
    if let (Some(condition), Kind::Map(members)) = (condition, &mut node.kind) {
        let mut parts = condition.splitn(3, ' ');
        let (operator, key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let condition = map([("Condition", map([(operator, map([(key, arn(value, parameters, place))], place))], place))], place);
        members.extend(condition.members().iter().cloned());
    }
    node
}

/// `service:rest` to an ARN, `{Name}` to the parameter's value.
fn arn(short: &str, parameters: &Node, place: &Place) -> Node {
    let template = match short {
        "*" => return text("*", place),
        _ if short.starts_with("arn:aws:") => short.replacen("arn:aws:", "arn:${AWS::Partition}:", 1),
        _ if short.starts_with('{') => short.to_owned(),
        _ => match short.split_once(':') {
            Some((service, rest)) => format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"),
            None => short.to_owned(),
        },
    };
    // A template has at most two parameters a resource; the second is substituted around the first.
    let mut names = template.match_indices('{').filter(|(at, _)| !template.get(..*at).unwrap_or_default().ends_with('$'));
    let name = |found: Option<(usize, &str)>| {
        let start = found?.0 + 1;
        let end = template.get(start..)?.find('}')?;
        template.get(start..start + end)
    };
    let (first, second) = (name(names.next()), name(names.next()));
    let value = |name: &str| {
        let missing = || Node::new(Kind::unknown(format!("the policy template lacks {name}"), None), place.clone());
        parameters.get(name).cloned().unwrap_or_else(missing)
    };
    let mark = |template: &str, name: &str| template.replace(&format!("{{{name}}}"), &format!("${{{name}}}"));
    match (first, second) {
        (Some(first), Some(second)) => {
            sub_with(mark(&mark(&template, first), second), [(first, value(first)), (second, value(second))], place)
        }
        (Some(first), None) => sub_with(mark(&template, first), [(first, value(first))], place),
        _ => sub(template.clone(), place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_policies_get_their_path() {
        for (name, arn) in [
            ("AdministratorAccess", "arn:aws:iam::aws:policy/AdministratorAccess"),
            ("AWSLambdaVPCAccessExecutionRole", "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"),
            ("arn:aws:iam::123456789012:policy/own", "arn:aws:iam::123456789012:policy/own"),
        ] {
            assert_eq!(managed_arn(name, "aws"), arn);
        }
    }

    #[test]
    fn every_template_yields_statements() {
        let place = Place::new("t", 1, 1);
        let names: Vec<_> =
            TEMPLATES.lines().filter(|l| !l.starts_with([' ', '#'])).map(|l| l.split(' ').next().unwrap_or_default()).collect();
        assert!(names.len() > 80);
        for name in names {
            let document = template(name, &map([], &place), &place).unwrap_or_else(|| panic!("{name}"));
            assert!(!document.get("Statement").is_none_or(|s| s.items().is_empty()), "{name}");
        }
        assert!(template("NoSuchPolicy", &map([], &place), &place).is_none());
    }
}
