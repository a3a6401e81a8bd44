//! A rule set, compiled: every (variables, chain, matcher) of every link on one engine plan, phases as flat lists.

use super::action::{Actions, Allow, Change, Ctl, Disruptive, EngineMode};
use super::operator::{Comparison, Operator, TextTest};
use super::rule::{Entry, Link, Rule, RuleSet, Settings};
use super::text::{Part, Template};
use super::variable::{Selector, Variable};
use super::{Files, Problem, load};
use crate::detect;
use crate::engine::{Builder, ChainId, Matcher, MatcherId, Plan};
use crate::kept::{Kept, Key};
use ipnet::IpNet;
use std::collections::HashMap;
use std::sync::Arc;

/// A compiled rule set; requests are judged by [`super::Transaction`].
#[derive(Debug)]
pub struct Program {
    pub(super) plan: Plan,
    pub(super) rules: Vec<Compiled>,
    /// Per phase, in order.
    pub(super) phases: [Phase; 5],
    pub(super) settings: Settings,
    /// Names of TX variables that the rules name, by slot.
    pub(super) slots: HashMap<Box<[u8]>, u32>,
    /// The same by slot.
    pub(super) names: Vec<Box<[u8]>>,
    /// The slots of what a match captured, `TX:0` to `TX:9`.
    pub(super) groups: [u32; 10],
    not_assessed: Vec<(u32, &'static str)>,
    /// (variable, chain) pairs whose candidates are found once.
    pub(super) pairs: Vec<(Variable, ChainId)>,
}

/// A phase's rules in order, and before which of them each marker stands.
#[derive(Default, Debug)]
pub(super) struct Phase {
    pub rules: Vec<u32>,
    pub markers: Vec<(u32, usize)>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub id: u32,
    pub links: Vec<Condition>,
    pub disruptive: Disruptive,
    pub status: Option<u16>,
    pub log: bool,
    pub severity: Option<u8>,
    pub tags: Arc<[String]>,
    pub skip: u32,
    pub skip_after: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Condition {
    pub looked: Vec<Looked>,
    /// Pairs of which one must have the matcher as a candidate; empty when the link is to be asked anyhow.
    pub pairs: Vec<u16>,
    pub chain: ChainId,
    pub multi_match: bool,
    pub test: Option<Test>,
    pub negated: bool,
    pub capture: bool,
    pub setvars: Vec<Assignment>,
    pub ctls: Vec<Ctl>,
    pub initcols: Vec<(Variable, Template)>,
    pub expirevars: Vec<(Variable, Template, Template)>,
    pub msg: Option<Template>,
    pub logdata: Option<Template>,
}

#[derive(Debug)]
pub(super) struct Looked {
    pub variable: Variable,
    pub selector: Selector,
    pub count: bool,
    pub left_out: Vec<Selector>,
    /// The slots of the TX variables it selects: one for a name.
    pub slots: Vec<u32>,
}

/// An operator on the plan.
#[derive(Debug)]
pub(super) enum Test {
    Matcher(MatcherId),
    RxTemplate(Template),
    Number(Comparison, Template),
    Text(TextTest, Template),
    IpMatch(Arc<[IpNet]>),
    ByteRange(Arc<[bool; 256]>),
    UrlEncoding,
    Utf8Encoding,
    Always,
    Never,
}

#[derive(Debug)]
pub(super) struct Assignment {
    pub collection: Variable,
    pub name: Template,
    /// The slot of a TX variable whose name is fixed.
    pub slot: Option<u32>,
    pub change: Change,
}

/// Rule sets of a process that are kept: one for each way they are asked for.
const KEPT: usize = 8;

impl Program {
    /// Reads and compiles rule files in this order; `mode` is what the rules may do, whatever their files say of it. Equal files in
    /// equal order are compiled once, so long as they are among the latest; a byte of any file, a name, the order or the mode
    /// makes it another program.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn of(files: &Files, order: &[&str], mode: Option<EngineMode>) -> Result<Arc<Self>, Vec<Problem>> {
        static PROGRAMS: Kept<Program> = Kept::new(KEPT);
        let said = format!("{mode:?}");
        // Data files are named by rules, so every file counts, in the order or not.
        let mut parts: Vec<&[u8]> = vec![said.as_bytes()];
        parts.extend(order.iter().map(|name| name.as_bytes()));
        parts.push(b"");
        parts.extend(files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes]));
        let key = Key::of(parts);
        PROGRAMS.get(key, || {
            let program = Self::new(&load(files, order)?);
            Ok(match mode {
                Some(mode) => program.in_mode(mode),
                None => program,
            })
        })
    }

    /// Compiles a rule set.
    pub fn new(set: &RuleSet) -> Self {
        let mut compiler =
            Compiler { builder: Builder::new(), slots: HashMap::new(), pairs: Vec::new(), pair_index: HashMap::new(), markers: Vec::new() };
        let mut rules = Vec::new();
        let groups = std::array::from_fn(|group| compiler.slot(group.to_string().as_bytes()));
        let mut phases: [Phase; 5] = Default::default();
        for entry in &set.entries {
            match entry {
                Entry::Marker(name) => {
                    let marker = compiler.marker(name);
                    phases.iter_mut().for_each(|phase| phase.markers.push((marker, phase.rules.len())));
                }
                Entry::Rule(rule) => {
                    phases[usize::from(rule.phase.clamp(1, 5)) - 1].rules.push(rules.len() as u32);
                    rules.push(compiler.rule(rule, set));
                }
            }
        }
        let Compiler { builder, slots, pairs, .. } = compiler;
        let mut names: Vec<Box<[u8]>> = vec![Box::default(); slots.len()];
        slots.iter().for_each(|(name, slot)| names[*slot as usize].clone_from(name));
        select(&mut rules, &names);
        Self {
            plan: builder.build(),
            rules,
            phases,
            settings: set.settings.clone(),
            not_assessed: set.not_assessed(),
            slots,
            names,
            groups,
            pairs,
        }
    }

    /// The engine's plan under it.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Rules that never match because they ask the outside: id and operator ([`RuleSet::not_assessed`]).
    pub fn not_assessed(&self) -> &[(u32, &'static str)] {
        &self.not_assessed
    }

    /// How many rules.
    pub const fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// The ids of all rules, in order.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.rules.iter().map(|rule| rule.id)
    }

    /// Compiles every pattern now, rather than at its first candidate.
    pub fn warm(&self) {
        self.plan.warm();
    }
}

/// What `TX` and `TX:/.../` select, now that all names are known.
fn select(rules: &mut [Compiled], names: &[Box<[u8]>]) {
    let looked = rules.iter_mut().flat_map(|rule| &mut rule.links).flat_map(|link| &mut link.looked);
    for looked in looked.filter(|looked| looked.variable == Variable::Tx && !matches!(looked.selector, Selector::Key(_))) {
        looked.slots = (0..names.len() as u32).filter(|slot| looked.selector.selects(&names[*slot as usize])).collect();
    }
}

struct Compiler {
    builder: Builder,
    slots: HashMap<Box<[u8]>, u32>,
    pairs: Vec<(Variable, ChainId)>,
    pair_index: HashMap<(Variable, ChainId), u16>,
    markers: Vec<String>,
}

impl Compiler {
    fn marker(&mut self, name: &str) -> u32 {
        let index = self.markers.iter().position(|known| known == name).unwrap_or_else(|| {
            self.markers.push(name.to_owned());
            self.markers.len() - 1
        });
        index as u32
    }

    fn rule(&mut self, rule: &Rule, set: &RuleSet) -> Compiled {
        let nothing = Actions::default();
        let defaults = set.defaults.get(&rule.phase).unwrap_or(&nothing);
        let own = rule.actions();
        let blocked = defaults.disruptive.clone().unwrap_or(Disruptive::Pass);
        let disruptive = match own.disruptive.clone() {
            None | Some(Disruptive::Block) => blocked,
            Some(own) => own,
        };
        // Of a chain the flow is the head's; `skipAfter` may stand at the last link too.
        let skip_after = rule.links.iter().rev().find_map(|link| link.actions.skip_after.as_deref());
        Compiled {
            id: rule.id,
            links: rule.links.iter().map(|link| self.link(link, defaults)).collect(),
            disruptive,
            status: own.status.or(defaults.status),
            log: own.log.or(defaults.log).unwrap_or(true),
            severity: rule.links.iter().find_map(|link| link.actions.severity),
            tags: own.tags.clone().into(),
            skip: own.skip,
            skip_after: skip_after.map(|name| self.marker(name)),
        }
    }

    fn link(&mut self, link: &Link, defaults: &Actions) -> Condition {
        let actions = &link.actions;
        let mut steps = if actions.cleared { Vec::new() } else { defaults.transformations.clone() };
        steps.extend(&actions.transformations);
        let chain = self.builder.chain(&steps);
        let looked: Vec<Looked> = link.targets.looked.iter().map(|target| self.looked(target, link)).collect();
        let test = link.operator.as_ref().map(|operator| self.test(operator));
        // Only what no counter and no variable of the run itself can change is ruled out by candidates.
        let ruled = matches!(test, Some(Test::Matcher(_)))
            && !link.negated
            && !actions.multi_match
            && looked.iter().all(|target| !target.count && is_fixed(target.variable));
        let pairs = if ruled { looked.iter().map(|target| self.pair(target.variable, chain)).collect() } else { Vec::new() };
        Condition {
            looked,
            pairs,
            chain,
            multi_match: actions.multi_match,
            test,
            negated: link.negated,
            capture: actions.capture,
            setvars: actions.setvars.iter().map(|setvar| self.assignment(setvar)).collect(),
            ctls: actions.ctls.clone(),
            initcols: actions.initcols.clone(),
            expirevars: actions.expirevars.clone(),
            msg: actions.msg.clone(),
            logdata: actions.logdata.clone(),
        }
    }

    fn looked(&mut self, target: &super::variable::Target, link: &Link) -> Looked {
        let slots = match (&target.selector, target.variable) {
            (Selector::Key(name), Variable::Tx) => vec![self.slot(name.as_bytes())],
            _ => Vec::new(),
        };
        let left_out = &link.targets.left_out;
        let left_out = left_out.iter().filter(|(variable, _)| *variable == target.variable).map(|(_, selector)| selector.clone()).collect();
        Looked { variable: target.variable, selector: target.selector.clone(), count: target.count, left_out, slots }
    }

    fn test(&mut self, operator: &Operator) -> Test {
        let matcher = match operator {
            Operator::Rx(rx) => Matcher::Regex(Arc::clone(rx)),
            Operator::Phrases(phrases) => Matcher::Phrases(Arc::clone(phrases)),
            Operator::DetectSqli => {
                Matcher::Detector { name: "detectSQLi", test: |bytes| detect::sqli(bytes).is_some(), wakes: detect::SQLI_WAKES }
            }
            Operator::DetectXss => Matcher::Detector { name: "detectXSS", test: detect::xss, wakes: detect::XSS_WAKES },
            Operator::RxTemplate(template) => return Test::RxTemplate(template.clone()),
            Operator::Number(comparison, template) => return Test::Number(*comparison, template.clone()),
            Operator::Text(test, template) => return Test::Text(*test, template.clone()),
            Operator::IpMatch(networks) => return Test::IpMatch(Arc::clone(networks)),
            Operator::ValidateByteRange(allowed) => return Test::ByteRange(Arc::clone(allowed)),
            Operator::ValidateUrlEncoding => return Test::UrlEncoding,
            Operator::ValidateUtf8Encoding => return Test::Utf8Encoding,
            Operator::Always => return Test::Always,
            // Whoever asks the outside gets no answer here, and a rule of reputation matches nobody it does not know.
            Operator::Never | Operator::Outside(_) => return Test::Never,
        };
        // More than 65,534 matchers: what cannot be asked matches.
        self.builder.matcher(matcher).map_or(Test::Always, Test::Matcher)
    }

    fn assignment(&mut self, setvar: &super::action::SetVar) -> Assignment {
        let slot = match (setvar.collection, setvar.name.parts.as_slice()) {
            (Variable::Tx, [Part::Literal(name)]) => Some(self.slot(name)),
            _ => None,
        };
        Assignment { collection: setvar.collection, name: setvar.name.clone(), slot, change: setvar.change.clone() }
    }

    fn slot(&mut self, name: &[u8]) -> u32 {
        let next = self.slots.len() as u32;
        *self.slots.entry(name.to_ascii_lowercase().into_boxed_slice()).or_insert(next)
    }

    fn pair(&mut self, variable: Variable, chain: ChainId) -> u16 {
        let Self { pairs, pair_index, .. } = self;
        *pair_index.entry((variable, chain)).or_insert_with(|| {
            pairs.push((variable, chain));
            (pairs.len() - 1) as u16
        })
    }
}

/// Variables that only change between phases.
pub(super) const fn is_fixed(variable: Variable) -> bool {
    !matches!(
        variable,
        Variable::Tx
            | Variable::MatchedVar
            | Variable::MatchedVarName
            | Variable::MatchedVars
            | Variable::MatchedVarsNames
            | Variable::Rule
            | Variable::HighestSeverity
            | Variable::ReqbodyProcessor
            | Variable::Ip
            | Variable::Global
            | Variable::Session
            | Variable::User
            | Variable::Resource
    )
}

impl Allow {
    /// Whether what is left of this phase is let pass.
    pub(super) const fn covers(self, phase: u8) -> bool {
        match self {
            Self::All | Self::Phase => true,
            Self::Request => phase <= 2,
        }
    }
}
