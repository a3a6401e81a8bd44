//! Actions: `id:942100,phase:2,block,t:none,t:urlDecodeUni,setvar:'tx.a=+%{tx.b}',ctl:...`.

use super::lex::Word;
use super::place::Problem;
use super::text::Template;
use super::variable::{Selector, Variable, targets};
use crate::transform::Transformation;

/// What a rule does with the request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Disruptive {
    /// Goes on.
    Pass,
    /// What the default action of the phase says.
    Block,
    /// Answers with an error.
    Deny,
    /// Closes the connection.
    Drop,
    /// Answers with a redirect.
    Redirect(String),
    /// Lets pass: the whole request, this phase, or the request's phases.
    Allow(Allow),
}

/// How much an `allow` lets pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allow {
    /// Everything that is left.
    All,
    /// What is left of this phase.
    Phase,
    /// What is left of the request's phases.
    Request,
}

/// What a `setvar` does.
#[derive(Clone, Debug)]
pub struct SetVar {
    /// `TX`, or a collection kept between requests.
    pub collection: Variable,
    /// The variable's name.
    pub name: Template,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a variable.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is this.
    Set(Template),
    /// So much more.
    Add(Template),
    /// So much less.
    Subtract(Template),
    /// It is gone.
    Remove,
}

/// What a `ctl` changes for the request at hand.
#[derive(Clone, Debug)]
pub enum Ctl {
    /// `ruleEngine`.
    RuleEngine(EngineMode),
    /// `requestBodyProcessor`.
    BodyProcessor(String),
    /// `forceRequestBodyVariable`.
    ForceBody(bool),
    /// `requestBodyAccess`.
    RequestBodyAccess(bool),
    /// `responseBodyAccess`.
    ResponseBodyAccess(bool),
    /// `ruleRemoveById`: first and last.
    RemoveById(u32, u32),
    /// `ruleRemoveByTag`: the rules with a tag that matches.
    RemoveByTag(String),
    /// `ruleRemoveByMsg`.
    RemoveByMsg(String),
    /// `ruleRemoveTargetById`.
    RemoveTargetById(u32, u32, Variable, Selector),
    /// `ruleRemoveTargetByTag`.
    RemoveTargetByTag(String, Variable, Selector),
    /// `ruleRemoveTargetByMsg`.
    RemoveTargetByMsg(String, Variable, Selector),
    /// Of logs and limits only: nothing is decided by it (`auditEngine`, `auditLogParts`, `requestBodyLimit`, `debugLogLevel`).
    Log,
}

/// Whether the rules decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EngineMode {
    /// They do.
    #[default]
    On,
    /// They only say what they would.
    DetectionOnly,
    /// They are not run.
    Off,
}

/// A rule's actions, as written.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    /// `id`.
    pub id: Option<u32>,
    /// `phase`.
    pub phase: Option<u8>,
    /// The disruptive action; the last one counts.
    pub disruptive: Option<Disruptive>,
    /// `status`.
    pub status: Option<u16>,
    /// Transformations after the last `t:none`.
    pub transformations: Vec<Transformation>,
    /// There was a `t:none`: those of the default action do not count.
    pub cleared: bool,
    /// `log`, `nolog`.
    pub log: Option<bool>,
    /// `auditlog`, `noauditlog`.
    pub audit: Option<bool>,
    /// `tag`.
    pub tags: Vec<String>,
    /// `msg`.
    pub msg: Option<Template>,
    /// `logdata`.
    pub logdata: Option<Template>,
    /// `severity`: 0 is an emergency, 7 debugging.
    pub severity: Option<u8>,
    /// `capture`.
    pub capture: bool,
    /// `multiMatch`.
    pub multi_match: bool,
    /// `chain`.
    pub chain: bool,
    /// `setvar`.
    pub setvars: Vec<SetVar>,
    /// `ctl`.
    pub ctls: Vec<Ctl>,
    /// `initcol`: the collection and the key its values are kept under.
    pub initcols: Vec<(Variable, Template)>,
    /// `expirevar`: the collection, the name, the seconds.
    pub expirevars: Vec<(Variable, Template, Template)>,
    /// `skip`.
    pub skip: u32,
    /// `skipAfter`.
    pub skip_after: Option<String>,
}

/// Reads a rule's actions.
///
/// # Errors
/// An action that is not known, or a value it cannot have.
pub(super) fn actions(word: &Word) -> Result<Actions, Problem> {
    let mut actions = Actions::default();
    for (offset, name, value) in split(word)? {
        one(&mut actions, word, offset, &name, value.as_deref())?;
    }
    Ok(actions)
}

type Piece = (usize, String, Option<String>);

fn split(word: &Word) -> Result<Vec<Piece>, Problem> {
    let text = word.text.as_str();
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() || bytes[at] == b',' {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && !matches!(bytes[at], b':' | b',') {
            at += 1;
        }
        let name = text[start..at].trim().to_owned();
        let mut value = None;
        if bytes.get(at) == Some(&b':') {
            at += 1;
            let (read, next) = read_value(word, at)?;
            value = Some(read);
            at = next;
        }
        pieces.push((start, name, value));
    }
    Ok(pieces)
}

fn read_value(word: &Word, mut at: usize) -> Result<(String, usize), Problem> {
    let text = word.text.as_str();
    let start = at;
    let mut value = String::new();
    let mut quoted = text[at..].starts_with('\'');
    if quoted {
        at += 1;
    }
    let mut rest = text[at..].char_indices().peekable();
    while let Some((offset, character)) = rest.next() {
        match character {
            '\\' if quoted && rest.peek().is_some_and(|(_, next)| *next == '\'') => {
                rest.next();
                value.push('\'');
            }
            '\'' if quoted => {
                // The quote closes where the action ends: a quote inside (`tag:'it's'`) is a character.
                let after = text[at + offset + 1..].trim_start();
                if after.is_empty() || after.starts_with(',') {
                    return Ok((value, at + offset + 1));
                }
                value.push('\'');
            }
            // `setvar:tx.a='b, c'`.
            '\'' if value.ends_with('=') => {
                quoted = true;
            }
            ',' if !quoted => return Ok((value.trim().to_owned(), at + offset)),
            other => value.push(other),
        }
    }
    if quoted {
        return Err(word.wrong(start, "a quote that is not closed"));
    }
    Ok((value.trim().to_owned(), text.len()))
}

fn one(actions: &mut Actions, word: &Word, at: usize, name: &str, value: Option<&str>) -> Result<(), Problem> {
    let at_value = at + name.len() + 1;
    let at_value = at_value + usize::from(word.text.as_bytes().get(at_value) == Some(&b'\''));
    let need = || value.ok_or_else(|| word.wrong(at, format!("`{name}` needs a value")));
    let template = |text: &str| Template::new(text).map_err(|(offset, says)| word.wrong(at_value + offset, says));
    match name.to_ascii_lowercase().as_str() {
        "id" => actions.id = Some(need()?.trim().parse().map_err(|_| word.wrong(at_value, "an id is a number"))?),
        "phase" => actions.phase = Some(phase(need()?).ok_or_else(|| word.wrong(at_value, "a phase is a number from 1 to 5"))?),
        "pass" => actions.disruptive = Some(Disruptive::Pass),
        "block" => actions.disruptive = Some(Disruptive::Block),
        "deny" => actions.disruptive = Some(Disruptive::Deny),
        "drop" => actions.disruptive = Some(Disruptive::Drop),
        "redirect" => actions.disruptive = Some(Disruptive::Redirect(need()?.to_owned())),
        "allow" => {
            actions.disruptive = Some(Disruptive::Allow(match value.unwrap_or_default() {
                "" => Allow::All,
                "phase" => Allow::Phase,
                "request" => Allow::Request,
                other => return Err(word.wrong(at_value, format!("`allow:{other}` is not known"))),
            }));
        }
        "status" => actions.status = Some(need()?.parse().map_err(|_| word.wrong(at_value, "a status is a number"))?),
        "t" => match need()?.trim() {
            none if none.eq_ignore_ascii_case("none") => {
                actions.cleared = true;
                actions.transformations.clear();
            }
            other => match Transformation::from_seclang(other) {
                Some(transformation) => actions.transformations.push(transformation),
                None => return Err(word.wrong(at_value, format!("the transformation `{other}` is not known"))),
            },
        },
        "log" => actions.log = Some(true),
        "nolog" => actions.log = Some(false),
        "auditlog" => actions.audit = Some(true),
        "noauditlog" => actions.audit = Some(false),
        "tag" => actions.tags.push(need()?.to_owned()),
        "msg" => actions.msg = Some(template(need()?)?),
        "logdata" => actions.logdata = Some(template(need()?)?),
        "severity" => actions.severity = Some(severity(need()?).ok_or_else(|| word.wrong(at_value, "a severity is not known"))?),
        "capture" => actions.capture = true,
        "multimatch" => actions.multi_match = true,
        "chain" => actions.chain = true,
        "setvar" => actions.setvars.push(setvar(need()?, word, at_value)?),
        "ctl" => actions.ctls.push(ctl(need()?, word, at_value)?),
        "initcol" => {
            let (collection, key) = need()?.split_once('=').ok_or_else(|| word.wrong(at_value, "`initcol` needs a `=`"))?;
            actions.initcols.push((stored(collection, word, at_value)?, template(key)?));
        }
        "expirevar" => {
            let (name, seconds) = need()?.split_once('=').ok_or_else(|| word.wrong(at_value, "`expirevar` needs a `=`"))?;
            let (collection, name) = name.split_once('.').ok_or_else(|| word.wrong(at_value, "`expirevar` needs a collection"))?;
            actions.expirevars.push((stored(collection, word, at_value)?, template(name)?, template(seconds)?));
        }
        "setuid" | "setsid" | "setrsc" | "setenv" => {
            return Err(word.wrong(at, format!("the action `{name}` is not supported")));
        }
        "skip" => actions.skip = need()?.parse().map_err(|_| word.wrong(at_value, "`skip` needs a number"))?,
        "skipafter" => actions.skip_after = Some(need()?.to_owned()),
        // About logs and documentation only.
        "ver"
        | "rev"
        | "maturity"
        | "accuracy"
        | "sanitisearg"
        | "sanitisematched"
        | "sanitiserequestheader"
        | "sanitiseresponseheader" => {}
        _ => return Err(word.wrong(at, format!("the action `{name}` is not known"))),
    }
    Ok(())
}

fn phase(text: &str) -> Option<u8> {
    match text.trim().to_ascii_lowercase().as_str() {
        "request" => Some(2),
        "response" => Some(4),
        "logging" => Some(5),
        number => number.parse().ok().filter(|phase| (1..=5).contains(phase)),
    }
}

fn severity(text: &str) -> Option<u8> {
    const NAMES: [&str; 8] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    let named = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text.trim()));
    named.map(|index| index as u8).or_else(|| text.trim().parse().ok().filter(|severity| *severity < 8))
}

fn stored(name: &str, word: &Word, at: usize) -> Result<Variable, Problem> {
    Variable::named(name.trim())
        .filter(|variable| variable.is_stored() || *variable == Variable::Tx)
        .ok_or_else(|| word.wrong(at, format!("the collection `{name}` is not known")))
}

fn setvar(text: &str, word: &Word, at: usize) -> Result<SetVar, Problem> {
    let template = |text: &str| Template::new(text).map_err(|(offset, says)| word.wrong(at + offset, says));
    let (removed, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let (target, value) = text.split_once('=').map_or((text, None), |(target, value)| (target, Some(value)));
    let Some((collection, name)) = target.split_once(['.', ':']) else {
        return Err(word.wrong(at, "`setvar` needs a collection: `tx.name=value`"));
    };
    let collection = stored(collection, word, at)?;
    let change = match value {
        _ if removed => Change::Remove,
        None => Change::Set(template("1")?),
        Some(value) => match (value.strip_prefix('+'), value.strip_prefix('-')) {
            (Some(more), _) => Change::Add(template(more)?),
            (_, Some(less)) => Change::Subtract(template(less)?),
            _ => Change::Set(template(value)?),
        },
    };
    Ok(SetVar { collection, name: template(&name.to_ascii_lowercase())?, change })
}

fn ctl(text: &str, word: &Word, at: usize) -> Result<Ctl, Problem> {
    let Some((name, value)) = text.split_once('=') else { return Err(word.wrong(at, "`ctl` needs a `=`")) };
    let at_value = at + name.len() + 1;
    let value = value.trim();
    let switch = || match value.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(word.wrong(at_value, format!("`{value}` is neither On nor Off"))),
    };
    Ok(match name.trim().to_ascii_lowercase().as_str() {
        "ruleengine" => Ctl::RuleEngine(engine_mode(value).ok_or_else(|| word.wrong(at_value, "the mode is not known"))?),
        "requestbodyprocessor" => match value.to_ascii_uppercase().as_str() {
            known @ ("URLENCODED" | "MULTIPART" | "JSON" | "XML" | "RAW") => Ctl::BodyProcessor(known.to_owned()),
            _ => return Err(word.wrong(at_value, format!("the body processor `{value}` is not known"))),
        },
        "forcerequestbodyvariable" => Ctl::ForceBody(switch()?),
        "requestbodyaccess" => Ctl::RequestBodyAccess(switch()?),
        "responsebodyaccess" => Ctl::ResponseBodyAccess(switch()?),
        "ruleremovebyid" => {
            let (first, last) = range(value, word, at_value)?;
            Ctl::RemoveById(first, last)
        }
        "ruleremovebytag" => Ctl::RemoveByTag(value.to_owned()),
        "ruleremovebymsg" => Ctl::RemoveByMsg(value.to_owned()),
        "ruleremovetargetbyid" => {
            let (id, target) = value.split_once(';').ok_or_else(|| word.wrong(at_value, "`ruleRemoveTargetById` needs a target"))?;
            let (first, last) = range(id, word, at_value)?;
            let (variable, selector) = target_of(target, word, at_value)?;
            Ctl::RemoveTargetById(first, last, variable, selector)
        }
        "ruleremovetargetbytag" => {
            let (tag, target) = value.split_once(';').ok_or_else(|| word.wrong(at_value, "`ruleRemoveTargetByTag` needs a target"))?;
            let (variable, selector) = target_of(target, word, at_value)?;
            Ctl::RemoveTargetByTag(tag.to_owned(), variable, selector)
        }
        "ruleremovetargetbymsg" => {
            let (msg, target) = value.split_once(';').ok_or_else(|| word.wrong(at_value, "`ruleRemoveTargetByMsg` needs a target"))?;
            let (variable, selector) = target_of(target, word, at_value)?;
            Ctl::RemoveTargetByMsg(msg.to_owned(), variable, selector)
        }
        "auditengine" | "auditlogparts" | "requestbodylimit" | "responsebodylimit" | "debugloglevel" | "parsexmlintoargs" => Ctl::Log,
        _ => return Err(word.wrong(at, format!("`ctl:{name}` is not known"))),
    })
}

/// `On`, `Off`, `DetectionOnly`.
pub(super) fn engine_mode(text: &str) -> Option<EngineMode> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" => Some(EngineMode::On),
        "off" => Some(EngineMode::Off),
        "detectiononly" => Some(EngineMode::DetectionOnly),
        _ => None,
    }
}

/// `942100` or `942000-942999`.
pub(super) fn range(text: &str, word: &Word, at: usize) -> Result<(u32, u32), Problem> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) => Ok((first, last)),
        _ => Err(word.wrong(at, format!("`{text}` is no rule id and no range of them"))),
    }
}

fn target_of(text: &str, word: &Word, at: usize) -> Result<(Variable, Selector), Problem> {
    let inner = word.with_text(text, at);
    let mut read = targets(&inner)?;
    match (read.looked.len(), read.looked.pop()) {
        (1, Some(target)) => Ok((target.variable, target.selector)),
        _ => Err(word.wrong(at, format!("`{text}` is no target"))),
    }
}
