//! Prints the facts about handlers given on the command line: `facts ROOT [py:]HANDLER[@FOLDER]...`, for trying the analysis by hand.
//! `facts --secrets ROOT` searches every file. Reads files below ROOT only; never prints a secret.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Files, Place, ResourceId, Trouble};
use sekisho_code::{FunctionSource, analyse};
use std::path::PathBuf;

struct Disk(PathBuf);

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        std::fs::read(self.0.join(path)).map_err(|e| Trouble { says: e.to_string(), place: Place::new(path, 1, 1), help: String::new() })
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Trouble> {
        let mut out = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(self.0.join(&folder)) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                let kind = entry.file_type().unwrap();
                if kind.is_dir() && !["node_modules", ".git", ".aws-sam"].contains(&name.as_str()) {
                    open.push(path);
                } else if kind.is_file() {
                    out.push(path);
                }
            }
        }
        out.sort();
        Ok(out)
    }
}

/// The files after the rewrites of all flows, each edit once.
fn fixed(files: &Disk, code: &model::code::Code) -> std::collections::BTreeMap<String, String> {
    let mut edits: Vec<(&Place, &String)> = code
        .handlers
        .values()
        .flat_map(|h| &h.flows)
        .filter_map(|f| f.rewrite.as_ref())
        .flat_map(|r| r.edits.iter().map(|(p, t)| (p, t)))
        .collect();
    edits.sort_by_key(|(p, t)| (p.file.clone(), p.span, (*t).clone()));
    edits.dedup();
    let mut out = std::collections::BTreeMap::new();
    for (place, text) in edits.into_iter().rev() {
        let file = out.entry(place.file.to_string()).or_insert_with(|| String::from_utf8(files.read(&place.file).unwrap()).unwrap());
        file.replace_range(place.span.start as usize..place.span.end as usize, text);
    }
    out
}

/// `facts --secrets ROOT`: every file below it.
fn secrets(root: &str) {
    let files = Disk(PathBuf::from(root));
    for path in files.list("").unwrap() {
        for secret in files.read(&path).map(|bytes| sekisho_code::secrets_in(&path, &bytes).unwrap_or_default()).unwrap_or_default() {
            println!("{} {} {} {}", secret.place, secret.kind, secret.name, secret.masked());
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    if let (Some("--secrets"), Some(root)) = (std::env::args().nth(1).as_deref(), std::env::args().nth(2)) {
        return secrets(&root);
    }
    let root = PathBuf::from(args.next().expect("ROOT"));
    let functions: Vec<FunctionSource> = args
        .map(|arg| {
            let (handler, folder) = arg.split_once('@').unwrap_or((&arg, ""));
            let (handler, is_python) = handler.strip_prefix("py:").map_or((handler, false), |handler| (handler, true));
            FunctionSource {
                id: ResourceId::new("app", format!("{folder}/{handler}")),
                runtime: if is_python { "python3.13".into() } else { "nodejs20.x".into() },
                handler: handler.into(),
                root: folder.into(),
                environment: Default::default(),
                inline: None,
            }
        })
        .collect();
    let files = Disk(root);
    let (code, troubles) = analyse(&functions, &files);
    if let Ok(out) = std::env::var("FIXED") {
        for (path, text) in fixed(&files, &code) {
            let to = PathBuf::from(&out).join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, text).unwrap();
        }
    }
    for (id, handler) in &code.handlers {
        println!(
            "{id} at {} authorizer={} packages={:?} files={:?}",
            handler.place, handler.is_authorizer, handler.packages, handler.files
        );
        for flow in &handler.flows {
            println!(
                "  {:?} {:?} -> {} built {} sink {} {:?}",
                flow.sink, flow.source, flow.builder, flow.built_at, flow.sink_at, flow.methods
            );
            for step in &flow.steps {
                println!("      {} {}", step.place, step.says);
            }
            if let Some(rewrite) = &flow.rewrite {
                println!("      fix: {}", rewrite.says);
                for (place, text) in &rewrite.edits {
                    println!("        {place} {}..{} {text:?}", place.span.start, place.span.end);
                }
            }
        }
        for write in &handler.writes {
            println!("  write {}:{} {:?} {} {:?}", write.service, write.operation, write.resource, write.place, write.parts);
        }
        for given in &handler.disclosures {
            println!("  discloses {:?} to {:?} {}", given.what, given.to, given.place);
        }
        for review in &handler.reviews {
            println!("  review {:?} {} {} {}", review.kind, review.name, review.place, review.says);
        }
        for call in &handler.aws_calls {
            println!(
                "  aws {}:{} {:?} {}",
                call.service,
                call.operation.as_deref().unwrap_or("?"),
                call.resource_from_environment,
                call.place
            );
        }
    }
    for secret in &code.secrets {
        println!(
            "secret {} {} {} {} user={:?} object={:?} function={:?}",
            secret.kind,
            secret.name,
            secret.masked(),
            secret.place,
            secret.user,
            secret.object.as_ref().map(|p| p.to_string()),
            secret.function.as_ref().map(|p| p.to_string())
        );
    }
    for trouble in &troubles {
        println!("trouble {} {} ({})", trouble.place, trouble.says, trouble.help);
    }
}
