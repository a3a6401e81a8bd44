//! The checksums that clients send with a body (Amazon S3 User Guide, "Checking object integrity for data uploads"; Amazon S3 API
//! Reference, "PutObject": `Content-MD5`). What is sent is checked; what cannot be checked is refused.

use crate::ServiceError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// MD5 in lower-case hexadecimal: the ETag of an object that was put whole.
pub fn etag(content: &[u8]) -> String {
    gate::sigv4::hex(&Md5::digest(content))
}

/// Checks a body against what was said of it.
///
/// # Errors
/// `BadDigest`, `InvalidDigest`, or `NotImplemented` for a checksum of another kind.
pub fn check<'a>(said: impl Iterator<Item = (&'a str, &'a str)>, content: &[u8]) -> Result<(), ServiceError> {
    for (name, value) in said {
        let (kind, own) = match name.to_ascii_lowercase().as_str() {
            "content-md5" => ("Content-MD5", Md5::digest(content).to_vec()),
            "x-amz-checksum-crc32" => ("CRC32", crc32(content)),
            "x-amz-checksum-crc32c" => ("CRC32C", reflected(content, 0x82F6_3B78, 32)),
            "x-amz-checksum-crc64nvme" => ("CRC64NVME", reflected(content, 0x9A6C_9329_AC4B_C9B5, 64)),
            "x-amz-checksum-sha1" => ("SHA1", Sha1::digest(content).to_vec()),
            "x-amz-checksum-sha256" => ("SHA256", Sha256::digest(content).to_vec()),
            "x-amz-checksum-algorithm" | "x-amz-checksum-type" | "x-amz-checksum-mode" => continue,
            other if other.starts_with("x-amz-checksum-") => return Err(super::not_implemented(other)),
            _ => continue,
        };
        let sent = STANDARD.decode(value.trim()).ok().filter(|sent| sent.len() == own.len());
        match sent {
            Some(sent) if sent == own => {}
            Some(_) if kind == "Content-MD5" => {
                return Err(ServiceError::new(400, "BadDigest", "The Content-MD5 you specified did not match what we received."));
            }
            Some(_) => {
                let says = format!("The {kind} you specified did not match the calculated checksum.");
                return Err(ServiceError::new(400, "BadDigest", says));
            }
            None if kind == "Content-MD5" => {
                return Err(ServiceError::new(400, "InvalidDigest", "The Content-MD5 you specified was invalid."));
            }
            None => return Err(ServiceError::new(400, "InvalidRequest", format!("Value for {name} header is invalid."))),
        }
    }
    Ok(())
}

fn crc32(content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    crc.sum().to_be_bytes().to_vec()
}

/// A cyclic redundancy check with reflected input and output and all ones at both ends: CRC-32C (RFC 3720, appendix B.4) and
/// CRC-64/NVME (NVM Express Command Set Specification, section 5.2.1.3.4).
fn reflected(content: &[u8], polynomial: u64, bits: u32) -> Vec<u8> {
    let ones = u64::MAX >> (64 - bits);
    let step = |crc: u64| if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
    let table: Vec<u64> = (0..256).map(|byte| (0..8).fold(byte, |crc, _| step(crc))).collect();
    let at = |crc: u64, byte: u8| table.get(usize::from(crc.to_le_bytes()[0] ^ byte)).copied().unwrap_or_default();
    let crc = content.iter().fold(ones, |crc, byte| at(crc, *byte) ^ crc >> 8) ^ ones;
    let bytes = crc.to_be_bytes();
    bytes.get(8 - bits as usize / 8..).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms, for `123456789`.
    #[test]
    fn known_values() {
        let digits = b"123456789";
        assert_eq!(crc32(digits), 0xCBF4_3926_u32.to_be_bytes());
        assert_eq!(reflected(digits, 0x82F6_3B78, 32), 0xE306_9283_u32.to_be_bytes());
        assert_eq!(reflected(digits, 0x9A6C_9329_AC4B_C9B5, 64), 0xAE8B_1486_0A79_9888_u64.to_be_bytes());
        assert_eq!(etag(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn what_is_said_is_checked() {
        let said = |name, value| check([(name, value)].into_iter(), b"123456789").map_err(|error| error.code);
        assert_eq!(said("Content-MD5", "JfnnlDI7RTiF9RgfG2JNCw=="), Ok(()));
        assert_eq!(said("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="), Err("BadDigest".into()));
        assert_eq!(said("Content-MD5", "x"), Err("InvalidDigest".into()));
        assert_eq!(said("x-amz-checksum-crc32", "y/Q5Jg=="), Ok(()));
        assert_eq!(said("x-amz-checksum-sha256", "y/Q5Jg=="), Err("InvalidRequest".into()));
        assert_eq!(said("x-amz-checksum-md6", "y/Q5Jg=="), Err("NotImplemented".into()));
        assert_eq!(said("x-amz-sdk-checksum-algorithm", "CRC32"), Ok(()));
    }
}
