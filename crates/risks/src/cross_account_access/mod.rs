//! Another account is let in, and nothing in the application says whose it is.

mod attack;

use crate::grants::{self, Grant};
use crate::{Attack, Profile, Proved, Reason, Risk, blank};
use iam::{Context, Outcome as Decided, Principal, Request, Who};
use model::aws::Role;
use model::{App, Confidence, Finding, Foothold, Severity, Step};
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::OtherAccount, plant: attack::plant, run: attack::run }),
    detections: &[("cross_account_access/detect.yml", include_str!("detect.yml"))],
    // Whether the account is a partner's, only its authors know.
    without: &[(Proved::Blocked, Reason::AdviceOnly)],
};

const SLUG: &str = "cross-account-access";

/// Keys by which an outsider is held to an agreement or to an organisation.
const AGREED: [&str; 5] = ["sts:externalid", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths"];

fn check(app: &App) -> Vec<Finding> {
    let roles = app.aws().roles.values().flat_map(|role| trusted(app, role));
    roles.chain(grants::all(app).iter().flat_map(|grant| granted(app, grant))).collect()
}

/// The account that a principal of a policy belongs to, when it is another.
fn other<'w>(app: &App, who: &'w Who) -> Option<&'w str> {
    let account = match who {
        Who::Account(account) => account,
        Who::Arn(arn) => arn.split(':').nth(4)?,
        _ => return None,
    };
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (digits && account != app.account && !of_aws(account)).then_some(account)
}

/// Accounts of AWS itself that deliver logs (Elastic Load Balancing User Guide, "Enable access logs": the account of each
/// region; Amazon Redshift, CloudTrail and others use service principals today).
fn of_aws(account: &str) -> bool {
    const DELIVERY: [&str; 24] = [
        "127311923021",
        "033677994240",
        "027434742980",
        "797873946194",
        "098369216593",
        "754344448648",
        "589379963580",
        "718504428378",
        "383597477331",
        "600734575887",
        "114774131450",
        "783225319266",
        "582318560864",
        "985666609251",
        "054676820928",
        "156460612806",
        "652711504416",
        "635631232127",
        "009996457667",
        "897822967062",
        "076674570225",
        "507241528517",
        "048591011584",
        "190560391635",
    ];
    DELIVERY.contains(&account)
}

fn trusted(app: &App, role: &Role) -> Vec<Finding> {
    let Some(trust) = iam::app::trust_policy(role) else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let allowing = trust.statements.iter().filter(|s| s.effect == iam::Effect::Allow && s.unknown.is_none());
    let unbound = allowing.filter(|s| !s.conditions.iter().any(|c| AGREED.contains(&c.key.to_lowercase().as_str())));
    let mut out = Vec::new();
    for named in unbound.filter_map(|s| s.principals.as_ref()).filter(|set| !set.not).flat_map(|set| &*set.any_of) {
        let everyone = named.who == Who::Everyone;
        let account = if everyone { grants::STRANGER } else { other(app, &named.who).unwrap_or_default() };
        if account.is_empty() || !seen.insert(account.to_owned()) {
            continue;
        }
        let caller = Principal::User { arn: format!("arn:aws:iam::{account}:user/anyone") };
        let caller = if let Who::Arn(arn) = &named.who { Principal::parse(arn).unwrap_or(caller) } else { caller };
        let context = if everyone { grants::stranger() } else { Context::open() };
        let request = Request::new(caller, "sts:AssumeRole", &*role.arn).with_context(context).owned_by(&*app.account);
        let said = iam::decide(&request, &grants::own_account(Some(trust.clone()))).outcome;
        if !matches!(said, Decided::Allowed | Decided::Depends) {
            continue;
        }
        let who = if everyone { "any AWS account".to_owned() } else { format!("account {account}") };
        out.push(Finding {
            title: format!("{who} may take the role {}, without an external id", role.id.logical),
            severity: if everyone { Severity::Critical } else { Severity::Medium },
            confidence: if said == Decided::Allowed { Confidence::High } else { Confidence::Medium },
            path: vec![
                Step { says: format!("{} trusts {who}", role.id.logical), place: named.place.clone() },
                Step { says: "and whoever takes it may do what the role may".into(), place: role.place.clone() },
            ],
            symbol: format!("trust {account}"),
            ..blank(SLUG, role.id.to_string(), named.place.clone())
        });
    }
    out
}

fn granted(app: &App, grant: &Grant<'_>) -> Vec<Finding> {
    if grant.asks_for(&AGREED) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for named in grant.named() {
        let Some(account) = other(app, &named.who).filter(|account| seen.insert((*account).to_owned())) else { continue };
        let caller = match &named.who {
            Who::Arn(arn) => Principal::parse(arn),
            _ => None,
        };
        let caller = caller.unwrap_or(Principal::User { arn: format!("arn:aws:iam::{account}:user/anyone") });
        let Some((_, depends)) = grant.lets(app, &caller, &Context::open()) else { continue };
        let (name, actions) = (&grant.target.id.logical, grant.actions().join(", "));
        out.push(Finding {
            title: format!("account {account} may {actions} on {name}"),
            confidence: if depends.is_none() { Confidence::High } else { Confidence::Medium },
            path: vec![Step { says: format!("account {account} may {actions} on {name}"), place: grant.place() }],
            symbol: format!("{actions} {account}"),
            condition: depends,
            ..blank(SLUG, grant.target.id.to_string(), named.place.clone())
        });
    }
    out
}
