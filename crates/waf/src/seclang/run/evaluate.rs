//! Rules in order: which link matches which values, and what happens then.

use super::super::action::{Change, Disruptive, EngineMode};
use super::super::program::{Compiled, Condition, Looked, Phase, Test, is_fixed};
use super::super::variable::Variable;
use super::check::{decimal, number};
use super::request::Kept;
use super::{Interruption, Matched, Transaction};
use crate::engine::{Candidates, ChainId, Matcher, TextId};
use std::borrow::Cow;

impl<'p> Transaction<'p> {
    /// Runs a phase's rules, in order.
    pub(super) fn run_phase(&mut self, phase: u8) {
        self.phase = phase;
        self.unions.iter_mut().for_each(Candidates::forget);
        let program = self.program;
        let Phase { rules, markers } = &program.phases[usize::from(phase) - 1];
        let mut at = 0;
        while let Some(index) = rules.get(at).copied() {
            if let Some(marker) = self.skip_after {
                // On to the rule behind the marker, or to the end: the next phase may have it.
                let Some((_, behind)) = markers.iter().find(|(known, behind)| *known == marker && *behind >= at) else { break };
                at = *behind;
                self.skip_after = None;
                continue;
            }
            at += 1;
            if self.any_removed && self.removed[index as usize] {
                continue;
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            if phase != 5 && self.allow.is_some_and(|allow| allow.covers(phase)) {
                break;
            }
            self.current = Some(index);
            self.rule(&program.rules[index as usize]);
            if (self.interruption.is_some() && phase != 5) || self.mode == EngineMode::Off {
                break;
            }
        }
        self.skip = 0;
        if self.allow == Some(super::Allow::Phase) || (self.allow == Some(super::Allow::Request) && phase == 2) {
            self.allow = None;
        }
    }

    fn rule(&mut self, rule: &'p Compiled) {
        if !self.naive && self.ruled_out(&rule.links[0]) {
            return;
        }
        self.matched_now.clear();
        let first = self.matched_now.len();
        for link in &rule.links {
            if !self.link(rule, link) {
                return;
            }
        }
        self.hits.push(rule.id);
        if let Some(severity) = rule.severity {
            self.severity = self.severity.min(severity);
        }
        if rule.log {
            let logged = self.logged(rule, first);
            self.matched.push(logged);
        }
        self.flow(rule);
    }

    fn flow(&mut self, rule: &Compiled) {
        if rule.skip_after.is_some() {
            self.skip_after = rule.skip_after;
        }
        self.skip = self.skip.max(rule.skip);
        match &rule.disruptive {
            Disruptive::Pass | Disruptive::Block => {}
            Disruptive::Allow(allow) => {
                if self.mode == EngineMode::On {
                    self.allow = Some(*allow);
                }
            }
            action @ (Disruptive::Deny | Disruptive::Drop | Disruptive::Redirect(_)) => {
                let status = match action {
                    Disruptive::Redirect(_) => rule.status.unwrap_or(302),
                    _ => rule.status.unwrap_or(403),
                };
                let interruption = Interruption { rule: rule.id, phase: self.phase, status, action: action.clone() };
                match self.mode {
                    EngineMode::On if self.phase < 5 => self.interruption = Some(interruption),
                    EngineMode::On | EngineMode::Off => {}
                    EngineMode::DetectionOnly => {
                        self.would.get_or_insert(interruption);
                    }
                }
            }
        }
    }

    fn logged(&self, rule: &Compiled, first: usize) -> Matched {
        let expand = |link: &Condition, data: bool| {
            let template = if data { link.logdata.as_ref() } else { link.msg.as_ref() };
            template.map(|template| self.expand(template).into_owned())
        };
        let message = rule.links.iter().find_map(|link| expand(link, false)).unwrap_or_default();
        let data = rule.links.iter().find_map(|link| expand(link, true)).unwrap_or_default();
        let name = |variable: Variable, key: TextId| match self.run.bytes(key) {
            [] => variable.name().to_owned(),
            key => format!("{}:{}", variable.name(), String::from_utf8_lossy(key)),
        };
        let at =
            self.matched_now[first..].iter().map(|(variable, key, text)| (name(*variable, *key), self.run.bytes(*text).to_vec())).collect();
        Matched { id: rule.id, phase: self.phase, message, data, severity: rule.severity, tags: rule.tags.clone(), at }
    }

    /// Whether no value can match: the candidates say so.
    fn ruled_out(&mut self, link: &Condition) -> bool {
        let Some(Test::Matcher(matcher)) = link.test else { return false };
        if link.pairs.is_empty() {
            return false;
        }
        !link.pairs.iter().any(|pair| {
            let Self { program, run, unions, fixed, .. } = self;
            let union = &mut unions[*pair as usize];
            if union.is_unknown() {
                let (variable, chain) = program.pairs[*pair as usize];
                run.candidates(fixed[variable as usize].iter().map(|value| value.text), chain, union);
            }
            union.has(matcher)
        })
    }

    /// One link: whether any value matches; what each match does is done at once.
    fn link(&mut self, rule: &'p Compiled, link: &'p Condition) -> bool {
        let Some(test) = &link.test else {
            self.does(rule, link);
            return true;
        };
        let mut matched = false;
        for looked in &link.looked {
            matched |= self.look(rule, link, looked, test);
        }
        matched
    }

    fn look(&mut self, rule: &'p Compiled, link: &'p Condition, looked: &'p Looked, test: &'p Test) -> bool {
        let variable = looked.variable;
        if looked.count {
            return self.look_count(rule, link, looked, test);
        }
        if is_fixed(variable) {
            let mut matched = false;
            for index in 0..self.fixed[variable as usize].len() {
                let value = self.fixed[variable as usize][index];
                if self.is_looked_at(rule, looked, value.key) {
                    matched |= self.ask(rule, link, test, (variable, value.key, value.text));
                }
            }
            return matched;
        }
        if let ([slot], super::Selector::Key(name)) = (looked.slots.as_slice(), &looked.selector) {
            let Some(value) = self.tx.get(*slot) else { return false };
            // The commonest test of a rule set, one TX variable against a number, needs no text of the run.
            if is_plain(link, test) && self.check(test, value) == link.negated {
                return false;
            }
            let (key, text) = (self.run.add(name.as_bytes()), self.run.add(value));
            return self.is_looked_at(rule, looked, key) && self.ask(rule, link, test, (variable, key, text));
        }
        let mut matched = false;
        for (key, value) in self.values(looked) {
            let (key, text) = (self.run.add(&key), self.run.add(&value));
            if self.is_looked_at(rule, looked, key) {
                matched |= self.ask(rule, link, test, (variable, key, text));
            }
        }
        matched
    }

    /// How many there are, asked as a value.
    fn look_count(&mut self, rule: &'p Compiled, link: &'p Condition, looked: &'p Looked, test: &'p Test) -> bool {
        let mut digits = [0; 20];
        let count = decimal(self.count(rule, looked) as u64, &mut digits);
        if is_plain(link, test) && self.check(test, count) == link.negated {
            return false;
        }
        let key = match &looked.selector {
            super::Selector::Key(name) => self.run.add(name.as_bytes()),
            _ => self.run.add(b""),
        };
        let text = self.run.add(count);
        self.ask(rule, link, test, (looked.variable, key, text))
    }

    /// The values of a variable that changes while rules run.
    fn values(&self, looked: &Looked) -> Vec<(Vec<u8>, Vec<u8>)> {
        match (looked.variable, &looked.selector) {
            (Variable::Tx, super::Selector::All | super::Selector::Regex(_)) => self.tx_among(&looked.slots, &looked.selector),
            (variable, selector) => self.moving(variable, selector),
        }
    }

    fn count(&mut self, rule: &Compiled, looked: &Looked) -> usize {
        if is_fixed(looked.variable) {
            let values = &self.fixed[looked.variable as usize];
            return values.iter().filter(|value| self.is_looked_at(rule, looked, value.key)).count();
        }
        if let ([slot], super::Selector::Key(_)) = (looked.slots.as_slice(), &looked.selector) {
            return usize::from(self.tx.get(*slot).is_some());
        }
        let values = self.values(looked);
        values.into_iter().filter(|(key, _)| !looked.left_out.iter().any(|selector| selector.selects(key))).count()
    }

    fn is_looked_at(&self, rule: &Compiled, looked: &Looked, key: TextId) -> bool {
        if matches!(looked.selector, super::Selector::All) && looked.left_out.is_empty() && self.left_out.is_empty() {
            return true;
        }
        let key = self.run.bytes(key);
        looked.selector.selects(key)
            && !looked.left_out.iter().any(|selector| selector.selects(key))
            && (self.left_out.is_empty() || !self.is_left_out(rule, looked.variable, key))
    }

    /// Asks one value, at each station of its chain for `multiMatch`.
    fn ask(&mut self, rule: &'p Compiled, link: &'p Condition, test: &'p Test, (variable, key, text): (Variable, TextId, TextId)) -> bool {
        if !link.multi_match {
            let text = self.run.through(text, link.chain);
            return self.ask_text(rule, link, test, (variable, key, text));
        }
        let mut matched = false;
        for text in self.run.stations(text, link.chain) {
            matched |= self.ask_text(rule, link, test, (variable, key, text));
        }
        matched
    }

    fn ask_text(&mut self, rule: &'p Compiled, link: &'p Condition, test: &'p Test, at: (Variable, TextId, TextId)) -> bool {
        let fits = match test {
            Test::Matcher(matcher) if self.naive => self.run.plan().matcher(*matcher).is_match(self.run.bytes(at.2)),
            Test::Matcher(matcher) => self.run.test(at.2, *matcher),
            other => self.check(other, self.run.bytes(at.2)),
        };
        if fits == link.negated {
            return false;
        }
        self.matched_now.push(at);
        self.matched_last = Some(at);
        if link.capture && !link.negated {
            self.capture(test, at.2);
        }
        self.does(rule, link);
        true
    }

    fn capture(&mut self, test: &Test, text: TextId) {
        let bytes = self.run.bytes(text);
        let whole = || vec![Some((0, bytes.len()))];
        let spans = match test {
            Test::Matcher(matcher) => match self.run.plan().matcher(*matcher) {
                Matcher::Regex(rx) => rx.captures(bytes).unwrap_or_default(),
                Matcher::Phrases(phrases) => phrases.find(bytes).map(|found| Some((found.start, found.end))).into_iter().collect(),
                Matcher::Detector { name: "detectSQLi", .. } => {
                    if let Some(fingerprint) = crate::detect::sqli(bytes) {
                        let slot = self.program.groups[0];
                        self.tx.set(slot, Some(fingerprint.to_string().as_bytes()));
                    }
                    return;
                }
                _ => whole(),
            },
            Test::RxTemplate(template) => {
                let pattern = String::from_utf8_lossy(&self.expand(template)).into_owned();
                super::super::operator::compile(&pattern).ok().and_then(|rx| rx.captures(bytes)).unwrap_or_default()
            }
            _ => whole(),
        };
        for (slot, span) in self.program.groups.iter().zip(spans) {
            self.tx.set(*slot, Some(span.map_or(&[], |(start, end)| &bytes[start..end])));
        }
    }

    /// What a match does besides deciding.
    fn does(&mut self, rule: &'p Compiled, link: &'p Condition) {
        for (collection, key) in &link.initcols {
            let key = self.expand(key).into_owned();
            self.keys.insert(*collection, key);
        }
        for setvar in &link.setvars {
            self.assign(setvar);
        }
        for (collection, name, seconds) in &link.expirevars {
            let (name, seconds) = (self.expand(name).to_ascii_lowercase(), number(&self.expand(seconds)));
            let expires = self.facts.epoch.saturating_add(seconds);
            let kept = self.keys.get(collection).and_then(|key| self.stored.kept.get_mut(&(*collection, key.clone())));
            if let Some(kept) = kept.and_then(|values| values.get_mut(&name)) {
                kept.expires = Some(expires);
            }
        }
        for ctl in &link.ctls {
            self.control(rule, ctl);
        }
    }

    fn assign(&mut self, setvar: &'p super::super::program::Assignment) {
        let name = self.expand(&setvar.name);
        let name = if name.iter().any(u8::is_ascii_uppercase) { Cow::Owned(name.to_ascii_lowercase()) } else { name };
        let before = |own: &Self| match setvar.collection {
            Variable::Tx => number(setvar.slot.map_or_else(|| own.tx_value(&name), |slot| own.tx.get(slot)).unwrap_or_default()),
            other => own
                .moving(other, &super::Selector::Key(String::from_utf8_lossy(&name).into_owned()))
                .first()
                .map_or(0, |(_, value)| number(value)),
        };
        let value: Option<Cow<'_, [u8]>> = match &setvar.change {
            Change::Remove => None,
            Change::Set(template) => Some(self.expand(template)),
            Change::Add(template) => Some(Cow::Owned(before(self).saturating_add(number(&self.expand(template))).to_string().into_bytes())),
            Change::Subtract(template) => {
                Some(Cow::Owned(before(self).saturating_sub(number(&self.expand(template))).to_string().into_bytes()))
            }
        };
        if setvar.collection == Variable::Tx {
            self.set_tx(setvar.slot, &name, value.as_deref());
            return;
        }
        // Without `initcol` there is no collection to write to, as in both references.
        let Some(key) = self.keys.get(&setvar.collection) else { return };
        let values = self.stored.kept.entry((setvar.collection, key.clone())).or_default();
        match value {
            Some(value) => {
                let expires = values.get(name.as_ref()).and_then(|kept| kept.expires);
                values.insert(name.into_owned(), Kept { value: value.into_owned(), expires });
            }
            None => {
                values.remove(name.as_ref());
            }
        }
    }
}

/// Whether the value itself is compared with a number: nothing of it is kept where it does not fit.
fn is_plain(link: &Condition, test: &Test) -> bool {
    link.chain == ChainId::NONE && matches!(test, Test::Number(..))
}
