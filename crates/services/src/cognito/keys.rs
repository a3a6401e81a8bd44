//! The signing key of a user pool: RSA, 2048 bits, made once and kept in the service's store, and what the
//! world sees of it (RFC 7517, "JSON Web Key"; RFC 7515, "JSON Web Signature"). The private half leaves this
//! module only into the store.

use crate::ServiceError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use model::World;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::rand_core::{CryptoRng, Error, RngCore};
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::{Mutex, PoisonError};

const TABLE: &str = "keys";
const BITS: usize = 2048;

/// Held while a key is made, so that two first callers get the same one.
static MAKING: Mutex<()> = Mutex::new(());

/// A pool's key.
pub struct PoolKey(RsaPrivateKey);

impl PoolKey {
    /// The key of this pool, made when there is none.
    ///
    /// # Errors
    /// The store failed, or holds what is no key.
    pub fn of(world: &dyn World, pool: &str) -> Result<Self, ServiceError> {
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let store = world.store("cognito-idp");
        if let Some(der) = store.get(TABLE, pool)? {
            return RsaPrivateKey::from_pkcs8_der(&der).map(Self).map_err(|_| broken());
        }
        let key = RsaPrivateKey::new(&mut Random(world), BITS).map_err(|_| broken())?;
        store.put(TABLE, pool, key.to_pkcs8_der().map_err(|_| broken())?.as_bytes())?;
        Ok(Self(key))
    }

    /// The key id: a hash of the public half.
    pub fn id(&self) -> String {
        STANDARD.encode(Sha256::digest(self.0.n().to_bytes_be()))
    }

    /// The JSON Web Key Set with this key.
    pub fn set(&self) -> Value {
        let number = |n: &BigUint| URL_SAFE_NO_PAD.encode(n.to_bytes_be());
        json!({ "keys": [{
            "alg": "RS256", "e": number(self.0.e()), "kid": self.id(), "kty": "RSA", "n": number(self.0.n()), "use": "sig",
        }] })
    }

    /// The claims of a token that this key signed; `None` when it did not.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let (content, signature) = token.rsplit_once('.')?;
        let signature = Signature::try_from(URL_SAFE_NO_PAD.decode(signature).ok()?.as_slice()).ok()?;
        VerifyingKey::<Sha256>::new(self.0.to_public_key()).verify(content.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(content.split('.').nth(1)?).ok()?).ok()
    }

    /// A signed token (RFC 7519).
    pub fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "kid": self.id(), "alg": "RS256" })), part(claims));
        let signature = SigningKey::<Sha256>::new(self.0.clone()).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn broken() -> ServiceError {
    ServiceError::new(500, "InternalErrorException", "Something went wrong.")
}

/// The world's random bytes, as the key generator wants them.
struct Random<'a>(&'a dyn World);

impl RngCore for Random<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.random(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.random(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.random(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.random(bytes);
        Ok(())
    }
}

impl CryptoRng for Random<'_> {}
