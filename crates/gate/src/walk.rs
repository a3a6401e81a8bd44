//! The walk through the phases: which phases a call meets, in AWS's order, and what each of them said.
//! It never skips a phase and never reorders them.

use crate::web_acl::Inspection;
use crate::{aws_call, connect, invoke};
use model::{Answer, App, Ask, Call, Charge, Grant, Phase, Place, Reason, Residual, State, Stop, Verdict};

/// Judges a call: walks its phases in AWS's order until one of them halts it; passes when none does.
///
/// `app` is the application as it is, `call` the question, `state` what the verdict needs beside the App. The
/// verdict has one reason for each phase that was reached; the last one decided.
pub fn decide(app: &App, call: &Call, state: &dyn State) -> Verdict {
    walked(app, call, state).0
}

/// The same, with what the web ACL made of the request.
pub(crate) fn walked(app: &App, call: &Call, state: &dyn State) -> (Verdict, Option<Inspection>) {
    let mut walk = Walk { app, call, state, grant: Grant::default(), charges: Vec::new(), invoke: None, connect: None, inspection: None };
    let mut why = Vec::new();
    for (phase, judge) in phases(&call.ask) {
        let Said { says, place, halt } = judge(&mut walk);
        why.push(Reason { phase: *phase, says, place });
        if let Some(answer) = halt {
            // Rate-based rules count what is stopped as well; a call that is to be asked again is counted then.
            let counts = !matches!(answer, Answer::Needs(_));
            walk.charges.retain(|charge| counts && matches!(charge, Charge::Rate { .. }));
            let verdict = Verdict { answer, why, charges: walk.charges, app_version: app.version };
            return (verdict, walk.inspection);
        }
    }
    let verdict = Verdict { answer: Answer::Pass(Box::new(walk.grant)), why, charges: walk.charges, app_version: app.version };
    (verdict, walk.inspection)
}

/// A phase's judgement of the call so far.
type Judge = fn(&mut Walk<'_>) -> Said;

/// A request to a REST API. AWS WAF Developer Guide, "How AWS WAF works": a web ACL is evaluated before resource
/// policies, IAM policies and authorizers. API Gateway Developer Guide, "How API Gateway resource policies affect
/// authorization workflow", "Use API Gateway Lambda authorizers", "Usage plans and API keys for REST APIs",
/// "Request validation for REST APIs".
const INVOKE: &[(Phase, Judge)] = &[
    (Phase::Waf, invoke::waf::judge),
    (Phase::Route, invoke::route::judge),
    (Phase::ResourcePolicy, invoke::resource_policy::judge),
    (Phase::Authorizer, invoke::authorizer::judge),
    (Phase::ApiKey, invoke::api_key::judge),
    (Phase::UsagePlan, invoke::usage_plan::judge),
    (Phase::Validation, invoke::validation::judge),
    (Phase::IntegrationPermission, invoke::integration::judge),
];

/// An AWS API operation. IAM User Guide, "Policy evaluation logic": authenticating the principal, then the policies.
const API: &[(Phase, Judge)] = &[(Phase::Identify, aws_call::identify), (Phase::Iam, aws_call::permit)];

/// A connection out of a function or host. Amazon VPC User Guide, "Control traffic to your AWS resources using
/// security groups".
const CONNECT: &[(Phase, Judge)] =
    &[(Phase::Dns, connect::name::judge), (Phase::Route, connect::way::judge), (Phase::SecurityGroup, connect::groups::judge)];

fn phases(ask: &Ask) -> &'static [(Phase, Judge)] {
    match ask {
        Ask::Invoke(_) => INVOKE,
        Ask::Api(_) => API,
        Ask::Connect(_) => CONNECT,
    }
}

/// What the phases know and have found out.
pub(crate) struct Walk<'a> {
    pub app: &'a App,
    pub call: &'a Call,
    pub state: &'a dyn State,
    pub grant: Grant,
    pub charges: Vec<Charge>,
    pub invoke: Option<invoke::Found<'a>>,
    pub connect: Option<connect::Destination<'a>>,
    pub inspection: Option<Inspection>,
}

/// One phase's sentence, and whether the call ends there.
pub(crate) struct Said {
    says: String,
    place: Option<Place>,
    halt: Option<Answer>,
}

impl Said {
    /// The call goes on.
    pub fn on(says: impl Into<String>, place: Option<Place>) -> Self {
        Self { says: says.into(), place, halt: None }
    }

    /// The call ends here with what AWS would answer.
    pub fn stop(stop: Stop, says: impl Into<String>, place: Option<Place>) -> Self {
        Self { says: says.into(), place, halt: Some(Answer::Stop(stop)) }
    }

    /// It cannot be judged: something in the App is unknown.
    pub fn depends(says: impl Into<String>, place: Option<Place>) -> Self {
        let says = says.into();
        Self { halt: Some(Answer::Depends(Residual { says: says.clone(), place: place.clone() })), says, place }
    }

    /// Another call must be made first.
    pub fn needs(call: Call, says: impl Into<String>, place: Option<Place>) -> Self {
        Self { says: says.into(), place, halt: Some(Answer::Needs(Box::new(call))) }
    }

    /// Whether the call goes on.
    pub const fn goes_on(&self) -> bool {
        self.halt.is_none()
    }

    /// What cannot happen when the phases run in order; stops rather than passes.
    pub fn lost() -> Self {
        let stop = Stop { status: 500, code: "InternalFailure".into(), message: "Internal server error".into(), response: None };
        Self::stop(stop, "the phase was reached without the one before it", None)
    }
}

/// A refusal in AWS's words.
pub(crate) fn stop(status: u16, code: &str, message: impl Into<String>) -> Stop {
    Stop { status, code: code.into(), message: message.into(), response: None }
}
