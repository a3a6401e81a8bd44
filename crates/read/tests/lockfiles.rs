//! Locks and manifests: what they hold, where it stands, and that no bytes break their readers.

#![allow(clippy::unwrap_used)]

use model::deps::{Declared, Package};
use proptest::prelude::*;
use sekisho_read::parsed_lockfile as parsed;

/// Name, version, line and column, names of what it needs and whether the lock holds that.
fn shown(packages: &[Package]) -> Vec<String> {
    let one = |package: &Package| {
        let needs: Vec<String> = package
            .needs
            .iter()
            .map(|need| format!("{}={}", need.name, need.package.and_then(|at| packages.get(at)).map_or("?", |found| &found.version)))
            .collect();
        let dev = if package.dev { " dev" } else { "" };
        format!("{} {}{dev} @{}:{} [{}]", package.name, package.version, package.place.line, package.place.column, needs.join(" "))
    };
    packages.iter().map(one).collect()
}

fn entries(declared: &[Declared]) -> Vec<String> {
    declared
        .iter()
        .map(|entry| format!("{} {} {:?} @{}:{}", entry.name, entry.range, entry.group, entry.place.line, entry.place.column))
        .collect()
}

#[test]
fn npm_of_version_one_nests() {
    let text = r#"{
  "lockfileVersion": 1,
  "requires": true,
  "dependencies": {
    "a": {
      "version": "1.0.0",
      "requires": { "b": "^1.0.0" },
      "dependencies": {
        "b": { "version": "1.5.0", "dev": false }
      }
    },
    "b": { "version": "2.0.0", "dev": true, "requires": { "c": "*", "gone": "1" } },
    "c": { "version": "git+ssh://git@host/c.git#abc" }
  }
}"#;
    let (packages, _, troubles) = parsed("package-lock.json", text);
    assert_eq!(shown(&packages), ["a 1.0.0 @5:6 [b=1.5.0]", "b 1.5.0 @9:10 []", "b 2.0.0 dev @12:6 [c= gone=?]", "c  @13:6 []"]);
    assert_eq!(troubles, []);
}

#[test]
fn npm_of_version_three_has_paths() {
    let text = r#"{
  "lockfileVersion": 3,
  "packages": {
    "": { "name": "root", "dependencies": { "@s/a": "^1" } },
    "node_modules/@s/a": { "version": "1.2.0", "dependencies": { "b": "^1.0.0" }, "peerDependencies": { "p": "*" } },
    "node_modules/@s/a/node_modules/b": { "version": "1.5.0" },
    "node_modules/b": { "version": "2.0.0", "dev": true },
    "node_modules/p": { "version": "3.0.0" },
    "node_modules/own": { "resolved": "packages/own", "link": true },
    "packages/own": { "version": "0.0.1", "dependencies": { "b": "2" } }
  }
}"#;
    let (packages, _, _) = parsed("package-lock.json", text);
    let expected =
        ["@s/a 1.2.0 @5:6 [b=1.5.0 p=3.0.0]", "b 1.5.0 @6:6 []", "b 2.0.0 dev @7:6 []", "p 3.0.0 @8:6 []", "packages/own  @10:6 [b=2.0.0]"];
    assert_eq!(shown(&packages), expected);
}

#[test]
fn yarn_of_both_kinds() {
    let classic = "# yarn lockfile v1\n\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.2.0\"\n  resolved \"https://host/a.tgz#1\"\n  dependencies:\n    b \"^2.0.0\"\n\nb@^2.0.0:\n  version \"2.3.4\"\n  optionalDependencies:\n    \"@s/c\" \"1\"\n";
    let (packages, _, _) = parsed("yarn.lock", classic);
    assert_eq!(shown(&packages), ["@s/a 1.2.0 @4:1 [b=2.3.4]", "b 2.3.4 @10:1 [@s/c=?]"]);
    let berry = "__metadata:\n  version: 8\n\n\"@s/a@npm:^1.0.0, @s/a@npm:^1.1.0\":\n  version: 1.2.0\n  resolution: \"@s/a@npm:1.2.0\"\n  dependencies:\n    b: \"npm:^2.0.0\"\n  languageName: node\n\n\"b@npm:^2.0.0\":\n  version: 2.3.4\n\n\"root@workspace:.\":\n  version: 0.0.0-use.local\n  dependencies:\n    \"@s/a\": \"npm:^1.0.0\"\n";
    let (packages, _, _) = parsed("yarn.lock", berry);
    assert_eq!(shown(&packages), ["@s/a 1.2.0 @4:1 [b=2.3.4]", "b 2.3.4 @11:1 []", "root  @14:1 [@s/a=1.2.0]"]);
}

#[test]
fn pnpm_of_all_versions() {
    let five = "lockfileVersion: 5.4\nspecifiers:\n  a: ^1.0.0\ndependencies:\n  a: 1.0.0_b@2.0.0\npackages:\n  /a/1.0.0_b@2.0.0:\n    dependencies:\n      b: 2.0.0\n    dev: false\n  /b/2.0.0:\n    dev: true\n";
    assert_eq!(shown(&parsed("pnpm-lock.yaml", five).0), ["a 1.0.0 @7:3 [b=2.0.0]", "b 2.0.0 dev @11:3 []"]);
    let six = "lockfileVersion: '6.0'\ndependencies:\n  '@s/a':\n    specifier: ^1.0.0\n    version: 1.0.0(b@2.0.0)\npackages:\n  /@s/a@1.0.0(b@2.0.0):\n    dependencies:\n      b: 2.0.0\n  /b@2.0.0:\n    resolution: {integrity: x}\n";
    assert_eq!(shown(&parsed("pnpm-lock.yaml", six).0), ["@s/a 1.0.0 @7:3 [b=2.0.0]", "b 2.0.0 @10:3 []"]);
    let nine = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      '@s/a':\n        specifier: ^1.0.0\n        version: 1.0.0(b@2.0.0)\npackages:\n  '@s/a@1.0.0':\n    resolution: {integrity: x}\n  b@2.0.0:\n    resolution: {integrity: y}\nsnapshots:\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n";
    assert_eq!(shown(&parsed("pnpm-lock.yaml", nine).0), ["@s/a 1.0.0 @9:3 [b=2.0.0]", "b 2.0.0 @11:3 []"]);
}

#[test]
fn requirements_as_pip_reads_them() {
    let text = "# all\nrequests[security] >= 2.8.1, < 3  # why\nPyYAML==5.3 \\\n    --hash=sha256:abc\npywin32 ; sys_platform == 'win32'\n-r base.txt\n-c limits.txt\n--index-url https://host/simple\ngit+https://host/x.git\nflask ; python_version >= '3.8'\nextra ; extra == 'x'\n";
    let (_, declared, troubles) = parsed("requirements.txt", text);
    let expected = ["requests >= 2.8.1, < 3 Runtime @2:1", "pyyaml ==5.3 Runtime @3:1", "flask  Runtime @10:1", "extra  Runtime @11:1"];
    assert_eq!(entries(&declared), expected);
    assert_eq!((declared[1].hashed, declared[3].condition.as_deref()), (true, Some("extra == 'x'")));
    let range = declared[0].range_place.as_ref().unwrap();
    assert_eq!(&text[range.span.start as usize..range.span.end as usize], ">= 2.8.1, < 3");
    assert_eq!(troubles.len(), 2, "{troubles:?}");
}

#[test]
fn python_locks() {
    let poetry = "[[package]]\nname = \"Jinja2\"\nversion = \"2.10\"\n[package.dependencies]\nMarkupSafe = {version = \">=0.23\"}\n\n[[package]]\nname = \"markupsafe\"\nversion = \"1.1.1\"\ngroups = [\"dev\"]\n";
    assert_eq!(shown(&parsed("poetry.lock", poetry).0), ["jinja2 2.10 @2:8 [markupsafe=1.1.1]", "markupsafe 1.1.1 dev @8:8 []"]);
    let uv = "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"idna\" }]\n[[package]]\nname = \"idna\"\nversion = \"3.6\"\nsource = { registry = \"https://host/simple\" }\n";
    assert_eq!(shown(&parsed("uv.lock", uv).0), ["app  @3:8 [idna=3.6]", "idna 3.6 @8:8 []"]);
    let pipfile = "{\n \"_meta\": {},\n \"default\": {\n  \"requests\": {\"version\": \"==2.19.1\", \"hashes\": []}\n },\n \"develop\": {\"pytest\": {\"version\": \"==7.0\"}}\n}\n";
    assert_eq!(shown(&parsed("Pipfile.lock", pipfile).0), ["requests 2.19.1 @4:3 []", "pytest 7.0 dev @6:14 []"]);
}

#[test]
fn python_manifests() {
    let text = "[project]\ndependencies = [\"requests>=2.8\", 'jinja2 ; python_version < \"3.0\"']\n[tool.poetry.dependencies]\npython = \"^3.9\"\nboto3 = \"^1.20\"\nlocal = {path = \"../x\"}\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n";
    let (_, declared, troubles) = parsed("pyproject.toml", text);
    assert_eq!(entries(&declared), ["requests >=2.8 Runtime @2:18", "boto3 >=1.20,<2 Runtime @5:1", "pytest  Dev @8:1"]);
    assert_eq!(troubles, []);
    let range = declared[1].range_place.as_ref().unwrap();
    assert_eq!(&text[range.span.start as usize..range.span.end as usize], "^1.20");
}

#[test]
fn what_is_cut_off_says_so() {
    for (file, text) in [
        ("package-lock.json", "{\"packages\": {"),
        ("uv.lock", "[[package]\nname ="),
        ("Pipfile.lock", "{\"default\": "),
        ("pnpm-lock.yaml", "packages: {a: ["),
    ] {
        assert!(!parsed(file, text).2.is_empty(), "{file}");
    }
}

const FILES: [&str; 10] = [
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "requirements.txt",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "Pipfile",
    "pyproject.toml",
];

proptest! {
    #[test]
    fn no_text_breaks_a_reader(text in "\\PC{0,300}", which in 0usize..10) {
        let _ = parsed(FILES[which], &text);
    }

    /// Pieces that the formats are made of, in any order.
    #[test]
    fn no_order_of_pieces_breaks_a_reader(pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ":", ",", "\"", "'", "\n", "  ", "    ", "\"packages\"", "\"dependencies\"", "\"node_modules/a\"", "\"version\"", "\"1.0.0\"",
        "packages:", "importers:", "/a@1.0.0(b@1)", "a@^1.0.0", "[[package]]", "name = ", "= ", "[tool.poetry.dependencies]", "-r ", "--hash=", " ; ", "python_version", "é", "\\", "@", "true", "null", "snapshots:",
    ]), 0..60), which in 0usize..10) {
        let _ = parsed(FILES[which], &pieces.concat());
    }
}
