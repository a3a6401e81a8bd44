//! Lists the versions of files that a history holds: commit, size, path. `cargo run -p sekisho-git --example versions -- FOLDER`

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let history = sekisho_git::walk(std::path::Path::new(&folder), &|_| true, &mut |version| {
        if let Some(path) = version.path {
            println!("{} {} {} {path}", version.commit.id.short(), version.commit.time, version.bytes.len());
        }
    });
    println!("{} commits, {} versions, {} binary", history.commits, history.versions, history.binary);
    for trouble in history.troubles {
        println!("{}: {}; {}", trouble.place, trouble.says, trouble.help);
    }
}
