//! What is known of the functions' source. The room `code` produces these facts; it never judges them.

use crate::app::ResourceId;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Facts about all function code of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// One entry a function whose handler was found and parsed.
    pub handlers: BTreeMap<ResourceId, Handler>,
    /// Literals that look like secrets, wherever they stand in the source.
    pub secrets: Vec<Secret>,
    /// The same in git's history, each value once; empty when nobody asked.
    #[serde(default)]
    pub past: Vec<PastSecret>,
    /// Packages that the source imports, wherever it stands below a function's code folder; sorted by place.
    #[serde(default)]
    pub imports: Vec<Import>,
    /// Functions whose code is in a language that is not read, with its name: `Java`, `Go`.
    #[serde(default)]
    pub not_assessed: BTreeMap<ResourceId, String>,
    /// Files that hold functions' code inside something else: templates. No text of theirs is a function's alone.
    #[serde(default)]
    pub inline: BTreeSet<String>,
    /// Authorizers that stand beside the functions and that no function names, by file: they guard nothing yet.
    #[serde(default)]
    pub unnamed: BTreeMap<String, Handler>,
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
    /// What it writes to other services, and which data of its event that holds.
    #[serde(default)]
    pub writes: Vec<Write>,
    /// What it gives away in logs and answers.
    #[serde(default)]
    pub disclosures: Vec<Disclosure>,
    /// How it treats tokens, claims and identities.
    #[serde(default)]
    pub reviews: Vec<Review>,
}

/// An import of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The package, without what is below it: `mysql2` of `mysql2/promise`, `yaml` of `yaml.loader`.
    pub package: String,
    /// Where. Its file says which handlers are concerned.
    pub place: Place,
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
    /// Field of an event of no form of its own: direct invocation, Step Functions, an IoT rule, an application's own. The path.
    Field(Vec<String>),
    /// Payload of a service's event, with the path inside it: of an S3 event `["key"]`, of a DynamoDB stream the attribute.
    Trigger(Trigger, Vec<String>),
    /// Whole event or a part that is not told apart further.
    Event,
}

/// The service whose event starts a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Object key and metadata of an S3 notification.
    S3,
    /// Body of an SQS message (path of its JSON), or `messageAttributes`.
    Sqs,
    /// Message of an SNS notification.
    Sns,
    /// `detail` of an EventBridge event.
    EventBridge,
    /// Attributes of an item in a DynamoDB stream.
    DynamoDb,
    /// Data of a Kinesis record.
    Kinesis,
    /// Data of a Firehose record.
    Firehose,
    /// Value of a Kafka record.
    Kafka,
    /// What a user gave to Cognito: `["userAttributes", "custom:role"]`, `["userName"]`.
    Cognito,
    /// Arguments of an AppSync field.
    AppSync,
    /// Log events of a CloudWatch Logs subscription.
    Logs,
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
    /// Bytes or text from which objects are made (`pickle`, `node-serialize`, `yaml.load`).
    Deserialize,
    /// XML that is read by a parser that resolves external entities.
    Xml,
    /// Text of a template that is compiled.
    Template,
    /// Expression, filter or operator of a NoSQL query: DynamoDB expressions, MongoDB queries.
    NoSql,
    /// Text of a PartiQL statement.
    PartiQl,
    /// Key of an S3 object that is read or written.
    S3Key,
    /// Key for which a URL is signed.
    Presign,
    /// Key or conditions of a signed POST policy.
    PostPolicy,
    /// Body of an answer that says it is HTML.
    Html,
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

/// A call that stores or sends data where another function may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// IAM prefix: `s3`, `dynamodb`, `sqs`, `sns`, `events`, `kinesis`, `firehose`, `lambda`, `states`.
    pub service: String,
    /// Operation in AWS's spelling: `PutObject`.
    pub operation: String,
    /// Which bucket, table, queue, topic, bus, stream or function.
    pub resource: ResourceName,
    /// What is written, by where it stands in the parameters; only parts that hold data of the event.
    pub parts: Vec<WritePart>,
    /// The texts that are written, as far as they are known: what a trigger's filter is held against.
    #[serde(default)]
    pub texts: Vec<WrittenText>,
    /// The call.
    pub place: Place,
}

/// How code names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceName {
    /// By the value of an environment variable.
    Environment(String),
    /// By a constant.
    Literal(String),
    /// In a way that is not followed.
    Unknown,
}

/// One part of what is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritePart {
    /// Where it stands: `["Key"]`, `["Body"]`, `["Item", "name"]`, `["MessageBody"]`. A text that was made of an object (JSON) goes
    /// on with the object's names: `["MessageBody", "name"]`.
    pub path: Vec<String>,
    /// Data of the event that it holds.
    pub sources: Vec<EventSource>,
}

/// A text that is written, where at least its beginning is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenText {
    /// Where it stands, as in [`WritePart::path`].
    pub path: Vec<String>,
    /// The text, with `*` for each part of it that is not known: `uploads/*`.
    pub pattern: String,
}

/// Something that logs or an answer give away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// What.
    pub what: Disclosed,
    /// Where to.
    pub to: DisclosedTo,
    /// The call or the `return`.
    pub place: Place,
}

/// What is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosed {
    /// The whole event, headers and body included.
    Event,
    /// A token: the `Authorization` header, a cookie, the token of an authorizer's event.
    Token,
    /// The claims of a decoded token.
    Claims,
    /// A password that the caller sent.
    Password,
    /// The text of an SQL statement that holds data of the event.
    Sql,
    /// The environment variables, all of them.
    Environment,
    /// An exception's message.
    Error,
    /// An exception's stack trace.
    Stack,
}

/// Where something is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisclosedTo {
    /// The function's log.
    Log,
    /// Its answer to the caller.
    Response,
}

/// Something a reviewer of authorisation would point at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What.
    pub kind: ReviewKind,
    /// The claim, header, field or attribute concerned; empty when there is none.
    pub name: String,
    /// What stands there, in a sentence.
    pub says: String,
    /// Where.
    pub place: Place,
}

/// Kinds of what a reviewer would point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKind {
    /// A token is verified without a list of algorithms.
    NoAlgorithms,
    /// A token is decoded, and nowhere verified.
    NotVerified,
    /// A verified token's issuer is not checked.
    NoIssuer,
    /// A verified token's audience (`aud` of an ID token, `client_id` of an access token) is not checked.
    NoAudience,
    /// A verified token's `token_use` is not checked: an ID token passes for an access token.
    NoTokenUse,
    /// A scope or group is looked for inside a text: `admin` is in `not-admin` too.
    Substring,
    /// Data of the request replaces what the authorizer said about the caller.
    IdentityOverridden,
    /// A tenant, customer or user is taken from the request alone.
    ClientControlledTenant,
    /// An attribute of Cognito that its owner may write decides what its owner may do.
    WritableAttribute,
    /// An authorizer allows more than the method that was asked for.
    WidePolicy,
    /// What the authorizer says is read without asking whether there is one.
    UnguardedIdentity,
    /// A database is connected to without TLS, or without a look at its certificate.
    PlainConnection,
    /// A database driver takes several statements in one text.
    MultipleStatements,
    /// A signed POST policy without a bound on size, or for any key.
    WidePostPolicy,
    /// Data of one request stays in memory and is part of the answer to the next.
    KeptForNext,
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

/// A secret that git's history holds, whether or not a file of today does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastSecret {
    /// The secret, in the version that brought it. The file of its place is `PATH@COMMIT`.
    pub secret: Secret,
    /// The commit that brought it: the first digits of its name.
    pub commit: String,
    /// The day of that commit, by its committer: `2024-02-03`; empty where none is known.
    pub day: String,
    /// Where other files held the same value, each in its first version.
    pub also: Vec<Place>,
    /// Whether the commit that is checked out still holds the value.
    pub stands: bool,
}

impl PastSecret {
    /// The path of its file, without the commit.
    pub fn path(&self) -> &str {
        self.secret.place.file.rsplit_once('@').map_or(&*self.secret.place.file, |(path, _)| path)
    }
}
