//! A naive interpreter of policies, written from the letter of AWS's documents and from nothing of the engine: it works
//! on plain JSON, matches wildcards by trying every split, and knows no unknowns. Slow on purpose.

use serde_json::Value;

/// Whether a policy of a resource or an organisation names a short ARN in `NotResource`: no document says what that means.
pub fn has_short_not_resource(case: &Value) -> bool {
    let levels = case["serviceControlPolicies"].as_array().cloned().unwrap_or_default();
    let policies = documents(&case["resourcePolicy"]).into_iter().chain(levels.iter().flat_map(|level| documents(&level["policies"])));
    let short = |p: &Value| p.as_str().is_some_and(|p| p.trim().starts_with("arn:") && p.split(':').count() < 6);
    policies.flat_map(statements).any(|s| list(&s["NotResource"]).iter().any(|p| short(p)))
}

/// Decides a case in the shape of `data/documented.json`.
pub fn decide(case: &Value) -> &'static str {
    let ask = Ask::of(case);
    if ask.action == "sts:getcalleridentity" {
        return "Allowed";
    }
    let identity: Vec<&Value> = documents(&case["identityPolicies"]);
    let boundary = documents(&case["permissionBoundaryPolicies"]);
    let session = documents(&case["sessionPolicy"]);
    let resource = documents(&case["resourcePolicy"]);
    let is_iam = matches!(ask.kind(), Kind::User | Kind::Session);
    let has_account = is_iam || ask.kind() == Kind::Root;
    let bound = is_iam && !boundary.is_empty();
    let scp_applies = has_account && !ask.principal.contains("AWSServiceRoleFor");
    let scps = case["serviceControlPolicies"].as_array().cloned().unwrap_or_default();

    // Step 1: an explicit deny anywhere.
    let says = |policies: &[&Value], effect: &str, complete: bool| {
        policies.iter().flat_map(|p| statements(p)).any(|s| s["Effect"] == effect && ask.speaks(&s, complete))
    };
    let denied = |policies: &[&Value]| says(policies, "Deny", true);
    let denied_to = |policies: &[&Value]| {
        policies
            .iter()
            .flat_map(|p| statements(p))
            .any(|s| s["Effect"] == "Deny" && ask.names(&s, bound) != Named::No && ask.speaks(&s, false))
    };
    if (is_iam && (denied(&identity) || denied(&boundary) || denied(&session)))
        || (scp_applies && scps.iter().any(|level| says(&documents(&level["policies"]), "Deny", false)))
        || denied_to(&resource)
    {
        return "ExplicitlyDenied";
    }
    // Step 2: every level of the organisation allows.
    let allows = |policies: &[&Value]| says(policies, "Allow", true);
    if scp_applies && scps.iter().any(|level| !says(&documents(&level["policies"]), "Allow", false)) {
        return "ImplicitlyDenied";
    }
    // Step 3: the resource-based policy, by whom it names.
    let grants: Vec<Named> = resource
        .iter()
        .flat_map(|p| statements(p))
        .filter(|s| s["Effect"] == "Allow" && ask.speaks(s, false))
        .map(|s| ask.names(&s, bound))
        .filter(|named| *named != Named::No)
        .collect();
    let passes_boundary = boundary.is_empty() || allows(&boundary);
    let passes_session = session.is_empty() || allows(&session);
    let by_identity = match ask.kind() {
        Kind::Root => true,
        Kind::User | Kind::Session => allows(&identity) && passes_boundary && passes_session,
        _ => false,
    };
    let allowed = if !has_account {
        !grants.is_empty()
    } else if ask.account() != ask.owner {
        by_identity && !grants.is_empty()
    } else {
        let must_be_named = ask.action == "sts:assumerole";
        let by_resource = grants.iter().any(|named| match named {
            Named::Itself | Named::Everyone => true,
            Named::Role => passes_boundary && passes_session,
            Named::Account | Named::No => false,
        });
        by_resource || (by_identity && (!must_be_named || !grants.is_empty()))
    };
    if allowed { "Allowed" } else { "ImplicitlyDenied" }
}

#[derive(PartialEq, Clone, Copy)]
enum Kind {
    User,
    Session,
    Root,
    Service,
    Anonymous,
}

#[derive(PartialEq, Clone, Copy)]
enum Named {
    No,
    Account,
    Role,
    Itself,
    Everyone,
}

struct Ask {
    principal: String,
    action: String,
    resource: String,
    owner: String,
    context: Vec<(String, Value)>,
}

fn documents(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(|item| item.get("policy").unwrap_or(item)).collect(),
        one => vec![one.get("policy").unwrap_or(one)],
    }
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// Statements, each with its policy's version beside it.
fn statements(policy: &Value) -> Vec<Value> {
    let stamp = |s: &Value| {
        let mut s = s.clone();
        s["(variables)"] = Value::Bool(policy["Version"] == "2012-10-17");
        s
    };
    list(&policy["Statement"]).into_iter().map(stamp).collect()
}

/// Wildcards by trying every split.
fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|at| like(rest, &text[at..])),
        Some(('?', rest)) => !text.is_empty() && like(rest, &text[1..]),
        // Private-use characters stand for literal wildcards that came out of a variable.
        Some((c, rest)) => !text.is_empty() && text[0] == plain(*c) && like(rest, &text[1..]),
    }
}

/// The same for a resource ("IAM JSON policy elements: Resource"): a wildcard stands within one of the segments that the
/// first five colons of the pattern divide, but for a `*` that is the last character of its segment.
fn like_arn(pattern: &[char], text: &[char], colons: usize) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    let free = colons >= 5 || (*first == '*' && rest.first().is_none_or(|next| *next == ':'));
    match first {
        '*' => (0..=text.len()).any(|at| (free || !text[..at].contains(&':')) && like_arn(rest, &text[at..], colons)),
        '?' => text.first().is_some_and(|c| free || *c != ':') && like_arn(rest, &text[1..], colons),
        c => text.first() == Some(&plain(*c)) && like_arn(rest, &text[1..], colons + usize::from(*c == ':')),
    }
}

fn plain(c: char) -> char {
    match c {
        '\u{E000}' => '*',
        '\u{E001}' => '?',
        '\u{E002}' => '$',
        '\u{E003}' => ':',
        c => c,
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

impl Ask {
    fn of(case: &Value) -> Self {
        let request = &case["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let context = request["contextVariables"].as_object().cloned().unwrap_or_default();
        Self {
            principal: text(&request["principal"]),
            action: text(&request["action"]).to_lowercase(),
            resource: text(&request["resource"]["resource"]),
            owner: text(&request["resource"]["accountId"]),
            context: context.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect(),
        }
    }

    fn kind(&self) -> Kind {
        match self.principal.as_str() {
            "*" => Kind::Anonymous,
            p if p.contains(":assumed-role/") => Kind::Session,
            p if p.contains(":user/") => Kind::User,
            p if p.ends_with(":root") => Kind::Root,
            _ => Kind::Service,
        }
    }

    fn account(&self) -> String {
        self.principal.split(':').nth(4).unwrap_or_default().to_owned()
    }

    fn role(&self) -> String {
        let name = self.principal.split('/').nth(1).unwrap_or_default();
        format!("arn:aws:iam::{}:role/{name}", self.account())
    }

    /// The values of a key; `None` when it is absent.
    fn values(&self, key: &str) -> Option<Vec<String>> {
        let key = key.to_lowercase();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some((_, value)) = self.context.iter().find(|(own, _)| *own == key) {
            return Some(list(value).into_iter().map(text).collect());
        }
        match (key.as_str(), self.kind()) {
            ("aws:username", Kind::User) => Some(vec![self.principal.split('/').next_back().unwrap_or_default().to_owned()]),
            ("aws:principalaccount", Kind::User | Kind::Session | Kind::Root) => Some(vec![self.account()]),
            _ => None,
        }
    }

    /// Fills in variables; `None` when one is missing and has no default. Literal wildcards become private-use characters.
    fn fill(&self, text: &str, variables: bool) -> Option<String> {
        if !variables {
            return Some(text.to_owned());
        }
        let escape = |c: char| match c {
            '*' => '\u{E000}',
            '?' => '\u{E001}',
            // The segments are those of the pattern as it was written.
            ':' => '\u{E003}',
            c => c,
        };
        let (mut out, mut rest) = (String::new(), text);
        while let Some((head, tail)) = rest.split_once("${") {
            let Some((inner, after)) = tail.split_once('}') else { break };
            out.push_str(head);
            rest = after;
            match inner {
                "*" => out.push('\u{E000}'),
                "?" => out.push('\u{E001}'),
                "$" => out.push('\u{E002}'),
                _ => {
                    let (key, default) =
                        inner.split_once(',').map_or((inner, None), |(key, default)| (key, Some(default.trim().trim_matches('\''))));
                    match (self.values(key.trim()), default) {
                        (Some(values), _) if values.len() == 1 => out.extend(values[0].chars().map(escape)),
                        (None, Some(default)) => out.extend(default.chars().map(escape)),
                        _ => return None,
                    }
                }
            }
        }
        Some(out + rest)
    }

    /// Whether action, resource and conditions speak of the request.
    fn speaks(&self, statement: &Value, complete: bool) -> bool {
        let variables = statement["(variables)"] == true;
        let action = |key: &str| {
            list(&statement[key]).iter().any(|p| like(&chars(&p.as_str().unwrap_or_default().trim().to_lowercase()), &chars(&self.action)))
        };
        let resource = |key: &str| list(&statement[key]).iter().any(|p| self.covers(p.as_str().unwrap_or_default(), variables, complete));
        let actions = if statement.get("NotAction").is_some() { !action("NotAction") } else { action("Action") };
        let resources = match (statement.get("Resource"), statement.get("NotResource")) {
            (None, None) => true,
            (_, Some(_)) => !resource("NotResource"),
            _ => resource("Resource"),
        };
        actions && resources && self.conditions(&statement["Condition"], variables)
    }

    fn covers(&self, pattern: &str, variables: bool, complete: bool) -> bool {
        let Some(filled) = self.fill(pattern, variables) else { return false };
        let missing = 6usize.saturating_sub(pattern.split(':').count());
        let completed = format!("{filled}{}", ":*".repeat(missing));
        like_arn(&chars(&filled), &chars(&self.resource), 0)
            || (complete && missing > 0 && pattern.starts_with("arn:") && like_arn(&chars(&completed), &chars(&self.resource), 0))
    }

    fn conditions(&self, block: &Value, variables: bool) -> bool {
        let Some(block) = block.as_object() else { return true };
        block.iter().all(|(operator, keys)| {
            keys.as_object().is_some_and(|keys| keys.iter().all(|(key, values)| self.condition(operator, key, &list(values), variables)))
        })
    }

    fn condition(&self, operator: &str, key: &str, policy: &[&Value], variables: bool) -> bool {
        let (set, name) = operator.split_once(':').unwrap_or(("", operator));
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let own: Vec<String> = policy.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
        let values = self.values(key);
        if name == "Null" {
            let absent = values.is_none_or(|values| values.is_empty());
            return own.iter().any(|own| (own == "true") == absent);
        }
        let negated = name.contains("Not");
        let present = match &values {
            None => false,
            Some(values) if set.is_empty() => !values.is_empty(),
            Some(values) => values.iter().any(|value| !value.is_empty()),
        };
        if !present {
            return if_exists || set == "ForAllValues" || (set.is_empty() && negated);
        }
        let values = values.unwrap_or_default();
        let one = |value: &String| own.iter().any(|own| self.equals(&name.replace("Not", ""), own, value, variables)) != negated;
        match set {
            "ForAllValues" => values.iter().all(one),
            _ => values.iter().any(one),
        }
    }

    fn equals(&self, name: &str, own: &str, value: &str, variables: bool) -> bool {
        let number = |text: &str| text.parse::<f64>().ok();
        let numbers = |test: fn(f64, f64) -> bool| number(value).zip(number(own)).is_some_and(|(value, own)| test(value, own));
        let filled = || self.fill(own, variables);
        match name {
            "StringEquals" => filled().is_some_and(|own| own.chars().map(plain).eq(value.chars())),
            "StringEqualsIgnoreCase" => {
                filled().is_some_and(|own| own.chars().map(plain).collect::<String>().to_lowercase() == value.to_lowercase())
            }
            "StringLike" => filled().is_some_and(|own| like(&chars(&own), &chars(value))),
            "NumericEquals" => numbers(|value, own| value == own),
            "NumericLessThan" => numbers(|value, own| value < own),
            "NumericLessThanEquals" => numbers(|value, own| value <= own),
            "NumericGreaterThan" => numbers(|value, own| value > own),
            "NumericGreaterThanEquals" => numbers(|value, own| value >= own),
            "Bool" => own.eq_ignore_ascii_case(value) && matches!(own.to_lowercase().as_str(), "true" | "false"),
            "ArnLike" | "ArnEquals" => filled().is_some_and(|own| {
                let own = own.replace('\u{E003}', ":");
                let (own, value): (Vec<_>, Vec<_>) = (own.splitn(6, ':').collect(), value.splitn(6, ':').collect());
                own.len() == 6 && value.len() == 6 && own.iter().zip(&value).all(|(own, value)| like(&chars(own), &chars(value)))
            }),
            "IpAddress" => {
                let (range, address) = (own.split('/').collect::<Vec<_>>(), value.parse::<std::net::Ipv4Addr>());
                let bits = range.get(1).map_or(Some(32), |bits| bits.parse::<u32>().ok());
                match (range[0].parse::<std::net::Ipv4Addr>(), bits, address) {
                    (Ok(net), Some(bits), Ok(address)) => {
                        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                        u32::from(net) & mask == u32::from(address) & mask
                    }
                    _ => false,
                }
            }
            _ => unreachable!("the generator makes no {name}"),
        }
    }

    /// How a statement's principals name the caller.
    fn names(&self, statement: &Value, bound: bool) -> Named {
        if let Some(not) = statement.get("NotPrincipal") {
            // "AWS JSON policy elements: Principal": an account's twelve digits are short for its root ARN.
            let whole =
                |name: &str| if name.len() == 12 && !name.contains(':') { format!("arn:aws:iam::{name}:root") } else { name.to_owned() };
            let named: Vec<String> = list(&not["AWS"]).into_iter().filter_map(Value::as_str).map(whole).collect();
            let root = format!("arn:aws:iam::{}:root", self.account());
            let needed: Vec<String> = match self.kind() {
                Kind::User => vec![root, self.principal.clone()],
                Kind::Session => vec![root, self.role(), self.principal.clone()],
                Kind::Root => vec![root],
                _ => vec!["(nobody)".into()],
            };
            let spared = !bound && needed.iter().all(|needed| named.contains(needed));
            return if spared { Named::No } else { Named::Everyone };
        }
        let principal = &statement["Principal"];
        if principal == "*" {
            return Named::Everyone;
        }
        let Some(kinds) = principal.as_object() else { return Named::No };
        let mut best = Named::No;
        for (kind, names) in kinds {
            for name in list(names).into_iter().filter_map(Value::as_str) {
                let own = self.one(kind, name);
                if own as u8 > best as u8 {
                    best = own;
                }
            }
        }
        best
    }

    fn one(&self, kind: &str, name: &str) -> Named {
        match kind {
            "Service" if self.kind() == Kind::Service && name == self.principal => Named::Itself,
            "AWS" if name == "*" => Named::Everyone,
            "AWS" if matches!(self.kind(), Kind::Service | Kind::Anonymous) => Named::No,
            "AWS" if name == self.principal => Named::Itself,
            "AWS" if self.kind() == Kind::Session && name == self.role() => Named::Role,
            "AWS" if name == self.account() || name == format!("arn:aws:iam::{}:root", self.account()) => match self.kind() {
                Kind::Root => Named::Itself,
                _ => Named::Account,
            },
            _ => Named::No,
        }
    }
}
