//! TX and the other variables that change while rules run; texts with `%{...}` filled in.

use super::super::text::{Part, Template};
use super::super::variable::{Selector, Variable};
use super::{Transaction, Value};
use std::borrow::Cow;

impl<'p> Transaction<'p> {
    pub(super) fn tx_value(&self, name: &[u8]) -> Option<&[u8]> {
        match self.program.slots.get(name) {
            Some(slot) => self.tx.get(*slot),
            None => self.tx.more().get(name).map(Vec::as_slice),
        }
    }

    pub(super) fn set_tx(&mut self, slot: Option<u32>, name: &[u8], value: Option<&[u8]>) {
        match slot.or_else(|| self.program.slots.get(name).copied()) {
            Some(slot) => self.tx.set(slot, value),
            None => self.tx.set_more(name, value),
        }
    }

    /// The TX variables of these slots and those without one that the selector takes, by name.
    pub(super) fn tx_among(&self, slots: &[u32], selector: &Selector) -> Vec<(Vec<u8>, Vec<u8>)> {
        let named = slots.iter().filter_map(|slot| Some((self.program.names[*slot as usize].to_vec(), self.tx.get(*slot)?.to_vec())));
        let more = self.tx.more().iter().filter(|(name, _)| selector.selects(name));
        let mut all: Vec<_> = named.chain(more.map(|(name, value)| (name.clone(), value.clone()))).collect();
        all.sort_unstable();
        all
    }

    /// The values of a variable that changes while rules run.
    pub(super) fn moving(&self, variable: Variable, selector: &Selector) -> Vec<(Vec<u8>, Vec<u8>)> {
        let text = |bytes: &[u8]| vec![(Vec::new(), bytes.to_vec())];
        let name_of = |(variable, key, _): &(Variable, crate::engine::TextId, crate::engine::TextId)| {
            let key = self.run.bytes(*key);
            if key.is_empty() { variable.name().as_bytes().to_vec() } else { [variable.name().as_bytes(), b":", key].concat() }
        };
        let all = match variable {
            Variable::Tx => match selector {
                Selector::Key(name) => {
                    return self.tx_value(name.as_bytes()).map(|value| (name.as_bytes().to_vec(), value.to_vec())).into_iter().collect();
                }
                selector => {
                    let slots: Vec<u32> = (0..self.program.names.len() as u32).collect();
                    self.tx_among(&slots, selector)
                }
            },
            Variable::MatchedVar => self.matched_last.map(|(_, _, value)| self.run.bytes(value)).map(text).unwrap_or_default(),
            Variable::MatchedVarName => self.matched_last.as_ref().map(|last| text(&name_of(last))).unwrap_or_default(),
            Variable::MatchedVars => {
                self.matched_now.iter().map(|matched| (name_of(matched), self.run.bytes(matched.2).to_vec())).collect()
            }
            Variable::MatchedVarsNames => self.matched_now.iter().map(|matched| (name_of(matched), name_of(matched))).collect(),
            Variable::HighestSeverity => text(self.severity.to_string().as_bytes()),
            Variable::ReqbodyProcessor => text(self.processor.as_bytes()),
            Variable::Rule => self.rule_values(),
            stored => {
                let kept = self.keys.get(&stored).and_then(|key| self.stored.kept.get(&(stored, key.clone())));
                kept.map(|values| {
                    let live = values.iter().filter(|(_, kept)| kept.expires.is_none_or(|expires| expires > self.facts.epoch));
                    live.map(|(name, kept)| (name.clone(), kept.value.clone())).collect()
                })
                .unwrap_or_default()
            }
        };
        all.into_iter().filter(|(key, _)| selector.selects(key)).collect()
    }

    fn rule_values(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let Some(rule) = self.current.map(|index| &self.program.rules[index as usize]) else { return Vec::new() };
        let head = &rule.links[0];
        let expand = |template: &Option<Template>| template.as_ref().map(|template| self.expand(template).into_owned()).unwrap_or_default();
        // A message that names itself would never end; `expand` gives RULE only to others.
        vec![
            (b"id".to_vec(), rule.id.to_string().into_bytes()),
            (b"severity".to_vec(), rule.severity.map(|severity| severity.to_string()).unwrap_or_default().into_bytes()),
            (b"msg".to_vec(), expand(&head.msg.as_ref().map(without_rule))),
            (b"logdata".to_vec(), expand(&head.logdata.as_ref().map(without_rule))),
        ]
    }

    /// The values of a variable that changes between phases only.
    pub(super) fn still(&self, variable: Variable) -> &[Value] {
        &self.fixed[variable as usize]
    }

    /// A text with its values filled in.
    pub(super) fn expand<'t>(&self, template: &'t Template) -> Cow<'t, [u8]> {
        if let Some(literal) = template.literal() {
            return Cow::Borrowed(literal);
        }
        let mut out = Vec::new();
        for part in &template.parts {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Value(variable, selector) => self.first_value(*variable, selector, &mut out),
            }
        }
        Cow::Owned(out)
    }

    fn first_value(&self, variable: Variable, selector: &Selector, out: &mut Vec<u8>) {
        if super::super::program::is_fixed(variable) {
            let first = self.still(variable).iter().find(|value| selector.selects(self.run.bytes(value.key)));
            if let Some(value) = first {
                out.extend_from_slice(self.run.bytes(value.text));
            }
        } else if let (Variable::Tx, Selector::Key(name)) = (variable, selector) {
            out.extend_from_slice(self.tx_value(name.as_bytes()).unwrap_or_default());
        } else if let Some((_, value)) = self.moving(variable, selector).into_iter().next() {
            out.extend_from_slice(&value);
        }
    }
}

fn without_rule(template: &Template) -> Template {
    Template { parts: template.parts.iter().filter(|part| !matches!(part, Part::Value(Variable::Rule, _))).cloned().collect() }
}
