//! The analysis of an application the size of the workshop's against only parsing its files: the ratio is the cost of what is
//! more than reading. Run with `cargo bench -p sekisho-code`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Files, Place, ResourceId, Trouble};
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;
use sekisho_code::{FunctionSource, analyse};
use std::collections::BTreeMap;

fn main() {
    divan::main();
}

struct Memory(BTreeMap<String, String>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        let missing = || Trouble { says: String::new(), place: Place::new(path, 1, 1), help: String::new() };
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(missing)
    }

    fn list(&self, _: &str) -> Result<Vec<String>, Trouble> {
        Ok(self.0.keys().cloned().collect())
    }
}

/// Three handlers, a database module with seven statements, an authorizer: about 1,200 lines.
fn application() -> (Memory, Vec<FunctionSource>) {
    let mut files = BTreeMap::new();
    let mut database = String::from(
        "const mysql = require('mysql2/promise');\nasync function run(sql, values) {\n  const c = await mysql.createConnection({ host: process.env.HOST, user: 'admin', password: 'Unicorn-Corp-7!' });\n  try { const [rows] = await c.query(sql, values); return rows; } finally { await c.end(); }\n}\n",
    );
    for n in 0..7 {
        database.push_str(&format!(
            "exports.create{n} = async (name, company, image, sock, horn) => {{\n  let sql = \"INSERT INTO t{n} (A, B, C, D, E) VALUES ('\" + name + \"',\" + company + \",'\" + image + \"',\" + sock + ',' + horn + ')';\n  console.log('query: ' + sql);\n  const result = await run(sql);\n  return {{ id: result.insertId }};\n}};\n"
        ));
    }
    files.insert("database.js".to_owned(), database);
    files.insert(
        "responses.js".to_owned(),
        "exports.json = (statusCode, body) => ({ statusCode, headers: {}, body: JSON.stringify(body) });\n".repeat(20),
    );
    let mut functions = Vec::new();
    for n in 0..4 {
        let mut text = String::from(
            "const database = require('./database');\nconst responses = require('./responses');\nexports.handler = async (event) => {\n  const company = event.requestContext.authorizer?.CompanyID;\n  if (event.httpMethod === 'POST') {\n    const request = JSON.parse(event.body);\n",
        );
        for m in 0..7 {
            text.push_str(&format!(
                "    if (request.kind === {m}) {{\n      try {{\n        const made = await database.create{m}(request.name, company || request.company, request.image, request.sock, request.horn);\n        return responses.json(200, made);\n      }} catch (error) {{\n        console.error(error);\n        return responses.json(500, {{ message: 'failed' }});\n      }}\n    }}\n"
            ));
        }
        text.push_str("  }\n  return responses.json(501, {});\n};\n");
        text.push_str(&"function helper(a, b) {\n  const parts = a.split('/').map((part) => part.trim());\n  for (const part of parts) {\n    if (part === b) { return { part, length: part.length }; }\n  }\n  return null;\n}\n".repeat(25));
        files.insert(format!("handler{n}.js"), text);
        functions.push(FunctionSource {
            id: ResourceId::new("app", format!("F{n}")),
            runtime: "nodejs20.x".into(),
            handler: format!("handler{n}.handler"),
            root: String::new(),
            environment: BTreeMap::new(),
            inline: None,
        });
    }
    (Memory(files), functions)
}

/// The same in Python: so many handlers, each with a package of its own and seven statements.
fn python(handlers: usize) -> (Memory, Vec<FunctionSource>) {
    let mut files = BTreeMap::new();
    let mut functions = Vec::new();
    for n in 0..handlers {
        let mut database = String::from(
            "import os\nimport psycopg2\nconn = psycopg2.connect(host=os.environ['HOST'])\n\n\ndef run(sql):\n    with conn.cursor() as cur:\n        cur.execute(sql)\n        return cur.fetchall()\n",
        );
        let mut text =
            format!("import json\nfrom db{n} import *\n\n\ndef handler(event, context):\n    body = json.loads(event['body'])\n");
        for m in 0..7 {
            database.push_str(&format!("\n\ndef create{m}(name, image, **more):\n    rows = run(f\"INSERT INTO t{m} VALUES ('{{name}}', {{image}}, {{more['horn']}})\")\n    return [dict(row) for row in rows if row]\n"));
            text.push_str(&format!("    if body.get('kind') == {m}:\n        try:\n            made = create{m}(body['name'], image=body.get('image'), horn=body['horn'])\n            return {{'statusCode': 200, 'body': json.dumps(made)}}\n        except Exception as error:\n            print(error)\n            return {{'statusCode': 500, 'body': 'failed'}}\n"));
        }
        text.push_str("    return {'statusCode': 501}\n");
        text.push_str(&"\n\ndef helper(a, b):\n    parts = [part.strip() for part in a.split('/')]\n    for part in parts:\n        if part == b:\n            return {'part': part, 'length': len(part)}\n    return None\n".repeat(25));
        files.insert(format!("db{n}.py"), database);
        files.insert(format!("handler{n}.py"), text);
        functions.push(FunctionSource {
            id: ResourceId::new("app", format!("F{n}")),
            runtime: "python3.13".into(),
            handler: format!("handler{n}.handler"),
            root: String::new(),
            environment: BTreeMap::new(),
            inline: None,
        });
    }
    (Memory(files), functions)
}

/// Twice the application takes about twice the time.
#[divan::bench(args = [4, 8, 16, 32])]
fn analyse_python(bencher: divan::Bencher<'_, '_>, handlers: usize) {
    let (files, functions) = python(handlers);
    bencher.bench(|| analyse(&functions, &files));
}

#[divan::bench]
fn analyse_all(bencher: divan::Bencher<'_, '_>) {
    let (files, functions) = application();
    bencher.bench(|| analyse(&functions, &files));
}

#[divan::bench]
fn parse_only(bencher: divan::Bencher<'_, '_>) {
    let (files, _) = application();
    bencher.bench(|| {
        files
            .0
            .values()
            .map(|text| {
                let arena = Allocator::default();
                Parser::new(&arena, text, SourceType::mjs()).parse().program.body.len()
            })
            .sum::<usize>()
    });
}
