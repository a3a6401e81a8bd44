//! JSON Schema draft 4, as API Gateway models use it (API Gateway Developer Guide, "Data models for REST APIs";
//! draft-fge-json-schema-validation-00). Three-valued: a schema that is not wholly known or understood never fits.
//! `format` is an annotation.

use model::aws::RestApi;
use model::{Kind, Node};
use regex::Regex;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Whether a value fits a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Yes,
    /// It does not; a JSON pointer to the part that does not.
    No(String),
    /// It cannot be said, and why.
    Unknown(String),
}

/// Judges a value by a model of the API.
pub(super) fn judge(api: &RestApi, schema: &Node, value: &Value) -> Fit {
    Judge { api, depth: 0 }.schema(schema, value, "")
}

/// References may lead in circles; no sound model is nested deeper.
const DEPTH: usize = 64;

#[derive(Clone, Copy)]
struct Judge<'a> {
    api: &'a RestApi,
    depth: usize,
}

impl Fit {
    /// Both: a definite no outweighs what is not known.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No(_) => self,
            Self::Yes => other(),
            Self::Unknown(_) => match other() {
                Self::No(at) => Self::No(at),
                Self::Yes | Self::Unknown(_) => self,
            },
        }
    }

    fn of(holds: bool, at: &str) -> Self {
        if holds { Self::Yes } else { Self::No(at.to_owned()) }
    }
}

fn all(fits: impl IntoIterator<Item = Fit>) -> Fit {
    fits.into_iter().fold(Fit::Yes, |so_far, fit| so_far.and(|| fit))
}

impl Judge<'_> {
    fn schema(self, schema: &Node, value: &Value, at: &str) -> Fit {
        let deeper = Self { depth: self.depth + 1, ..self };
        if self.depth > DEPTH {
            return Fit::Unknown("its references lead in circles".into());
        }
        match &schema.kind {
            Kind::Unknown(unknown) => return Fit::Unknown(unknown.why.clone()),
            // A model resource may give its schema as text.
            Kind::String(text) if self.depth == 0 => {
                return match serde_json::from_str::<Value>(text) {
                    Ok(json) => deeper.schema(&Node::from_json(&json, &schema.place), value, at),
                    Err(_) => Fit::Unknown("it is no JSON".into()),
                };
            }
            Kind::Map(_) => {}
            _ => return Fit::Unknown("a schema is an object".into()),
        }
        if let Some(reference) = schema.get("$ref") {
            // `#/definitions/X`, `#/components/schemas/X` and `https://apigateway.amazonaws.com/restapis/A/models/X`.
            let name = reference.str().and_then(|text| text.rsplit('/').next()).unwrap_or_default();
            return match self.api.models.get(name) {
                Some(model) => deeper.schema(model, value, at),
                None => Fit::Unknown(format!("it refers to a model `{name}` that is not known")),
            };
        }
        all(schema.members().iter().map(|member| match member.value.unknown() {
            Some(unknown) => Fit::Unknown(unknown.why.clone()),
            None => deeper.keyword(schema, &member.key, &member.value, value, at),
        }))
    }

    fn keyword(self, schema: &Node, key: &str, rule: &Node, value: &Value, at: &str) -> Fit {
        match key {
            "type" => kinds(rule, value, at),
            "enum" => {
                let one = rule.items().iter().any(|item| equal(&item.json(), value));
                if !one && rule.first_unknown().is_some() { Fit::Unknown("an allowed value is not known".into()) } else { Fit::of(one, at) }
            }
            "allOf" => all(rule.items().iter().map(|schema| self.schema(schema, value, at))),
            "anyOf" | "oneOf" => self.some_of(key == "oneOf", rule, value, at),
            "not" => match self.schema(rule, value, at) {
                Fit::Yes => Fit::No(at.to_owned()),
                Fit::No(_) => Fit::Yes,
                unknown => unknown,
            },
            _ => match value {
                Value::Object(members) => self.object(schema, key, rule, members, at),
                Value::Array(items) => self.array(schema, key, rule, items, at),
                Value::String(text) => string(key, rule, text, at),
                Value::Number(number) => numeric(schema, key, rule, number.as_f64().unwrap_or(f64::NAN), at),
                Value::Null | Value::Bool(_) => Fit::Yes,
            },
        }
    }

    fn some_of(self, exactly_one: bool, rule: &Node, value: &Value, at: &str) -> Fit {
        let fits: Vec<_> = rule.items().iter().map(|schema| self.schema(schema, value, at)).collect();
        let yes = fits.iter().filter(|fit| **fit == Fit::Yes).count();
        let unknown = fits.into_iter().find(|fit| matches!(fit, Fit::Unknown(_)));
        match (unknown, exactly_one, yes) {
            (_, true, 2..) => Fit::No(at.to_owned()),
            (_, false, 1..) => Fit::Yes,
            (Some(unknown), ..) => unknown,
            (None, _, yes) => Fit::of(yes == 1, at),
        }
    }

    fn object(self, schema: &Node, key: &str, rule: &Node, members: &Map<String, Value>, at: &str) -> Fit {
        match key {
            "required" => all(rule.items().iter().map(|name| match name.str() {
                Some(name) => Fit::of(members.contains_key(name), at),
                None => Fit::Unknown("a required property is not known".into()),
            })),
            "properties" => all(rule.members().iter().filter_map(|property| {
                let value = members.get(&property.key)?;
                Some(self.schema(&property.value, value, &below(at, &property.key)))
            })),
            "patternProperties" => all(rule.members().iter().flat_map(|property| {
                members.iter().map(|(name, value)| match matches(&property.key, name) {
                    Some(true) => self.schema(&property.value, value, &below(at, name)),
                    Some(false) => Fit::Yes,
                    None => Fit::Unknown(format!("pattern `{}` is not understood", property.key)),
                })
            })),
            "additionalProperties" => {
                let declared = |key: &str| schema.get(key).map(Node::members).unwrap_or_default();
                let known = |name: &str| {
                    declared("properties").iter().any(|p| p.key == name)
                        || declared("patternProperties").iter().any(|p| matches(&p.key, name) != Some(false))
                };
                all(members.iter().filter(|(name, _)| !known(name)).map(|(name, value)| self.rest(rule, value, &below(at, name))))
            }
            "dependencies" => all(rule.members().iter().filter(|d| members.contains_key(&d.key)).map(|d| match &d.value.kind {
                Kind::List(names) => Fit::of(names.iter().all(|name| name.str().is_some_and(|name| members.contains_key(name))), at),
                _ => self.schema(&d.value, &Value::Object(members.clone()), at),
            })),
            "minProperties" => Fit::of(rule.integer().is_none_or(|least| members.len() as i64 >= least), at),
            "maxProperties" => Fit::of(rule.integer().is_none_or(|most| members.len() as i64 <= most), at),
            _ => Fit::Yes,
        }
    }

    fn array(self, schema: &Node, key: &str, rule: &Node, items: &[Value], at: &str) -> Fit {
        match key {
            "items" => all(items.iter().enumerate().filter_map(|(index, item)| {
                let own = match &rule.kind {
                    Kind::List(schemas) => schemas.get(index)?,
                    _ => rule,
                };
                Some(self.schema(own, item, &below(at, &index.to_string())))
            })),
            "additionalItems" => match schema.get("items").map(|node| &node.kind) {
                Some(Kind::List(declared)) => all(items.iter().skip(declared.len()).map(|item| self.rest(rule, item, at))),
                _ => Fit::Yes,
            },
            "minItems" => Fit::of(rule.integer().is_none_or(|least| items.len() as i64 >= least), at),
            "maxItems" => Fit::of(rule.integer().is_none_or(|most| items.len() as i64 <= most), at),
            "uniqueItems" if rule.bool() == Some(true) => {
                let twice = items.iter().enumerate().any(|(index, item)| items.iter().take(index).any(|other| equal(other, item)));
                Fit::of(!twice, at)
            }
            _ => Fit::Yes,
        }
    }

    /// `additionalProperties` and `additionalItems`: a boolean or a schema.
    fn rest(self, rule: &Node, value: &Value, at: &str) -> Fit {
        match rule.bool() {
            Some(allowed) => Fit::of(allowed, at),
            None => self.schema(rule, value, at),
        }
    }
}

fn kinds(rule: &Node, value: &Value, at: &str) -> Fit {
    let is = |name: &str| match (name, value) {
        ("object", Value::Object(_)) | ("array", Value::Array(_)) | ("string", Value::String(_)) => true,
        ("boolean", Value::Bool(_)) | ("null", Value::Null) | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => false,
    };
    Fit::of(rule.one_or_many().iter().filter_map(Node::str).any(is), at)
}

fn string(key: &str, rule: &Node, text: &str, at: &str) -> Fit {
    let length = || i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    match key {
        "minLength" => Fit::of(rule.integer().is_none_or(|least| length() >= least), at),
        "maxLength" => Fit::of(rule.integer().is_none_or(|most| length() <= most), at),
        "pattern" => match rule.str().and_then(|pattern| matches(pattern, text)) {
            Some(holds) => Fit::of(holds, at),
            None => Fit::Unknown("a pattern is not understood".into()),
        },
        _ => Fit::Yes,
    }
}

fn numeric(schema: &Node, key: &str, rule: &Node, number: f64, at: &str) -> Fit {
    let exclusive = |key: &str| schema.get(key).and_then(Node::bool) == Some(true);
    let bound = || rule.number().unwrap_or(f64::NAN);
    match key {
        "minimum" => Fit::of(if exclusive("exclusiveMinimum") { number > bound() } else { number >= bound() }, at),
        "maximum" => Fit::of(if exclusive("exclusiveMaximum") { number < bound() } else { number <= bound() }, at),
        "multipleOf" => {
            let quotient = number / bound();
            Fit::of((quotient - quotient.round()).abs() < 1e-9, at)
        }
        _ => Fit::Yes,
    }
}

/// Numbers are equal by value: 1 and 1.0.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => left == right,
    }
}

fn below(at: &str, part: &str) -> String {
    format!("{at}/{}", part.replace('~', "~0").replace('/', "~1"))
}

/// Compiled patterns: the same models judge every request. Forgotten all at once when too many.
const KEPT: usize = 256;

thread_local! {
    static PATTERNS: RefCell<BTreeMap<String, Option<Regex>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Whether text contains a match; `None` when the pattern is not understood.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    PATTERNS.with_borrow_mut(|kept| {
        if !kept.contains_key(pattern) {
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.insert(pattern.to_owned(), Regex::new(&ecma(pattern)).ok());
        }
        kept.get(pattern)?.as_ref().map(|regex| regex.is_match(text))
    })
}

/// ECMA 262 lets `/` be escaped, which this engine does not.
fn ecma(pattern: &str) -> Cow<'_, str> {
    if pattern.contains("\\/") { Cow::Owned(pattern.replace("\\/", "/")) } else { Cow::Borrowed(pattern) }
}

#[cfg(test)]
mod tests {
    use super::{Fit, judge};
    use model::aws::RestApi;
    use model::{Node, Place, ResourceId};
    use serde_json::{Value, json};

    fn api(models: Value) -> RestApi {
        let place = Place::new("t", 1, 1);
        let models = models.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), Node::from_json(value, &place)));
        RestApi {
            id: ResourceId::new("a", "b"),
            api_id: String::new(),
            name: String::new(),
            place: place.clone(),
            stages: Vec::new(),
            routes: Vec::new(),
            authorizers: Default::default(),
            models: models.collect(),
            gateway_responses: Default::default(),
            resource_policy: None,
            api_key_from_authorizer: false,
            binary_media_types: Vec::new(),
            body_place: None,
            unknown: None,
        }
    }

    #[test]
    fn keywords() {
        let list = json!({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2, "uniqueItems": true});
        let object = json!({"required": ["a"], "properties": {"a": {"type": "string", "minLength": 2, "maxLength": 3}},
            "patternProperties": {"^x-": {}}, "additionalProperties": false, "dependencies": {"x-1": ["x-2"]}});
        let number = json!({"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 10, "multipleOf": 0.5});
        let one = json!({"oneOf": [{"type": "integer"}, {"minimum": 5}]});
        let any = json!({"anyOf": [{"type": "null"}, {"enum": ["a", 1]}], "not": {"enum": [1.0]}});
        let table = [
            (&list, json!([1]), true),
            (&list, json!([1, 2.0]), true),
            (&list, json!([]), false),
            (&list, json!([1, 1]), false),
            (&list, json!([1, 2, 3]), false),
            (&list, json!(["1"]), false),
            (&list, json!({}), false),
            (&object, json!({"a": "éé"}), true),
            (&object, json!({"a": "é"}), false),
            (&object, json!({"a": "abcd"}), false),
            (&object, json!({"a": "ab", "b": 1}), false),
            (&object, json!({"a": "ab", "x-2": 1}), true),
            (&object, json!({"a": "ab", "x-1": 1}), false),
            (&object, json!({}), false),
            (&number, json!(0.5), true),
            (&number, json!(0), false),
            (&number, json!(10.5), false),
            (&number, json!(0.7), false),
            (&one, json!(1), true),
            (&one, json!(5.5), true),
            (&one, json!(6), false),
            (&any, json!(null), true),
            (&any, json!("a"), true),
            (&any, json!(1), false),
        ];
        let api = api(json!({}));
        for (schema, value, fits) in table {
            let fit = judge(&api, &Node::from_json(schema, &Place::new("t", 1, 1)), &value);
            assert_eq!(fit == Fit::Yes, fits, "{schema} {value} {fit:?}");
            assert!(!matches!(fit, Fit::Unknown(_)));
        }
    }

    #[test]
    fn what_is_not_understood_never_fits() {
        let circle = api(json!({"A": {"$ref": "#/definitions/B"}, "B": {"allOf": [{"$ref": "#/definitions/A"}]}}));
        for schema in [
            json!({"$ref": "#/definitions/A"}),
            json!({"$ref": "#/definitions/C"}),
            json!({"pattern": "(?=a)"}),
            json!("no json"),
            json!([]),
            json!({"allOf": [{}, {"$ref": "x"}]}),
            json!({"not": {"$ref": "x"}}),
        ] {
            let fit = judge(&circle, &Node::from_json(&schema, &Place::new("t", 1, 1)), &json!("text"));
            assert!(matches!(fit, Fit::Unknown(_)), "{schema} {fit:?}");
        }
        // What is known to be wrong is wrong whatever else is not known.
        let schema = Node::from_json(&json!({"allOf": [{"$ref": "x"}, {"type": "object"}]}), &Place::new("t", 1, 1));
        assert_eq!(judge(&circle, &schema, &json!(1)), Fit::No(String::new()));
    }
}
