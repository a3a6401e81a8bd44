//! `Domain` of an API (AWS SAM Developer Guide, "DomainConfiguration"): the domain name, its mappings to stages, and
//! records in Route 53.

use super::make::{Put as _, attribute, given, is_list, is_map, list, map, reference, set, text};
use super::{Work, letters};
use model::{Kind, Node, Place};

/// What a domain is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sort {
    Rest,
    /// A REST API's domain that only VPC endpoints reach.
    Private,
    Http,
    WebSocket,
}

impl Work<'_> {
    /// The domain of a REST API.
    pub(super) fn domain(&mut self, logical: &str, p: &Node) {
        let Some(domain) = given(p, "Domain").cloned() else { return };
        let place = domain.place.clone();
        let kind = given(&domain, "EndpointConfiguration").cloned().unwrap_or_else(|| text("REGIONAL", &place));
        let (Some(name), Some(certificate)) = (given(&domain, "DomainName"), given(&domain, "CertificateArn")) else {
            return self.refuse(format!("Domain of {logical} wants DomainName and CertificateArn"), &place);
        };
        let (sort, certificate_key) = match kind.str() {
            Some("PRIVATE") => (Sort::Private, "CertificateArn"),
            Some("EDGE") => (Sort::Rest, "CertificateArn"),
            Some("REGIONAL") => (Sort::Rest, "RegionalCertificateArn"),
            _ => return self.refuse(format!("EndpointConfiguration of the Domain of {logical} must be EDGE, REGIONAL or PRIVATE"), &place),
        };
        let mut endpoint = map([("Types", list(vec![kind.clone()], &place))], &place);
        endpoint.put_some("IpAddressType", set(&domain, "IpAddressType").cloned());
        let mut properties =
            map([("DomainName", name.clone()), ("EndpointConfiguration", endpoint), (certificate_key, certificate.clone())], &place);
        let mut same = vec!["SecurityPolicy", "EndpointAccessMode", "OwnershipVerificationCertificateArn"];
        if sort == Sort::Private {
            same.push("Policy");
        }
        same.into_iter().for_each(|key| properties.put_some(key, set(&domain, key).cloned()));
        if sort == Sort::Rest {
            let trust = self.mutual_tls(logical, &domain);
            properties.put_some("MutualTlsAuthentication", trust);
        }
        let (prefix, resource, reference_name) = match sort {
            Sort::Private => ("ApiGatewayDomainNameV2", "AWS::ApiGateway::DomainNameV2", "DomainNameV2"),
            _ => ("ApiGatewayDomainName", "AWS::ApiGateway::DomainName", "DomainName"),
        };
        let id = letters::logical_id(prefix, &name.json());
        self.generate(&id, resource, properties, &place);
        self.references.insert(format!("{logical}.{reference_name}"), id.clone());
        self.base_paths(logical, &domain, &id, sort);
        if sort == Sort::Private {
            self.access_association(logical, &domain, &id);
        }
        let target = if sort == Sort::Private { name.scalar().unwrap_or_else(|| id.clone()) } else { id };
        self.records(logical, &domain, &target, kind.str().unwrap_or_default(), sort);
    }

    /// The domain of an HTTP or WebSocket API; `tag` names the service that made it.
    pub(super) fn domain_v2(&mut self, logical: &str, p: &Node, sort: Sort, tag: &str) {
        let Some(domain) = given(p, "Domain").cloned() else { return };
        let place = domain.place.clone();
        let (Some(name), Some(certificate)) = (given(&domain, "DomainName"), given(&domain, "CertificateArn")) else {
            return self.refuse(format!("Domain of {logical} wants DomainName and CertificateArn"), &place);
        };
        let kind = given(&domain, "EndpointConfiguration").cloned().unwrap_or_else(|| text("REGIONAL", &place));
        if kind.str() != Some("REGIONAL") {
            self.refuse(format!("EndpointConfiguration of the Domain of {logical} must be REGIONAL"), &place);
        }
        let mut configuration = map([("CertificateArn", certificate.clone()), ("EndpointType", kind)], &place);
        for key in ["OwnershipVerificationCertificateArn", "SecurityPolicy"] {
            configuration.put_some(key, set(&domain, key).cloned());
        }
        let mut properties = map(
            [
                ("DomainName", name.clone()),
                ("DomainNameConfigurations", list(vec![configuration], &place)),
                ("Tags", map([(tag, text("SAM", &place))], &place)),
            ],
            &place,
        );
        let trust = self.mutual_tls(logical, &domain);
        properties.put_some("MutualTlsAuthentication", trust);
        let id = letters::logical_id("ApiGatewayDomainNameV2", &name.json());
        self.generate(&id, "AWS::ApiGatewayV2::DomainName", properties, &place);
        self.references.insert(format!("{logical}.DomainName"), id.clone());
        self.mappings_v2(logical, &domain, &id);
        self.records(logical, &domain, &id, "REGIONAL", sort);
    }

    fn mutual_tls(&mut self, logical: &str, domain: &Node) -> Option<Node> {
        let written = set(domain, "MutualTlsAuthentication")?;
        let mut node = map([], &written.place);
        let is_known = |key: &str| matches!(key, "TruststoreUri" | "TruststoreVersion");
        if !is_map(written) || written.members().iter().any(|member| !is_known(&member.key)) {
            self.refuse(format!("MutualTlsAuthentication of {logical} has TruststoreUri and TruststoreVersion"), &written.place);
        }
        for key in ["TruststoreUri", "TruststoreVersion"] {
            node.put_some(key, set(written, key).cloned());
        }
        Some(node)
    }

    fn base_paths(&mut self, logical: &str, domain: &Node, id: &str, sort: Sort) {
        let place = &domain.place;
        let (key, kind) = match sort {
            Sort::Private => ("DomainNameArn", "AWS::ApiGateway::BasePathMappingV2"),
            _ => ("DomainName", "AWS::ApiGateway::BasePathMapping"),
        };
        let mapping = |base: Option<String>| {
            let stage = reference(&format!("{logical}.Stage"), place);
            let mut node = map([(key, reference(id, place)), ("RestApiId", reference(logical, place)), ("Stage", stage)], place);
            node.put_some("BasePath", base.map(|base| text(base, place)));
            node
        };
        let written = set(domain, "BasePath").filter(|base| base.str().is_some() || is_list(base));
        let Some(bases) = written else {
            return self.generate(&format!("{logical}BasePathMapping"), kind, mapping(None), place);
        };
        let is_normal = domain.get("NormalizeBasePath").is_none_or(super::make::is_truthy);
        for base in bases.one_or_many() {
            let Some(base) = base.str() else {
                self.refuse(format!("BasePath of {logical} wants texts"), place);
                continue;
            };
            let short: String = base.chars().filter(|c| c.is_alphanumeric()).collect();
            let used = if is_normal { short.clone() } else { base.to_owned() };
            self.generate(&format!("{logical}{short}BasePathMapping"), kind, mapping(Some(used)), place);
        }
    }

    fn mappings_v2(&mut self, logical: &str, domain: &Node, id: &str) {
        let place = &domain.place;
        let mapping = |key: Option<&str>| {
            let stage = reference(&format!("{logical}.Stage"), place);
            let mut node = map([("DomainName", reference(id, place)), ("ApiId", reference(logical, place)), ("Stage", stage)], place);
            node.put_some("ApiMappingKey", key.map(|key| text(key, place)));
            node
        };
        let kind = "AWS::ApiGatewayV2::ApiMapping";
        let Some(bases) = set(domain, "BasePath").filter(|base| base.str().is_some() || is_list(base)) else {
            return self.generate(&format!("{logical}ApiMapping"), kind, mapping(None), place);
        };
        for base in bases.one_or_many() {
            let Some(base) = base.str().filter(|base| base.chars().all(|c| c.is_ascii_alphanumeric() || "/-_".contains(c))) else {
                self.refuse(format!("BasePath of {logical} wants texts of letters, digits, /, - and _"), place);
                continue;
            };
            let short: String = base.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            self.generate(&format!("{logical}{short}ApiMapping"), kind, mapping(Some(base.trim_matches('/'))), place);
        }
    }

    /// `AccessAssociation`: the VPC endpoint that may use a private domain.
    fn access_association(&mut self, logical: &str, domain: &Node, id: &str) {
        let Some(written) = given(domain, "AccessAssociation") else { return };
        let place = &written.place;
        if !is_map(written) {
            return self.refuse(format!("AccessAssociation of {logical} must be a mapping"), place);
        }
        let endpoint = written.get("VpcEndpointId").cloned();
        let hashed = serde_json::json!([endpoint.as_ref().map(Node::json), id]);
        let mut properties = map([("DomainNameArn", reference(id, place)), ("AccessAssociationSourceType", text("VPCE", place))], place);
        properties.put_some("AccessAssociationSource", endpoint);
        let id = letters::logical_id("DomainNameAccessAssociation", &hashed);
        self.generate(&id, "AWS::ApiGateway::DomainNameAccessAssociation", properties, place);
    }

    /// `Route53`: the records of the domain, one group for each hosted zone.
    fn records(&mut self, logical: &str, domain: &Node, target: &str, kind: &str, sort: Sort) {
        let Some(route) = given(domain, "Route53") else { return };
        let place = &route.place;
        if !is_map(route) {
            return self.refuse(format!("Route53 of {logical} must be a mapping"), place);
        }
        let zone = set(route, "HostedZoneId").or_else(|| set(route, "HostedZoneName"));
        let Some(zone) = zone.cloned() else {
            return self.refuse(format!("Route53 of {logical} wants HostedZoneId or HostedZoneName"), place);
        };
        let name = domain.get("DomainName").cloned().unwrap_or_else(|| text("", place));
        let sets = record_sets(route, &name, target, kind);
        let mut properties = map([], place);
        let is_v2 = matches!(sort, Sort::Http | Sort::WebSocket);
        let keys = ["HostedZoneId", "HostedZoneName"];
        for key in keys.iter().take(if is_v2 && given(route, "HostedZoneId").is_some() { 1 } else { 2 }) {
            properties.put_some(key, given(route, key).cloned());
        }
        let separate = set(route, "SeparateRecordSetGroup").filter(|_| !is_v2);
        if separate.is_some_and(|flag| !matches!(flag.kind, Kind::Bool(_))) {
            self.refuse(format!("SeparateRecordSetGroup of {logical} must be true or false"), place);
        }
        let id = match separate {
            Some(_) => letters::logical_id("RecordSetGroup", &serde_json::json!([zone.json(), name.json()])),
            None => letters::logical_id("RecordSetGroup", &zone.json()),
        };
        // WebSocket APIs do not share a group: the last one stays.
        if separate.is_none()
            && sort != Sort::WebSocket
            && let Some(known) = self.output(&id)
        {
            if let Some(all) = known.entry("Properties").items_mut("RecordSets") {
                all.extend(sets);
            }
            return;
        }
        properties.put("RecordSets", list(sets, place));
        self.generate(&id, "AWS::Route53::RecordSetGroup", properties, place);
    }
}

fn record_sets(route: &Node, name: &Node, target: &str, kind: &str) -> Vec<Node> {
    let place: &Place = &route.place;
    let (zone, dns) = match kind {
        "REGIONAL" => (Some(attribute(target, "RegionalHostedZoneId", place)), Some(attribute(target, "RegionalDomainName", place))),
        // The zone of every CloudFront distribution.
        "EDGE" => {
            let own = given(route, "DistributionDomainName").cloned();
            (Some(text("Z2FDTNDATAQYW2", place)), Some(own.unwrap_or_else(|| attribute(target, "DistributionDomainName", place))))
        }
        _ => (given(route, "VpcEndpointHostedZoneId").cloned(), given(route, "VpcEndpointDomainName").cloned()),
    };
    let mut alias = map([], place);
    alias.put_some("EvaluateTargetHealth", given(route, "EvaluateTargetHealth").cloned());
    let null = || Node::new(Kind::Null, place.clone());
    alias.put("HostedZoneId", zone.unwrap_or_else(null));
    alias.put("DNSName", dns.unwrap_or_else(null));
    let record = |kind: &str| {
        let mut node = map([("Name", name.clone()), ("Type", text(kind, place)), ("AliasTarget", alias.clone())], place);
        for key in ["Region", "SetIdentifier"] {
            node.put_some(key, given(route, key).cloned());
        }
        node
    };
    let mut all = vec![record("A")];
    if matches!(route.get("IpV6").map(|flag| &flag.kind), Some(Kind::Bool(true))) {
        all.push(record("AAAA"));
    }
    all
}
