//! Finding the route: the most specific path that has the method, else `ANY` (API Gateway Developer Guide, "Set up
//! a proxy integration with a proxy resource"). An unknown one is MISSING_AUTHENTICATION_TOKEN, as AWS words it.

use super::{Found, stage_of};
use crate::walk::{Said, Walk, stop};
use model::aws::{RestApi, Route};
use std::collections::BTreeMap;

/// Finds the route.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let (invoke, api, stage) = match stage_of(walk) {
        Ok(found) => found,
        Err(said) => return said,
    };
    let request = &invoke.request;
    if let Some((index, path_parameters)) = find(api, &request.method, &request.path)
        && let Some(route) = api.routes.get(index)
    {
        walk.invoke = Some(Found { invoke, api, stage, route });
        walk.grant.route = Some(index);
        walk.grant.path_parameters = path_parameters;
        return Said::on(format!("{} {} is a route of {}", route.method, route.path, api.name), Some(route.place.clone()));
    }
    if let Some((why, place)) = &api.unknown {
        return Said::depends(format!("not all routes of {} are known: {why}", api.name), Some(place.clone()));
    }
    let says = format!("{} has no route {} {}", api.name, request.method, request.path);
    Said::stop(stop(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token"), says, Some(api.place.clone()))
}

/// The methods that `ANY` stands for.
const ANY: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The matching route with its path parameters: static segments before `{parameter}`, before `{proxy+}`; the
/// method itself before `ANY`.
pub(crate) fn find(api: &RestApi, method: &str, path: &str) -> Option<(usize, BTreeMap<String, String>)> {
    let matches = api.routes.iter().enumerate().filter_map(|(index, route)| {
        let exact = route.method == method;
        let any = route.method == "ANY" && ANY.contains(&method);
        let (rank, parameters) = (exact || any).then(|| match_path(route, path))??;
        Some(((rank, !exact), index, parameters))
    });
    let (_, index, parameters) = matches.min_by(|a, b| a.0.cmp(&b.0))?;
    Some((index, parameters))
}

/// How each segment matched; the smaller, the more specific.
type Rank = Vec<u8>;

fn match_path(route: &Route, path: &str) -> Option<(Rank, BTreeMap<String, String>)> {
    // API Gateway matches with and without a trailing slash and takes leading slashes for one.
    let wanted: Vec<&str> = split(path);
    let declared: Vec<&str> = split(&route.path);
    let (mut rank, mut parameters) = (Vec::with_capacity(declared.len()), BTreeMap::new());
    for (index, part) in declared.iter().enumerate() {
        let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
            let rest = wanted.get(index..).filter(|rest| !rest.is_empty() && index + 1 == declared.len())?;
            parameters.insert(greedy.to_owned(), rest.join("/"));
            rank.push(2);
            return Some((rank, parameters));
        }
        let segment = *wanted.get(index)?;
        match name {
            Some(name) if !segment.is_empty() => {
                // API Gateway hands parameters on as they were sent, percent-encoded.
                parameters.insert(name.to_owned(), segment.to_owned());
                rank.push(1);
            }
            None if segment == *part => rank.push(0),
            _ => return None,
        }
    }
    (wanted.len() == declared.len()).then_some((rank, parameters))
}

fn split(path: &str) -> Vec<&str> {
    let path = path.trim_start_matches('/').trim_end_matches('/');
    if path.is_empty() { Vec::new() } else { path.split('/').collect() }
}
