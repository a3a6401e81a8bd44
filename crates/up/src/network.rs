//! Addresses as AWS would show them: a function's elastic network interface in its subnet, and the public address
//! its calls come from. Deterministic and pure; whether anything may flow is the gate's to say.

use model::aws::Function;
use model::{App, Node};
use sha2::{Digest, Sha256};
use std::net::Ipv4Addr;

/// A Hyperplane network interface: one for each pair of subnet and set of security groups (AWS Lambda Developer Guide,
/// "Giving Lambda functions access to resources in an Amazon VPC").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interface {
    /// `eni-…`.
    pub id: String,
    pub subnet: String,
    pub vpc: String,
    pub groups: Vec<String>,
    /// In the subnet.
    pub address: Ipv4Addr,
}

/// The interface through which a function of a VPC connects; `None` for a function outside.
pub(crate) fn interface(app: &App, function: &Function) -> Option<Interface> {
    let subnet = function.subnets.first()?;
    let mut groups = function.security_groups.clone();
    groups.sort();
    let declared = app.by_physical("AWS::EC2::Subnet", subnet);
    let property = |key: &str| declared.and_then(|found| found.properties.get(key)).and_then(Node::scalar);
    let digest = digest(&[subnet.as_str(), &groups.join(",")]);
    Some(Interface {
        id: format!("eni-{}", hex(&digest[..9]).chars().take(17).collect::<String>()),
        subnet: subnet.clone(),
        vpc: property("VpcId").unwrap_or_default(),
        address: host(property("CidrBlock").as_deref().unwrap_or("10.0.3.0/24"), &digest),
        groups,
    })
}

/// The public address from which AWS sees this function's calls: of the NAT gateway for a function in a VPC, else one of
/// Lambda's own. Both are taken from TEST-NET-3 (RFC 5737), which belongs to nobody.
pub(crate) fn public(function: &Function) -> Ipv4Addr {
    let digest = match function.subnets.first() {
        Some(_) => digest(&["nat"]),
        None => digest(&["lambda", &function.arn]),
    };
    Ipv4Addr::new(203, 0, 113, 1 + digest[0] % 254)
}

/// An address of a block: never one of the first four or the last, which AWS keeps (Amazon VPC User Guide, "Subnet CIDR
/// blocks").
fn host(block: &str, digest: &[u8; 32]) -> Ipv4Addr {
    let (base, length) = block.split_once('/').unwrap_or((block, "24"));
    let base = u32::from(base.parse().unwrap_or(Ipv4Addr::new(10, 0, 3, 0)));
    let length: u32 = length.parse().ok().filter(|length| (16..=28).contains(length)).unwrap_or(24);
    let usable = (1_u32 << (32 - length)) - 5;
    let number = u32::from_be_bytes([digest[9], digest[10], digest[11], digest[12]]);
    Ipv4Addr::from((base & !((1_u32 << (32 - length)) - 1)) + 4 + number % usable)
}

fn digest(parts: &[&str]) -> [u8; 32] {
    Sha256::digest(parts.join("\n")).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_in_their_block() {
        for seed in 0..200_u8 {
            let address = host("10.0.3.16/28", &digest(&[&seed.to_string()])).octets();
            assert_eq!(&address[..3], &[10, 0, 3]);
            assert!((20..=30).contains(&address[3]), "{address:?}");
        }
        assert_eq!(host("not a block", &[0; 32]), Ipv4Addr::new(10, 0, 3, 4));
    }
}
