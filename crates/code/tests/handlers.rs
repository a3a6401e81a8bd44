//! Where a handler stands, what it imports, and what cannot be assessed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use model::ResourceId;
use sekisho_code::analyse;
use support::{Memory, facts, function};

#[test]
fn forms_of_export() {
    for (file, handler, text, line) in [
        ("a.js", "a.handler", "exports.handler = async (event) => 1;", 1),
        ("a.js", "a.h", "module.exports.h = function (event) {};", 1),
        ("a.js", "a.h", "\nmodule.exports = { h: async function (event) {}, other: 1 };", 2),
        ("a.js", "a.h", "\n\nasync function h(event) {}\nmodule.exports = { h };", 3),
        ("a.js", "a.h", "const h = (event) => 1;\nexports.h = h;", 1),
        ("a.js", "a.h", "exports = module.exports = {};\nexports.h = (event) => 1;", 2),
        ("a.js", "a.h", "Object.assign(module.exports, { h: () => 1 });", 1),
        ("a.mjs", "a.h", "export const h = async (event) => 1;", 1),
        ("a.mjs", "a.h", "export async function h(event) {}", 1),
        ("a.mjs", "a.handler", "export { h as handler };\nasync function h(event) {}", 2),
        ("a.mjs", "a.default", "export default async (event) => 1;", 1),
        ("a.mjs", "a.default", "export default async function (event) {}", 1),
        ("a.cjs", "a.h", "exports.h = () => 1;", 1),
        ("a.ts", "a.h", "export const h: Handler<string> = async (event) => 1 as any;", 1),
        ("a.ts", "a.h", "const h = (): void => {};\nexport = { h };", 1),
        ("src/b/a.js", "src/b/a.h", "exports.h = () => 1;", 1),
        ("a/index.js", "a.h", "exports.h = () => 1;", 1),
        ("a.js", "a.api.get", "exports.api = { get: () => 1 };", 1),
        ("a.js", "a.h", "const middy = require('@middy/core');\nconst f = async (event) => 1;\nexports.h = middy(f).use({});", 2),
        ("a.js", "a.h", "const wrap = (f) => async (event) => f(event);\nexports.h = wrap(async (event) => 1);", 1),
        ("a.mjs", "a.h", "export const h = awslambda.streamifyResponse(async (event, stream) => 1);", 1),
        ("a.js", "a.h", "class A { constructor() { this.h = this.h.bind(this); } async h(event) {} }\nmodule.exports = new A();", 1),
    ] {
        let (code, troubles) = facts(handler, &[(file, text)]);
        let handler = code.handlers.values().next().unwrap_or_else(|| panic!("{text}: {troubles:?}"));
        assert_eq!((&*handler.place.file, handler.place.line), (file, line), "{text}");
        assert!(troubles.is_empty(), "{text}: {troubles:?}");
    }
}

#[test]
fn re_exports_and_imports() {
    let files = [
        ("app/index.mjs", "export { handler } from './api/main.js';\nexport * from './other.js';\n"),
        (
            "app/api/main.js",
            "import mysql from 'mysql2/promise';\nimport { readFile } from 'node:fs';\nimport * as x from '../lib';\nimport config from '../config.json';\nimport '@scope/pkg/sub';\nexport const handler = async () => x.y();\n",
        ),
        ("app/lib/index.js", "export * from './y';\nexport const lazy = () => import('lodash/get');\n"),
        ("app/lib/y.ts", "export function y() {}\n"),
        ("app/other.js", "export const other = 1;\n"),
        ("app/config.json", "{}"),
    ];
    let (code, troubles) = analyse(&[function("index.handler", "app")], &Memory::of(&files));
    let handler = code.handlers.values().next().unwrap();
    assert_eq!(handler.place.to_string(), "app/api/main.js:6:24");
    assert_eq!(handler.files, ["app/api/main.js", "app/index.mjs", "app/lib/index.js", "app/lib/y.ts", "app/other.js"]);
    assert_eq!(handler.packages, ["@scope/pkg", "lodash", "mysql2"]);
    assert_eq!(troubles, []);
}

#[test]
fn what_is_not_assessed_is_said() {
    for (handler, files, says, place) in [
        ("b.h", vec![("a.js", "")], "no readable file `b`", ".:1:1"),
        ("a.h", vec![("a.js", "exports.g = 1;")], "`h`, the handler of app/F, is not among the exports", "a.js:1:1"),
        ("a", vec![("a.js", "")], "`a` of app/F is not a handler", ".:1:1"),
        ("../a.h", vec![("a.js", "")], "no readable file", ".:1:1"),
        ("a.h", vec![("a.js", "exports.h = () => 1;\nrequire('./gone');")], "`./gone` is imported and not found", "a.js:2:9"),
        ("a.h", vec![("a.js", "exports.h = () => 1;\nrequire('/opt/nodejs/x');")], "`/opt/nodejs/x` is imported and not found", "a.js:2:9"),
        (
            "a.h",
            vec![("a.js", "exports.h = () => 1;\nrequire('../../etc/passwd.js');")],
            "`../../etc/passwd.js` is imported and not found",
            "a.js:2:9",
        ),
        ("a.h", vec![("a.js", "exports.h = () => 1;\nconst b = require('./b');"), ("b.js", "\nlet = = 1;\n")], "syntax error", "b.js:2:7"),
        (
            "a.h",
            vec![("a.js", "exports.h = require('./b')(() => 1);"), ("b.js", "module.exports = globalThis.x;")],
            "made by code that cannot be followed",
            "a.js:1:1",
        ),
    ] {
        let (_, troubles) = facts(handler, &files);
        let found: Vec<String> = troubles.iter().map(|t| format!("{} {}", t.place, t.says)).collect();
        assert!(found.iter().any(|t| t.starts_with(place) && t.contains(says)), "{says}: {found:?}");
        assert!(found.iter().all(|t| t.contains("not assessed")), "{found:?}");
    }
}

#[test]
fn other_languages_are_said_once_a_function() {
    for (runtime, name) in [
        ("java21", "Java"),
        ("dotnet8", ".NET"),
        ("ruby3.3", "Ruby"),
        ("provided.al2023", "a language with a runtime of its own (Go, Rust, C++)"),
        ("", "an unknown runtime"),
    ] {
        let mut other = function("a.h", "src");
        other.runtime = runtime.into();
        let (code, troubles) = analyse(&[other], &Memory::of(&[]));
        assert!(code.handlers.is_empty());
        assert_eq!(code.not_assessed.values().collect::<Vec<_>>(), [name]);
        assert_eq!(troubles.len(), 1);
        assert!(troubles[0].says.contains(&format!("handlers in {name} are not read yet")), "{}", troubles[0].says);
    }
}

#[test]
fn one_syntax_error_does_not_hide_the_rest() {
    let files = [
        ("a.js", "const db = require('./db');\nrequire('./broken');\nexports.h = (event) => db.q(event.pathParameters.id);\n"),
        ("broken.js", "function ( {"),
        ("db.js", "const c = require('mysql').createConnection({});\nexports.q = (id) => c.query('SELECT * FROM t WHERE a = ' + id);\n"),
    ];
    let (code, troubles) = facts("a.h", &files);
    assert_eq!(support::lines(&code.handlers.values().next().unwrap().flows), ["Sql path.id q db.js:2"]);
    assert!(
        !troubles.is_empty() && troubles.iter().all(|t| &*t.place.file == "broken.js" && t.says.contains("syntax error")),
        "{troubles:?}"
    );
}

#[test]
fn authorizers() {
    for (text, expected) in [
        ("exports.h = async (event) => ({ policyDocument: { Resource: event.methodArn } });", true),
        ("exports.h = async (event) => { check(event.authorizationToken); return { isAuthorized: true }; };", true),
        ("exports.h = async (event) => ({ arn: event.methodArn });", false),
        ("exports.h = async (event) => ({ policyDocument: 1, body: event.body });", false),
    ] {
        let (code, _) = facts("a.h", &[("a.js", text)]);
        assert_eq!(code.handlers.values().next().unwrap().is_authorizer, expected, "{text}");
    }
}

#[test]
fn functions_that_share_a_folder() {
    let files = Memory::of(&[
        ("app/a.js", "const db = require('./db');\nexports.h = (event) => db.q(event.pathParameters.id);\n"),
        ("app/b.js", "const db = require('./db');\nexports.h = () => db.q(1);\n"),
        (
            "app/db.js",
            "const c = require('mysql').createConnection({ user: 'u', password: 'Corp123!' });\nexports.q = (id) => c.query('SELECT * FROM t WHERE a = ' + id);\n",
        ),
    ]);
    let mut functions = [function("a.h", "app"), function("b.h", "app")];
    functions[1].id = ResourceId::new("app", "G");
    let (code, troubles) = analyse(&functions, &files);
    assert_eq!(troubles, []);
    let flows: Vec<usize> = code.handlers.values().map(|h| h.flows.len()).collect();
    assert_eq!(flows, [1, 0]);
    assert_eq!(code.secrets.len(), 1);
    // The same input in another order gives the same facts.
    functions.reverse();
    assert_eq!(analyse(&functions, &files).0, code);
}
