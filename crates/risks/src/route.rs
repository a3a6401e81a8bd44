//! Routes and the functions behind them, as several risks need them.

use model::aws::{Function, Integration, RestApi, Route};
use model::state::{AuthorizerAnswer, IssuedKey, Usage, WebAclAnswer};
use model::{Answer, App, Ask, Call, Credential, HttpRequest, Invoke, Phase, State, Step, Time};

/// A route that hands its request to a function of the application.
pub struct FunctionRoute<'a> {
    pub api: &'a RestApi,
    pub route: &'a Route,
    pub function: &'a Function,
}

/// Every route with a function behind it, in the order written. Preflight routes (OPTIONS) are left out:
/// browsers send them without credentials, by the Fetch standard.
pub fn all(app: &App) -> impl Iterator<Item = FunctionRoute<'_>> {
    app.aws().rest_apis.iter().flat_map(move |api| {
        api.routes.iter().filter(|route| route.method != "OPTIONS").filter_map(move |route| match &route.integration {
            Integration::LambdaProxy { function_arn, .. } => {
                Some(FunctionRoute { api, route, function: app.aws().function_by_arn(function_arn)? })
            }
            _ => None,
        })
    })
}

impl FunctionRoute<'_> {
    /// `POST /partners`.
    pub fn name(&self) -> String {
        format!("{} {}", self.route.method, self.route.path)
    }

    /// Asks the gate about a caller who could exist: anyone, without a credential. True when the gate turns them
    /// away for who they are, or would first ask an authorizer.
    pub fn refuses_anyone(&self, app: &App) -> bool {
        let method = if self.route.method == "ANY" { "GET" } else { &self.route.method };
        let request = HttpRequest { method: method.to_owned(), path: fill(&self.route.path, "1"), ..HttpRequest::default() };
        let stage = self.api.stages.first().map(|stage| stage.name.clone()).unwrap_or_default();
        let call = Call {
            id: String::new(),
            time: Time(0),
            source_ip: "198.51.100.1".into(),
            tls: true,
            credential: Credential::None,
            ask: Ask::Invoke(Invoke { api: self.api.id.clone(), stage, request, beyond: 0 }),
        };
        let verdict = gate::decide(app, &call, &Nothing);
        match verdict.answer {
            Answer::Needs(_) => true,
            // An API key is not an identity, and a refused body says nothing about who sent it.
            Answer::Stop(_) => {
                verdict.reason().is_some_and(|reason| matches!(reason.phase, Phase::Identify | Phase::ResourcePolicy | Phase::Authorizer))
            }
            Answer::Pass(_) | Answer::Depends(_) => false,
        }
    }

    /// The first two steps of every path: the route, and the function it leads to.
    pub fn steps(&self, opening: String) -> Vec<Step> {
        vec![
            Step { says: opening, place: self.route.place.clone() },
            Step { says: format!("API Gateway hands it to {}", self.function.id.logical), place: self.route.integration_place.clone() },
        ]
    }
}

/// The path of a route with each `{parameter}` replaced.
pub fn fill(path: &str, value: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { value } else { part }).collect::<Vec<_>>().join("/")
}

/// The state of an application that nobody has called yet.
struct Nothing;

impl State for Nothing {
    fn key(&self, _: &str) -> Option<IssuedKey> {
        None
    }
    fn authorizer_answer(&self, _: &str) -> Option<AuthorizerAnswer> {
        None
    }
    fn usage(&self, _: &str, _: &str) -> Usage {
        Usage::default()
    }
    fn jwks(&self, _: &str) -> Option<serde_json::Value> {
        None
    }
    // Who may call is asked behind the web ACL: what it stops, it stops whoever sent it.
    fn web_acl_answer(&self) -> Option<WebAclAnswer> {
        Some(WebAclAnswer { says: "the web ACL is not asked who the caller is".into(), ..WebAclAnswer::default() })
    }
}
