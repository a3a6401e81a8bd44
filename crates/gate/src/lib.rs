//! The checkpoint: AWS's phases in AWS's order, and the one decide(). Pure.

use model::{Answer, App, Call, State, Stop, Verdict};

/// Stops everything until its phases stand.
pub fn decide(app: &App, _: &Call, _: &dyn State) -> Verdict {
    let stop = Stop { status: 500, code: "INTERNAL".into(), message: "no phase stands yet".into() };
    Verdict { answer: Answer::Stop(stop), why: Vec::new(), charges: Vec::new(), app_version: app.version }
}
