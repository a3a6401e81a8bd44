//! Throttle and quota of a usage plan (API Gateway Developer Guide, "Throttle requests to your REST APIs", "Usage
//! plans and API keys for REST APIs"): a token bucket of `burst` tokens that fills at `rate` per second, and a number
//! of requests per day, week or month.

use crate::walk::{Said, Walk, stop};
use model::aws::UsagePlan;
use model::{Charge, Time, Usage};

/// Judges what the API key has used so far.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    let charged = walk.charges.iter().find_map(|charge| match charge {
        Charge::UsagePlan { plan, key } => Some((plan, key)),
        Charge::Rate { .. } => None,
    });
    let Some((plan_id, key)) = charged else {
        return Said::on("no usage plan meters this request", Some(found.route.place.clone()));
    };
    let Some(plan) = walk.app.aws().usage_plans.iter().find(|plan| plan.plan_id == *plan_id) else { return Said::lost() };
    let place = Some(plan.place.clone());
    if let Some((why, place)) = &plan.unknown {
        return Said::depends(format!("the limits of usage plan {plan_id} are not known: {why}"), Some(place.clone()));
    }
    let usage = refill(plan, walk.state.usage(plan_id, key), walk.call.time);
    if (plan.rate.is_some() || plan.burst.is_some()) && usage.tokens < 1.0 {
        return Said::stop(stop(429, "THROTTLED", "Too Many Requests"), format!("usage plan {plan_id} is at its rate limit"), place);
    }
    if let Some((limit, period)) = &plan.quota
        && usage.used >= *limit
    {
        let says = format!("usage plan {plan_id} has used its {limit} requests of the {}", period.to_ascii_lowercase());
        return Said::stop(stop(429, "QUOTA_EXCEEDED", "Limit Exceeded"), says, place);
    }
    Said::on(format!("usage plan {plan_id} has room"), place)
}

/// What a key has used after one more request at `now`: a token less in the bucket, a request more in the period.
/// `usage` is what it had used before.
pub fn charge(plan: &UsagePlan, usage: Usage, now: Time) -> Usage {
    let usage = refill(plan, usage, now);
    Usage { tokens: (usage.tokens - 1.0).max(0.0), used: usage.used.saturating_add(1), ..usage }
}

/// Requests per second of an account where a plan names a burst but no rate.
const ACCOUNT_RATE: f64 = 10_000.0;

/// The bucket filled up to `now`, and the count begun anew when a new period has begun.
fn refill(plan: &UsagePlan, usage: Usage, now: Time) -> Usage {
    let rate = plan.rate.unwrap_or(ACCOUNT_RATE);
    let size = plan.burst.map_or_else(|| rate.ceil(), |burst| burst as f64);
    let tokens = match usage.at {
        None => size,
        Some(at) => (usage.tokens + (now.0 - at.0).max(0) as f64 / 1000.0 * rate).min(size),
    };
    let period = plan.quota.as_ref().map_or(0, |(_, period)| period_of(period, now));
    let used = if period == usage.period { usage.used } else { 0 };
    // A clock that went back must not fill the bucket twice.
    let at = usage.at.map_or(now, |at| at.max(now));
    Usage { tokens, at: Some(at), used, period }
}

/// Number of the day, of the week (from Sunday) or of the month.
fn period_of(period: &str, now: Time) -> i64 {
    let days = now.seconds().div_euclid(86_400);
    match period {
        // 1970-01-01 was a Thursday.
        "WEEK" => (days + 4).div_euclid(7),
        "MONTH" => {
            let (year, month, ..) = now.utc();
            year * 12 + i64::from(month)
        }
        _ => days,
    }
}
