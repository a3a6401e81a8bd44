//! `FieldToMatch`, `TextTransformations`, `PreParseTextTransformations`, `ForwardedIPConfig`.

use super::ast::{Field, Filter, ForwardedIp, Inspect, JsonBody, JsonFallback, MapMatch, Oversize, PreParse, Scope};
use super::json;
use super::read::{Form, Read, Shape, choice, fault, number, text};
use crate::transform::Transformation;
use model::Node;
use std::collections::BTreeSet;

const OVERSIZE: &[(&str, Oversize)] = &[("CONTINUE", Oversize::Continue), ("MATCH", Oversize::Match), ("NO_MATCH", Oversize::NoMatch)];
const SCOPE: &[(&str, Scope)] = &[("ALL", Scope::All), ("KEY", Scope::Key), ("VALUE", Scope::Value)];
pub(super) const FALLBACK: &[(&str, bool)] = &[("MATCH", true), ("NO_MATCH", false)];
const JSON_FALLBACK: &[(&str, JsonFallback)] =
    &[("MATCH", JsonFallback::Match), ("NO_MATCH", JsonFallback::NoMatch), ("EVALUATE_AS_STRING", JsonFallback::EvaluateAsString)];
const PRE_PARSE: &[(&str, PreParse)] = &[
    ("NONE", PreParse::None),
    ("URL_DECODE", PreParse::UrlDecode),
    ("URL_DECODE_UNI", PreParse::UrlDecodeUni),
    ("COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA", PreParse::CombineDuplicates),
    ("REPLACE_SEMICOLONS_WITH_AMPERSANDS", PreParse::ReplaceSemicolons),
];
const FIELDS: &[&str] = &[
    "SingleHeader",
    "SingleQueryArgument",
    "AllQueryArguments",
    "UriPath",
    "QueryString",
    "Body",
    "Method",
    "JsonBody",
    "Headers",
    "Cookies",
    "HeaderOrder",
    "JA3Fingerprint",
    "JA4Fingerprint",
    "UriFragment",
];

/// What a match statement inspects.
///
/// # Errors
/// An unknown component, transformation or name, with its place.
pub fn inspect(statement: &Shape<'_>, form: Form) -> Read<Inspect> {
    let field_node = statement.need("FieldToMatch")?;
    let field = field(field_node, form)?;
    let transformations = transformations(statement.need("TextTransformations")?)?;
    let items = statement.maybe_list("PreParseTextTransformations")?;
    let pre_parse = ordered(items, "PreParseTextTransformations", |node| choice(node, "Type", PRE_PARSE))?;
    if let Some(first) = items.first()
        && !matches!(field, Field::SingleQueryArgument(_) | Field::AllQueryArguments)
    {
        return Err(fault(&first.place, "PreParseTextTransformations on another component than query arguments", "remove them"));
    }
    Ok(Inspect { field, transformations, pre_parse })
}

/// `TextTransformations`, by ascending priority.
///
/// # Errors
/// None, more than ten, equal priorities, an unknown type.
pub fn transformations(node: &Node) -> Read<Vec<Transformation>> {
    let items = super::read::list(node, "TextTransformations")?;
    if items.is_empty() {
        return Err(fault(&node.place, "TextTransformations is empty", "give at least one; NONE is one"));
    }
    ordered(items, "TextTransformations", |node| {
        let name = text(node, "Type")?;
        let known = || Transformation::all_of_aws().filter_map(Transformation::aws_name).collect::<Vec<_>>().join(", ");
        Transformation::from_aws(&name)
            .ok_or_else(|| fault(&node.place, format!("text transformation {name} is unknown"), format!("AWS has: {}", known())))
    })
}

fn ordered<T>(items: &[Node], what: &'static str, kind: impl Fn(&Node) -> Read<T>) -> Read<Vec<T>> {
    if let Some(eleventh) = items.get(10) {
        return Err(fault(&eleventh.place, format!("{what} has {} items", items.len()), "AWS takes ten"));
    }
    let mut found = Vec::new();
    let mut priorities = BTreeSet::new();
    for item in items {
        let shape = Shape::of(item, what, &["Priority", "Type"])?;
        let priority = number(shape.need("Priority")?, "Priority", 0..=i64::from(i32::MAX))?;
        if !priorities.insert(priority) {
            return Err(fault(&item.place, format!("{what} has priority {priority} twice"), "give each its own"));
        }
        found.push((priority, kind(shape.need("Type")?)?));
    }
    found.sort_by_key(|(priority, _)| *priority);
    Ok(found.into_iter().map(|(_, item)| item).collect())
}

/// `FieldToMatch`.
///
/// # Errors
/// None or two components, an unknown one, an unknown setting.
pub fn field(node: &Node, form: Form) -> Read<Field> {
    let (name, inner) = Shape::of(node, "FieldToMatch", FIELDS)?.one()?;
    let name_of = |what: &'static str, longest: usize| {
        // The older documents write the name as `name`.
        let shape = Shape::of(inner, what, &["Name", "name"])?;
        let given = shape.get("name").filter(|_| form != Form::Wire).map_or_else(|| shape.text("Name"), |node| text(node, "Name"))?;
        if given.is_empty() || given.len() > longest {
            return Err(fault(
                &inner.place,
                format!("the name of {what} has {} characters", given.len()),
                format!("AWS takes 1 to {longest}"),
            ));
        }
        Ok(given)
    };
    let empty = |what: &'static str| Shape::of(inner, what, &[]).map(|_| ());
    let fallback = |what: &'static str| Shape::of(inner, what, &["FallbackBehavior"])?.choice("FallbackBehavior", FALLBACK);
    Ok(match name {
        "SingleHeader" => Field::SingleHeader(name_of("SingleHeader", 64)?),
        "SingleQueryArgument" => Field::SingleQueryArgument(name_of("SingleQueryArgument", 30)?),
        "AllQueryArguments" => empty("AllQueryArguments").map(|()| Field::AllQueryArguments)?,
        "UriPath" => empty("UriPath").map(|()| Field::UriPath)?,
        "QueryString" => empty("QueryString").map(|()| Field::QueryString)?,
        "Method" => empty("Method").map(|()| Field::Method)?,
        "Body" => Field::Body(oversize(&Shape::of(inner, "Body", &["OversizeHandling"])?)?),
        "HeaderOrder" => Field::HeaderOrder(oversize(&Shape::of(inner, "HeaderOrder", &["OversizeHandling"])?)?),
        "JsonBody" => Field::JsonBody(json_body(inner)?),
        "Headers" => Field::Headers(map_match(inner, "Headers", "IncludedHeaders", "ExcludedHeaders")?),
        "Cookies" => Field::Cookies(map_match(inner, "Cookies", "IncludedCookies", "ExcludedCookies")?),
        "JA3Fingerprint" => Field::Ja3(fallback("JA3Fingerprint")?),
        "JA4Fingerprint" => Field::Ja4(fallback("JA4Fingerprint")?),
        // FallbackBehavior is optional here; without it a missing component does not match.
        _ => Field::UriFragment(
            Shape::of(inner, "UriFragment", &["FallbackBehavior"])?.maybe_choice("FallbackBehavior", FALLBACK)?.unwrap_or(false),
        ),
    })
}

fn oversize(shape: &Shape<'_>) -> Read<Oversize> {
    Ok(shape.maybe_choice("OversizeHandling", OVERSIZE)?.unwrap_or_default())
}

fn json_body(node: &Node) -> Read<JsonBody> {
    let shape = Shape::of(node, "JsonBody", &["MatchPattern", "MatchScope", "InvalidFallbackBehavior", "OversizeHandling"])?;
    let (name, inner) = Shape::of(shape.need("MatchPattern")?, "MatchPattern", &["All", "IncludedPaths"])?.one()?;
    let paths = if name == "All" {
        None
    } else {
        let mut paths = Vec::new();
        for item in super::read::list(inner, "IncludedPaths")? {
            let path = text(item, "IncludedPaths")?;
            let segments = json::pointer(&path);
            paths.push(segments.ok_or_else(|| fault(&item.place, format!("{path} is no JSON pointer"), "begin it with /"))?);
        }
        Some(paths)
    };
    Ok(JsonBody {
        paths,
        scope: shape.choice("MatchScope", SCOPE)?,
        fallback: shape.maybe_choice("InvalidFallbackBehavior", JSON_FALLBACK)?,
        oversize: oversize(&shape)?,
    })
}

fn map_match(node: &Node, what: &'static str, included: &'static str, excluded: &'static str) -> Read<MapMatch> {
    let shape = Shape::of(node, what, &["MatchPattern", "MatchScope", "OversizeHandling"])?;
    let (name, inner) = Shape::of(shape.need("MatchPattern")?, "MatchPattern", &["All", included, excluded])?.one()?;
    let names = || super::read::list(inner, what)?.iter().map(|item| text(item, what)).collect::<Read<Vec<_>>>();
    let filter = match name {
        "All" => Filter::All,
        name if name == included => Filter::Included(names()?),
        _ => Filter::Excluded(names()?),
    };
    Ok(MapMatch { filter, scope: shape.choice("MatchScope", SCOPE)?, oversize: oversize(&shape)? })
}

/// `ForwardedIPConfig`.
///
/// # Errors
/// A missing or unknown member.
pub fn forwarded(node: &Node) -> Read<ForwardedIp> {
    let shape = Shape::of(node, "ForwardedIPConfig", &["HeaderName", "FallbackBehavior", "Position"])?;
    Ok(ForwardedIp { header: shape.text("HeaderName")?, fallback: shape.choice("FallbackBehavior", FALLBACK)? })
}
