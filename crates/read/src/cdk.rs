//! CDK's cloud assemblies (`cdk.out`; AWS CDK API Reference, "cloud-assembly-schema"): `manifest.json` says which template
//! is which stack, `<stack>.assets.json` which file or folder an object in the staging bucket is made of.

use crate::document::document;
use crate::files::{Folder, relative};
use model::{Files, Kind, Member, Node};
use std::collections::BTreeMap;

/// What the manifest beside a template says of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assembled {
    /// The stack's name.
    pub stack: Option<String>,
    /// Values that CDK gives the stack's parameters.
    pub parameters: BTreeMap<String, String>,
}

/// Every stack of every assembly among these files, by its template.
pub(crate) fn assemblies(files: &Folder, paths: &[String]) -> BTreeMap<String, Assembled> {
    let mut found = BTreeMap::new();
    for path in paths.iter().filter(|path| path.rsplit('/').next() == Some("manifest.json")) {
        let Some(manifest) = json(files, path) else { continue };
        for artifact in manifest.get("artifacts").map(Node::members).unwrap_or_default() {
            let value = &artifact.value;
            if value.get("type").and_then(Node::str) != Some("aws:cloudformation:stack") {
                continue;
            }
            let Some(template) = value.at(&["properties", "templateFile"]).and_then(Node::str) else { continue };
            let Some(file) = relative(path, template) else { continue };
            let stack = value.at(&["properties", "stackName"]).and_then(Node::scalar).unwrap_or_else(|| artifact.key.clone());
            let parameters = value.at(&["properties", "parameters"]).map(Node::members).unwrap_or_default();
            let parameters = parameters.iter().filter_map(|member: &Member| Some((member.key.clone(), member.value.scalar()?)));
            found.insert(file, Assembled { stack: Some(stack), parameters: parameters.collect() });
        }
    }
    found
}

fn json(files: &Folder, path: &str) -> Option<Node> {
    let text = String::from_utf8(files.read(path).ok()?).ok()?;
    document(path, &text).0.into_iter().next()
}

/// The assets of one template: what stands in the staging bucket, by its key, as a path below the root.
#[derive(Debug, Default)]
pub(crate) struct Assets {
    by_key: Vec<(String, String)>,
}

impl Assets {
    /// Reads `<stack>.assets.json` beside `<stack>.template.json`; a nested stack shares that of its parent.
    pub(crate) fn of(file: &str, files: &Folder) -> Self {
        let mut by_key = Vec::new();
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !file.ends_with(".template.json") {
            return Self::default();
        }
        let own = file.replace(".nested.template.json", ".template.json").replace(".template.json", ".assets.json");
        let mut manifests = vec![own];
        if file.ends_with(".nested.template.json") {
            let all = files.list(folder).unwrap_or_default();
            manifests.extend(
                all.into_iter().filter(|path| path.ends_with(".assets.json") && path.rsplit_once('/').map_or("", |(f, _)| f) == folder),
            );
        }
        for manifest in manifests {
            let Some(root) = json(files, &manifest) else { continue };
            for asset in root.get("files").map(Node::members).unwrap_or_default() {
                let path = asset.value.at(&["source", "path"]).and_then(Node::str).and_then(|path| relative(&manifest, path));
                let Some(path) = path else { continue };
                for destination in asset.value.get("destinations").map(Node::members).unwrap_or_default() {
                    if let Some(key) = destination.value.get("objectKey").and_then(Node::str) {
                        by_key.push((key.to_owned(), path.clone()));
                    }
                }
            }
        }
        Self { by_key }
    }

    /// The path behind a value that names an object of the staging bucket, however the value is built.
    pub(crate) fn path(&self, value: &Node) -> Option<&str> {
        if self.by_key.is_empty() {
            return None;
        }
        match &value.kind {
            Kind::String(text) => self.by_key.iter().find(|(key, _)| text.contains(key.as_str())).map(|(_, path)| path.as_str()),
            Kind::List(items) => items.iter().find_map(|item| self.path(item)),
            Kind::Map(members) => members.iter().find_map(|member| self.path(&member.value)),
            _ => None,
        }
    }
}

/// The path that a resource's metadata names for one of its properties: `aws:asset:path`, below the template's folder.
pub(crate) fn by_metadata(resource: &Node, property: &str, file: &str) -> Option<String> {
    let metadata = resource.get("Metadata")?;
    let named = metadata.get("aws:asset:property").and_then(Node::str)?;
    if named != property && !named.starts_with(&format!("{property}.")) {
        return None;
    }
    relative(file, metadata.get("aws:asset:path")?.str()?)
}
