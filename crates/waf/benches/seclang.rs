//! A rule set on a mix of traffic, beside the reference engines in the same run: load, microseconds a request, growth.
//!
//! `SEKISHO_CRS` names the rule set's folder (`/usr/share/modsecurity-crs/rules` by default); the references are those of
//! `tests/peer`. Run: `cargo bench -p sekisho-waf --bench seclang`.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../tests/peer/mod.rs"]
mod peer;

use peer::traffic::{self, sent};
use peer::{Peer, compile, judge, least};
use sekisho_waf::seclang::Scratch;

fn main() {
    let folder = peer::rule_folder();
    let Some((files, paths)) = peer::rules(&folder) else {
        println!("{}: no rule set is there; name one with SEKISHO_CRS", folder.display());
        return;
    };
    let (program, time) = least(5, || compile(&files));
    println!("load: {time:.0} ms, {} rules, {} matchers", program.rule_count(), program.plan().matcher_count());
    let ((), time) = least(1, || program.warm());
    println!("compiling every pattern, done at its first candidate otherwise: {time:.0} ms");

    let mix = traffic::mix();
    let mut scratch = Scratch::default();
    let (blocked, best) = least(20, || mix.iter().filter(|sent| judge(&program, sent, &mut scratch)).count());
    let ours = best * 1e3 / mix.len() as f64;
    println!("phases 1 and 2, paranoia level 1, blocking: {ours:.1} us a request ({blocked} of {} blocked)", mix.len());
    let peers = Peer::all();
    for peer in &peers {
        let theirs = peer.run(&mix, 3, &paths).1;
        println!("{} in the same run: {theirs:.1} us a request; ratio {:.1}", peer.name, theirs / ours);
    }
    if peers.is_empty() {
        println!("no reference is here: install libmodsecurity-dev");
    }

    for (what, piece) in
        [("benign text", "please ring twice, thank you. "), ("attack pieces", "' or 1=1 union/**/select <script>../../etc/passwd;cat|")]
    {
        let mut scratch = Scratch::default();
        let mut time = |length: usize| {
            let sent = sent("/orders", &format!("note={}", piece.repeat(length / piece.len())));
            // The system counts processor time by its ticks: one request is too short to be seen.
            least(3, || (0..ROUNDS).filter(|_| judge(&program, &sent, &mut scratch)).count()).1 / f64::from(ROUNDS)
        };
        let (one, two) = (time(32_768), time(65_536));
        println!("{what}: 32 KB {one:.2} ms, 64 KB {two:.2} ms, growth {:.2}", two / one);
    }
}

/// Requests of one measurement of growth.
const ROUNDS: u32 = 50;
