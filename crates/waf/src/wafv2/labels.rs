//! Label matching: "Matching against a label".

/// Whether a label key matches one label.
///
/// A key that begins with `awswaf:` is fully qualified. Any other is meant in the context of its own rule, whose prefix is
/// given: a LABEL key is the end of the label, from a namespace's beginning; a NAMESPACE key is any contiguous run of
/// namespaces. Case counts.
pub fn matches(label: &str, key: &str, namespace: bool, prefix: &str) -> bool {
    if key.starts_with("awswaf:") {
        return if namespace { namespaces(label).starts_with(&*closed(key)) } else { label == key };
    }
    let Some(own) = label.strip_prefix(prefix) else { return false };
    if namespace {
        let key = closed(key);
        let spaces = namespaces(own);
        return spaces.match_indices(&*key).any(|(at, _)| at == 0 || spaces.as_bytes()[at - 1] == b':');
    }
    own.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with(':'))
}

/// A label without its name.
fn namespaces(label: &str) -> &str {
    label.rfind(':').map_or("", |at| &label[..=at])
}

fn closed(key: &str) -> std::borrow::Cow<'_, str> {
    if key.ends_with(':') { key.into() } else { format!("{key}:").into() }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn documented() {
        let prefix = "awswaf:111122223333:rulegroup:testRules:";
        let label = "awswaf:111122223333:rulegroup:testRules:testNS1:testNS2:LabelNameA";
        for key in ["LabelNameA", "testNS2:LabelNameA", "testNS1:testNS2:LabelNameA", label] {
            assert!(matches(label, key, false, prefix), "{key}");
        }
        for key in ["labelnamea", "NameA", "testNS1:LabelNameA", "testNS1:testNS2", "awswaf:111122223333:rulegroup:testRules:LabelNameA"] {
            assert!(!matches(label, key, false, prefix), "{key}");
        }
        for key in ["testNS1:", "testNS2:", "testNS1:testNS2:", prefix, "awswaf:111122223333:rulegroup:testRules:testNS1:", "testNS1"] {
            assert!(matches(label, key, true, prefix), "{key}");
        }
        for key in ["LabelNameA:", "NS1:", "testNS2:testNS1:", "awswaf:managed:"] {
            assert!(!matches(label, key, true, prefix), "{key}");
        }
        assert!(!matches(label, "LabelNameA", false, "awswaf:111122223333:webacl:other:"), "another context needs its prefix");
    }
}
