//! The table of sinks that are known by their package and name, of both languages. Which calls need more than a name to be told
//! (`subprocess`, `yaml.load`, MongoDB's operators) is beside it.

use super::call::Site;
use super::engine::Engine;
use super::external::base;
use super::python::Args;
use super::source::Root;
use super::value::{Atom, External, Value};
use model::code::SinkKind;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One row for one package.
struct Row {
    functions: Vec<&'static str>,
    kind: SinkKind,
    arguments: Vec<&'static str>,
}

/// Methods of MongoDB collections and mongoose models whose argument is a query.
const MONGO: [&str; 17] = [
    "find",
    "findOne",
    "find_one",
    "findOneAndUpdate",
    "findOneAndDelete",
    "find_one_and_update",
    "find_one_and_delete",
    "updateOne",
    "updateMany",
    "update_one",
    "update_many",
    "deleteOne",
    "deleteMany",
    "delete_one",
    "delete_many",
    "countDocuments",
    "count_documents",
];

fn kind(name: &str) -> Option<SinkKind> {
    Some(match name {
        "Sql" => SinkKind::Sql,
        "Shell" => SinkKind::Shell,
        "Eval" => SinkKind::Eval,
        "File" => SinkKind::File,
        "Url" => SinkKind::Url,
        "Deserialize" => SinkKind::Deserialize,
        "Xml" => SinkKind::Xml,
        "Template" => SinkKind::Template,
        _ => return None,
    })
}

fn table() -> &'static BTreeMap<&'static str, Vec<Row>> {
    static TABLE: OnceLock<BTreeMap<&'static str, Vec<Row>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut out: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
        for line in include_str!("sinks.tsv").lines().filter(|l| !l.starts_with('#')) {
            let mut columns = line.split('\t');
            let (Some(packages), Some(functions), Some(name), Some(arguments)) =
                (columns.next(), columns.next(), columns.next(), columns.next())
            else {
                continue;
            };
            let Some(kind) = kind(name) else { continue };
            for package in packages.split('|') {
                let row = Row { functions: functions.split('|').collect(), kind, arguments: arguments.split(',').collect() };
                out.entry(package).or_default().push(row);
            }
        }
        out
    })
}

impl<'p> Engine<'p> {
    /// Looks a call up in the table.
    pub fn table_sink(&mut self, external: &External, args: &[Value], site: Site<'p>) {
        let package = base(&external.package);
        let Some(rows) = table().get(package) else { return self.operators(package, external, args, site) };
        let path = external.path.replace("()", "");
        let split = self.split_args(args);
        if package == "py:xml" && path.ends_with("setFeature") {
            self.sax_feature(&split);
        }
        for row in rows {
            let name = row.functions.iter().find(|f| match path.strip_suffix(**f) {
                Some(head) => head.is_empty() || head.ends_with('.'),
                None => false,
            });
            let Some(name) = name else { continue };
            if self.is_hardened(row.kind, package, &split) {
                continue;
            }
            let shown = package.strip_prefix("py:").unwrap_or(package);
            let callee = if shown == "builtins" { (*name).to_owned() } else { format!("{shown}'s {name}") };
            for argument in &row.arguments {
                let value = match *argument {
                    "this" => external.args.first().cloned(),
                    "*" => {
                        for value in &split.list {
                            let value = self.elements(value);
                            self.hit(row.kind, &value, &callee, site);
                        }
                        None
                    }
                    number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                        number.parse().ok().and_then(|at: usize| split.list.get(at).cloned())
                    }
                    named => self.arg(&split, usize::MAX, &[named]),
                };
                let Some(mut value) = value else { continue };
                if matches!(row.kind, SinkKind::Shell) {
                    value = self.elements(&value);
                }
                self.hit(row.kind, &value, &callee, site);
            }
        }
    }

    /// A SAX parser is told to resolve the entities that stand elsewhere (`feature_external_ges`). Which one is not followed: every SAX
    /// parser counts as told from then on. Since Python 3.7.1 none does so by itself (The Python Standard Library, "xml.sax").
    fn sax_feature(&mut self, args: &Args) {
        let name = self.arg(args, 0, &["name"]).unwrap_or_default();
        let external = name.texts().any(|text| text.contains("external-general-entities"))
            || name.atoms.iter().any(|atom| matches!(atom, Atom::External(e) if e.path.ends_with("feature_external_ges")));
        let on = self.arg(args, 1, &["state"]).is_some_and(|value| !is_false(&value));
        self.resolves_entities |= external && on;
    }

    /// Parsers that were told not to resolve entities, or were not told to.
    fn is_hardened(&mut self, kind: SinkKind, package: &str, args: &Args) -> bool {
        if kind != SinkKind::Xml {
            return false;
        }
        if package.starts_with("libxml") {
            // libxmljs resolves entities only when it is told to.
            let options = args.list.get(1).cloned().unwrap_or_default();
            let told = |name: &str| matches!(name, "noent" | "replaceEntities" | "dtdload");
            return !self.named_fields(&options).iter().any(|(name, value)| told(name) && !is_false(value));
        }
        if package == "py:xml" {
            return !self.resolves_entities;
        }
        let parser = self.arg(args, 1, &["parser"]).unwrap_or_default();
        let made = parser.atoms.iter().find_map(|a| match a {
            Atom::External(e) => Some(e.args.clone()),
            _ => None,
        });
        let Some(made) = made else { return false };
        let made = self.split_args(&made);
        self.arg(&made, usize::MAX, &["resolve_entities"]).is_some_and(|v| is_false(&v))
    }

    /// `subprocess.run(...)`, `yaml.load(...)`: what matters is another argument.
    pub fn python_command(&mut self, package: &str, path: &str, args: &Args, site: Site<'p>) {
        let Some(first) = self.arg(args, 0, &["args", "stream"]) else { return };
        match (package, path) {
            ("subprocess", "run" | "call" | "check_call" | "check_output" | "Popen") => {
                let shell = self.arg(args, usize::MAX, &["shell"]).is_some_and(|v| !is_false(&v));
                let program = self.element(&first, 0);
                let shells = ["sh", "bash", "/bin/sh", "/bin/bash", "ash", "zsh"];
                let by_shell = program.texts().any(|t| shells.contains(&&**t));
                let mut dangerous = if shell || by_shell { self.elements(&first) } else { program };
                if !shell && !by_shell {
                    // Without a shell a text is the name of a program, spaces and all.
                    dangerous.taints.retain(|t| t.built.is_none());
                }
                self.hit(SinkKind::Shell, &dangerous, &format!("subprocess's {path}"), site);
            }
            ("yaml" | "ruamel", "load" | "load_all" | "yaml.load") => {
                let loader = self.arg(args, 1, &["Loader"]);
                let safe = loader.is_some_and(|l| {
                    l.atoms.iter().any(|a| matches!(a, Atom::External(e) if e.path.contains("SafeLoader") || e.path.contains("BaseLoader")))
                });
                if !safe {
                    self.hit(SinkKind::Deserialize, &first, "yaml's load", site);
                }
            }
            _ => {}
        }
    }

    /// A query of MongoDB whose value may be an object of the caller's, with operators in it.
    fn operators(&mut self, package: &str, external: &External, args: &[Value], site: Site<'p>) {
        let mongo = matches!(package, "mongodb" | "mongoose" | "py:pymongo" | "py:motor" | "mongojs");
        let name = external.path.rsplit('.').next().unwrap_or("");
        let Some(query) = args.first().filter(|_| mongo && MONGO.contains(&name)) else { return };
        let mut whole = query.clone();
        let taints = self.deep(query, 3);
        whole.taint(&taints);
        whole.taints.retain(|t| t.whole && t.form == 0 && matches!(t.source.root, Root::Body | Root::Request | Root::Message(_)));
        let shown = package.strip_prefix("py:").unwrap_or(package);
        self.hit(SinkKind::NoSql, &whole, &format!("{shown}'s {name}"), site);
    }
}

/// Whether a value is `false` and nothing else.
fn is_false(value: &Value) -> bool {
    !value.unknown && !value.atoms.is_empty() && value.atoms.iter().all(|a| matches!(a, Atom::Bool(false) | Atom::Null))
}

#[cfg(test)]
mod tests {
    use super::{kind, table};

    #[test]
    fn every_row_is_read() {
        let lines: Vec<&str> = include_str!("sinks.tsv").lines().filter(|l| !l.starts_with('#')).collect();
        assert!(lines.iter().all(|l| l.split('\t').count() == 4 && kind(l.split('\t').nth(2).unwrap_or("")).is_some()), "{lines:?}");
        assert!(table().len() > 60);
    }
}
