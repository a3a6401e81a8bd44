//! The local certificate authority: its key 0600 below `.sekisho/ca/`, constrained to the names AWS serves.
//!
//! Never put into a system store, and only its certificate ever enters a function's sandbox.

use crate::error::UpError;
use crate::folder::{self, Folder};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// The domains below which certificates may be issued; the authority's certificate carries them as its name constraints
/// (RFC 5280, section 4.2.1.10).
const DOMAINS: [&str; 4] = ["amazonaws.com", "amazonaws.com.cn", "amazoncognito.com", "localhost"];
/// Certificates kept by server name. The names are few; the bound is against a client that invents them.
const KEPT: usize = 512;

/// The authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: PathBuf,
    pem: String,
    minted: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Authority {
    /// Opens the authority of a state folder, making it on the first start.
    ///
    /// # Errors
    /// [`UpError::Folder`] or [`UpError::Certificate`].
    pub(crate) fn open(state: &Folder) -> Result<Self, UpError> {
        let folder = state.below("ca")?;
        let (key_file, certificate) = (folder.join("key.pem"), folder.join("ca.pem"));
        let kept = fs::read_to_string(&key_file).and_then(|key| Ok((key, fs::read_to_string(&certificate)?)));
        let (key, pem) = match kept {
            Ok((key, pem)) => (KeyPair::from_pem(&key).map_err(failed)?, pem),
            Err(_) => {
                let key = KeyPair::generate().map_err(failed)?;
                let pem = authority().self_signed(&key).map_err(failed)?.pem();
                let write = |path: &Path, text: &str| {
                    folder::private_file(path, text.as_bytes())
                        .map_err(|e| UpError::Folder { path: path.to_path_buf(), why: e.to_string() })
                };
                write(&key_file, &key.serialize_pem())?;
                write(&certificate, &pem)?;
                (key, pem)
            }
        };
        Ok(Self { issuer: Issuer::new(authority(), key), certificate, pem, minted: Mutex::default() })
    }

    /// The authority's certificate in PEM, for clients to trust.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The same as text.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server certificate for these names, with its key, both in PEM: what the database serves.
    ///
    /// # Errors
    /// [`UpError::Certificate`] when a name is not a DNS name or an address.
    pub fn issue(&self, names: &[String]) -> Result<(String, String), UpError> {
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = server(names)?.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// A server's TLS configuration that shows each client the certificate of the name it asked for.
    ///
    /// # Errors
    /// [`UpError::Certificate`] when the TLS library refuses its own defaults.
    pub(crate) fn server(self: &Arc<Self>) -> Result<rustls::ServerConfig, UpError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| UpError::Certificate { why: e.to_string() })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(Arc::clone(self))));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn mint(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = minted.get(name) {
            return Some(Arc::clone(kept));
        }
        let key = KeyPair::generate().ok()?;
        let certificate = server(&[name.to_owned()]).ok()?.signed_by(&key, &self.issuer).ok()?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer = rustls::crypto::ring::sign::any_ecdsa_type(&private).ok()?;
        let certified = Arc::new(CertifiedKey::new(vec![CertificateDer::from(certificate.der().to_vec())], signer));
        if minted.len() >= KEPT {
            minted.clear();
        }
        minted.insert(name.to_owned(), Arc::clone(&certified));
        Some(certified)
    }
}

/// Whether the authority may vouch for this name.
fn permitted(name: &str) -> bool {
    DOMAINS.iter().any(|domain| name == *domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// The certificate by Server Name Indication; without one (a client that asked for an address), that of 127.0.0.1.
#[derive(Debug)]
struct ByName(Arc<Authority>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map_or("127.0.0.1".to_owned(), str::to_ascii_lowercase);
        (name == "127.0.0.1" || permitted(&name)).then(|| self.0.mint(&name)).flatten()
    }
}

/// What the authority's own certificate says. The same in every run, so that its issuer name never changes.
fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "sekisho local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let domains = DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned()));
    let loopback = GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8));
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: domains.chain([loopback]).collect(), excluded_subtrees: Vec::new() });
    (params.not_before, params.not_after) = lifetime(3650);
    params
}

fn server(names: &[String]) -> Result<CertificateParams, UpError> {
    let mut params = CertificateParams::new(names).map_err(failed)?;
    if let Some(name) = names.first() {
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name.as_str());
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = lifetime(395);
    Ok(params)
}

/// From yesterday, for clocks that differ, over so many days.
fn lifetime(days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let start = OffsetDateTime::now_utc() - Duration::DAY;
    (start, start + Duration::days(days))
}

fn failed(error: rcgen::Error) -> UpError {
    UpError::Certificate { why: error.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_key_is_private_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let state = Folder::open(&root.path().join("s")).unwrap();
        let first = Authority::open(&state).unwrap();
        assert!(folder::is_private(&state.path().join("ca/key.pem")).unwrap());
        assert_eq!(Authority::open(&state).unwrap().pem(), first.pem());
        let (certificate, key) = first.issue(&["db.cluster-x.us-east-1.rds.amazonaws.com".into()]).unwrap();
        assert!(certificate.contains("BEGIN CERTIFICATE") && key.contains("PRIVATE KEY"));
    }

    #[test]
    fn it_vouches_for_aws_names_only() {
        for (name, may) in [
            ("cognito-idp.us-east-1.amazonaws.com", true),
            ("wild-rydes.auth.us-east-1.amazoncognito.com", true),
            ("localhost", true),
            ("example.com", false),
            ("evilamazonaws.com", false),
            ("amazonaws.com.example.org", false),
        ] {
            assert_eq!(permitted(name), may, "{name}");
        }
    }
}
