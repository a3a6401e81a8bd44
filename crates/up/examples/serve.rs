//! Serves the application in a folder until Ctrl-C: `cargo run -p sekisho-up --example serve -- FOLDER [PORT]`.

use sekisho_up as up;
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".into());
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(4566);
    let app = read::application(folder.as_ref(), &read::Options::default());
    for trouble in &app.troubles {
        eprintln!("{}: {} ({})", trouble.place, trouble.says, trouble.help);
    }
    let options = up::Options { port, ..up::Options::new(folder) };
    let running = up::start(app, options, |notice| eprintln!("{notice:?}")).await?;
    for api in running.apis() {
        println!("{} {} {}", api.api, api.stage, api.url);
    }
    println!("{}", running.credentials_file().display());
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}
