//! Tags of principals and resources as condition keys: `aws:PrincipalTag/key`, `aws:ResourceTag/key`. Judges nothing.

use crate::request::Context;
use model::{App, Kind, Node, Resource};

/// Tags, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// A value that is not known is `None`.
    listed: Vec<(String, Option<String>)>,
    /// Whether there may be others.
    open: bool,
}

impl Tags {
    /// The tags that a template gives a resource, in its property `Tags`: a list of `Key` and `Value`, or a map.
    pub fn of(resource: &Resource) -> Self {
        let mut tags = Self::default();
        let Some(node) = resource.properties.get("Tags") else { return tags };
        match &node.kind {
            Kind::Map(members) => tags.listed.extend(members.iter().map(|member| (member.key.clone(), member.value.scalar()))),
            Kind::List(items) => items.iter().for_each(|item| match item.get("Key").and_then(Node::scalar) {
                Some(key) => tags.listed.push((key, item.get("Value").and_then(Node::scalar))),
                None => tags.open = true,
            }),
            Kind::Null => {}
            _ => tags.open = true,
        }
        tags
    }

    /// The tags of the resource with this ARN; of one that the application does not declare none are known.
    pub fn of_arn(app: &App, arn: &str) -> Self {
        app.by_arn(arn).map_or_else(|| Self { open: true, ..Self::default() }, Self::of)
    }

    /// Sets the keys of a family, `aws:PrincipalTag/` say, in a context. Tag keys are compared without regard to case.
    #[must_use]
    pub fn enter(&self, family: &str, context: Context) -> Context {
        let context = if self.open { context.with_unknown(family) } else { context };
        self.listed.iter().fold(context, |context, (key, value)| {
            let key = format!("{family}{key}");
            match value {
                Some(value) => context.with(&key, value.as_str()),
                None => context.with_unknown(&key),
            }
        })
    }
}
