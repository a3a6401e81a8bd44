//! Where data enters: what a property of an event is, and how the model names it.
//!
//! What the caller cannot choose is never a source of a flow: the matched route, the stage's variables, and the URLs that AWS itself
//! puts into the events of custom resources, S3 Object Lambda and Lambda@Edge. What the authorizer said, what a token claims and what
//! an exception says are followed too, each under a root of its own, for the questions that are asked about them alone.

use super::origin;
use model::code::{EventSource, Trigger};
use std::sync::Arc;

/// What a source belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Root {
    /// The handler's first argument.
    Event,
    /// The parsed body.
    Body,
    /// The parsed payload of a message.
    Message(Trigger),
    /// The request of a web framework behind the handler.
    Request,
    /// What the authorizer said about the caller.
    Identity,
    /// What a verified token claims.
    Claims,
    /// What a token claims that was only decoded.
    Unverified,
    /// An exception.
    Error,
    /// What an earlier request left in memory.
    Earlier,
}

/// A part of the event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Source {
    /// Of what.
    pub root: Root,
    /// Property names from there.
    pub path: Vec<Arc<str>>,
}

/// What a property of a source is.
pub(super) enum Part {
    /// Chosen by the caller.
    Source(Source),
    /// The HTTP method of the request.
    Method,
    /// Chosen by the application.
    Clean,
}

/// Longer paths are not told apart.
const MAX_PATH: usize = 8;

impl Source {
    /// A source by its root.
    pub fn of(root: Root) -> Self {
        Self { root, path: Vec::new() }
    }

    /// The whole event.
    pub fn event() -> Self {
        Self::of(Root::Event)
    }

    fn names(&self) -> Vec<&str> {
        self.path.iter().map(|p| &**p).collect()
    }

    /// What this text is once its JSON is parsed; `None` when it is not the text of a payload.
    pub fn parsed(&self) -> Option<Self> {
        let message = |trigger| Some(Self::of(Root::Message(trigger)));
        match (self.root, self.names().as_slice()) {
            (Root::Event | Root::Request, ["body" | "data"]) => Some(Self::of(Root::Body)),
            (Root::Event, ["Records", "body"]) => message(Trigger::Sqs),
            (Root::Event, ["Records", "Sns", "Message"]) => message(Trigger::Sns),
            (Root::Event, ["Records", "kinesis", "data"]) => message(Trigger::Kinesis),
            (Root::Event, ["records", "data"]) => message(Trigger::Firehose),
            (Root::Event, ["records", .., "value"]) => message(Trigger::Kafka),
            (Root::Event, ["awslogs", "data"]) => message(Trigger::Logs),
            _ => None,
        }
    }

    /// Whether it can be chosen by someone outside: what flows into sinks.
    pub fn is_data(&self) -> bool {
        !matches!(self.root, Root::Identity | Root::Claims | Root::Unverified | Root::Error | Root::Earlier)
    }

    /// Whether only a Lambda authorizer's event has it.
    pub fn is_authorizer_input(&self) -> bool {
        self.root == Root::Event && matches!(self.names().as_slice(), ["authorizationToken" | "methodArn" | "routeArn"])
    }

    /// Whether it is, or holds, the caller's token.
    pub fn is_token(&self) -> bool {
        let named = |name: &str| ["authorization", "cookie", "x-api-key"].iter().any(|n| name.eq_ignore_ascii_case(n));
        match (self.root, self.names().as_slice()) {
            (Root::Event, ["authorizationToken"]) | (Root::Event | Root::Request, ["cookies"]) => true,
            (Root::Event | Root::Request, ["headers" | "multiValueHeaders"]) => true,
            (Root::Event | Root::Request, ["headers" | "multiValueHeaders", name, ..]) => named(name),
            _ => false,
        }
    }

    /// A property of it.
    pub fn part(&self, name: &str) -> Part {
        let path = self.names();
        let name = match self.root {
            Root::Event => origin::spelling(name),
            _ => name,
        };
        match self.root {
            Root::Event => {
                if let Some(part) = origin::part(&path, name) {
                    return part;
                }
            }
            Root::Request => match (path.as_slice(), name) {
                ([], "method") => return Part::Method,
                ([], "req" | "request") => return Part::Source(self.clone()),
                ([], "json_body" | "raw_body" | "rawBody") => return Part::Source(Self { root: self.root, path: vec!["body".into()] }),
                ([], "uri_params") => return Part::Source(Self { root: self.root, path: vec!["params".into()] }),
                ([], "user") => return Part::Source(Self::of(Root::Identity)),
                ([], "app" | "route" | "session" | "context" | "requestContext" | "ip" | "baseUrl" | "protocol") => return Part::Clean,
                ([], "url_root" | "base_url" | "host_url" | "endpoint" | "url_rule" | "blueprint") => return Part::Clean,
                ([], "event") => return Part::Source(Self::event()),
                _ => {}
            },
            _ => {}
        }
        let mut path = self.path.clone();
        if path.len() < MAX_PATH {
            path.push(name.into());
        }
        Part::Source(Self { root: self.root, path })
    }

    /// The source as the model names it.
    pub fn model(&self) -> EventSource {
        let path = self.names();
        let rest = |from: usize| self.path.iter().skip(from).map(|p| p.to_string()).collect::<Vec<_>>();
        match (self.root, path.as_slice()) {
            (Root::Body, _) => EventSource::Body(rest(0)),
            (Root::Message(trigger), _) => EventSource::Trigger(trigger, rest(0)),
            (Root::Event, _) => origin::model(&path),
            (Root::Request, ["body" | "json" | "form" | "data" | "values" | "files", ..]) => EventSource::Body(rest(1)),
            (Root::Request, ["params" | "view_args" | "path_params", name, ..]) => EventSource::PathParameter((*name).into()),
            (Root::Request, ["query" | "args" | "query_params", name, ..]) => EventSource::Query((*name).into()),
            (Root::Request, ["headers", name, ..]) => EventSource::Header((*name).into()),
            (Root::Request, ["cookies", ..]) => EventSource::Header("cookie".into()),
            _ => EventSource::Event,
        }
    }

    /// Where it is read from, in words.
    pub fn says(&self) -> String {
        match self.root {
            Root::Identity => return "is what the authorizer said about the caller".to_owned(),
            Root::Claims => return "is a claim of a verified token".to_owned(),
            Root::Unverified => return "is a claim of a token that is not verified".to_owned(),
            Root::Error => return "is what an exception says".to_owned(),
            Root::Earlier => return "is what an earlier request left".to_owned(),
            _ => {}
        }
        match self.model() {
            EventSource::Body(_) => "is read from the request's body".to_owned(),
            EventSource::PathParameter(name) => format!("is read from the path parameter `{name}`"),
            EventSource::Query(name) => format!("is read from the query string parameter `{name}`"),
            EventSource::Header(name) => format!("is read from the header `{name}`"),
            EventSource::Trigger(trigger, _) => format!("is read from {}", origin::says(trigger)),
            EventSource::Field(_) | EventSource::Event => "is read from the event".to_owned(),
        }
    }
}
