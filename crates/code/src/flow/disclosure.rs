//! What logs and answers give away: the whole event, tokens, claims, passwords, statements, the environment, what exceptions say.
//! Only what is written out as it is counts: what went through a call that is not known may be anything.

use super::call::Site;
use super::engine::Engine;
use super::member::is_environment;
use super::source::Root;
use super::value::{At, Atom, Taint, Value, safe};
use model::code::{Disclosed, DisclosedTo, Disclosure, SinkKind};
use std::collections::BTreeSet;

impl<'p> Engine<'p> {
    /// Notes what values give away.
    pub fn give_away(&mut self, to: DisclosedTo, values: &[Value], at: At) {
        let mut what: BTreeSet<Disclosed> = BTreeSet::new();
        for value in values {
            for taint in self.deep(value, 4) {
                let found = disclosed(&taint, to);
                if let (Some(Disclosed::Sql), Some(built)) = (found, taint.built) {
                    self.statements_logged.push((at, built.at));
                }
                what.extend(found);
            }
            if self.holds_environment(value, 3) {
                what.insert(Disclosed::Environment);
            }
        }
        if what.contains(&Disclosed::Stack) {
            what.remove(&Disclosed::Error);
        }
        let place = self.module(at.module).place(at.span);
        for what in what {
            let found = Disclosure { what, to, place: place.clone() };
            if !self.disclosures.contains(&found) {
                self.disclosures.push(found);
            }
        }
    }

    /// After the walk: what only looked like a statement, and was never sent as one, is none.
    pub fn judge_disclosures(&mut self) {
        let sent: BTreeSet<At> = self.hits.iter().filter(|h| h.kind == SinkKind::Sql).filter_map(|h| h.taint.built.map(|b| b.at)).collect();
        let logged = std::mem::take(&mut self.statements_logged);
        let real: Vec<_> =
            logged.iter().filter(|(_, built)| sent.contains(built)).map(|(at, _)| self.module(at.module).place(at.span)).collect();
        self.disclosures.retain(|d| d.what != Disclosed::Sql || real.contains(&d.place));
    }

    fn holds_environment(&mut self, value: &Value, depth: usize) -> bool {
        value.atoms.iter().any(|a| match a {
            Atom::External(external) => is_environment(external),
            Atom::Object(id) | Atom::Json(id) if depth > 0 => {
                let Some(object) = self.state.at(*id) else { return false };
                let cells: Vec<usize> = object.fields.values().copied().chain(object.any).chain(object.spread).collect();
                cells.into_iter().any(|cell| {
                    let inner = self.state.get(cell);
                    self.holds_environment(&inner, depth - 1)
                })
            }
            _ => false,
        })
    }

    /// The handler answers.
    pub fn respond(&mut self, value: &Value, site: Site<'p>) {
        self.answers_with(value);
        let at = At { module: site.module, span: site.expr.span };
        self.give_away(DisclosedTo::Response, std::slice::from_ref(value), at);
        let fields = self.named_fields(value);
        let field = |name: &str| fields.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.clone());
        let (Some(headers), Some(mut body)) = (field("headers"), field("body")) else { return };
        let html = self.named_fields(&headers).iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.texts().any(|text| text.to_ascii_lowercase().contains("text/html"))
        });
        if html {
            // An identifier or a number that the service made is no markup; what went through a call may be.
            body.taints.retain(|t| t.source.is_data());
            self.hit(SinkKind::Html, &body, "the answer's HTML", site);
        }
    }

    /// `return` of the handler's own function.
    pub fn returned(&mut self, value: &Value, site: Site<'p>) {
        if self.handler_depth.is_some_and(|depth| depth + 1 == self.frames.len()) {
            self.respond(value, site);
        }
    }
}

fn disclosed(taint: &Taint, to: DisclosedTo) -> Option<Disclosed> {
    if taint.safe & safe::PASSED != 0 {
        return None;
    }
    let source = &taint.source;
    let last = source.path.last().map(|name| &**name);
    match (source.root, to) {
        (Root::Error, DisclosedTo::Response) => {
            let stack = last.is_some_and(|name| matches!(name, "stack" | "__traceback__"));
            Some(if stack { Disclosed::Stack } else { Disclosed::Error })
        }
        (_, DisclosedTo::Response) => None,
        (Root::Event | Root::Request, _) if source.path.is_empty() => Some(Disclosed::Event),
        (Root::Claims | Root::Unverified, _) if source.path.is_empty() => Some(Disclosed::Claims),
        _ if source.is_token() => Some(Disclosed::Token),
        (Root::Body, _) if last.is_some_and(crate::secrets::is_password) => Some(Disclosed::Password),
        (Root::Body | Root::Event | Root::Message(_) | Root::Request, _) if taint.built.is_some_and(|b| b.sql) => Some(Disclosed::Sql),
        _ => None,
    }
}
