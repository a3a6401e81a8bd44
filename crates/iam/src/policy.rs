//! A policy document, read from a template's node or from JSON text (IAM User Guide, "Grammar of the IAM JSON policy
//! language"). Reading never fails as a whole: what cannot be read becomes a statement whose effect is unknown, and a problem.

use crate::condition::Condition;
use crate::glob::Segments;
use crate::json::{self, Malformed};
use crate::operator::Test;
use crate::principals::PrincipalSet;
use crate::statement::{Effect, Pattern, Patterns, Statement};
use crate::template::{Reading, Template};
use model::{Kind, Member, Node, Place, Trouble};
use std::sync::Arc;

/// A policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name, for explanations: the policy's name, an ARN, a resource's logical id.
    pub name: Arc<str>,
    /// `2012-10-17` or `2008-10-17`; the latter when none is written.
    pub version: Arc<str>,
    /// Its statements.
    pub statements: Box<[Statement]>,
    /// Where it begins.
    pub place: Place,
    /// What AWS would refuse, and what is not known.
    pub problems: Vec<Trouble>,
}

impl Policy {
    /// Reads a policy document.
    pub fn parse(name: &str, node: &Node) -> Self {
        let mut reader = Reader { problems: Vec::new(), variables: false };
        let mut policy = Self {
            name: name.into(),
            version: "2008-10-17".into(),
            statements: Box::new([]),
            place: node.place.clone(),
            problems: Vec::new(),
        };
        match &node.kind {
            Kind::Unknown(unknown) => return Self::unknown(name, &unknown.why, node.place.clone()),
            // A policy given as text (an API call, a Lambda permission, an SSM parameter) is JSON within a value.
            Kind::String(text) => {
                return match json::read(&node.place.file, text) {
                    Ok(inner) if matches!(inner.kind, Kind::Map(_)) => Self::parse(name, &crate::json::placed(inner, &node.place)),
                    Ok(_) => Self::refused(name, "a policy is a JSON object", node.place.clone()),
                    Err(problem) => Self::refused(name, &problem.says, node.place.clone()),
                };
            }
            Kind::Map(_) => {}
            _ => return Self::refused(name, "a policy is a JSON object", node.place.clone()),
        }
        reader.keys(node, &["Version", "Id", "Statement"]);
        if let Some(version) = node.get("Version") {
            match version.scalar() {
                Some(text) if matches!(text.as_str(), "2012-10-17" | "2008-10-17") => policy.version = text.as_str().into(),
                // YAML readers take an unquoted version for a date; CloudFormation writes it back as text.
                Some(text) if text.starts_with("2012-10-17") => policy.version = "2012-10-17".into(),
                _ => reader.problem(version, "the version is 2012-10-17 or 2008-10-17", "write \"Version\": \"2012-10-17\""),
            }
        }
        reader.variables = &*policy.version == "2012-10-17";
        let statements = node.get("Statement").map(Node::one_or_many).unwrap_or_default();
        if node.get("Statement").is_none() {
            reader.problem(node, "the policy has no Statement", "add a Statement");
        }
        policy.statements = statements.iter().enumerate().map(|(index, node)| reader.statement(index, node)).collect();
        policy.problems = reader.problems;
        policy
    }

    /// Reads JSON text; places count in `file`.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn from_text(name: &str, file: &str, text: &str) -> Result<Self, Malformed> {
        Ok(Self::parse(name, &json::read(file, text)?))
    }

    /// Reads a JSON value; every place is `place`.
    pub fn from_json(name: &str, value: &serde_json::Value, place: &Place) -> Self {
        Self::parse(name, &Node::from_json(value, place))
    }

    /// A policy of which nothing is known: it may allow or deny anything.
    pub fn unknown(name: &str, why: &str, place: Place) -> Self {
        let statement = Statement {
            sid: None,
            index: 0,
            place: place.clone(),
            effect: Effect::Unknown,
            principals: None,
            actions: Patterns::new(false, Vec::new()),
            resources: None,
            conditions: Box::new([]),
            unknown: Some(why.into()),
        };
        Self { name: name.into(), version: "2012-10-17".into(), statements: Box::new([statement]), place, problems: Vec::new() }
    }

    /// The same, for a document that AWS would refuse.
    fn refused(name: &str, why: &str, place: Place) -> Self {
        let mut policy = Self::unknown(name, why, place.clone());
        policy.problems.push(Trouble { says: why.into(), place, help: "write a policy document".into() });
        policy
    }
}

struct Reader {
    problems: Vec<Trouble>,
    variables: bool,
}

impl Reader {
    fn problem(&mut self, node: &Node, says: &str, help: &str) {
        self.problems.push(Trouble { says: says.into(), place: node.place.clone(), help: help.into() });
    }

    /// Reports members that are not among the known ones, and keys that occur twice. Whether all was well.
    fn keys(&mut self, node: &Node, known: &[&str]) -> bool {
        let mut well = true;
        for (at, Member { key, key_place, .. }) in node.members().iter().enumerate() {
            let says = if !known.contains(&key.as_str()) {
                format!("{key} is not an element of a policy")
            } else if node.members()[..at].iter().any(|member| member.key == *key) {
                format!("{key} occurs twice")
            } else {
                continue;
            };
            well = false;
            self.problems.push(Trouble { says, place: key_place.clone(), help: "remove it".into() });
        }
        well
    }

    fn statement(&mut self, index: usize, node: &Node) -> Statement {
        const KNOWN: [&str; 9] =
            ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        let mut unknown: Option<Arc<str>> = node.unknown().map(|unknown| unknown.why.as_str().into());
        if unknown.is_none() && !matches!(node.kind, Kind::Map(_)) {
            self.problem(node, "a statement is a JSON object", "write a statement");
            unknown = Some("this is not a statement".into());
        }
        if !self.keys(node, &KNOWN) {
            unknown = unknown.or_else(|| Some("the statement holds an element that AWS refuses".into()));
        }
        let effect = match node.get("Effect").map(|effect| (effect.str(), effect)) {
            Some((Some("Allow"), _)) => Effect::Allow,
            Some((Some("Deny"), _)) => Effect::Deny,
            Some((_, effect)) => {
                if effect.unknown().is_none() {
                    self.problem(effect, "the effect is Allow or Deny", "write Allow or Deny");
                }
                Effect::Unknown
            }
            None => {
                if unknown.is_none() {
                    self.problem(node, "the statement has no Effect", "add Allow or Deny");
                }
                Effect::Unknown
            }
        };
        let principals = match (node.get("Principal"), node.get("NotPrincipal")) {
            (Some(principal), None) => Some(PrincipalSet::of(principal, false)),
            (None, Some(principal)) => Some(PrincipalSet::of(principal, true)),
            (None, None) => None,
            (Some(_), Some(both)) => {
                self.problem(both, "Principal and NotPrincipal cannot stand together", "remove one");
                unknown = Some("the statement has both Principal and NotPrincipal".into());
                None
            }
        };
        let actions = self.patterns(node, "Action", &mut unknown);
        if actions.is_none() && unknown.is_none() {
            self.problem(node, "the statement has no Action", "add Action or NotAction");
            unknown = Some("the statement has no Action".into());
        }
        Statement {
            sid: node.get("Sid").and_then(Node::scalar).map(Into::into),
            index,
            place: node.place.clone(),
            effect,
            principals,
            actions: actions.unwrap_or_else(|| Patterns::new(false, Vec::new())),
            resources: self.patterns(node, "Resource", &mut unknown),
            conditions: self.conditions(node, &mut unknown),
            unknown,
        }
    }

    /// `Action` or `NotAction`, `Resource` or `NotResource`.
    fn patterns(&mut self, node: &Node, key: &str, unknown: &mut Option<Arc<str>>) -> Option<Patterns> {
        let not_key = format!("Not{key}");
        let (not, list) = match (node.get(key), node.get(&not_key)) {
            (Some(list), None) => (false, list),
            (None, Some(list)) => (true, list),
            (None, None) => return None,
            (Some(_), Some(both)) => {
                self.problem(both, &format!("{key} and {not_key} cannot stand together"), "remove one");
                *unknown = Some(format!("the statement has both {key} and {not_key}").into());
                return None;
            }
        };
        let read = if key == "Action" { Self::action } else { Self::resource };
        let mut any_of = Vec::new();
        for item in list.one_or_many() {
            match read(self, item) {
                Some(patterns) => any_of.extend(patterns),
                None => {
                    self.problem(item, &format!("this is no text for {key}"), "write text");
                    *unknown = Some(format!("{key} cannot be read").into());
                }
            }
        }
        Some(Patterns::new(not, any_of))
    }

    /// The pattern of an action. What AWS's documents give no meaning to is kept as a pattern whose effect is not known: the
    /// words between commas, without characters that no action has; anything at all for a second colon, which AWS refuses.
    fn action(&mut self, node: &Node) -> Option<Vec<Pattern>> {
        let reading = Reading { wildcards: true, variables: false, lower: true, segments: Segments::None };
        let pattern = |text| Pattern { text, completed: None };
        let Some(text) = node.str().map(str::trim) else { return Some(vec![pattern(Template::of(node, reading)?)]) };
        let known = |c: &char| c.is_ascii_alphanumeric() || "*?:-_.".contains(*c);
        if text.chars().all(|c| known(&c)) && text.matches(':').count() < 2 {
            return Some(vec![pattern(Template::text(text, node.place.clone(), reading))]);
        }
        let says = match text.chars().find(|c| !known(c)) {
            Some(',') => "a comma stands within an action: AWS does not say what it does".to_owned(),
            Some(other) => format!("an action holds {other:?}, which no action has"),
            None => "an action holds one colon".to_owned(),
        };
        self.problem(node, &says, "write each action as service:Action, in a list");
        let words = text.split(',').map(|word| word.chars().filter(known).collect::<String>()).filter(|word| !word.is_empty());
        let doubtful = |word: String| {
            let word = if word.matches(':').count() < 2 { word.as_str() } else { "*" };
            pattern(Template::text(word, node.place.clone(), reading).doubtful(&says))
        };
        Some(words.map(doubtful).collect())
    }

    fn resource(&mut self, node: &Node) -> Option<Vec<Pattern>> {
        let reading = Reading { wildcards: true, variables: self.variables, lower: false, segments: Segments::Arn };
        let text = match node.str() {
            Some(text) => Template::text(text.trim(), node.place.clone(), reading),
            None => Template::of(node, reading)?,
        };
        let parts = text.text.split(':').count();
        let short = text.unknown.is_none() && text.text.starts_with("arn:") && parts < 6;
        let completed = short.then(|| Template::text(&format!("{}{}", text.text, ":*".repeat(6 - parts)), node.place.clone(), reading));
        let service = text.text.split(':').nth(2).unwrap_or_default();
        if text.unknown.is_none() && text.text.starts_with("arn:") && service.contains(['*', '?']) {
            self.problem(node, "the service of an ARN cannot hold wildcards", "name the service");
            return Some(vec![Pattern { text: text.doubtful("AWS refuses a wildcard in the service of an ARN"), completed: None }]);
        }
        Some(vec![Pattern { text, completed }])
    }

    fn conditions(&mut self, node: &Node, unknown: &mut Option<Arc<str>>) -> Box<[Condition]> {
        let Some(block) = node.get("Condition") else { return Box::new([]) };
        let mut out = Vec::new();
        match &block.kind {
            Kind::Map(_) | Kind::Null => {}
            Kind::Unknown(why) => *unknown = Some(why.why.as_str().into()),
            _ => {
                self.problem(block, "Condition is a JSON object", "write {operator: {key: value}}");
                *unknown = Some("the condition cannot be read".into());
            }
        }
        for operator in block.members() {
            let Some(test) = Test::parse(&operator.key) else {
                let says = format!("{} is not a condition operator", operator.key);
                *unknown = Some(says.as_str().into());
                self.problems.push(Trouble { says, place: operator.key_place.clone(), help: "use one of AWS's operators".into() });
                continue;
            };
            match &operator.value.kind {
                Kind::Map(_) => {}
                Kind::Unknown(why) => *unknown = Some(why.why.as_str().into()),
                _ => {
                    self.problem(&operator.value, "a condition operator holds keys and values", "write {key: value}");
                    *unknown = Some("the condition cannot be read".into());
                }
            }
            for key in operator.value.members() {
                let condition = Condition::new(test, &operator.key, &key.key, key.key_place.clone(), &key.value, self.variables);
                if condition.unknown.is_some() && condition.values.is_empty() {
                    *unknown = condition.unknown.clone();
                }
                out.push(condition);
            }
        }
        out.into()
    }
}
