//! What goes wrong: one folder is one risk with its page, its check, its fix, its attack and its detections.
//!
//! A risk is data and pure functions. It reads the [`App`], asks the gate, and describes; it opens nothing,
//! formats nothing, and knows no other risk. Adding one is a folder here and a line in [`all`].

mod database_client;
mod doors;
mod entry;
mod filter;
mod flow;
mod grants;
mod guarded;
pub mod lens;
mod objects;
mod packages;
mod page;
mod pool;
mod probe;
mod reach;
mod review;
mod route;
pub mod rows;
mod setting;
mod source;
mod web_acl;
mod wiring;

pub mod account_changes_unwatched;
pub mod alarm_unheard;
pub mod bucket_mfa_delete;
pub mod bucket_opens_public_access;
pub mod bucket_plain_http;
pub mod bucket_unclassified;
pub mod bucket_unversioned;
pub mod cloudfront_everywhere;
pub mod cloudfront_plain_http;
pub mod cloudfront_unlogged;
pub mod command_injection;
pub mod config_unrecorded;
pub mod confused_deputy;
pub mod cross_account_access;
pub mod cross_execution_persistency;
pub mod cross_site_scripting;
pub mod data_lost_with_stack;
pub mod database_backup_short;
pub mod database_events_unwatched;
pub mod database_open_network;
pub mod database_password_unmanaged;
pub mod database_plain_connection;
pub mod database_public;
pub mod database_single_zone;
pub mod database_unencrypted;
pub mod database_upgrades_off;
pub mod environment_default_key;
pub mod floating_dependency;
pub mod function_code_unsigned;
pub mod function_role_unusable;
pub mod function_unversioned;
pub mod function_without_insights;
pub mod guessable_bucket;
pub mod hard_coded_credential;
pub mod incident_unprepared;
pub mod insecure_deserialization;
pub mod log_retention;
pub mod missing_dependency;
pub mod multiple_statements;
pub mod nosql_injection;
pub mod object_events_unrecorded;
pub mod open_egress;
pub mod open_sign_up;
pub mod over_privileged_role;
pub mod path_traversal;
pub mod privilege_escalation;
pub mod public_bucket_acl;
pub mod public_resource_policy;
pub mod runtime_end_of_life;
pub mod s3_key_traversal;
pub mod sensitive_data_in_logs;
pub mod server_side_request_forgery;
pub mod shared_file_system;
pub mod shared_role;
pub mod sql_injection;
pub mod stage_unlogged;
pub mod substring_authorization;
pub mod table_without_leading_keys;
pub mod template_injection;
pub mod tenant_override;
pub mod trail_bucket_unlogged;
pub mod unauthenticated_api;
pub mod unauthenticated_route;
pub mod unfiltered_stage;
pub mod unguarded_identity;
pub mod unsafe_post_policy;
pub mod unthrottled_api;
pub mod untraced;
pub mod unused_dependency;
pub mod unvalidated_body;
pub mod unverified_database_connection;
pub mod verbose_error;
pub mod vulnerable_dependency;
pub mod weak_sign_in;
pub mod weak_token_check;
pub mod web_acl_bypass;
pub mod web_acl_ineffective;
pub mod wide_authorizer_policy;
pub mod wide_identity_pool;
pub mod writable_attribute_authorization;
pub mod writable_web_asset;
pub mod xml_external_entity;

pub use page::{Block, Page, PageError};

use model::attack::{Outcome, PlantAt};
use model::{App, Confidence, Finding, Foothold, Place, Profile, RiskId, Severity, Status, Target, Trouble};

/// A risk with its four proofs.
pub struct Risk {
    /// The one id everywhere: folder, page, SARIF rule, ignore comment, attack and detection.
    pub slug: RiskId,
    /// `risk.md`: front matter, explanation, examples.
    pub page: &'static str,
    /// Whether a scan asks for it unasked.
    pub profile: Profile,
    /// Everywhere it stands in an application.
    pub check: fn(&App) -> Vec<Finding>,
    /// How it is exploited, or why the prover cannot do it.
    pub attack: Result<Attack, &'static str>,
    /// Sigma rules: (name of the file, its text).
    pub detections: &'static [(&'static str, &'static str)],
    /// Proofs that it cannot have, each with its reason.
    pub without: &'static [(Proved, Reason)],
}

impl Risk {
    /// Why it cannot have this proof; `None` when it must.
    pub fn without(&self, proof: Proved) -> Option<Reason> {
        self.without.iter().find(|(own, _)| *own == proof).map(|(_, reason)| *reason)
    }
}

/// A proof beside the finding itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proved {
    /// The running application falls to it.
    Exploited,
    /// The fix stops it.
    Blocked,
    /// The logs show it.
    Detected,
}

/// Why a risk cannot have a proof. The list is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What to change is for people to decide.
    AdviceOnly,
    /// No template can say it.
    NotInTemplate,
    /// No log of AWS shows it.
    NoLog,
    /// Nobody attacks it; it makes other attacks worse.
    NoAttacker,
}

impl Reason {
    /// In words.
    pub const fn says(self) -> &'static str {
        match self {
            Self::AdviceOnly => "advice only: what to change is for people to decide",
            Self::NotInTemplate => "not expressible in a template",
            Self::NoLog => "no log of AWS shows it",
            Self::NoAttacker => "no attacker's side: it makes other attacks worse",
        }
    }
}

/// A finding about which nothing is said yet.
fn blank(risk: RiskId, resource: String, place: Place) -> Finding {
    Finding {
        risk,
        title: String::new(),
        severity: Severity::Medium,
        confidence: Confidence::High,
        resource,
        place,
        path: Vec::new(),
        maps: Vec::new(),
        fingerprint: String::new(),
        status: Status::Found,
        symbol: String::new(),
        profile: Profile::Default,
        condition: None,
        fix: None,
    }
}

/// An attack as data and one function of steps.
pub struct Attack {
    /// What the attacker has before.
    pub foothold: Foothold,
    /// Where the prover hides the canary that this attack must bring back; `None` when the findings leave
    /// nothing to read, with the reason.
    pub plant: fn(&App, &[&Finding]) -> Result<PlantAt, String>,
    /// Runs the steps against a target and says what was done and what was brought back. All findings are of
    /// this risk and of one resource.
    pub run: fn(&App, &[&Finding], &mut dyn Target, &mut Outcome),
}

/// What the risks could not follow: writes to a resource that the code does not name, where such a resource starts a function.
pub fn not_assessed(app: &App) -> Vec<Trouble> {
    let writes = app.code.handlers.values().any(|handler| handler.writes.iter().any(|write| !write.parts.is_empty()));
    if writes { entry::Entries::of(app).wiring().not_assessed() } else { Vec::new() }
}

/// Every risk, by slug.
pub fn all() -> &'static [Risk] {
    &[
        account_changes_unwatched::RISK,
        alarm_unheard::RISK,
        bucket_mfa_delete::RISK,
        bucket_opens_public_access::RISK,
        bucket_plain_http::RISK,
        bucket_unclassified::RISK,
        bucket_unversioned::RISK,
        cloudfront_everywhere::RISK,
        cloudfront_plain_http::RISK,
        cloudfront_unlogged::RISK,
        command_injection::RISK,
        config_unrecorded::RISK,
        confused_deputy::RISK,
        cross_account_access::RISK,
        cross_execution_persistency::RISK,
        cross_site_scripting::RISK,
        data_lost_with_stack::RISK,
        database_backup_short::RISK,
        database_events_unwatched::RISK,
        database_open_network::RISK,
        database_password_unmanaged::RISK,
        database_plain_connection::RISK,
        database_public::RISK,
        database_single_zone::RISK,
        database_unencrypted::RISK,
        database_upgrades_off::RISK,
        environment_default_key::RISK,
        floating_dependency::RISK,
        function_code_unsigned::RISK,
        function_role_unusable::RISK,
        function_unversioned::RISK,
        function_without_insights::RISK,
        guessable_bucket::RISK,
        hard_coded_credential::RISK,
        incident_unprepared::RISK,
        insecure_deserialization::RISK,
        log_retention::RISK,
        missing_dependency::RISK,
        multiple_statements::RISK,
        nosql_injection::RISK,
        object_events_unrecorded::RISK,
        open_egress::RISK,
        open_sign_up::RISK,
        over_privileged_role::RISK,
        path_traversal::RISK,
        privilege_escalation::RISK,
        public_bucket_acl::RISK,
        public_resource_policy::RISK,
        runtime_end_of_life::RISK,
        s3_key_traversal::RISK,
        sensitive_data_in_logs::RISK,
        server_side_request_forgery::RISK,
        shared_file_system::RISK,
        shared_role::RISK,
        sql_injection::RISK,
        stage_unlogged::RISK,
        substring_authorization::RISK,
        table_without_leading_keys::RISK,
        template_injection::RISK,
        tenant_override::RISK,
        trail_bucket_unlogged::RISK,
        unauthenticated_api::RISK,
        unauthenticated_route::RISK,
        unfiltered_stage::RISK,
        unguarded_identity::RISK,
        unsafe_post_policy::RISK,
        unthrottled_api::RISK,
        untraced::RISK,
        unused_dependency::RISK,
        unvalidated_body::RISK,
        unverified_database_connection::RISK,
        verbose_error::RISK,
        vulnerable_dependency::RISK,
        weak_sign_in::RISK,
        weak_token_check::RISK,
        web_acl_bypass::RISK,
        web_acl_ineffective::RISK,
        wide_authorizer_policy::RISK,
        wide_identity_pool::RISK,
        writable_attribute_authorization::RISK,
        writable_web_asset::RISK,
        xml_external_entity::RISK,
    ]
}

/// Every risk of a profile: the default one asks for holes alone, hygiene for everything.
pub fn of(profile: Profile) -> impl Iterator<Item = &'static Risk> {
    all().iter().filter(move |risk| risk.profile <= profile)
}

/// The risk with this slug.
pub fn by_slug(slug: &str) -> Option<&'static Risk> {
    all().iter().find(|risk| risk.slug == slug)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The list in `all` and the folders are the same, and every folder is whole.
    #[test]
    fn list_and_folders_agree() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let folders: BTreeSet<String> = std::fs::read_dir(&root)
            .unwrap()
            .filter_map(|entry| entry.ok().filter(|e| e.path().is_dir()))
            .map(|entry| entry.file_name().to_string_lossy().replace('_', "-"))
            .collect();
        let listed: BTreeSet<String> = super::all().iter().map(|risk| risk.slug.to_owned()).collect();
        assert_eq!(folders, listed);
        for folder in folders {
            let root = root.join(folder.replace('-', "_"));
            let unseen = super::by_slug(&folder).unwrap().without(super::Proved::Detected).is_some();
            for file in ["mod.rs", "risk.md", "detect.yml"] {
                assert_eq!(root.join(file).is_file(), file != "detect.yml" || !unseen, "{folder}: {file}");
            }
        }
    }

    #[test]
    fn sorted_by_slug() {
        assert!(super::all().is_sorted_by_key(|risk| risk.slug));
    }

    #[test]
    fn no_attack_without_a_word() {
        for risk in super::all() {
            let excused = risk.without(super::Proved::Exploited).is_some();
            assert!(risk.attack.is_ok() || excused || risk.attack.as_ref().is_err_and(|why| why.len() > 20), "{}", risk.slug);
        }
    }

    #[test]
    fn every_page_reads() {
        for risk in super::all() {
            let page = super::Page::read(risk.page).unwrap_or_else(|error| panic!("{}: {error}", risk.slug));
            assert!(!page.maps.is_empty(), "{} maps to nothing", risk.slug);
            assert!(!page.rows.is_empty(), "{} answers for no row", risk.slug);
        }
    }
}
