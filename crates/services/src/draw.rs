//! Random names and secrets, drawn from the world's random bytes without bias.

use model::World;

/// Lower-case letters and digits: client ids and secrets of Cognito.
pub const BASE36: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Upper-case letters and digits 2 to 7: access key ids.
pub const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A text of `length` letters of the alphabet, each as likely as any other.
pub fn text(world: &dyn World, alphabet: &[u8], length: usize) -> String {
    (0..length).filter_map(|_| alphabet.get(below(world, alphabet.len()))).map(|byte| char::from(*byte)).collect()
}

/// A number below `bound`; 0 when `bound` is 0. Values that would favour some numbers are drawn again.
pub fn below(world: &dyn World, bound: usize) -> usize {
    let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let mut bytes = [0; 8];
        world.random(&mut bytes);
        let drawn = u64::from_be_bytes(bytes);
        if drawn < fair {
            return usize::try_from(drawn % bound).unwrap_or(0);
        }
    }
}

/// A version 4 UUID (RFC 9562, section 5.4).
pub fn uuid(world: &dyn World) -> String {
    let mut bytes = [0_u8; 16];
    world.random(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
