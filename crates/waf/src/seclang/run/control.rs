//! `ctl`: what a rule changes for the request at hand.

use super::super::action::Ctl;
use super::super::program::Compiled;
use super::super::variable::Variable;
use super::{LeftOut, Transaction, Which};

impl<'p> Transaction<'p> {
    pub(super) fn control(&mut self, _rule: &Compiled, ctl: &'p Ctl) {
        match ctl {
            Ctl::RuleEngine(mode) => self.mode = *mode,
            Ctl::BodyProcessor(name) => self.processor.clone_from(name),
            Ctl::ForceBody(on) => self.force_body = *on,
            Ctl::RequestBodyAccess(on) => self.request_body = *on,
            Ctl::ResponseBodyAccess(on) => self.response_body = *on,
            Ctl::RemoveById(first, last) => self.remove(|rule| (*first..=*last).contains(&rule.id)),
            Ctl::RemoveByTag(tag) => self.remove(|rule| has_tag(rule, tag)),
            Ctl::RemoveByMsg(msg) => self.remove(|rule| has_msg(rule, msg)),
            Ctl::RemoveTargetById(first, last, variable, selector) => {
                self.left_out.push(LeftOut { which: Which::Ids(*first, *last), variable: *variable, selector: selector.clone() });
            }
            Ctl::RemoveTargetByTag(tag, variable, selector) => {
                self.left_out.push(LeftOut { which: Which::Tag(tag.clone()), variable: *variable, selector: selector.clone() });
            }
            Ctl::RemoveTargetByMsg(msg, variable, selector) => {
                self.left_out.push(LeftOut { which: Which::Msg(msg.clone()), variable: *variable, selector: selector.clone() });
            }
            Ctl::Log => {}
        }
    }

    fn remove(&mut self, which: impl Fn(&Compiled) -> bool) {
        let rules = &self.program.rules;
        self.removed.resize(rules.len(), false);
        self.any_removed = true;
        for (removed, rule) in self.removed.iter_mut().zip(rules) {
            *removed |= which(rule);
        }
    }

    /// Whether a `ctl` leaves this value of the variable out of the rule.
    pub(super) fn is_left_out(&self, rule: &Compiled, variable: Variable, key: &[u8]) -> bool {
        self.left_out.iter().any(|left_out| {
            let whose = match &left_out.which {
                Which::Ids(first, last) => (*first..=*last).contains(&rule.id),
                Which::Tag(tag) => has_tag(rule, tag),
                Which::Msg(msg) => has_msg(rule, msg),
            };
            whose && left_out.variable == variable && left_out.selector.selects(key)
        })
    }
}

fn has_tag(rule: &Compiled, tag: &str) -> bool {
    rule.tags.iter().any(|own| own == tag)
}

fn has_msg(rule: &Compiled, msg: &str) -> bool {
    rule.links[0].msg.as_ref().and_then(|own| own.literal()).is_some_and(|own| own == msg.as_bytes())
}
