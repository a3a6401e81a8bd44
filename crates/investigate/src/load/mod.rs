//! Sigma documents to rules. A rule that asks for something this engine does not have is a [`Trouble`] with
//! its line, never a rule that means something else.

mod about;
mod condition;
mod correlation;
mod detection;
mod item;
mod link;

pub(crate) use link::Linked;

use crate::rule::Rule;
use correlation::Draft;
use model::{Files, LogKind, Node, Place, Trouble};
use std::collections::{BTreeMap, BTreeSet};

/// Rules to run, and what could not be taken for one.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    drafts: Vec<Draft>,
    troubles: Vec<Trouble>,
    /// Rules for other products than AWS, which were left out: product to how many.
    foreign: BTreeMap<String, usize>,
    foreign_names: BTreeSet<String>,
    placeholders: BTreeMap<String, Vec<String>>,
}

impl Rules {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rules of every risk in the product.
    pub fn of_risks() -> Self {
        Self::of(risks::all())
    }

    /// The rules of some risks.
    pub fn of<'a>(risks: impl IntoIterator<Item = &'a risks::Risk>) -> Self {
        let mut rules = Self::new();
        for risk in risks {
            for (file, text) in risk.detections {
                rules.add(file, text, Some(risk.slug));
            }
        }
        rules
    }

    /// The rules in a text of one or more Sigma documents. `risk` is the slug of the risk they belong to.
    pub fn add(&mut self, file: &str, text: &str, risk: Option<&str>) {
        let (documents, troubles) = read::document(file, text);
        self.troubles.extend(troubles);
        for document in documents {
            if let Err(trouble) = self.add_document(&document, risk) {
                self.troubles.push(trouble);
            }
        }
    }

    /// All `.yml` and `.yaml` files below a folder.
    pub fn add_folder(&mut self, files: &dyn Files, folder: &str) {
        let names = match files.list(folder) {
            Ok(names) => names,
            Err(trouble) => return self.troubles.push(trouble),
        };
        for name in names.iter().filter(|name| name.ends_with(".yml") || name.ends_with(".yaml")) {
            match files.read(name).map(String::from_utf8) {
                Ok(Ok(text)) => self.add(name, &text, None),
                Ok(Err(_)) => self.troubles.push(trouble("the file is not UTF-8", Place::new(name.as_str(), 1, 1))),
                Err(trouble) => self.troubles.push(trouble),
            }
        }
    }

    /// Gives the values of a placeholder: `%name%` in rules with `|expand`.
    pub fn define(&mut self, placeholder: impl Into<String>, values: impl IntoIterator<Item = String>) {
        self.placeholders.entry(placeholder.into()).or_default().extend(values);
    }

    /// Number of rules and correlations that are run.
    pub fn len(&self) -> usize {
        self.rules.len() + self.drafts.len()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was not taken for a rule, and why.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// Rules for other products than AWS, which were left out: product to how many.
    pub fn foreign(&self) -> &BTreeMap<String, usize> {
        &self.foreign
    }

    fn add_document(&mut self, node: &Node, risk: Option<&str>) -> Result<(), Trouble> {
        if node.members().is_empty() {
            return Ok(());
        }
        if let Some(product) = foreign_product(node) {
            *self.foreign.entry(product).or_default() += 1;
            self.foreign_names.extend(["name", "id", "title"].iter().filter_map(|key| node.get(key).and_then(Node::scalar)));
            return Ok(());
        }
        let about = about::read(node, risk)?;
        let unsupported = |what: &str, at: &Node| Err(about::not_assessed(&about.title, &format!("{what} is not supported"), &at.place));
        if let Some(at) = node.get("correlation") {
            self.drafts.push(correlation::read(about, at)?);
            return Ok(());
        }
        for old in ["action", "filter"] {
            if let Some(at) = node.get(old) {
                return unsupported(&format!("`{old}:`"), at);
            }
        }
        let Some(source) = node.get("logsource") else { return Err(about::not_assessed(&about.title, "it has no logsource", &node.place)) };
        let part = |key: &str| source.get(key).and_then(Node::str);
        if part("category").is_some() {
            return unsupported("a logsource with a category", source);
        }
        let log = match part("service") {
            Some(service) => match KINDS.iter().find(|kind| kind.service() == service) {
                Some(log) => *log,
                None => return unsupported(&format!("log source `{service}`"), source),
            },
            None => return unsupported("a logsource without a service", source),
        };
        let Some(detection) = node.get("detection") else {
            return Err(about::not_assessed(&about.title, "it has no detection", &node.place));
        };
        let test = detection::read(&about.title, log, detection)?;
        self.rules.push(Rule { about, log, test, alone: true });
        Ok(())
    }
}

/// The product of a rule that is for another one than AWS, or says none.
fn foreign_product(node: &Node) -> Option<String> {
    let source = node.get("logsource")?;
    match source.get("product").and_then(Node::str) {
        Some("aws") => None,
        other => Some(other.unwrap_or("no product").to_owned()),
    }
}

const KINDS: [LogKind; 7] =
    [LogKind::Cloudtrail, LogKind::ApiGateway, LogKind::Lambda, LogKind::RdsAudit, LogKind::Waf, LogKind::Vpcflow, LogKind::Xray];

fn trouble(says: &str, place: Place) -> Trouble {
    Trouble { says: says.into(), place, help: "give Sigma rules as UTF-8 YAML".into() }
}
