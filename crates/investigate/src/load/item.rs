//! One line of a detection: a field with modifiers, and its values (Sigma specification, "Modifiers").
//! A modifier that is not known here is refused by name.

use super::detection::Refused;
use crate::pattern::{Part, Pattern, parts};
use crate::rule::{Field, Item, Order, Shape, Test, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Kind, Member, Node};
use regex::RegexBuilder;

/// What the modifiers of one line ask for.
#[derive(Default)]
struct Modifiers {
    all: bool,
    cased: bool,
    expand: bool,
    regex: bool,
    regex_flags: String,
    shape: Option<Shape>,
    /// `base64`, `base64offset`, `wide`, `utf16be`, `utf16` in their order.
    encodings: Vec<&'static str>,
    /// A modifier that decides the kind of the value.
    kind: Option<&'static str>,
}

/// Reads `field|modifier: value`.
pub(super) fn read(member: &Member) -> Result<Test, Refused> {
    let mut words = member.key.split('|');
    let name = words.next().unwrap_or_default().trim();
    let refuse = |why: String| (why, member.key_place.clone());
    let modifiers = Modifiers::read(words).map_err(refuse)?;
    let mut values: Vec<&Node> = member.value.one_or_many().iter().collect();
    if matches!(member.value.kind, Kind::Null) {
        values = vec![&member.value];
    }
    if values.is_empty() {
        return Err((format!("`{}` has no values", member.key), member.value.place.clone()));
    }
    if modifiers.all && values.len() < 2 {
        return Err(refuse(format!("`{}` asks for all of one value", member.key)));
    }
    let mut tests = Vec::with_capacity(values.len());
    for node in values {
        let refuse = |why: String| (why, node.place.clone());
        let compiled = modifiers.value(node).map_err(refuse)?;
        if !name.is_empty() {
            tests.push(compiled);
            continue;
        }
        // Without a field the text may stand anywhere.
        let plain = modifiers.shape.is_none() && modifiers.kind.is_none() && !modifiers.expand && !modifiers.regex;
        match (plain, node.scalar()) {
            (true, Some(text)) => tests.push(vec![Value::Text(contains(&text, modifiers.cased).map_err(refuse)?)]),
            _ => return Err(refuse("modifiers on text without a field are not supported, but `all`".into())),
        }
    }
    let field = Field::new(name);
    let test = |values: Vec<Value>| match name.is_empty() {
        true => Test::Any(values.into_iter().filter_map(|v| if let Value::Text(p) = v { Some(Test::Keyword(p)) } else { None }).collect()),
        false => Test::Item(Item { field: field.clone(), values }),
    };
    if modifiers.all {
        return Ok(Test::All(tests.into_iter().map(test).collect()));
    }
    Ok(test(tests.into_iter().flatten().collect()))
}

/// A text that may stand anywhere in the record.
pub(super) fn keyword(node: &Node) -> Result<Test, Refused> {
    let text = node.scalar().unwrap_or_default();
    contains(&text, false).map(Test::Keyword).map_err(|why| (why, node.place.clone()))
}

fn contains(text: &str, cased: bool) -> Result<Pattern, String> {
    let parts = around(parts(text), Some(Shape::Contains));
    Pattern::compile(&parts, cased).map_err(|error| error.to_string())
}

impl Modifiers {
    fn read<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut all = Self::default();
        for word in words {
            match word {
                "contains" => all.shape = Some(Shape::Contains),
                "startswith" => all.shape = Some(Shape::StartsWith),
                "endswith" => all.shape = Some(Shape::EndsWith),
                "all" => all.all = true,
                "cased" => all.cased = true,
                "expand" => all.expand = true,
                "re" => all.regex = true,
                "i" | "m" | "s" if all.regex => all.regex_flags.push_str(word),
                "base64" => all.encodings.push("base64"),
                "base64offset" => all.encodings.push("base64offset"),
                "wide" | "utf16le" => all.encodings.push("wide"),
                "utf16be" => all.encodings.push("utf16be"),
                "utf16" => all.encodings.push("utf16"),
                "exists" => all.kind = Some("exists"),
                "cidr" => all.kind = Some("cidr"),
                "lt" => all.kind = Some("lt"),
                "lte" => all.kind = Some("lte"),
                "gt" => all.kind = Some("gt"),
                "gte" => all.kind = Some("gte"),
                "fieldref" => all.kind = Some("fieldref"),
                other => return Err(format!("modifier `{other}` is not supported")),
            }
        }
        let text = all.shape.is_some() || all.cased || !all.encodings.is_empty();
        let clash = match all.kind {
            Some("fieldref") => all.cased || all.expand || all.regex || !all.encodings.is_empty(),
            Some(_) => text || all.expand || all.regex,
            None => {
                (all.regex || all.expand) && (all.cased || !all.encodings.is_empty()) || all.regex && (all.shape.is_some() || all.expand)
            }
        };
        if clash {
            return Err("these modifiers do not go together".into());
        }
        Ok(all)
    }

    /// A value as this line means it; more than one where any of them will do.
    fn value(&self, node: &Node) -> Result<Vec<Value>, String> {
        let text = || node.scalar().ok_or_else(|| "the value is no text".to_owned());
        let number = || node.number().ok_or_else(|| "the value is no number".to_owned());
        let shape = self.shape.unwrap_or(Shape::Exact);
        Ok(vec![match self.kind {
            Some("exists") => Value::Exists(node.bool().ok_or("`exists` takes true or false")?),
            Some("cidr") => Value::Cidr(network(&text()?)?),
            Some("lt") => Value::Compare(Order::Less, number()?),
            Some("lte") => Value::Compare(Order::LessOrEqual, number()?),
            Some("gt") => Value::Compare(Order::Greater, number()?),
            Some("gte") => Value::Compare(Order::GreaterOrEqual, number()?),
            Some(_) => Value::Field(Field::new(&text()?), shape),
            None if self.regex => Value::Text(self.regex(&text()?)?),
            None if self.expand => return self.placeholder(&text()?, shape),
            None if !self.encodings.is_empty() => return self.encoded(&text()?),
            None => match &node.kind {
                Kind::Null => Value::Null,
                Kind::Bool(value) if self.shape.is_none() => Value::Bool(*value),
                Kind::Number(_) if self.shape.is_none() => Value::Number(number()?),
                _ => self.text(&text()?)?,
            },
        }])
    }

    fn text(&self, text: &str) -> Result<Value, String> {
        let parts = around(parts(text), self.shape);
        Pattern::compile(&parts, self.cased).map(Value::Text).map_err(|error| error.to_string())
    }

    fn regex(&self, text: &str) -> Result<Pattern, String> {
        let flag = |f: char| self.regex_flags.contains(f);
        let regex = RegexBuilder::new(text)
            .case_insensitive(flag('i'))
            .multi_line(flag('m'))
            .dot_matches_new_line(flag('s'))
            .build()
            .map_err(|error| format!("the regular expression cannot be read: {}", last_line(&error.to_string())))?;
        Ok(Pattern::Regex(Box::new(regex)))
    }

    fn placeholder(&self, text: &str, shape: Shape) -> Result<Vec<Value>, String> {
        let name = text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
        match name {
            Some(name) if !name.is_empty() && !name.contains('%') => Ok(vec![Value::Placeholder(name.into(), shape)]),
            _ if text.matches('%').count() >= 2 => Err("a placeholder inside of a longer text is not supported".into()),
            // `expand` on a text without a placeholder changes nothing.
            _ => self.text(text).map(|value| vec![value]),
        }
    }

    fn encoded(&self, text: &str) -> Result<Vec<Value>, String> {
        let mut variants = match parts(text).as_slice() {
            [Part::Literal(literal)] => vec![literal.clone().into_bytes()],
            _ => return Err("a text with wildcards cannot be encoded".into()),
        };
        for encoding in &self.encodings {
            variants = variants.iter().map(|bytes| encode(encoding, bytes)).collect::<Result<Vec<_>, _>>()?.concat();
        }
        let patterns = variants.into_iter().map(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| "the encoded value is no text; add `base64`")?;
            let parts = around(vec![Part::Literal(text)], self.shape);
            Pattern::compile(&parts, self.cased).map(Value::Text).map_err(|error| error.to_string())
        });
        patterns.collect()
    }
}

fn around(mut parts: Vec<Part>, shape: Option<Shape>) -> Vec<Part> {
    let (front, back) = match shape {
        Some(Shape::Contains) => (true, true),
        Some(Shape::StartsWith) => (false, true),
        Some(Shape::EndsWith) => (true, false),
        Some(Shape::Exact) | None => (false, false),
    };
    if front && parts.first() != Some(&Part::Star) {
        parts.insert(0, Part::Star);
    }
    if back && parts.last() != Some(&Part::Star) {
        parts.push(Part::Star);
    }
    parts
}

fn encode(encoding: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let units =
        || std::str::from_utf8(bytes).map(|text| text.encode_utf16().collect::<Vec<u16>>()).map_err(|_| "no text to encode".to_owned());
    Ok(match encoding {
        "base64" => vec![STANDARD.encode(bytes).into_bytes()],
        // The three places at which the text may start in the encoded whole; what its neighbours change is cut.
        "base64offset" => (0..3usize)
            .map(|shift| {
                let encoded = STANDARD.encode([&vec![b' '; shift], bytes].concat());
                let start = [0, 2, 3].get(shift).copied().unwrap_or(0);
                let cut = match (bytes.len() + shift) % 3 {
                    0 => 0,
                    1 => 3,
                    _ => 2,
                };
                encoded.get(start..encoded.len().saturating_sub(cut)).unwrap_or_default().as_bytes().to_vec()
            })
            .collect(),
        "wide" => vec![units()?.iter().flat_map(|unit| unit.to_le_bytes()).collect()],
        "utf16be" => vec![units()?.iter().flat_map(|unit| unit.to_be_bytes()).collect()],
        _ => vec![[0xfeffu16].iter().chain(&units()?).flat_map(|unit| unit.to_le_bytes()).collect()],
    })
}

/// A network, or one address.
fn network(text: &str) -> Result<ipnet::IpNet, String> {
    text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from)).map_err(|_| format!("`{text}` is no CIDR range"))
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}
