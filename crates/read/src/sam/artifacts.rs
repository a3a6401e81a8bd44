//! Local code and local documents that a template names by path: `CodeUri`, `Code`, `DefinitionUri`, `AWS::Include`.
//! Code becomes `Code.LocalPath`, a folder below the root; nothing outside the root is ever opened.

use super::Work;
use super::make::{Put as _, map, set, text};
use crate::cdk::{self, Assets};
use crate::document::document;
use crate::files::relative;
use model::{Files, Kind, Node, Place};

/// How deep a template may lie around an include, files within files counted in.
const MAX_INCLUDES: usize = 200;

impl Work<'_> {
    /// `Code` of a SAM function: from `InlineCode`, `ImageUri` or `CodeUri` (the template's folder when none is given).
    pub(super) fn code(&mut self, p: &Node, place: &Place) -> Node {
        if p.get("PackageType").and_then(|kind| self.text(kind)).as_deref() == Some("Image") {
            return map(
                [("ImageUri", p.get("ImageUri").cloned().unwrap_or_else(|| unknown("the image is built at deployment", place)))],
                place,
            );
        }
        let mut code = match p.get("InlineCode") {
            Some(inline) => map([("ZipFile", inline.clone())], &inline.place),
            None => {
                let missing = text(".", place);
                self.location(p.get("CodeUri").unwrap_or(&missing))
            }
        };
        code.put_some("SourceKMSKeyArn", set(p, "SourceKMSKeyArn").cloned());
        code
    }

    /// An S3 location or a local folder.
    pub(super) fn location(&mut self, uri: &Node) -> Node {
        let place = &uri.place;
        if uri.get("Bucket").is_some() || uri.get("Key").is_some() {
            let mut node = map([], place);
            for (from, to) in [("Bucket", "S3Bucket"), ("Key", "S3Key"), ("Version", "S3ObjectVersion")] {
                node.put_some(to, uri.get(from).cloned());
            }
            return node;
        }
        let Some(path) = self.text(uri) else {
            return map([("LocalPath", unknown("where the code is depends on a value that is not known", place))], place);
        };
        if path.starts_with("s3://") {
            let parts = bucket_and_key(&text(path, place));
            let mut node = map([], place);
            for (from, to) in [("Bucket", "S3Bucket"), ("Key", "S3Key"), ("Version", "S3ObjectVersion")] {
                node.put_some(to, parts.get(from).cloned());
            }
            return node;
        }
        map([("LocalPath", self.local_folder(&path, place))], place)
    }

    fn local_folder(&mut self, path: &str, place: &Place) -> Node {
        let Some(folder) = relative(self.file, path) else {
            let says = format!("the code path {path} leads outside the folder that is read");
            self.trouble(says.clone(), place, "name a folder below the one that is read, or read the folder above");
            return unknown(&says, place);
        };
        self.folder(&folder, path, place)
    }

    /// A folder below the root, or why it is none; `path` is what the template says.
    fn folder(&mut self, folder: &str, path: &str, place: &Place) -> Node {
        if self.files.is_folder(folder) {
            return text(folder, place);
        }
        let (says, help) = match self.files.read(folder) {
            Ok(_) => (format!("the code {path} is a packaged file and was not read"), "name the folder with its source"),
            Err(_) => (
                format!("the code folder {path} does not exist here or is behind a symbolic link"),
                "build or fetch the code, or correct the path",
            ),
        };
        self.trouble(says.clone(), place, help);
        unknown(&says, place)
    }

    /// `Code: ./folder` of plain Lambda functions, as `aws cloudformation package` accepts it.
    pub(super) fn local_code(&mut self) {
        let (mut found, mut assets) = (Vec::new(), None);
        for (at, member) in self.resources.iter().enumerate() {
            let kind = member.value.get("Type").and_then(Node::str);
            let key = match kind {
                Some("AWS::Lambda::Function") => "Code",
                Some("AWS::Lambda::LayerVersion") => "Content",
                _ => continue,
            };
            let Some(code) = member.value.at(&["Properties", key]) else { continue };
            if code.str().is_some() {
                found.push((at, key, code.clone(), None));
                continue;
            }
            let assets = assets.get_or_insert_with(|| Assets::of(self.file, self.files));
            let asset = cdk::by_metadata(&member.value, key, self.file).or_else(|| assets.path(code).map(str::to_owned));
            if asset.is_some() {
                found.push((at, key, code.clone(), asset));
            }
        }
        for (at, key, code, asset) in found {
            let location = match asset {
                Some(folder) => map([("LocalPath", self.folder(&folder, &folder, &code.place))], &code.place),
                None => self.location(&code),
            };
            if let Some(member) = self.resources.get_mut(at) {
                member.value.entry("Properties").put(key, location);
            }
        }
    }

    /// A document that a template takes from a local file: `DefinitionUri: openapi.yaml`, or `Fn::Transform` with
    /// `AWS::Include`. Gives nothing when it is not local.
    pub(super) fn local_document(&mut self, uri: &Node) -> Option<Node> {
        let place = &uri.place;
        let path = self.text(uri).filter(|path| !path.starts_with("s3://"))?;
        let Some(file) = relative(self.file, &path) else {
            self.trouble(format!("{path} leads outside the folder that is read"), place, "name a file below the folder that is read");
            return None;
        };
        match self.files.read(&file).map(String::from_utf8) {
            Ok(Ok(content)) => {
                let (documents, troubles) = document(&file, &content);
                self.troubles.extend(troubles);
                documents.into_iter().next()
            }
            Ok(Err(_)) => {
                self.trouble(format!("{path} is not UTF-8 text"), place, "save it as UTF-8");
                None
            }
            Err(_) => {
                self.trouble(format!("{path} could not be read"), place, "correct the path");
                None
            }
        }
    }

    /// Replaces `Fn::Transform: {Name: AWS::Include}` by the local file it names, in every resource: CloudFormation does
    /// this before SAM sees the template.
    pub(super) fn included_everywhere(&mut self) {
        let mut declared = std::mem::take(&mut self.declared);
        for member in &mut declared {
            self.include(&mut member.value, 0);
        }
        self.declared = declared;
    }

    fn include(&mut self, node: &mut Node, depth: usize) {
        if depth > MAX_INCLUDES {
            return;
        }
        let transform = node.get("Fn::Transform").filter(|t| t.get("Name").and_then(Node::str) == Some("AWS::Include"));
        let location = transform.and_then(|transform| transform.at(&["Parameters", "Location"])).cloned();
        if let Some(content) = location.and_then(|location| self.local_document(&location)) {
            node.take("Fn::Transform");
            match node.members().is_empty() {
                true => *node = content,
                // What stands beside the transform wins over what it brings.
                false => {
                    for member in content.members() {
                        if node.get(&member.key).is_none() {
                            node.put(&member.key, member.value.clone());
                        }
                    }
                }
            }
        }
        match &mut node.kind {
            Kind::List(items) => items.iter_mut().for_each(|item| self.include(item, depth + 1)),
            Kind::Map(members) => members.iter_mut().for_each(|member| self.include(&mut member.value, depth + 1)),
            _ => {}
        }
    }
}

/// `s3://bucket/key?versionId=x` as its parts; anything else as it is.
pub(super) fn bucket_and_key(uri: &Node) -> Node {
    let place = &uri.place;
    let Some((bucket, key)) = uri.str().and_then(|uri| uri.strip_prefix("s3://")).and_then(|rest| rest.split_once('/')) else {
        return uri.clone();
    };
    let (key, version) = match key.split_once("?versionId=") {
        Some((key, version)) => (key, Some(version)),
        None => (key, None),
    };
    let mut node = map([("Bucket", text(bucket, place)), ("Key", text(key, place))], place);
    node.put_some("Version", version.map(|version| text(version, place)));
    node
}

/// A value that is not known.
pub(super) fn unknown(why: &str, place: &Place) -> Node {
    Node::new(Kind::unknown(why, None), place.clone())
}
