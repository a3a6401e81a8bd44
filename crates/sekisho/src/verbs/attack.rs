//! `sekisho attack`.

use crate::cli::{Application, Attack, Format};
use crate::exit::Exit;
use crate::{input, output};
use attack::UrlTarget;
use model::{Place, Status, Trouble};
use report::{Attacked, Style};
use std::io;

/// One attack, made or not.
struct Made {
    outcome: model::attack::Outcome,
    exploited: bool,
}

/// Scans, attacks what was found, and says what got through.
pub fn run(arguments: &Attack, style: Style) -> Exit {
    if let Some(unknown) = arguments.risks.iter().find(|slug| risks::by_slug(slug).is_none()) {
        output::error(&format!("there is no risk `{unknown}`; `sekisho explain` lists them"));
        return Exit::Usage;
    }
    let application =
        Application { path: arguments.path.clone(), parameters: arguments.parameters.clone(), region: None, db: None, strict: false };
    let (app, read) = match input::application(&application) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let mut scanned = scan::scan(&app);
    scanned.findings.retain(|finding| {
        finding.status == Status::Found && (arguments.risks.is_empty() || arguments.risks.iter().any(|risk| risk == finding.risk))
    });
    let subjects = attack::subjects(&scanned.findings);
    let (mut made, mut not_assessed) = (Vec::new(), Vec::new());
    let trouble = |subject: &attack::Subject<'_>, why: String| Trouble {
        says: format!("{} at {}: {why}", subject.risk.slug, subject.resource),
        place: subject.findings.first().map_or_else(|| Place::new(".", 1, 1), |finding| finding.place.clone()),
        help: "`--target up` gives an attack every foothold and plants its canary".into(),
    };
    if arguments.target == "up" {
        let options =
            prove::Options { root: arguments.path.clone(), read, offline: arguments.running.offline, risks: arguments.risks.clone() };
        let staged = match prove::attack(&options, &app, &subjects, &output::says) {
            Ok(staged) => staged,
            Err(error) => return output::unfinished(&error),
        };
        for (subject, attacked) in subjects.iter().zip(staged.attacked) {
            match attacked.outcome {
                Ok(outcome) => made.push(Made { outcome, exploited: attacked.took_canary }),
                Err(why) => not_assessed.push(trouble(subject, why)),
            }
        }
    } else {
        let mut target = match UrlTarget::new(&arguments.target) {
            Ok(target) => target,
            Err(error) => {
                output::error(&error.to_string());
                return Exit::Usage;
            }
        };
        for subject in &subjects {
            let outcome = match subject.attack(&app, &mut target) {
                Ok(outcome) => outcome,
                Err(why) => {
                    not_assessed.push(trouble(subject, why));
                    continue;
                }
            };
            if outcome.loot.is_empty() && outcome.refused.is_some() {
                made.push(Made { outcome, exploited: false });
            } else {
                // Nothing can be planted behind a URL, and an answer alone is no proof.
                let answers = outcome.loot.len();
                let why = outcome
                    .broke
                    .clone()
                    .unwrap_or_else(|| format!("{answers} answers came back, but no canary was planted there, so nothing is proved"));
                not_assessed.push(trouble(subject, why));
            }
        }
    }
    let attacks: Vec<Attacked<'_>> = made.iter().map(|made| Attacked { outcome: &made.outcome, exploited: made.exploited }).collect();
    let mut out = io::stdout().lock();
    let result = match arguments.format {
        Format::Terminal => report::terminal::attack(&mut out, &attacks, &not_assessed, &style),
        Format::Json => report::json::attack(&mut out, &attacks, &not_assessed),
    };
    drop(out);
    let exit = if attacks.iter().any(|attack| attack.exploited) {
        Exit::Found
    } else if not_assessed.is_empty() {
        Exit::Clean
    } else {
        Exit::Unfinished
    };
    output::written(result, exit)
}
