//! Tokens and identities: how tokens are verified, which claims are looked at, how scopes are compared, and whether what the
//! authorizer said about the caller gives way to what the caller says (RFC 8725, "JSON Web Token Best Current Practices"; Cognito
//! Developer Guide, "Verifying JSON web tokens").

use super::call::Site;
use super::engine::Engine;
use super::python::Args;
use super::source::{Root, Source};
use super::value::{At, Atom, Env, External, Taint, Value};
use crate::ir::{Expr, ExprKind};
use model::code::{Review, ReviewKind};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What was seen of tokens.
#[derive(Default)]
pub(super) struct Tokens {
    /// Tokens that were verified.
    verified: Vec<Verified>,
    /// Where tokens were decoded only.
    decoded: Vec<At>,
    /// Claims that were compared with something.
    compared: BTreeSet<String>,
    /// Claims that were read.
    claims: BTreeSet<String>,
    /// Whether claims of a token that was only decoded were read.
    unverified: bool,
    /// `try` blocks that are open.
    pub tries: usize,
}

/// One verification.
struct Verified {
    at: At,
    algorithms: bool,
    issuer: bool,
    audience: bool,
    token_use: bool,
}

impl Tokens {
    /// A property of data is read.
    pub fn read(&mut self, taint: &Taint, name: &str) {
        if matches!(taint.source.root, Root::Claims | Root::Unverified) {
            self.claims.insert(name.to_owned());
            self.unverified |= taint.source.root == Root::Unverified && !matches!(name, "header" | "payload" | "kid" | "alg");
        }
    }

    /// A value is compared.
    pub fn compare(&mut self, value: &Value) {
        for taint in &value.taints {
            if matches!(taint.source.root, Root::Claims | Root::Unverified)
                && let Some(name) = taint.source.path.last()
            {
                self.compared.insert(name.to_string());
            }
        }
    }
}

/// Where data were read.
pub(super) fn first_step(taint: &Taint) -> Option<At> {
    let mut step = taint.steps.as_ref()?;
    while let Some(before) = &step.before {
        step = before;
    }
    Some(step.at)
}

/// Names by which tenants, companies and customers go.
pub(super) fn is_tenant(name: &str) -> bool {
    let squashed: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let named = squashed.strip_prefix('x').filter(|rest| rest.starts_with("tenant")).unwrap_or(&squashed);
    let bare = named.strip_suffix("id").or_else(|| named.strip_suffix("name")).unwrap_or(named);
    matches!(bare, "tenant" | "company" | "customer" | "organization" | "organisation" | "org" | "account")
}

/// Functions that decode a token without verifying it.
fn only_decodes(package: &str, name: &str) -> bool {
    match name {
        "decode" => matches!(package, "jsonwebtoken" | "jwt-simple"),
        "decodeJwt" | "jwtDecode" | "jwt_decode" | "jwt-decode" => true,
        "get_unverified_claims" => true,
        _ => package == "jwt-decode",
    }
}

impl<'p> Engine<'p> {
    /// A call of a JavaScript library for tokens: what it gives.
    pub fn token_call(&mut self, external: &External, args: &[Value], at: At) -> Option<Value> {
        let package = super::external::base(&external.package);
        let name = external.path.rsplit('.').next().filter(|n| !n.is_empty()).unwrap_or(package);
        let cognito = package == "aws-jwt-verify" && matches!(name, "verify" | "verifySync");
        let verifies = matches!((package, name), ("jsonwebtoken", "verify") | ("jose", "jwtVerify") | ("njwt", "verify")) || cognito;
        if verifies {
            let options = match external.args.first() {
                Some(made) if cognito => made.clone(),
                _ => args.get(2).cloned().unwrap_or_default(),
            };
            let given = |names: &[&str], e: &mut Self| {
                let fields = e.named_fields(&options);
                // Options that are not known may say anything.
                options.unknown || fields.iter().any(|(n, v)| names.contains(&&**n) && !matches!(v.atoms.as_slice(), [Atom::Null]))
            };
            let verified = Verified {
                at,
                algorithms: package != "jsonwebtoken" || given(&["algorithms"], self),
                issuer: cognito || given(&["issuer"], self),
                audience: given(&["audience", "clientId"], self),
                token_use: given(&["tokenUse"], self),
            };
            self.tokens.verified.push(verified);
            let claims = Value::source(Source::of(Root::Claims), None);
            if package == "jose" {
                let id = self.state.object(super::state::Object::default());
                let cell = self.state.field(id, "payload");
                self.state.set(cell, claims);
                return Some(Value::of(Atom::Object(id)));
            }
            return Some(claims);
        }
        if package == "node-jose" && name == "verify" {
            // A key store says which algorithms and keys there are; what is asked of the claims is not known.
            self.tokens.verified.push(Verified { at, algorithms: true, issuer: true, audience: true, token_use: true });
        }
        if only_decodes(package, name) {
            self.tokens.decoded.push(at);
            return Some(Value::source(Source::of(Root::Unverified), None));
        }
        None
    }

    /// A part of a token is parsed by hand: its claims are whatever the caller wrote.
    pub fn parsed_token(&mut self, value: &mut Value, at: At) {
        let mut by_hand = false;
        for taint in value.taints.iter_mut().filter(|t| t.source.is_token() && t.form != 0) {
            *taint = Taint { source: std::rc::Rc::new(Source::of(Root::Unverified)), whole: true, form: 0, ..taint.clone() };
            by_hand = true;
        }
        if by_hand {
            self.tokens.decoded.push(at);
        }
    }

    /// A call of PyJWT or python-jose.
    pub fn python_token(&mut self, package: &str, path: &str, args: &Args, at: At) -> Option<Value> {
        let name = path.rsplit('.').next().unwrap_or("");
        match (package, name) {
            ("jwt" | "jose", "decode") => {
                let options = self.arg(args, 3, &["options"]).unwrap_or_default();
                let off = |v: &Value| matches!(v.atoms.as_slice(), [Atom::Bool(false)]);
                let mut unverified = self.arg(args, usize::MAX, &["verify"]).is_some_and(|v| off(&v));
                unverified |= self.named_fields(&options).iter().any(|(n, v)| &**n == "verify_signature" && off(v));
                if unverified {
                    self.tokens.decoded.push(at);
                    return Some(Value::source(Source::of(Root::Unverified), None));
                }
                let verified = Verified {
                    at,
                    algorithms: self.arg(args, 2, &["algorithms", "algorithm"]).is_some(),
                    issuer: self.arg(args, usize::MAX, &["issuer"]).is_some(),
                    audience: self.arg(args, usize::MAX, &["audience"]).is_some(),
                    token_use: false,
                };
                self.tokens.verified.push(verified);
                Some(Value::source(Source::of(Root::Claims), None))
            }
            ("jose", "verify") => {
                self.tokens.verified.push(Verified { at, algorithms: true, issuer: false, audience: false, token_use: false });
                None
            }
            ("jose" | "jwt", "get_unverified_claims" | "get_unverified_claim") => {
                self.tokens.decoded.push(at);
                Some(Value::source(Source::of(Root::Unverified), None))
            }
            _ => None,
        }
    }

    /// Notes something a reviewer would point at.
    pub fn review(&mut self, kind: ReviewKind, name: &str, says: String, at: At) {
        let place = self.module(at.module).place(at.span);
        let review = Review { kind, name: name.to_owned(), says, place };
        if !self.reviews.contains(&review) {
            self.reviews.push(review);
        }
    }

    /// Whether a value is something that a token or an authorizer says.
    pub fn is_claim(&self, value: &Value) -> bool {
        value.taints.iter().any(|t| matches!(t.source.root, Root::Claims | Root::Unverified | Root::Identity))
    }

    /// A text is searched for another: of scopes and groups that is no comparison.
    pub fn searched(&mut self, on: &Value, at: At) {
        let named = |t: &&Taint| {
            let last = t.source.path.last().map_or("", |name| &**name);
            let claims = matches!(t.source.root, Root::Claims | Root::Unverified | Root::Identity);
            // API Gateway hands a list of groups over as one text.
            let text = matches!(last, "scope" | "scp" | "scopes") || (t.source.root == Root::Identity && last == "cognito:groups");
            claims && text && t.form == 0
        };
        let Some(taint) = on.taints.iter().find(named) else { return };
        let name = taint.source.path.last().cloned().unwrap_or_default();
        let says = format!("`{name}` is one text: what is looked for inside it is also inside a longer name");
        self.review(ReviewKind::Substring, &name, says, at);
    }

    /// A value is compared with another: attributes that their owner may write decide nothing.
    pub fn authorises(&mut self, value: &Value, at: At) {
        self.tokens.compare(value);
        for taint in &value.taints {
            let Some(name) = taint.source.path.last().filter(|name| name.starts_with("custom:")) else { continue };
            let cognito = matches!(taint.source.root, Root::Claims | Root::Unverified | Root::Identity)
                || taint.source.path.iter().any(|part| &**part == "userAttributes");
            if cognito {
                let name = name.to_string();
                let says = format!("the attribute `{name}` decides; its owner may write it unless the app client forbids it");
                self.review(ReviewKind::WritableAttribute, &name, says, at);
            }
        }
    }

    /// The name of an attribute is looked for among a user's attributes (`Name === "custom:role"`), as Cognito's API gives them.
    pub fn attribute_sought(&mut self, value: &Value, at: At) {
        let Some(name) = value.text().filter(|name| name.starts_with("custom:")).cloned() else { return };
        let says =
            format!("the attribute `{name}` is looked for among the user's; its owner may write it unless the app client forbids it");
        self.review(ReviewKind::WritableAttribute, &name, says, at);
    }

    /// Whether a condition asks if the authorizer said something at all: `claim`, `!claim`, `claim === undefined`.
    pub fn asks_identity(&mut self, test: &'p Expr, env: &Rc<Env>) -> bool {
        let said = |value: &Value| value.taints.iter().any(|t| t.whole && t.form == 0 && t.source.root == Root::Identity);
        match &test.kind {
            ExprKind::Not(inner) | ExprKind::Through(inner) => self.asks_identity(inner, env),
            ExprKind::Logical(_, operands) => operands.iter().any(|operand| self.asks_identity(operand, env)),
            ExprKind::Equal(_, one, other) => [(one, other), (other, one)].into_iter().any(|(claim, nothing)| {
                let inner = if let ExprKind::Typeof(inner) = &claim.kind { inner } else { claim };
                let absent = matches!(nothing.kind, ExprKind::Null) || nothing.text().is_some_and(|text| &**text == "undefined");
                absent && said(&self.eval(inner, env))
            }),
            ExprKind::Var(_) | ExprKind::Member(..) => said(&self.eval(test, env)),
            ExprKind::In(_, object) => said(&self.eval(object, env)),
            _ => false,
        }
    }

    /// A value may be what the authorizer said or what the request says.
    pub fn overridden(&mut self, joined: &Value) {
        let whole = |t: &&Taint| t.whole && t.form == 0 && !t.source.path.is_empty();
        let Some(identity) = joined.taints.iter().filter(whole).find(|t| t.source.root == Root::Identity) else { return };
        let claim = identity.source.path.last().cloned().unwrap_or_default();
        let given: Vec<Taint> = joined.taints.iter().filter(whole).filter(|t| t.source.is_data()).cloned().collect();
        for taint in given {
            let Some(name) = taint.source.path.last().cloned() else { continue };
            let Some(at) = first_step(&taint) else { continue };
            let says = format!("`{name}` of the request replaces `{claim}`, which the authorizer said about the caller");
            self.review(ReviewKind::IdentityOverridden, &name, says, at);
        }
    }

    /// A property of what the authorizer said is read.
    pub fn identity_read(&mut self, value: &Value, name: &str, at: At) {
        let bare = |t: &Taint| t.source.root == Root::Identity && t.source.path.is_empty() && t.whole;
        if !value.atoms.is_empty() || !value.taints.iter().any(bare) {
            return;
        }
        let text = self.module(at.module).slice(at.span);
        let asked = self.state.facts.identity || self.tokens.tries > 0 || text.contains("?.") || text.contains(".get(");
        if !asked {
            let says = format!("`{name}` is read from what the authorizer said, and nothing asks whether there was an authorizer");
            self.review(ReviewKind::UnguardedIdentity, name, says, at);
        }
    }

    /// After the walk: what was not asked of the tokens.
    pub fn judge_tokens(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        for verified in &tokens.verified {
            let compared = |names: &[&str]| names.iter().any(|name| tokens.compared.contains(*name));
            let read = |names: &[&str]| names.iter().any(|name| tokens.claims.contains(*name));
            let module = self.module(verified.at.module);
            let cognito = module.text.to_ascii_lowercase().contains("cognito");
            let at = verified.at;
            if !verified.algorithms {
                let says = "the token is verified with whatever algorithm it names itself".to_owned();
                self.review(ReviewKind::NoAlgorithms, "alg", says, at);
            }
            if !verified.issuer && !compared(&["iss"]) {
                self.review(ReviewKind::NoIssuer, "iss", "nothing asks who issued the token".to_owned(), at);
            }
            if !verified.audience && !compared(&["aud", "client_id", "azp"]) && !read(&["aud", "client_id", "azp"]) {
                self.review(ReviewKind::NoAudience, "aud", "nothing asks for which application the token was issued".to_owned(), at);
            }
            if cognito && !verified.token_use && !compared(&["token_use"]) {
                let says = "nothing asks whether it is an access token or an ID token".to_owned();
                self.review(ReviewKind::NoTokenUse, "token_use", says, at);
            }
        }
        if tokens.verified.is_empty() && tokens.unverified {
            for at in &tokens.decoded {
                let says = "the token is decoded, and nothing verifies its signature".to_owned();
                self.review(ReviewKind::NotVerified, "", says, *at);
            }
        }
        self.reviews.sort_by(|a, b| (&a.place, a.kind, &a.name).cmp(&(&b.place, b.kind, &b.name)));
        self.reviews.dedup();
    }

    /// Calls of packages for tokens, with the callback that gets the claims.
    pub fn token_result(&mut self, external: &External, args: &[Value], site: Site<'p>) -> Option<Value> {
        let at = At { module: site.module, span: site.expr.span };
        self.connects(external, args, at);
        let claims = self.token_call(external, args, at)?;
        for arg in args {
            for closure in arg.closures().cloned().collect::<Vec<_>>() {
                let facts = self.state.facts.clone();
                let params = vec![Value::source(Source::of(Root::Error), None), claims.clone()];
                self.enter(&closure, None, params, Some((site.module, site.expr)));
                self.state.facts = facts;
            }
        }
        Some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::is_tenant;

    #[test]
    fn tenants() {
        for (name, expected) in
            [("tenantId", true), ("x-tenant-id", true), ("company", true), ("CompanyID", true), ("userId", false), ("orgchart", false)]
        {
            assert_eq!(is_tenant(name), expected, "{name}");
        }
    }
}
