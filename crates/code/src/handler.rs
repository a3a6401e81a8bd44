//! Where a function's handler stands: Lambda's `Handler` property to a file and an export (Lambda Developer Guide, "Define Lambda
//! function handler in Node.js"). Never guesses another file.

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
