//! Directives to a rule set.

use super::Files;
use super::action::{self, Actions};
use super::lex::{self, Directive, Word};
use super::operator;
use super::place::Problem;
use super::rule::{Entry, Link, Rule, RuleSet};
use super::variable::{Targets, targets};

/// Reads the rule files in this order; [`Files::order`] gives a folder's.
///
/// # Errors
/// Every problem of every file.
pub fn load(files: &Files, order: &[&str]) -> Result<RuleSet, Vec<Problem>> {
    let mut loader = Loader { files, set: RuleSet::default(), open: None, problems: Vec::new() };
    for name in order {
        let Some(bytes) = files.get(name) else {
            loader
                .problems
                .push(Problem { place: super::Place { file: (*name).into(), line: 1, column: 1 }, says: "the file is missing".to_owned() });
            continue;
        };
        let (directives, problems) = lex::directives(name, bytes);
        loader.problems.extend(problems);
        for directive in &directives {
            if let Err(problem) = loader.directive(directive) {
                loader.problems.push(problem);
            }
        }
        loader.close();
    }
    if loader.problems.is_empty() { Ok(loader.set) } else { Err(loader.problems) }
}

struct Loader<'f> {
    files: &'f Files,
    set: RuleSet,
    /// A chain that waits for its next link.
    open: Option<Rule>,
    problems: Vec<Problem>,
}

/// Known, and about logs, memory and identity alone: nothing is decided by them.
const WITHOUT_EFFECT: &[&str] = &[
    // Every argument is inspected, however many there are.
    "secargumentslimit",
    "secauditengine",
    "secauditlog",
    "secauditlog2",
    "secauditlogdirmode",
    "secauditlogfilemode",
    "secauditlogformat",
    "secauditlogparts",
    "secauditlogrelevantstatus",
    "secauditlogstoragedir",
    "secauditlogtype",
    "seccollectiontimeout",
    "seccomponentsignature",
    "seccookieformat",
    "secdatadir",
    "secdebuglog",
    "secdebugloglevel",
    "secpcrematchlimit",
    "secpcrematchlimitrecursion",
    "secrequestbodyinmemorylimit",
    "secrequestbodynofileslimit",
    "secrxprefilter",
    "secserversignature",
    "secstatusengine",
    "sectmpdir",
    "sectmpsaveuploadedfiles",
    "secunicodemapfile",
    "secuploaddir",
    "secuploadfilelimit",
    "secuploadfilemode",
    "secuploadkeepfiles",
];

impl Loader<'_> {
    fn close(&mut self) {
        if let Some(rule) = self.open.take() {
            let place = rule.place().clone();
            self.problems.push(Problem { place, says: "the chain has no further rule".to_owned() });
        }
    }

    fn directive(&mut self, directive: &Directive) -> Result<(), Problem> {
        let name = directive.name.text.to_ascii_lowercase();
        if self.open.is_some() && name != "secrule" && name != "secaction" {
            self.close();
        }
        let first =
            || directive.words.first().ok_or_else(|| directive.name.wrong(0, format!("`{}` needs an argument", directive.name.text)));
        match name.as_str() {
            "secrule" => return self.rule(directive),
            "secaction" => {
                let link = Link {
                    place: directive.name.place(0),
                    targets: Targets::default(),
                    operator: None,
                    negated: false,
                    actions: action::actions(first()?)?,
                };
                return self.link(directive, link);
            }
            "secmarker" => self.set.entries.push(Entry::Marker(first()?.text.clone())),
            "secdefaultaction" => {
                let word = first()?;
                let actions = action::actions(word)?;
                let Some(phase) = actions.phase else { return Err(word.wrong(0, "a default action needs a phase")) };
                self.set.defaults.insert(phase, actions);
            }
            "secruleupdatetargetbyid" | "secruleupdatetargetbytag" | "secruleupdatetargetbymsg" => {
                return self.update_target(&name, directive);
            }
            "secruleupdateactionbyid" => return self.update_action(directive),
            "secruleremovebyid" | "secruleremovebytag" | "secruleremovebymsg" => {
                for word in &directive.words {
                    let chosen = chosen(&name["secruleremove".len()..], word)?;
                    self.set.entries.retain(|entry| !matches!(entry, Entry::Rule(rule) if chosen.takes(rule)));
                }
            }
            "include" | "includeoptional" => {
                return Err(directive.name.wrong(0, "the rule files are named by the caller: `Include` is not followed"));
            }
            known if WITHOUT_EFFECT.contains(&known) => {
                first()?;
            }
            _ => return self.setting(&name, directive, first()?),
        }
        Ok(())
    }

    fn rule(&mut self, directive: &Directive) -> Result<(), Problem> {
        let (Some(looked), Some(asked)) = (directive.words.first(), directive.words.get(1)) else {
            return Err(directive.name.wrong(0, "a rule needs variables and an operator"));
        };
        if let Some(extra) = directive.words.get(3) {
            return Err(extra.wrong(0, "a rule has no fourth part"));
        }
        let actions = directive.words.get(2).map_or_else(|| Ok(Actions::default()), action::actions);
        let read = targets(looked).and_then(|targets| Ok((targets, operator::operator(asked, self.files)?, actions?)));
        let (targets, (negated, operator), actions) = match read {
            Ok(read) => read,
            Err(problem) => {
                // The chain it belonged to is broken with it, and said once.
                self.open = None;
                return Err(problem);
            }
        };
        self.link(directive, Link { place: directive.name.place(0), targets, operator: Some(operator), negated, actions })
    }

    fn link(&mut self, directive: &Directive, link: Link) -> Result<(), Problem> {
        let more = link.actions.chain;
        let rule = match self.open.take() {
            Some(mut rule) => {
                rule.links.push(link);
                rule
            }
            None => {
                let Some(id) = link.actions.id else { return Err(directive.name.wrong(0, "a rule needs an id")) };
                if self.set.rules().any(|rule| rule.id == id) {
                    return Err(directive.name.wrong(0, format!("the id {id} is taken")));
                }
                Rule { id, phase: link.actions.phase.unwrap_or(2), links: vec![link] }
            }
        };
        if more {
            self.open = Some(rule);
        } else {
            self.set.entries.push(Entry::Rule(Box::new(rule)));
        }
        Ok(())
    }

    fn update_target(&mut self, name: &str, directive: &Directive) -> Result<(), Problem> {
        let (Some(which), Some(update)) = (directive.words.first(), directive.words.get(1)) else {
            return Err(directive.name.wrong(0, "an update needs rules and targets"));
        };
        let chosen = chosen(&name["secruleupdatetarget".len()..], which)?;
        let update = targets(update)?;
        let mut found = false;
        for rule in self.set.rules_mut().filter(|rule| chosen.takes(rule)) {
            found = true;
            let own = &mut rule.links[0].targets;
            own.looked.extend(update.looked.iter().cloned());
            own.left_out.extend(update.left_out.iter().cloned());
        }
        if found { Ok(()) } else { Err(which.wrong(0, format!("there is no rule `{}` yet to update", which.text))) }
    }

    fn update_action(&mut self, directive: &Directive) -> Result<(), Problem> {
        let (Some(which), Some(update)) = (directive.words.first(), directive.words.get(1)) else {
            return Err(directive.name.wrong(0, "an update needs a rule and actions"));
        };
        let (id, link) = which.text.split_once(':').unwrap_or((&which.text, "0"));
        let (Ok(id), Ok(link)) = (id.parse::<u32>(), link.parse::<usize>()) else { return Err(which.wrong(0, "an id is a number")) };
        let update_actions = action::actions(update)?;
        let Some(own) = self.set.rules_mut().find(|rule| rule.id == id).and_then(|rule| rule.links.get_mut(link)) else {
            return Err(which.wrong(0, format!("there is no rule `{}` yet to update", which.text)));
        };
        merge(&mut own.actions, update_actions);
        Ok(())
    }

    fn setting(&mut self, name: &str, directive: &Directive, word: &Word) -> Result<(), Problem> {
        let settings = &mut self.set.settings;
        let switch = || match word.text.to_ascii_lowercase().as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(word.wrong(0, format!("`{}` is neither On nor Off", word.text))),
        };
        let number = || word.text.parse::<usize>().map_err(|_| word.wrong(0, format!("`{}` is no number", word.text)));
        let reject = || match word.text.to_ascii_lowercase().as_str() {
            "reject" => Ok(true),
            "processpartial" => Ok(false),
            _ => Err(word.wrong(0, format!("`{}` is neither Reject nor ProcessPartial", word.text))),
        };
        match name {
            "secruleengine" => settings.engine = action::engine_mode(&word.text).ok_or_else(|| word.wrong(0, "the mode is not known"))?,
            "secrequestbodyaccess" => settings.request_body = switch()?,
            "secresponsebodyaccess" => settings.response_body = switch()?,
            "secresponsebodymimetype" => {
                settings.response_types =
                    directive.words.iter().flat_map(|word| word.text.split_whitespace()).map(str::to_ascii_lowercase).collect();
            }
            "secresponsebodymimetypesclear" => settings.response_types.clear(),
            "secrequestbodylimit" => settings.request_limit = number()?,
            "secrequestbodylimitaction" => settings.request_reject = reject()?,
            "secresponsebodylimit" => settings.response_limit = number()?,
            "secresponsebodylimitaction" => settings.response_reject = reject()?,
            "secrequestbodyjsondepthlimit" => settings.json_depth = number()?,
            "secargumentseparator" => match word.text.as_bytes() {
                [byte] => settings.separator = *byte,
                _ => return Err(word.wrong(0, "a separator is one character")),
            },
            "secwebappid" => settings.webapp.clone_from(&word.text),
            _ => return Err(directive.name.wrong(0, format!("the directive `{}` is not known", directive.name.text))),
        }
        Ok(())
    }
}

enum Chosen {
    Ids(Vec<(u32, u32)>),
    Tag(String),
    Msg(String),
}

impl Chosen {
    fn takes(&self, rule: &Rule) -> bool {
        match self {
            Self::Ids(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&rule.id)),
            Self::Tag(tag) => rule.has_tag(tag),
            Self::Msg(msg) => rule.actions().msg.as_ref().and_then(|own| own.literal()).is_some_and(|own| own == msg.as_bytes()),
        }
    }
}

fn chosen(by: &str, word: &Word) -> Result<Chosen, Problem> {
    match by {
        "byid" => {
            let parts = word.text.split([' ', ',']).filter(|part| !part.is_empty());
            Ok(Chosen::Ids(parts.map(|part| action::range(part, word, 0)).collect::<Result<_, _>>()?))
        }
        "bytag" => Ok(Chosen::Tag(word.text.clone())),
        _ => Ok(Chosen::Msg(word.text.clone())),
    }
}

/// An update's actions over a rule's own; its id, phase and chain stay.
fn merge(own: &mut Actions, update: Actions) {
    own.disruptive = update.disruptive.or(own.disruptive.take());
    own.status = update.status.or(own.status);
    own.log = update.log.or(own.log);
    own.audit = update.audit.or(own.audit);
    own.msg = update.msg.or(own.msg.take());
    own.logdata = update.logdata.or(own.logdata.take());
    own.severity = update.severity.or(own.severity);
    own.skip_after = update.skip_after.or(own.skip_after.take());
    own.capture |= update.capture;
    own.multi_match |= update.multi_match;
    if update.cleared {
        own.cleared = true;
        own.transformations.clear();
    }
    own.transformations.extend(update.transformations);
    own.tags.extend(update.tags);
    own.setvars.extend(update.setvars);
    own.ctls.extend(update.ctls);
}
