//! `patterns.txt`: our own patterns, by name.

use crate::transform::Transformation;
use crate::wafv2::Pattern;
use crate::wafv2::ast::{Field, Inspect, RegexPatternSet, Statement};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A list of patterns with what is done to a value first.
pub(super) struct List {
    pub(super) transformations: Vec<Transformation>,
    pub(super) set: Arc<RegexPatternSet>,
}

/// Every list by name; a pattern that is none, by its line.
pub(super) fn lists() -> &'static (BTreeMap<&'static str, List>, Vec<String>) {
    static LISTS: OnceLock<(BTreeMap<&'static str, List>, Vec<String>)> = OnceLock::new();
    LISTS.get_or_init(|| read(include_str!("patterns.txt")))
}

fn read(text: &'static str) -> (BTreeMap<&'static str, List>, Vec<String>) {
    let (mut lists, mut wrong) = (BTreeMap::new(), Vec::new());
    let lines: Vec<&'static str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for block in lines.chunk_by(|_, next| heading(next).is_none()) {
        let Some((name, chain)) = block.first().and_then(|line| heading(line)) else { continue };
        let transformations: Vec<Transformation> = chain.split_whitespace().filter_map(Transformation::from_aws).collect();
        if transformations.len() != chain.split_whitespace().count() {
            wrong.push(format!("[{name}] has a transformation that AWS does not have: {chain}"));
        }
        let mut patterns = Vec::new();
        for line in &block[1..] {
            match Pattern::new(line) {
                Ok(pattern) => patterns.push(Arc::new(pattern)),
                Err(says) => wrong.push(format!("[{name}] {line}: {says}")),
            }
        }
        let set = Arc::new(RegexPatternSet { arn: format!("sekisho:managed:{name}"), patterns });
        lists.insert(name, List { transformations, set });
    }
    (lists, wrong)
}

/// `[name] TRANSFORMATION...`; a pattern may begin with a class, so the name must be one.
fn heading(line: &'static str) -> Option<(&'static str, &'static str)> {
    let (name, chain) = line.strip_prefix('[')?.split_once(']')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_chain =
        chain.split_whitespace().all(|word| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'));
    (is_name && is_chain && !chain.is_empty()).then_some((name, chain))
}

/// A list as a statement on a component.
pub(super) fn statement(name: &str, field: &Field) -> Option<Statement> {
    let list = lists().0.get(name)?;
    Some(Statement::RegexPatternSet { set: list.set.clone(), on: Inspect::new(field.clone(), list.transformations.clone()) })
}
