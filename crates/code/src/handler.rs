//! Where a function's handler stands, and what it does: Lambda's `Handler` property to a file and an export (Lambda Developer Guide,
//! "Define Lambda function handler in Node.js" and "in Python"). Never guesses another file.

use crate::FunctionSource;
use crate::flow;
use crate::ir::{Language, Module};
use crate::load::{self, Loader};
use crate::packages::packages;
use model::code::Handler;
use model::{Place, Trouble};

/// Reads and walks one handler; the flag says that a bound was hit.
pub(crate) fn read(function: &FunctionSource, language: Language, root: &str, loader: &mut Loader<'_>) -> Result<(Handler, bool), Trouble> {
    let trouble = |says: String, place: Place, help: &str| Trouble { says, place, help: help.to_owned() };
    let folder = Place::new(if root.is_empty() { "." } else { root }, 1, 1);
    let parts = match language {
        Language::JavaScript => split(&function.handler).map(|(file, export)| (file.to_owned(), export)),
        // `importlib.import_module(name.replace("/", "."))`, then one attribute (AWS Lambda Python runtime interface client).
        Language::Python => function.handler.rsplit_once('.').map(|(module, name)| (module.replace('.', "/"), name)),
    };
    let Some((file, export)) = parts.filter(|(file, export)| !file.is_empty() && !export.is_empty()) else {
        let says = format!("not assessed: `{}` of {} is not a handler", function.handler, function.id);
        return Err(trouble(says, folder, "write it as `file.export`"));
    };
    let path = load::clean(&format!("{root}/{file}")).filter(|p| root.is_empty() || p.starts_with(&format!("{root}/")));
    let Some(first) = path.and_then(|path| match language {
        Language::JavaScript => loader.handler_module(root, &path),
        Language::Python => loader.python_module(root, &path),
    }) else {
        let says = format!("not assessed: no readable file `{file}` for the handler `{}` of {}", function.handler, function.id);
        return Err(trouble(says, folder, "build the function, or correct `Handler` or `CodeUri`"));
    };
    let reachable = loader.reachable(first);
    let facts = flow::walk(&loader.program, first, &reachable, export).map_err(|failure| {
        let place = Place::new(loader.program.modules[first].path.clone(), 1, 1);
        match failure {
            flow::Failure::NoExport(exports) => {
                let says = format!("not assessed: `{export}`, the handler of {}, is not among the exports of its file", function.id);
                let help =
                    if exports.is_empty() { "the file exports nothing".to_owned() } else { format!("it exports: {}", exports.join(", ")) };
                Trouble { says, place, help }
            }
            flow::Failure::NotFollowed => {
                let says = format!("not assessed: `{export}`, the handler of {}, is made by code that cannot be followed", function.id);
                trouble(says, place, "export a function, or one wrapped by a package")
            }
            flow::Failure::NoThread => {
                trouble(format!("not assessed: {} could not be walked", function.id), place, "report this as a bug of sekisho")
            }
        }
    })?;
    let modules = reachable.iter().filter_map(|at| loader.program.modules.get(*at));
    let mut handler = Handler {
        place: facts.place,
        files: modules.clone().map(|m| m.path.to_string()).collect(),
        flows: facts.flows,
        aws_calls: facts.aws_calls,
        packages: packages(loader, &reachable),
        is_authorizer: facts.authorizer_input && modules.clone().any(answers_policy),
        writes: facts.writes,
        disclosures: facts.disclosures,
        reviews: facts.reviews,
    };
    handler.files.sort();
    Ok((handler, facts.cut))
}

/// Whether a file names what an authorizer answers with: a policy, or the simple response of an HTTP API.
fn answers_policy(module: &Module) -> bool {
    module.text.contains("policyDocument") || module.text.contains("isAuthorized")
}

/// The file, without extension, below the code folder, and the export, which may have dots.
pub(crate) fn split(handler: &str) -> Option<(&str, &str)> {
    let name = handler.rfind('/').map_or(0, |slash| slash + 1);
    let dot = handler.get(name..)?.find('.')? + name;
    let (file, export) = (handler.get(..dot)?, handler.get(dot + 1..)?);
    (!file.is_empty() && !export.is_empty()).then_some((file, export))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn handlers() {
        for (handler, expected) in [
            ("managePartners.lambda_handler", Some(("managePartners", "lambda_handler"))),
            ("src/api/index.handler", Some(("src/api/index", "handler"))),
            ("dist.d/app.api.get", Some(("dist.d/app", "api.get"))),
            ("index", None),
            ("index.", None),
            (".handler", None),
            ("", None),
        ] {
            assert_eq!(split(handler), expected, "{handler}");
        }
    }
}
