//! The part of an item that a projection names.

use super::super::value::{Attribute, Item};
use super::tree::{Element, Path};

/// The item reduced to these paths; list elements keep their order and close up.
pub fn project(item: &Item, paths: &[Path]) -> Item {
    let mut found = Item::new();
    for (name, value) in item {
        let rests: Vec<&[Element]> = paths
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(first, _)| matches!(first, Element::Name(n) if n == name))
            .map(|(_, rest)| rest)
            .collect();
        if let Some(kept) = reduce(value, &rests) {
            found.insert(name.clone(), kept);
        }
    }
    found
}

fn reduce(value: &Attribute, paths: &[&[Element]]) -> Option<Attribute> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value.clone());
    }
    let below = |wanted: &Element| -> Vec<&[Element]> {
        paths.iter().filter_map(|path| path.split_first()).filter(|(first, _)| *first == wanted).map(|(_, rest)| rest).collect()
    };
    match value {
        Attribute::M(members) => {
            let kept: Item = members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), reduce(value, &below(&Element::Name(name.clone())))?)))
                .collect();
            (!kept.is_empty()).then_some(Attribute::M(kept))
        }
        Attribute::L(items) => {
            let kept: Vec<Attribute> =
                items.iter().enumerate().filter_map(|(index, value)| reduce(value, &below(&Element::Index(index)))).collect();
            (!kept.is_empty()).then_some(Attribute::L(kept))
        }
        _ => None,
    }
}
