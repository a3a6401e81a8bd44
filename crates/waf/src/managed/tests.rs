//! The groups against the documentation's facts, and every list of patterns against cases of our own.

use super::{entries, finds, group, groups, patterns, read};
use crate::wafv2::ast::{Action, RuleAction, Statement, Tier};

#[test]
fn every_pattern_and_transformation_is_one() {
    let (lists, wrong) = patterns::lists();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(lists.len(), 20);
    assert!(lists.values().all(|list| !list.set.patterns.is_empty()));
}

/// Capacities and numbers of rules, from the documentation's pages of the groups.
#[test]
fn groups_as_documented() {
    let expected = [
        ("AWSManagedRulesCommonRuleSet", 700, 22),
        ("AWSManagedRulesAdminProtectionRuleSet", 100, 1),
        ("AWSManagedRulesKnownBadInputsRuleSet", 200, 12),
        ("AWSManagedRulesSQLiRuleSet", 200, 6),
        ("AWSManagedRulesLinuxRuleSet", 200, 3),
        ("AWSManagedRulesUnixRuleSet", 100, 3),
        ("AWSManagedRulesWindowsRuleSet", 200, 6),
        ("AWSManagedRulesPHPRuleSet", 100, 3),
        ("AWSManagedRulesWordPressRuleSet", 100, 2),
        ("AWSManagedRulesAmazonIpReputationList", 25, 3),
        ("AWSManagedRulesAnonymousIpList", 50, 2),
        ("AWSManagedRulesBotControlRuleSet", 50, 20),
        ("AWSManagedRulesATPRuleSet", 50, 11),
        ("AWSManagedRulesACFPRuleSet", 50, 3),
        ("AWSManagedRulesAntiDDoSRuleSet", 50, 3),
    ];
    let all = groups(None);
    assert_eq!(all.len(), expected.len());
    for (name, capacity, rules) in expected {
        let group = group(name, None).unwrap();
        assert_eq!((group.capacity, group.rules.len(), group.arn.as_str()), (capacity, rules, format!("AWS#{name}").as_str()), "{name}");
        assert!(all.contains_key(&("AWS".to_owned(), name.to_owned())));
        for (rule, entry) in group.rules.iter().zip(entries(name)) {
            let simulated = !matches!(rule.statement, Statement::NotSimulated);
            assert_eq!(
                simulated,
                rule.tier != Some(Tier::NotSimulated),
                "{} says it is simulated, or that it is not, and is not so",
                rule.name
            );
            assert_eq!((entry.rule, rule.labels[0].as_str()), (rule.name.as_str(), entry.label));
        }
    }
    assert!(group("AWSManagedRulesNothing", None).is_none());
}

/// AWS's casing is irregular and label matches are case-sensitive.
#[test]
fn labels_as_documented() {
    let label = |group_name: &str, rule: &str| {
        let group = group(group_name, None).unwrap();
        let found = group.rules.iter().find(|known| known.name == rule).unwrap();
        format!("{}{}", group.label_prefix, found.labels[0])
    };
    for (group, rule, expected) in [
        ("AWSManagedRulesCommonRuleSet", "NoUserAgent_HEADER", "awswaf:managed:aws:core-rule-set:NoUserAgent_Header"),
        ("AWSManagedRulesCommonRuleSet", "UserAgent_BadBots_HEADER", "awswaf:managed:aws:core-rule-set:BadBots_Header"),
        (
            "AWSManagedRulesCommonRuleSet",
            "SizeRestrictions_Cookie_HEADER",
            "awswaf:managed:aws:core-rule-set:SizeRestrictions_Cookie_Header",
        ),
        ("AWSManagedRulesCommonRuleSet", "GenericRFI_URIPATH", "awswaf:managed:aws:core-rule-set:GenericRFI_URIPath"),
        ("AWSManagedRulesKnownBadInputsRuleSet", "Host_localhost_HEADER", "awswaf:managed:aws:known-bad-inputs:Host_Localhost_Header"),
        ("AWSManagedRulesKnownBadInputsRuleSet", "PROPFIND_METHOD", "awswaf:managed:aws:known-bad-inputs:Propfind_Method"),
        ("AWSManagedRulesSQLiRuleSet", "SQLiExtendedPatterns_BODY", "awswaf:managed:aws:sql-database:SQLiExtendedPatterns_Body"),
        (
            "AWSManagedRulesUnixRuleSet",
            "UNIXShellCommandsVariables_QUERYSTRING",
            "awswaf:managed:aws:posix-os:UNIXShellCommandsVariables_QueryString",
        ),
        ("AWSManagedRulesPHPRuleSet", "PHPHighRiskMethodsVariables_BODY", "awswaf:managed:aws:php-app:PHPHighRiskMethodsVariables_Body"),
        (
            "AWSManagedRulesWordPressRuleSet",
            "WordPressExploitablePaths_URIPATH",
            "awswaf:managed:aws:wordpress-app:WordPressExploitablePaths_URIPATH",
        ),
    ] {
        assert_eq!(label(group, rule), expected);
    }
}

#[test]
fn tiers_and_actions() {
    for group in read::groups() {
        for rule in group.build(None).rules {
            let counts = matches!(rule.action, RuleAction::Act(Action::Count(_)));
            assert_eq!(counts, rule.name == "AWSManagedIPDDoSList", "{}", rule.name);
        }
    }
    let tier = |group: &str, rule: &str| entries(group).into_iter().find(|entry| entry.rule == rule).unwrap().tier;
    assert_eq!(tier("AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"), 'E');
    assert_eq!(tier("AWSManagedRulesCommonRuleSet", "CrossSiteScripting_BODY"), 'B');
    assert_eq!(tier("AWSManagedRulesCommonRuleSet", "GenericLFI_BODY"), 'C');
    assert_eq!(tier("AWSManagedRulesAdminProtectionRuleSet", "AdminProtection_URIPATH"), 'P');
    assert_eq!(tier("AWSManagedRulesAmazonIpReputationList", "AWSManagedIPReputationList"), 'X');
}

/// `cases.txt`: `+` must match the list, `-` must not; percent-encoding as in a request.
#[test]
fn patterns_against_our_cases() {
    let (mut list, mut wrong, mut seen) = ("", Vec::new(), 0);
    for line in include_str!("cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            list = name;
            continue;
        }
        let (sign, value) = line.split_at(2);
        let matches = list.split('+').any(|name| finds(name, value.as_bytes()));
        seen += 1;
        if matches != (sign == "+ ") {
            wrong.push(format!("[{list}] {line}"));
        }
    }
    assert!(seen >= 150, "only {seen} cases");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A rule set's patterns stand beside ours in the rules that the table names, and in no other.
#[test]
fn a_core_rule_set_backs_the_approximations() {
    struct One;
    impl super::RuleSource for One {
        fn patterns(&self, id: u32) -> Option<super::Backing> {
            let regexes = vec!["only-in-crs".to_owned()];
            (id == 930_100).then_some(super::Backing {
                regexes,
                transformations: vec![crate::transform::Transformation::Lowercase],
                headers: false,
            })
        }
    }
    let (own, backed) = (group("AWSManagedRulesCommonRuleSet", None).unwrap(), group("AWSManagedRulesCommonRuleSet", Some(&One)).unwrap());
    for (own, backed) in own.rules.iter().zip(&backed.rules) {
        let shown = format!("{:?}", backed.statement);
        assert_eq!(shown.contains("only-in-crs"), own.name.starts_with("GenericLFI_"), "{}", own.name);
        let kept = match (&own.statement, &backed.statement) {
            (Statement::Or(own), Statement::Or(both)) => {
                own.iter().all(|one| both.iter().any(|other| format!("{other:?}") == format!("{one:?}")))
            }
            (own, Statement::Or(both)) => both.iter().any(|other| format!("{other:?}") == format!("{own:?}")),
            (own, other) => format!("{other:?}") == format!("{own:?}"),
        };
        assert!(kept, "{} lost a pattern of ours", own.name);
        assert_eq!(own.tier, backed.tier);
    }
}

#[test]
fn rules_of_a_rule_set_as_patterns() {
    let text = r#"
        SecRule ARGS "@rx (?i)alpha\d+" "id:1,phase:2,deny,t:none,t:lowercase"
        SecRule ARGS "@pm beta gam.ma" "id:2,phase:2,deny,t:none"
        SecRule ARGS "!@rx delta" "id:3,phase:2,deny,t:none"
        SecRule ARGS "@gt 3" "id:4,phase:2,deny,t:none""#;
    let mut files = crate::seclang::Files::default();
    files.insert("own.conf", text);
    let set = crate::seclang::load(&files, &["own.conf"]).unwrap();
    let regexes = |id| super::RuleSource::patterns(&set, id).map(|backing| backing.regexes);
    assert_eq!(regexes(1), Some(vec![r"(?i)alpha\d+".to_owned()]));
    assert_eq!(regexes(2), Some(vec![r"(?i)(?:beta|gam\.ma)".to_owned()]));
    assert_eq!((regexes(3), regexes(4), regexes(5)), (None, None, None));
}
