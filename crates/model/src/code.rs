//! What is known of the functions' source. The room `code` produces these facts; it never judges them.

use crate::app::ResourceId;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Facts about all function code of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// One entry a function whose handler was found and parsed.
    pub handlers: BTreeMap<ResourceId, Handler>,
    /// Literals that look like secrets, wherever they stand in the source.
    pub secrets: Vec<Secret>,
}

/// The code behind one function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handler {
    /// The exported function that Lambda calls.
    pub place: Place,
    /// Source files reachable from it by import, sorted.
    pub files: Vec<String>,
    /// Data flows from the event to a sink.
    pub flows: Vec<Flow>,
    /// AWS SDK calls that the code can make: service and operation (`dynamodb`, `PutItem`).
    pub aws_calls: Vec<AwsCall>,
    /// Packages imported that are not part of the source.
    pub packages: Vec<String>,
    /// Set when the code answers as a Lambda authorizer (reads `methodArn` or `authorizationToken`, returns a policy).
    pub is_authorizer: bool,
}

/// One call of the AWS SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsCall {
    /// Endpoint prefix: `dynamodb`, `cognito-idp`.
    pub service: String,
    /// Operation in AWS's spelling: `PutItem`. `None` when the code chooses it at run time.
    pub operation: Option<String>,
    /// The environment variable that names the resource, when the argument comes from one.
    pub resource_from_environment: Option<String>,
    /// Where.
    pub place: Place,
}

/// Where data enters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// API body, with the JSON path if known: `["cape"]`.
    Body(Vec<String>),
    /// Path parameter.
    PathParameter(String),
    /// Query string parameter.
    Query(String),
    /// Header.
    Header(String),
    /// Whole event or a part that is not told apart further.
    Event,
}

/// What a sink does with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// Text of an SQL statement.
    Sql,
    /// Shell command.
    Shell,
    /// Code that is evaluated.
    Eval,
    /// File path.
    File,
    /// URL of a request.
    Url,
}

/// Data that flows from the event to a sink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Where it enters.
    pub source: EventSource,
    /// What kind of sink it reaches.
    pub sink: SinkKind,
    /// The function in which the dangerous text is built: `createCustomUnicorn`.
    pub builder: String,
    /// Where the data joins the dangerous text: the expression that builds the query. The line to look at first.
    pub built_at: Place,
    /// The call of the driver.
    pub sink_at: Place,
    /// From the read of the event to the driver, in order.
    pub steps: Vec<FlowStep>,
    /// HTTP methods under which the handler takes this way (`event.httpMethod === "POST"`); empty: any.
    pub methods: Vec<String>,
    /// How the query can be parametrised, when the pattern is one that a fix can rewrite.
    pub rewrite: Option<Rewrite>,
}

/// One step of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStep {
    /// "`request.cape` is read from the body".
    pub says: String,
    /// Where.
    pub place: Place,
}

/// A text edit of the source that removes a flow: byte ranges and their new text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrite {
    /// What it does, in a sentence.
    pub says: String,
    /// (place with span, new text), without overlaps.
    pub edits: Vec<(Place, String)>,
}

/// A literal that looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// What kind: `database password`, `AWS access key`, `private key`.
    pub kind: String,
    /// The property or variable it is given to: `password`.
    pub name: String,
    /// The literal itself, without quotes, with its span. Never printed; see [`Secret::masked`].
    pub value: String,
    /// The literal in the source, quotes included.
    pub place: Place,
    /// The whole object literal it stands in, when it is part of a connection configuration.
    pub object: Option<Place>,
    /// The user name beside it, when there is one.
    pub user: Option<String>,
    /// The enclosing function that builds the object, when there is one.
    pub function: Option<Place>,
}

impl Secret {
    /// The value for people: its length and nothing of it.
    pub fn masked(&self) -> String {
        format!("{} characters, not shown", self.value.chars().count())
    }
}
