//! try
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let app = read::application(std::path::Path::new(&root), &read::Options::default());
    let s = sekisho_scan::scan(&app);
    for f in &s.findings { println!("{} {:?} {} {} | {}", f.risk, f.severity, f.place, f.resource, f.title); if f.risk != "unauthenticated-route" { for st in &f.path { println!("     {} {}", st.place, st.says); }} if let Some(x)=&f.fix { println!("     FIX {}", x.says);} }
    for t in &s.not_assessed { println!("NA {} {} / {}", t.place, t.says, t.help); }
    println!("{:?}", s.summary);
}
