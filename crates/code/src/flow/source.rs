//! Where data enters: the parts of an API Gateway proxy event (API Gateway Developer Guide, "Input format of a Lambda function for
//! proxy integration", payload 1.0 and 2.0; "Input to an API Gateway Lambda authorizer") and of an Express-like request.
//!
//! What the caller cannot choose is never a source: the authorizer's answer, the matched route, the stage's variables, and the URLs
//! that AWS itself puts into the events of custom resources, S3 Object Lambda and Lambda@Edge.

use model::code::EventSource;
use std::sync::Arc;

/// What a source belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Root {
    /// The handler's first argument.
    Event,
    /// The parsed body.
    Body,
    /// The request of a web framework behind the handler.
    Request,
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
    /// The whole event.
    pub fn event() -> Self {
        Self { root: Root::Event, path: Vec::new() }
    }

    /// The parsed body.
    pub fn body() -> Self {
        Self { root: Root::Body, path: Vec::new() }
    }

    /// Whether this is the body before it is parsed.
    pub fn is_raw_body(&self) -> bool {
        self.root == Root::Event && self.path.len() == 1 && &*self.path[0] == "body"
    }

    /// Whether only a Lambda authorizer's event has it.
    pub fn is_authorizer_input(&self) -> bool {
        self.root == Root::Event && self.path.len() == 1 && matches!(&*self.path[0], "authorizationToken" | "methodArn" | "routeArn")
    }

    /// A property of it.
    pub fn part(&self, name: &str) -> Part {
        let path: Vec<&str> = self.path.iter().map(|p| &**p).collect();
        if self.root == Root::Event {
            match (path.as_slice(), name) {
                ([], "httpMethod") | (["requestContext"], "httpMethod") | (["requestContext", "http"], "method") => return Part::Method,
                ([], "resource" | "routeKey" | "stageVariables" | "isBase64Encoded" | "version" | "type" | "identitySource")
                | ([], "ResponseURL" | "getObjectContext")
                | (["Records", "cf", "request"], "origin")
                | (["Records", "cf"], "config") => {
                    return Part::Clean;
                }
                (["requestContext"], "identity" | "http" | "path") => {}
                (["requestContext"], _) => return Part::Clean,
                (["requestContext", "identity"], "userAgent") | (["requestContext", "http"], "userAgent" | "path") => {}
                (["requestContext", _], _) => return Part::Clean,
                _ => {}
            }
        }
        if self.root == Root::Request {
            match (path.as_slice(), name) {
                ([], "method") => return Part::Method,
                ([], "app" | "route" | "user" | "session" | "context" | "requestContext" | "ip" | "baseUrl" | "protocol") => {
                    return Part::Clean;
                }
                ([], "event") => return Part::Source(Self::event()),
                _ => {}
            }
        }
        let mut path = self.path.clone();
        if path.len() < MAX_PATH {
            path.push(name.into());
        }
        Part::Source(Self { root: self.root, path })
    }

    /// The source as the model names it.
    pub fn model(&self) -> EventSource {
        let path: Vec<&str> = self.path.iter().map(|p| &**p).collect();
        let rest = |from: usize| self.path.iter().skip(from).map(|p| p.to_string()).collect::<Vec<_>>();
        match (self.root, path.as_slice()) {
            (Root::Body, _) => EventSource::Body(rest(0)),
            (Root::Event | Root::Request, ["body", ..]) => EventSource::Body(rest(1)),
            (Root::Event, ["pathParameters", name, ..]) | (Root::Request, ["params", name, ..]) => {
                EventSource::PathParameter((*name).into())
            }
            (Root::Event, ["queryStringParameters" | "multiValueQueryStringParameters", name, ..])
            | (Root::Request, ["query", name, ..]) => EventSource::Query((*name).into()),
            (Root::Event | Root::Request, ["headers" | "multiValueHeaders", name, ..]) => EventSource::Header((*name).into()),
            (Root::Event | Root::Request, ["cookies", ..]) => EventSource::Header("cookie".into()),
            (Root::Event, ["authorizationToken", ..]) => EventSource::Header("Authorization".into()),
            (Root::Event, ["requestContext", _, "userAgent"]) => EventSource::Header("User-Agent".into()),
            _ => EventSource::Event,
        }
    }

    /// Where it is read from, in words.
    pub fn says(&self) -> String {
        match self.model() {
            EventSource::Body(_) => "is read from the request's body".to_owned(),
            EventSource::PathParameter(name) => format!("is read from the path parameter `{name}`"),
            EventSource::Query(name) => format!("is read from the query string parameter `{name}`"),
            EventSource::Header(name) => format!("is read from the header `{name}`"),
            EventSource::Event => "is read from the event".to_owned(),
        }
    }
}
