//! `sekisho up`.

use crate::cli::{Format, Up};
use crate::exit::Exit;
use crate::{input, output};
use serde_json::json;
use up::{Notice, Options, Running};

/// Runs the application until it is interrupted.
pub fn run(arguments: &Up) -> Exit {
    let application = &arguments.application;
    if application.path.is_file() {
        output::error("up runs the application: name its folder, not one template");
        return Exit::Usage;
    }
    let (app, _) = match input::application(application) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    for trouble in &app.troubles {
        output::says(&format!("not assessed: {}: {}", trouble.place, trouble.says));
    }
    if application.strict && !app.troubles.is_empty() {
        return Exit::Unfinished;
    }
    let mut options = Options::new(&application.path);
    options.port = arguments.port;
    options.fresh = arguments.fresh;
    options.offline = arguments.running.offline;
    options.root_credentials.clone_from(&arguments.root_credentials);
    options.sql.clone_from(&arguments.sql);
    if let Some(state) = &arguments.state {
        options.state.clone_from(state);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::unfinished(&error),
    };
    runtime.block_on(async {
        let running = match up::start(app, options, |notice: Notice| output::says(&notice.to_string())).await {
            Ok(running) => running,
            Err(error) => return output::unfinished(&error),
        };
        ready(&running, arguments.format);
        interrupted().await;
        output::says("stopping");
        running.stop().await;
        Exit::Clean
    })
}

/// One line on stdout: where it listens, each API, and the credentials file.
fn ready(running: &Running, format: Format) {
    let apis = running.apis();
    let credentials = running.credentials_file().display();
    match format {
        Format::Json => {
            let apis: Vec<_> = apis.iter().map(|api| json!({"api": api.api.to_string(), "stage": api.stage, "url": api.url})).collect();
            let line = json!({"version": 1, "endpoint": running.endpoint(), "apis": apis, "credentials": credentials.to_string(), "logs": running.logs()});
            output::line(&line.to_string());
        }
        Format::Terminal => {
            let apis: Vec<String> = apis.iter().map(|api| format!("{} at {}/", report::escape(&api.api.to_string()), api.url)).collect();
            output::line(&format!("ready: {}  {}  credentials in {credentials}", running.endpoint(), apis.join("  ")));
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
