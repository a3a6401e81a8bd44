//! What `tsconfig.json` says about names of modules (TypeScript's TSConfig Reference, `baseUrl` and `paths`), and where the source
//! of compiled output stands. The file is JSON with comments, so it is read as the object literal that it is.

use crate::ir::{Expr, ExprKind, Module, Property, StmtKind};
use crate::{javascript, load};
use std::sync::Arc;

/// Folders of compiled output.
const COMPILED: [&str; 5] = ["dist", "build", "out", "lib", "output"];

/// Names of modules that stand for paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aliases {
    /// The folder from which other names are looked for.
    base: Option<String>,
    /// Pattern, with at most one `*`, and where it leads.
    paths: Vec<(String, Vec<String>)>,
}

impl Aliases {
    /// Reads the text of a `tsconfig.json` in a folder; what is not understood says nothing.
    pub fn read(folder: &str, text: &str) -> Self {
        let path: Arc<str> = "tsconfig.js".into();
        let (module, _) = javascript::lower(&path, &format!("export default ({text}\n);").into());
        let Some(options) = module.as_ref().and_then(exported).and_then(|e| property(e, "compilerOptions")) else { return Self::default() };
        let url = property(options, "baseUrl").and_then(|e| e.text().map(ToString::to_string));
        let base = url.as_ref().and_then(|url| load::clean(&format!("{folder}/{url}")));
        let from = base.clone().unwrap_or_else(|| folder.to_owned());
        let mut paths = Vec::new();
        if let Some(ExprKind::Object(list)) = property(options, "paths").map(bare) {
            for entry in list {
                let Property::Named(key, value) = entry else { continue };
                let (Some(pattern), ExprKind::Array(to)) = (key.name(), bare(value)) else { continue };
                let to = to.iter().filter_map(|(_, e)| e.text()).filter_map(|to| load::clean(&format!("{from}/{to}"))).collect();
                paths.push((pattern.to_string(), to));
            }
        }
        Self { base, paths }
    }

    /// The paths that a name may stand for, the likeliest first.
    pub fn paths(&self, name: &str) -> Vec<String> {
        let mut out = Vec::new();
        for (pattern, to) in &self.paths {
            let rest = match pattern.split_once('*') {
                Some((before, after)) => name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)),
                None => (pattern == name).then_some(""),
            };
            if let Some(rest) = rest {
                out.extend(to.iter().map(|to| to.replace('*', rest)));
            }
        }
        out.extend(self.base.iter().filter_map(|base| load::clean(&format!("{base}/{name}"))));
        out
    }
}

fn exported(module: &Module) -> Option<&Expr> {
    module.functions.first()?.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Export(_, value) => Some(value),
        _ => None,
    })
}

fn bare(expr: &Expr) -> &ExprKind {
    match &expr.kind {
        ExprKind::Through(inner) => bare(inner),
        kind => kind,
    }
}

fn property<'m>(expr: &'m Expr, name: &str) -> Option<&'m Expr> {
    let ExprKind::Object(properties) = bare(expr) else { return None };
    properties.iter().find_map(|p| match p {
        Property::Named(key, value) if key.name().is_some_and(|k| &**k == name) => Some(value),
        _ => None,
    })
}

/// Where the source of a compiled file may stand: `dist/api/get` is `src/api/get` or `api/get`.
pub(crate) fn sources(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let Some(at) = parts.iter().position(|part| COMPILED.contains(part)) else { return Vec::new() };
    let join = |middle: &[&str]| {
        let all: Vec<&str> = parts[..at].iter().chain(middle).chain(&parts[at + 1..]).copied().collect();
        all.join("/")
    };
    vec![join(&["src"]), join(&[])]
}

#[cfg(test)]
mod tests {
    use super::{Aliases, sources};

    #[test]
    fn aliases() {
        let text = "{ // comment\n \"compilerOptions\": { \"baseUrl\": \"./src\", \"paths\": { \"@lib/*\": [\"lib/*\"], \"config\": [\"config/index\"], }, },\n}";
        let aliases = Aliases::read("app", text);
        assert_eq!(aliases.paths("@lib/db"), ["app/src/lib/db", "app/src/@lib/db"]);
        assert_eq!(aliases.paths("config"), ["app/src/config/index", "app/src/config"]);
        assert_eq!(Aliases::read("", "not json").paths("x"), Vec::<String>::new());
    }

    #[test]
    fn compiled() {
        assert_eq!(sources("app/dist/api/get"), ["app/src/api/get", "app/api/get"]);
        assert_eq!(sources("app/get"), Vec::<String>::new());
    }
}
