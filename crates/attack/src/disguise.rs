//! Who an attacker pretends to be: an address and a user agent, drawn anew for each run, so that neither a blunt
//! control nor a detection keyed on us passes a proof.

use rand::Rng;
use rand::seq::SliceRandom;
use std::net::Ipv4Addr;

/// An address and a user agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disguise {
    /// An address of the loopback network: Linux lets a client bind any of 127.0.0.0/8.
    pub address: Ipv4Addr,
    /// A user agent as browsers, SDKs and command lines send them.
    pub user_agent: String,
}

impl Disguise {
    /// A browser or an HTTP library, from somewhere.
    pub fn web() -> Self {
        let mut random = rand::thread_rng();
        let (major, minor) = (random.gen_range(90..160), random.gen_range(0..10));
        let agents = [
            format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"),
            format!("Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"),
            format!("python-requests/2.{major}.{minor}"),
            format!("curl/8.{minor}.0"),
            format!("okhttp/4.{minor}.1"),
        ];
        Self::of(&agents)
    }

    /// A program that speaks to AWS, from somewhere that is no function.
    pub fn aws() -> Self {
        let mut random = rand::thread_rng();
        let (minor, patch) = (random.gen_range(20..60), random.gen_range(0..40));
        let agents = [
            format!("Boto3/1.{minor}.{patch} md/Botocore#1.{minor}.{patch} ua/2.1 os/linux#6.8.0 lang/python#3.11"),
            format!("aws-cli/2.{minor}.{patch} md/awscrt#0.23 ua/2.1 os/macos#24.1.0 lang/python#3.12"),
            format!("aws-sdk-go-v2/1.{minor}.{patch} os/linux lang/go#1.23.4"),
            format!("Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101", 100 + minor),
        ];
        Self::of(&agents)
    }

    fn of(agents: &[String]) -> Self {
        let mut random = rand::thread_rng();
        // 127.64.0.0/10 belongs to the names inside a function's sandbox.
        let address = Ipv4Addr::new(127, random.gen_range(128..=254), random.r#gen(), random.gen_range(1..=254));
        Self { address, user_agent: agents.choose(&mut random).cloned().unwrap_or_default() }
    }
}
