//! Calls of the AWS SDK for JavaScript, version 2 and 3, as service and operation.
//!
//! Services are named by their IAM prefix (Service Authorization Reference), operations as the API references spell them. Which
//! clients and methods are named otherwise is in `services.tsv` and `operations.tsv`; no service is named in the code.

pub(crate) mod python;

use std::sync::OnceLock;

/// A call that was found in the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The service's IAM prefix.
    pub service: String,
    /// The operation; `None` when it is chosen at run time.
    pub operation: Option<String>,
    /// The environment variable that names the resource.
    pub resource: Option<String>,
    /// Module and bytes.
    pub module: usize,
    /// The call.
    pub span: model::Span,
}

/// The name of a part that is chosen at run time: `client[name]`.
pub(crate) const CHOSEN: &str = "*";

/// What a call of a package is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A call of an operation; its parameters are argument number `argument`.
    Operation {
        /// IAM prefix.
        service: String,
        /// API name; `None` when it is not known.
        operation: Option<String>,
        /// Which argument holds the parameters.
        argument: usize,
    },
    /// Something else.
    Other,
}

fn rows(text: &'static str) -> impl Iterator<Item = [&'static str; 3]> {
    text.lines().filter(|l| !l.starts_with('#')).filter_map(|line| {
        let mut parts = line.split('\t');
        Some([parts.next()?, parts.next()?, parts.next()?])
    })
}

fn services() -> &'static [[&'static str; 3]] {
    static TABLE: OnceLock<Vec<[&'static str; 3]>> = OnceLock::new();
    TABLE.get_or_init(|| rows(include_str!("services.tsv")).collect())
}

fn operations() -> &'static [[&'static str; 3]] {
    static TABLE: OnceLock<Vec<[&'static str; 3]>> = OnceLock::new();
    TABLE.get_or_init(|| rows(include_str!("operations.tsv")).collect())
}

/// What a call of `path` of `package` is; `new` when it is constructed. Calls on the way are written `()`.
pub(crate) fn classify(package: &str, path: &str, new: bool) -> Kind {
    let parts: Vec<&str> = path.split('.').collect();
    let Some(last) = parts.last().copied() else { return Kind::Other };
    if let Some(client) = package.strip_prefix("@aws-sdk/client-") {
        let service = prefix_of_client(client);
        return version3(&service, false, &parts, last, new);
    }
    match package {
        "@aws-sdk/lib-dynamodb" => version3("dynamodb", true, &parts, last, new),
        "@aws-sdk/lib-storage" if last == "Upload" && new => {
            Kind::Operation { service: "s3".to_owned(), operation: Some("PutObject".to_owned()), argument: 0 }
        }
        // `aws-sdk/clients/s3` is the class itself.
        _ => match package.strip_prefix("aws-sdk/clients/") {
            Some(client) => {
                let class = services().iter().find(|row| row[1].eq_ignore_ascii_case(client)).map_or(client, |row| row[1]);
                let joined: Vec<&str> = std::iter::once(class).chain(parts.iter().copied().filter(|p| !p.is_empty())).collect();
                version2(&joined, last, new)
            }
            None if package == "aws-sdk" => version2(&parts, last, new),
            // X-Ray wraps the SDK: `captureAWS(require("aws-sdk"))`, `captureAWSClient(client)` give back what they get.
            None => Kind::Other,
        },
    }
}

/// `new PutItemCommand(...)`, `client().putItem(...)`, `paginateScan(...)`.
fn version3(service: &str, document: bool, parts: &[&str], last: &str, new: bool) -> Kind {
    let operation = |name: &str, argument: usize| {
        let kind = if document { document_operation(&lower_first(name)) } else { None };
        Kind::Operation { service: service.to_owned(), operation: Some(kind.unwrap_or_else(|| name.to_owned())), argument }
    };
    let chosen = || Kind::Operation { service: service.to_owned(), operation: None, argument: 0 };
    if new && parts == [CHOSEN] {
        return chosen();
    }
    if let Some(name) = last.strip_suffix("Command")
        && new
        && parts.len() == 1
    {
        return operation(name, 0);
    }
    if let Some(name) = last.strip_prefix("paginate")
        && parts.len() == 1
        && !new
    {
        return operation(name, 1);
    }
    // A client's own methods, not those of what they return.
    let client = matches!(parts, [made, _] if made.ends_with("()")) || matches!(parts, [_, "from()", _]);
    if client
        && !new
        && !matches!(last, "send" | "destroy" | "config" | "middlewareStack" | "then" | "catch" | "promise")
        && !last.contains("()")
    {
        return if last == CHOSEN { chosen() } else { operation(&upper_first(last), 0) };
    }
    Kind::Other
}

/// `new AWS.S3().getObject(...)`.
fn version2(parts: &[&str], last: &str, new: bool) -> Kind {
    if new || last.ends_with("()") {
        return Kind::Other;
    }
    let Some(made) = parts.iter().position(|part| part.ends_with("()")) else { return Kind::Other };
    if made + 1 != parts.len().saturating_sub(1) {
        return Kind::Other;
    }
    let class = parts.first().map_or("", |part| part.trim_end_matches("()"));
    let document = parts.get(made).is_some_and(|part| *part == "DocumentClient()");
    let service = prefix_of_class(class);
    let special = operations().iter().find(|row| row[0] == service && row[1] == last).map(|row| row[2].to_owned());
    let operation = match last {
        "getSignedUrl" | "getSignedUrlPromise" | "createPresignedPost" | "waitFor" | "makeRequest" => {
            return Kind::Operation { service, operation: None, argument: 1 };
        }
        CHOSEN => return Kind::Operation { service, operation: None, argument: 0 },
        "endpoint" | "config" | "setupRequestListeners" | "on" | "send" | "promise" => return Kind::Other,
        _ if document => document_operation(last).unwrap_or_else(|| upper_first(last)),
        _ => special.unwrap_or_else(|| upper_first(last)),
    };
    Kind::Operation { service, operation: Some(operation), argument: 0 }
}

fn document_operation(method: &str) -> Option<String> {
    operations().iter().find(|row| row[0] == "document" && row[1] == method).map(|row| row[2].to_owned())
}

fn prefix_of_client(client: &str) -> String {
    services().iter().find(|row| row[0] == client).map_or_else(|| client.to_owned(), |row| row[2].to_owned())
}

fn prefix_of_class(class: &str) -> String {
    services().iter().find(|row| row[1] == class).map_or_else(|| class.to_ascii_lowercase(), |row| row[2].to_owned())
}

fn upper_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Kind, classify};

    #[test]
    fn clients() {
        for (package, path, new, expected) in [
            ("@aws-sdk/client-dynamodb", "PutItemCommand", true, Some(("dynamodb", Some("PutItem"), 0))),
            ("@aws-sdk/lib-dynamodb", "PutCommand", true, Some(("dynamodb", Some("PutItem"), 0))),
            ("@aws-sdk/lib-dynamodb", "TransactWriteCommand", true, Some(("dynamodb", Some("TransactWriteItems"), 0))),
            ("@aws-sdk/lib-dynamodb", "DynamoDBDocument.from().get", false, Some(("dynamodb", Some("GetItem"), 0))),
            ("@aws-sdk/client-s3", "S3().getObject", false, Some(("s3", Some("GetObject"), 0))),
            ("@aws-sdk/client-s3", "S3Client().send", false, None),
            ("@aws-sdk/client-s3", "S3Client().send().Contents.map().join", false, None),
            ("@aws-sdk/client-sfn", "StartExecutionCommand", true, Some(("states", Some("StartExecution"), 0))),
            ("@aws-sdk/client-dynamodb", "paginateScan", false, Some(("dynamodb", Some("Scan"), 1))),
            ("aws-sdk", "DynamoDB.DocumentClient().put", false, Some(("dynamodb", Some("PutItem"), 0))),
            (
                "aws-sdk",
                "CognitoIdentityServiceProvider().createUserPoolClient",
                false,
                Some(("cognito-idp", Some("CreateUserPoolClient"), 0)),
            ),
            ("aws-sdk", "CognitoIdentityServiceProvider().createUserPoolClient().promise", false, None),
            ("aws-sdk", "S3().getSignedUrl", false, Some(("s3", None, 1))),
            ("aws-sdk/clients/s3", "().upload", false, Some(("s3", Some("PutObject"), 0))),
            ("aws-sdk", "SSM().*", false, Some(("ssm", None, 0))),
            ("@aws-sdk/client-s3", "*", true, Some(("s3", None, 0))),
            ("aws-sdk", "*", true, None),
            ("aws-sdk", "config.update", false, None),
            ("mysql", "createConnection().query", false, None),
        ] {
            let expected = match expected {
                Some((service, operation, argument)) => {
                    Kind::Operation { service: service.to_owned(), operation: operation.map(str::to_owned), argument }
                }
                None => Kind::Other,
            };
            assert_eq!(classify(package, path, new), expected, "{package} {path}");
        }
    }
}
