//! What is not known is an error with its place.

use super::super::{Files, load};

fn problems(text: &str) -> Vec<String> {
    let mut files = Files::default();
    files.insert("a.conf", text);
    load(&files, &["a.conf"]).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn each_has_its_place() {
    let cases: &[(&str, &str)] = &[
        ("SecRool ARGS x", "a.conf:1:1: the directive `SecRool` is not known"),
        ("\n  SecRule ARGZ \"@rx x\" \"id:1\"", "a.conf:2:11: the variable `ARGZ` is not known"),
        ("SecRule ARGS \"@rxx x\" \"id:1\"", "a.conf:1:16: the operator `@rxx` is not known"),
        ("SecRule ARGS \"@rx (x\" \"id:1\"", "a.conf:1:21: a group that is not closed"),
        ("SecRule ARGS \"@rx x\" \\\n    \"id:1,\\\n    phase:9\"", "a.conf:3:11: a phase is a number from 1 to 5"),
        ("SecRule ARGS \"@rx x\" \"id:1,t:sing\"", "a.conf:1:30: the transformation `sing` is not known"),
        ("SecRule ARGS \"@rx x\" \"id:1,dance\"", "a.conf:1:28: the action `dance` is not known"),
        ("SecRule ARGS \"@rx x\" \"pass\"", "a.conf:1:1: a rule needs an id"),
        ("SecRule ARGS \"@rx x\" \"id:1,ctl:dance=On\"", "a.conf:1:32: `ctl:dance` is not known"),
        ("SecRule ARGS \"@pmFromFile none.data\" \"id:1\"", "a.conf:1:27: the data file `none.data` is missing"),
        ("SecRule ARGS \"@rx x\" \"id:1,chain\"", "a.conf:1:1: the chain has no further rule"),
        ("SecRule ARGS \"@rx x\" \"id:1,msg:'%{nothing}'\"", "a.conf:1:35: the variable `nothing` is not known"),
        ("SecRule XML:/a/b \"@rx x\" \"id:1\"", "a.conf:1:13: of XPath only `/*` and `//@*` are known, not `/a/b`"),
        ("SecRule ARGS \"@rx x", "a.conf:1:14: a quote that is not closed"),
        ("SecAction \"id:1\"\nSecAction \"id:1\"", "a.conf:2:1: the id 1 is taken"),
        ("SecRuleUpdateTargetById 7 \"!ARGS\"", "a.conf:1:25: there is no rule `7` yet to update"),
        ("SecRequestBodyAccess Maybe", "a.conf:1:22: `Maybe` is neither On nor Off"),
        ("Include other.conf", "a.conf:1:1: the rule files are named by the caller: `Include` is not followed"),
        ("SecRule ARGS \"@ipMatch 1.2.3.400\" \"id:1\"", "a.conf:1:24: `1.2.3.400` is no address and no network"),
        ("SecRule ARGS \"@validateByteRange 9-300\" \"id:1\"", "a.conf:1:34: `9-300` is no range of bytes"),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), [*expected], "{text}");
    }
}

#[test]
fn one_problem_hides_no_other() {
    let found = problems("SecRool\n# a comment \\\nSecRule ARGZ x \"id:1\"\nSecAction \"id:2,pass\"\nSecAction \"id:x\"");
    assert_eq!(found.len(), 3, "{found:?}");
}
