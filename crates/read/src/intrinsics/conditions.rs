//! Conditions (CloudFormation "Condition functions") in three values.

use crate::stacks::Stacks;
use model::{Kind, Node};

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It depends on something that is not known.
    Unknown(String),
}

/// Deepest chain of conditions that is followed.
const MAX_DEPTH: usize = 200;

impl Stacks {
    /// A condition by its name.
    pub(crate) fn condition(&self, at: usize, name: &str, depth: usize) -> Truth {
        let Some(stack) = self.stacks.get(at) else { return Truth::Unknown("no such stack".to_owned()) };
        let assumed = [Some(stack.name.clone()), None].into_iter().find_map(|of| self.assumed.get(&(of, name.to_owned())));
        if let Some(holds) = assumed {
            return if *holds { Truth::True } else { Truth::False };
        }
        if let Some(known) = stack.conditions.borrow().get(name) {
            return known.clone().unwrap_or_else(|| Truth::Unknown(format!("condition {name} depends on itself")));
        }
        let Some(node) = stack.template.at(&["Conditions", name]) else {
            return Truth::Unknown(format!("there is no condition {name}"));
        };
        stack.conditions.borrow_mut().insert(name.to_owned(), None);
        let truth = self.truth(at, node, depth + 1);
        stack.conditions.borrow_mut().insert(name.to_owned(), Some(truth.clone()));
        truth
    }

    fn truth(&self, at: usize, node: &Node, depth: usize) -> Truth {
        if depth > MAX_DEPTH {
            self.note("conditions nested too deeply", &node.place, "flatten the conditions");
            return Truth::Unknown("conditions nested too deeply".to_owned());
        }
        let [only] = node.members() else {
            return match node.bool() {
                Some(true) => Truth::True,
                Some(false) => Truth::False,
                None => Truth::Unknown("not a condition".to_owned()),
            };
        };
        let all = |stop: Truth| {
            let mut unknown = None;
            for part in only.value.one_or_many() {
                match self.truth(at, part, depth + 1) {
                    Truth::Unknown(why) => {
                        unknown.get_or_insert(why);
                    }
                    truth if truth == stop => return stop,
                    _ => {}
                }
            }
            unknown.map_or_else(|| if stop == Truth::False { Truth::True } else { Truth::False }, Truth::Unknown)
        };
        match only.key.as_str() {
            "Condition" => self.condition(at, only.value.str().unwrap_or_default(), depth),
            "Fn::And" => all(Truth::False),
            "Fn::Or" => all(Truth::True),
            "Fn::Not" => match only.value.one_or_many().first().map(|part| self.truth(at, part, depth + 1)) {
                Some(Truth::True) => Truth::False,
                Some(Truth::False) => Truth::True,
                Some(unknown) => unknown,
                None => Truth::Unknown("Fn::Not without a condition".to_owned()),
            },
            "Fn::Equals" => self.equals(at, &only.value, depth),
            other => Truth::Unknown(format!("{other} is no condition function that is understood")),
        }
    }

    fn equals(&self, at: usize, argument: &Node, depth: usize) -> Truth {
        let [left, right] = argument.items() else {
            return Truth::Unknown("Fn::Equals wants two values".to_owned());
        };
        let (left, right) = (self.eval(at, left, depth + 1), self.eval(at, right, depth + 1));
        let (Some(left), Some(right)) = (left, right) else {
            return Truth::Unknown("Fn::Equals compares AWS::NoValue".to_owned());
        };
        if let Some((_, unknown)) = left.first_unknown().or_else(|| right.first_unknown()) {
            return Truth::Unknown(unknown.why.clone());
        }
        match same(&left, &right) {
            true => Truth::True,
            false => Truth::False,
        }
    }
}

/// Equality as CloudFormation sees it: scalars as text.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.kind, &right.kind) {
        (Kind::List(left), Kind::List(right)) => left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r)),
        (Kind::Map(left), Kind::Map(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.key == r.key && same(&l.value, &r.value))
        }
        (Kind::Null, Kind::Null) => true,
        _ => left.scalar().is_some() && left.scalar() == right.scalar(),
    }
}
