//! One run of the application: customers come first, then the attackers, and the logs are investigated.

use crate::customers::{Customers, Round};
use crate::sign_in::subject;
use crate::target::{Known, UpTarget};
use crate::{Options, traffic};
use attack::sigv4::Credentials;
use attack::{Client, Subject};
use model::attack::{Outcome, PlantAt};
use model::{Alert, App, Time, Trouble};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use up::{Notice, Running};

/// What every run of a proof shares.
pub struct Stage<'a> {
    pub options: &'a Options,
    pub subjects: &'a [Subject<'a>],
    /// The application in which the findings stand.
    pub app: &'a App,
    pub traffic: &'a [traffic::Request],
    pub says: &'a (dyn Fn(&str) + Sync),
}

/// What a run showed.
#[derive(Debug)]
pub struct Staged {
    /// Requests of normal traffic that were not served as expected.
    pub unserved: Vec<String>,
    /// How many were sent.
    pub sent: usize,
    /// One entry a subject, in their order.
    pub attacked: Vec<Attacked>,
    /// What the logs show before any attack: false alarms.
    pub quiet: Vec<Alert>,
    /// Rules and records that could not be judged.
    pub not_assessed: Vec<Trouble>,
}

/// One attack.
#[derive(Debug)]
pub struct Attacked {
    /// What it did; the reason when it was not tried.
    pub outcome: Result<Outcome, String>,
    /// Whether it brought the canary back.
    pub took_canary: bool,
    /// What the gate stopped meanwhile: sentence and place.
    pub stopped: Vec<String>,
    /// What the logs show now and did not before.
    pub alerts: Vec<Alert>,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The application does not start; the words say what to do.
    #[error("{0}")]
    Up(#[from] up::UpError),
    /// The prover's own client or runtime.
    #[error("{0}")]
    Client(String),
    /// The scratch copy.
    #[error("{0}")]
    Scratch(String),
}

impl Stage<'_> {
    /// Runs the application that stands in `root`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn run(&self, root: &Path, app: &App) -> Result<Staged, StageError> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| StageError::Client(error.to_string()))?;
        let stopped = Arc::new(Mutex::new(Vec::new()));
        let running = runtime.block_on(self.start(root, app, Arc::clone(&stopped)))?;
        let staged = self.play(&runtime, &running, &stopped);
        runtime.block_on(running.stop());
        staged
    }

    async fn start(&self, root: &Path, app: &App, stopped: Arc<Mutex<Vec<String>>>) -> Result<Running, StageError> {
        let options = up::Options {
            port: 0,
            // Beside the application, so that installed packages serve the next proof too.
            state: self.options.root.join(".sekisho").join("prove"),
            fresh: true,
            offline: self.options.offline,
            ..up::Options::new(root)
        };
        let note = move |notice: Notice| {
            if let Notice::Stopped { why, .. } = notice {
                stopped.lock().unwrap_or_else(PoisonError::into_inner).push(why);
            }
        };
        Ok(up::start(app.clone(), options, note).await?)
    }

    fn play(&self, runtime: &tokio::runtime::Runtime, running: &Running, stopped: &Mutex<Vec<String>>) -> Result<Staged, StageError> {
        let fail = |error: &dyn std::fmt::Display| StageError::Client(error.to_string());
        let server = running.endpoint().trim_start_matches("http://").parse().map_err(|error| fail(&error))?;
        let client = Client::new(server).map_err(|error| fail(&error))?;
        let kept = secret();
        (self.says)("customers come and go");
        let (round, nonce) = self.customers(running, &client, &kept)?;
        running.flush_logs();
        let (quiet, mut not_assessed) = self.investigate(running);
        let mut known = quiet.clone();

        let mut target = UpTarget::new(running, &client, known_customers(&round, [&kept, &nonce]), now);
        let mut attacked = Vec::new();
        for subject in self.subjects {
            if subject.risk.attack.is_ok() {
                (self.says)(&format!("attacking: {} at {}", subject.risk.slug, subject.resource));
            }
            stopped.lock().unwrap_or_else(PoisonError::into_inner).clear();
            let (outcome, took_canary) = self.attack(runtime, running, subject, &mut target, &kept);
            let stopped = std::mem::take(&mut *stopped.lock().unwrap_or_else(PoisonError::into_inner));
            running.flush_logs();
            let now;
            (now, not_assessed) = self.investigate(running);
            let alerts = now.iter().filter(|alert| !known.contains(alert)).cloned().collect();
            known = now;
            attacked.push(Attacked { outcome, took_canary, stopped, alerts });
        }
        Ok(Staged { unserved: round.unserved, sent: round.sent, attacked, quiet, not_assessed })
    }

    /// Two rounds: what is rare in one must not look like an attack in the second.
    fn customers(&self, running: &Running, client: &Client, kept: &str) -> Result<(Round, String), StageError> {
        let owner = owner(running)?;
        // The stage of a Deployment itself comes before those that are declared.
        let Some(api) = running.apis().into_iter().last() else { return Ok((Round::default(), secret())) };
        let base = api.url.strip_prefix(&running.endpoint()).unwrap_or(&api.url).to_owned();
        let app = running.app();
        // One of each kind, for a policy that asks for all.
        let password = format!("{}aA1!", secret());
        let round = |canary: &str, nonce: &str| {
            let (base, owner) = (base.clone(), owner.clone());
            Customers { app: &app, client, base, owner, now, canary, nonce, password: &password }.round(self.traffic)
        };
        let nonce = secret();
        let mut first = round(kept, &nonce);
        let second = round(&secret(), &secret());
        first.sent += second.sent;
        first.unserved.extend(second.unserved);
        first.tokens.extend(second.tokens);
        Ok((first, nonce))
    }

    fn attack(
        &self,
        runtime: &tokio::runtime::Runtime,
        running: &Running,
        subject: &Subject<'_>,
        target: &mut UpTarget<'_>,
        kept: &str,
    ) -> (Result<Outcome, String>, bool) {
        let at = match subject.plant(self.app) {
            Ok(at) => at,
            Err(why) => return (Err(why), false),
        };
        let canary = match at {
            PlantAt::Traffic | PlantAt::TrafficOrLeft if self.traffic.is_empty() => {
                return (Err(format!("nobody keeps anything here: describe the normal traffic in {}", crate::TRAFFIC_FILE)), false);
            }
            PlantAt::Traffic | PlantAt::TrafficOrLeft => kept.to_owned(),
            PlantAt::Browser => {
                let canary = secret();
                target.in_browser(&canary);
                canary
            }
            PlantAt::Upload { bucket } => return self.write(running, subject, target, &bucket),
            at => {
                let canary = secret();
                if let Err(error) = runtime.block_on(running.plant(&at, &canary)) {
                    return (Err(error.to_string()), false);
                }
                canary
            }
        };
        let left = secret();
        target.to_leave(&left);
        let outcome = subject.attack(self.app, target);
        let took = outcome.as_ref().is_ok_and(|outcome| outcome.brought_back(&canary) || outcome.brought_back(&left));
        (outcome, took)
    }

    /// An attack that writes: the canary is in its hands, and the owner of the bucket looks for it and takes it away.
    fn write(&self, running: &Running, subject: &Subject<'_>, target: &mut UpTarget<'_>, bucket: &str) -> (Result<Outcome, String>, bool) {
        let canary = secret();
        target.to_leave(&canary);
        let outcome = subject.attack(self.app, target);
        match (outcome, running.take_away(bucket, &canary)) {
            (outcome, Ok(found)) => (outcome, found),
            (Ok(_), Err(error)) => (Err(error.to_string()), false),
            (Err(why), _) => (Err(why), false),
        }
    }

    /// Runs the detections of the attacked risks over the logs so far. Those of other risks would miss logs that this
    /// application has no reason to write.
    fn investigate(&self, running: &Running) -> (Vec<Alert>, Vec<Trouble>) {
        let risks: BTreeMap<&str, &risks::Risk> = self.subjects.iter().map(|subject| (subject.risk.slug, subject.risk)).collect();
        let rules = investigate::Rules::of(risks.into_values());
        let mut events = read::log::open(&[running.logs().to_owned()], read::log::Limits::default());
        let mut report = investigate::run(&mut events, &rules);
        // Shown as the user would name them: below the application's folder.
        if let Ok(root) = self.options.root.canonicalize() {
            let prefix = format!("{}/", root.display());
            for place in report.alerts.iter_mut().flat_map(|alert| &mut alert.places) {
                if let Some(below) = place.file.strip_prefix(&prefix) {
                    place.file = below.into();
                }
            }
        }
        let mut not_assessed = report.not_assessed;
        not_assessed.extend(events.into_troubles());
        (report.alerts, not_assessed)
    }
}

/// What an attacker and the prover know of the customers after the first round.
fn known_customers(round: &Round, [canary, nonce]: [&str; 2]) -> Known {
    let keeper = round.token.as_deref().map(subject);
    let mut seen: Vec<String> = keeper.clone().into_iter().collect();
    let mut others = Vec::new();
    for (token, by) in &round.tokens {
        let subject = subject(token);
        if !seen.contains(&subject) {
            seen.push(subject);
            others.push(by.clone());
        }
    }
    let (reads, read_by_others) = round.reads.iter().cloned().partition(|(of, _)| Some(of) == keeper.as_ref());
    let kept = round.kept.clone();
    Known { token: round.token.clone(), others, kept, said: [canary.to_owned(), nonce.to_owned()], reads: [reads, read_by_others] }
}

/// What only the prover knows: 20 letters and digits.
fn secret() -> String {
    use rand::Rng;
    rand::thread_rng().sample_iter(&rand::distributions::Alphanumeric).take(20).map(char::from).collect()
}

/// The owner's key pair, from the file that AWS clients use.
fn owner(running: &Running) -> Result<Credentials, StageError> {
    let text = std::fs::read_to_string(running.credentials_file()).map_err(|error| StageError::Client(error.to_string()))?;
    let value = |key: &str| {
        text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().to_owned())).unwrap_or_default()
    };
    Ok(Credentials { access_key_id: value("aws_access_key_id"), secret_access_key: value("aws_secret_access_key"), session_token: None })
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or_default())
}
