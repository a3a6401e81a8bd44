//! Whether the name leads anywhere.

use super::{Destination, connect, refused};
use crate::walk::{Said, Walk};
use model::App;

/// Services with an endpoint that names no region.
const GLOBAL: [&str; 7] = ["sts", "iam", "s3", "cloudfront", "route53", "organizations", "dynamodb"];

/// Finds what the name leads to.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(connect) = connect(walk) else { return Said::lost() };
    let host = connect.host.trim_end_matches('.').to_ascii_lowercase();
    match find(walk.app, &host) {
        Some(destination) => {
            let says = format!("{host} is {}", destination.name());
            let place = match &destination {
                Destination::Cluster(cluster) => Some(cluster.place.clone()),
                _ => None,
            };
            walk.grant.destination = Some(destination.name());
            walk.connect = Some(destination);
            Said::on(says, place)
        }
        None => {
            let says =
                format!("{host} is neither part of this application nor an AWS endpoint of {}; nothing else is reachable", walk.app.region);
            Said::stop(refused("UnknownHost", &says), says, None)
        }
    }
}

pub(super) fn find<'a>(app: &'a App, host: &str) -> Option<Destination<'a>> {
    let region = app.region.as_str();
    if let Some(rest) = host.strip_suffix(&format!(".{region}.rds.amazonaws.com")) {
        return database(app, rest);
    }
    if let Some(rest) = host.strip_suffix(&format!(".auth.{region}.amazoncognito.com")) {
        return plain(rest).then(|| Destination::CognitoDomain(rest.to_owned()));
    }
    let regional = host.strip_suffix(".amazonaws.com").and_then(|rest| rest.strip_suffix(&format!(".{region}")));
    let regional = regional.or_else(|| host.strip_suffix(&format!(".{region}.api.aws")));
    if let Some(rest) = regional {
        if let Some(api) = rest.strip_suffix(".execute-api") {
            return app.aws().rest_apis.iter().any(|own| own.api_id == api).then(|| Destination::Api(api.to_owned()));
        }
        return service(rest);
    }
    let rest = host.strip_suffix(".amazonaws.com")?;
    let service = service(rest)?;
    matches!(&service, Destination::Aws(name) if GLOBAL.contains(&name.as_str())).then_some(service)
}

/// `dynamodb`, `bucket.s3`, `123456789012.ddb`.
fn service(rest: &str) -> Option<Destination<'static>> {
    let name = match rest.rsplit_once('.') {
        None => rest,
        Some((_, "s3")) => "s3",
        Some((account, "ddb")) if account.len() == 12 => "dynamodb",
        Some(_) => return None,
    };
    plain(name).then(|| Destination::Aws(name.to_owned()))
}

fn plain(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The cluster of `ID.cluster-HASH`, `ID.cluster-ro-HASH` or of an instance's `ID.HASH`.
fn database<'a>(app: &'a App, rest: &str) -> Option<Destination<'a>> {
    let (id, kind) = rest.split_once('.')?;
    let named = |physical: &str| physical.eq_ignore_ascii_case(id);
    if kind.starts_with("cluster-") {
        return app.of_kind("AWS::RDS::DBCluster").find(|r| named(&r.physical_id)).map(Destination::Cluster);
    }
    let instance = app.of_kind("AWS::RDS::DBInstance").find(|r| named(&r.physical_id))?;
    let cluster = instance.properties.get("DBClusterIdentifier").and_then(|node| node.scalar());
    match cluster {
        Some(cluster) => app.of_kind("AWS::RDS::DBCluster").find(|r| r.physical_id == cluster).map(Destination::Cluster),
        None => Some(Destination::Cluster(instance)),
    }
}
