//! `AutoPublishAlias` of a function: a version, whose logical id changes with the code, and an alias that points to it.

use super::make::{Put as _, attribute, given, map, reference, set, text};
use super::{Work, letters};
use model::{Node, Place};

impl Work<'_> {
    /// The version; gives its logical id. `function` is what the Lambda function became.
    pub(super) fn version(&mut self, logical: &str, p: &Node, function: &Node, place: &Place) -> String {
        let prefix = format!("{logical}Version");
        let hash = set(p, "AutoPublishCodeSha256").and_then(|hash| self.text(hash));
        let id = match hash {
            Some(hash) => format!("{prefix}{}", hash.chars().take(10).collect::<String>()),
            None => letters::logical_id(&prefix, &self.hashed(p, function).json()),
        };
        let mut properties = map([("FunctionName", reference(logical, place))], place);
        properties.put_some("Description", given(p, "VersionDescription").cloned());
        if given(p, "CapacityProviderConfig").is_some() {
            properties.put_some("FunctionScalingConfig", given(p, "FunctionScalingConfig").cloned());
        }
        let at = p.get("AutoPublishAlias").map_or(place, |alias| &alias.place);
        self.generate(&id, "AWS::Lambda::Version", properties, at);
        let default = if given(p, "CapacityProviderConfig").is_some() { "Delete" } else { "Retain" };
        let policy = given(p, "VersionDeletionPolicy").cloned().unwrap_or_else(|| text(default, place));
        if let Some(node) = self.output(&id).filter(|node| node.get("DeletionPolicy").is_none()) {
            node.put("DeletionPolicy", policy);
        }
        self.references.insert(format!("{logical}.Version"), id.clone());
        id
    }

    /// What a change of is a change of the version.
    fn hashed(&self, p: &Node, function: &Node) -> Node {
        if set(p, "AutoPublishAliasAllProperties").is_some() {
            let mut all = function.clone();
            for layer in p.get("Layers").map(Node::items).unwrap_or_default() {
                if let Some((id, properties)) = self.publishing_layer(layer) {
                    all.put(&id, properties);
                }
            }
            return all;
        }
        let mut all = function.get("Code").map(|code| self.resolved(code)).unwrap_or_else(|| map([], &p.place));
        for member in set(p, "Environment").map(Node::members).unwrap_or_default() {
            all.put(&member.key, member.value.clone());
        }
        all.put_some("MemorySize", set(p, "MemorySize").cloned());
        let snaps = set(p, "SnapStart").filter(|snap| snap.get("ApplyOn").is_some_and(|on| on.str() != Some("None")));
        all.put_some("SnapStart", snaps.cloned());
        all
    }

    /// The alias; gives its logical id.
    pub(super) fn alias(&mut self, logical: &str, name: &str, version: &str, p: &Node, place: &Place) -> String {
        let id = format!("{logical}Alias{}", name.replace('-', "D").replace('_', "U"));
        let at = p.get("AutoPublishAlias").map_or(place, |alias| &alias.place);
        let mut properties = map(
            [
                ("Name", text(name, at)),
                ("FunctionName", reference(logical, place)),
                ("FunctionVersion", attribute(version, "Version", place)),
            ],
            place,
        );
        properties.put_some("ProvisionedConcurrencyConfig", set(p, "ProvisionedConcurrencyConfig").cloned());
        self.generate(&id, "AWS::Lambda::Alias", properties, at);
        self.references.insert(format!("{logical}.Alias"), id.clone());
        id
    }
}
