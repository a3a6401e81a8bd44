//! Serves the application in a folder until Ctrl-C: `cargo run -p sekisho-up --example serve -- FOLDER [PORT [SQL…]]`;
//! one template parameter as `PARAMETER=Name=value` in the environment.

use sekisho_up as up;
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".into());
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(4566);
    let parameter = std::env::var("PARAMETER").ok();
    let parameter =
        parameter.as_deref().and_then(|text| text.split_once('=')).map(|(name, value)| ((None, name.to_owned()), value.to_owned()));
    let app =
        read::application(folder.as_ref(), &read::Options { parameters: parameter.into_iter().collect(), ..read::Options::default() });
    for trouble in &app.troubles {
        eprintln!("{}: {} ({})", trouble.place, trouble.says, trouble.help);
    }
    let options = up::Options { port, sql: arguments.map(Into::into).collect(), ..up::Options::new(folder) };
    let running = up::start(app, options, |notice| eprintln!("{notice:?}")).await?;
    for api in running.apis() {
        println!("{} {} {}", api.api, api.stage, api.url);
    }
    println!("{}", running.credentials_file().display());
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}
