//! Input that nobody should write: every one ends in facts or troubles, never in a panic or without end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use proptest::prelude::*;
use sekisho_code::analyse;
use support::{Memory, facts, function};

const SEEDS: [&str; 4] = [
    "const mysql = require('mysql');\nconst c = mysql.createConnection({ user: 'u', password: 'Corp123!' });\nexports.h = async (event) => {\n  const { id = 1, ...rest } = event.pathParameters;\n  let q = `SELECT * FROM t WHERE id = ${id}`;\n  if (event.body) q += ' AND b = ' + JSON.parse(event.body).b;\n  return c.query(q);\n};\n",
    "import { S3Client as S, GetObjectCommand } from '@aws-sdk/client-s3';\nclass A extends S { #x = 1; static y = () => 2; get z() { return this.#x; } }\nexport const h = async ({ body }, ctx) => {\n  for (const [k, v] of Object.entries(JSON.parse(body))) { try { await new A().send(new GetObjectCommand({ [k]: v })); } catch (e) { break; } finally { continue; } }\n  switch (body) { case 'a': default: return eval(body); }\n};\n",
    "function f(x) { return x ? f(x.y) : g(x); }\nfunction g(x) { return f(x); }\nexports.h = (e) => { while (e) { e = f(e); } return Promise.all([f(e)]).then(g).catch(f); };\n",
    "exports.h = function h(e) { this.a = h.bind(this, ...arguments); return [..`${e.a}${`${e.b}`}`].map(h).reduce((a, b) => a + b, ''); };\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_sources(seed in 0usize..4, edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[(){}\\[\\]`'\"$;,.=>+a-c0-1 /*\\\\\\n?:!é]{0,6}"), 1..6)) {
        let mut text: Vec<char> = SEEDS[seed].chars().collect();
        for (at, gone, new) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + gone).min(text.len());
            text.splice(at..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        let files = [("a.js", text.as_str())];
        let first = facts("a.h", &files);
        prop_assert!(first.0.handlers.len() + first.1.len() > 0);
        let second = facts("a.h", &files);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn pieces_of_syntax(parts in prop::collection::vec(prop::sample::select(vec![
        "exports.h = ", "(event) => ", "async ", "{", "}", "(", ")", "event", ".body", "['x']", "`", "${", "return ", "const ", "x", " = ", "if (", "else ", "for (const x of ", ";", ",",
        "new ", "class A ", "extends ", "super(", "await ", "...", "?.", "=> ", "function ", "switch (x) { case ", ": ", "break;", "try {", "} catch {", "eval(", "+", "+=", "import ", "export ", "default ", "from './a.js'", "'", "\n",
    ]), 0..60)) {
        let text = parts.concat();
        facts("a.h", &[("a.js", text.as_str())]);
        facts("a.h", &[("a.ts", text.as_str())]);
    }
}

const PYTHON: [&str; 3] = [
    "import json, os\nfrom . import lib as l\nfrom .x import *\n@app.get('/x/<id>')\ndef h(event, context, *a, k=1, **kw):\n    b = json.loads(event['body'] or '{}')\n    q = f\"SELECT {b['x']!r:>{4}} {{}}\" + '%s %(a)d' % (b, 1) + '{} {0.a[1]}'.format(*a, **kw)\n    with open(q) as f, l.x() as (g, *r):\n        return [y for x in f if x for y in x if (z := y)]\n",
    "class A(B, metaclass=M):\n    x: int = 1\n    @property\n    def p(self): return super().p + self.x\n    def __init__(self, *, y): self.y = lambda v, w=1: v\ndef h(e, c):\n    match e:\n        case {'a': [x, *_], **rest} if x: eval(x)\n        case A(p=q) | [q]: exec(q)\n        case _: pass\n    try:\n        del e\n    except* (E, F) as err:\n        raise G from err\n    else:\n        assert e, c\n    finally:\n        global z; z = yield from e\n",
    "async def h(e, c):\n    async for i in e: await c[i:1:2, ...](i, *e, **c)\n    while (n := e): n @= 1; continue\n    return {**e, **{k: v for k, v in e.items()}} | {*e} if not e else -e ** ~e\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_python(seed in 0usize..3, edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[(){}\\[\\]`'\"$;,.=>+a-c0-1 /*\\\\\\n?:!é@%f]{0,6}"), 0..6)) {
        let mut text: Vec<char> = PYTHON[seed].chars().collect();
        for (at, gone, new) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + gone).min(text.len());
            text.splice(at..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        let files = Memory::of(&[("a.py", text.as_str())]);
        let first = analyse(&[support::python("a.h", "")], &files);
        prop_assert!(first.0.handlers.len() + first.1.len() > 0);
        prop_assert_eq!(first, analyse(&[support::python("a.h", "")], &files));
        let _ = sekisho_code::secrets_in("a.env", text.as_bytes());
    }
}

#[test]
fn python_that_nests_without_end() {
    for (unit, count) in [
        ("(", 100_000),
        ("[", 100_000),
        ("{", 50_000),
        ("not ", 50_000),
        ("-", 50_000),
        ("lambda:", 50_000),
        ("x.y(", 50_000),
        ("x if y else ", 30_000),
        ("f'{", 20_000),
        ("a=", 50_000),
        ("await ", 30_000),
        ("*", 50_000),
    ] {
        let text = format!("def h(event, context):\n    return event\n{}", unit.repeat(count));
        let (code, troubles) = analyse(&[support::python("a.h", "")], &Memory::of(&[("a.py", &text)]));
        assert!(code.handlers.len() + troubles.len() > 0, "{unit}");
    }
    let elifs = format!("def h(event, context):\n    if event: pass\n{}", "    elif event['x']: eval(event['body'])\n".repeat(5_000));
    let (_, troubles) = analyse(&[support::python("a.h", "")], &Memory::of(&[("a.py", &elifs)]));
    assert!(troubles.iter().any(|t| t.says.contains("nested deeper")), "{troubles:?}");
    let mut text = String::from("def h(event, context):\n    return event\n");
    for level in 0..900 {
        text.push_str(&format!("{}if x:\n", " ".repeat(level)));
    }
    let (code, troubles) = analyse(&[support::python("a.h", "")], &Memory::of(&[("a.py", &text)]));
    assert!(code.handlers.len() + troubles.len() > 0);
}

#[test]
fn what_nests_without_end() {
    for unit in [
        "(",
        "[",
        "{",
        "!",
        "a=>",
        "if(a)",
        "a?b:",
        "`${",
        "a=",
        "-",
        "new ",
        "await ",
        "x.y(",
        "async()=>{",
        "for(;;)",
        "else ",
        "a:",
        "<a>",
        "class A{x=",
        "function f(){",
        "({a:",
        "/*",
        "typeof ",
    ] {
        let deepest = if ["(", "!", "a=>", "if(a)", "x.y("].contains(&unit) { 200_000 } else { 20_000 };
        for count in [500, deepest] {
            let text = format!("exports.h = (event) => event;\n{}", unit.repeat(count));
            for file in ["a.js", "a.ts"] {
                let (code, troubles) = facts("a.h", &[(file, &text)]);
                assert!(code.handlers.len() + troubles.len() > 0, "{unit}");
            }
        }
    }
}

#[test]
fn what_is_long() {
    let sum = vec!["event.body"; 20_000].join(" + ");
    let chain = format!("x{}", ".then(a => a)".repeat(3_000));
    let minified = format!("var a=1;{}", "function b(c,d){return c?d.e(c+1,[d]):b(d,{f:c})}".repeat(20_000));
    for (text, flows) in [
        (format!("exports.h = (event) => eval({sum});"), 1),
        (format!("exports.h = (event) => {{ eval(event.body); return {chain}; }};"), 1),
        (format!("exports.h = (event) => eval(event.body);\n{minified}"), 1),
        (format!("exports.h = (event) => {{ switch (event.x) {{ {} }} return eval(event.body); }};", "case 1: x = 1;".repeat(300)), 1),
        (format!("exports.h = (event) => {{ {} eval(event.body); }};", "if (event.a) { x = event.b; } else { x = 2; }".repeat(2_000)), 1),
    ] {
        let (code, troubles) = facts("a.h", &[("a.js", &text)]);
        let found = code.handlers.values().next().map_or(0, |h| h.flows.len());
        assert!(found == flows || troubles.iter().any(|t| t.says.contains("not assessed")), "{} {found} {troubles:?}", &text[..60]);
    }
}

#[test]
fn calls_that_multiply_are_cut_and_said() {
    let mut text = String::from("exports.h = (event) => f0(event.body);\nfunction f30(x) { return eval(x); }\n");
    for n in 0..30 {
        text.push_str(&format!("function f{n}(x) {{ f{}(x); f{}(x + 1); return f{}(x + 2); }}\n", n + 1, n + 1, n + 1));
    }
    let (code, troubles) = facts("a.h", &[("a.js", &text)]);
    assert_eq!(code.handlers.len(), 1);
    assert!(troubles.iter().any(|t| t.says.contains("too large to be followed")), "{troubles:?}");
}

#[test]
fn bytes_that_are_no_text() {
    struct Bytes;
    impl model::Files for Bytes {
        fn read(&self, _: &str) -> Result<Vec<u8>, model::Trouble> {
            Ok(vec![0xff, 0xfe, 0, 1, 2])
        }
        fn list(&self, _: &str) -> Result<Vec<String>, model::Trouble> {
            Ok(vec!["a.js".to_owned()])
        }
    }
    let (code, troubles) = analyse(&[function("a.h", "")], &Bytes);
    assert!(code.handlers.is_empty());
    assert!(troubles.iter().any(|t| t.says.contains("not UTF-8")), "{troubles:?}");
}

#[test]
fn names_with_odd_characters() {
    let files = Memory::of(&[("sr c/ü.js", "exports.h = (event) => eval(event.body); // é\n")]);
    let (code, troubles) = analyse(&[function("ü.h", "sr c")], &files);
    assert_eq!(troubles, []);
    assert_eq!(support::lines(&code.handlers.values().next().unwrap().flows), ["Eval body h sr c/ü.js:1"]);
}
