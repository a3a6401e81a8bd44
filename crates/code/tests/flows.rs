//! Data flows from the event to sinks: what is found, and what must not be.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{flows, lines};

/// A handler in one file around a body; `sql` runs a statement.
fn one(body: &str) -> String {
    format!(
        "const mysql = require('mysql2/promise');\nconst pool = mysql.createPool({{ host: process.env.HOST }});\nconst sql = (text, values) => pool.query(text, values);\nexports.handler = async (event, context, callback) => {{\n{body}\n}};\n"
    )
}

fn found(body: &str) -> Vec<String> {
    lines(&flows("index.handler", &[("index.js", &one(body))])).into_iter().map(|l| l.replace(" handler index.js:", " :")).collect()
}

#[test]
fn sources_reach_the_driver() {
    for (body, expected) in [
        ("const db = await globalThis.gone();\nawait db.query(event.pathParameters.sql);", "Sql path.sql :6"),
        (
            "const t = require('typeorm'); const u = new t.DataSource({}).getRepository('U').createQueryBuilder();\nawait u.where(`x = '${event.pathParameters.x}'`).getMany();",
            "Sql path.x :6",
        ),
        ("await sql('SELECT * FROM t WHERE a = ' + event.pathParameters.id);", "Sql path.id :5"),
        ("const { id } = event.pathParameters;\nawait sql(`SELECT * FROM t WHERE a = ${id}`);", "Sql path.id :6"),
        ("const { pathParameters: { id: key = 1 } = {} } = event;\nawait sql(`SELECT * FROM t WHERE a = ${key}`);", "Sql path.id :6"),
        (
            "const q = event.queryStringParameters && event.queryStringParameters['name'];\nawait sql(`SELECT * FROM t WHERE a = '${q}'`);",
            "Sql query.name :6",
        ),
        ("await sql(\"SELECT * FROM t WHERE a = '\" + event.headers['X-User'] + \"'\");", "Sql header.X-User :5"),
        ("const b = JSON.parse(event.body);\nawait sql('SELECT * FROM t WHERE a = ' + b.user.name.trim());", "Sql body.user.name :6"),
        (
            "const b = JSON.parse(Buffer.from(event.body, 'base64').toString('utf8'));\nawait sql(`SELECT a FROM t WHERE a = '${b.x}'`);",
            "Sql body.x :6",
        ),
        ("let s = 'SELECT * FROM t';\ns += ' WHERE a = ' + decodeURIComponent(event.pathParameters.id);\nawait sql(s);", "Sql path.id :6"),
        ("const parts = ['SELECT * FROM t WHERE a =', event.pathParameters.id];\nawait sql(parts.join(' '));", "Sql path.id :6"),
        (
            "const o = {}; o.text = event.pathParameters.id;\nconst p = { ...o, more: 1 };\nawait sql(`SELECT * FROM t WHERE a = ${p.text}`);",
            "Sql path.id :7",
        ),
        ("const b = { ...JSON.parse(event.body) };\nawait sql(`SELECT * FROM t WHERE a = ${b.x}`);", "Sql body.x :6"),
        ("const f = x => `SELECT * FROM t WHERE a = ${x}`;\nawait sql(f(event.pathParameters.id));", "Sql path.id f index.js:5"),
        (
            "for (const item of JSON.parse(event.body).items) {\n  await sql(`DELETE FROM t WHERE a = ${item.id}`);\n}",
            "Sql body.items.id :6",
        ),
        (
            "const ids = JSON.parse(event.body).ids.map(i => i.key);\nawait sql('SELECT * FROM t WHERE a IN (' + ids.join(',') + ')');",
            "Sql body.ids.key :6",
        ),
        ("await Promise.all(JSON.parse(event.body).map(async r => sql(`DELETE FROM t WHERE a = ${r.id}`)));", "Sql body.id :5"),
        (
            "return new Promise((resolve, reject) => { resolve(event.pathParameters.id); }).then(id => sql('SELECT 1 FROM t WHERE a = ' + id));",
            "Sql path.id :5",
        ),
        ("const run = sql.bind(null, 'SELECT * FROM t WHERE a = ' + event.pathParameters.id);\nreturn run();", "Sql path.id :5"),
        (
            "const w = event.pathParameters.id ? 'WHERE a = ' + event.pathParameters.id : '';\nawait sql(`SELECT * FROM t ${w}`);",
            "Sql path.id :5",
        ),
        ("await pool.query({ sql: `SELECT * FROM t WHERE a = '${event.pathParameters.id}'`, timeout: 1 });", "Sql path.id :5"),
        (
            "const c = await pool.getConnection();\nawait c.execute(`SELECT * FROM t WHERE a = '${event.pathParameters.id}'`);",
            "Sql path.id :6",
        ),
        (
            "pool.getConnection((err, c) => { c.query(`SELECT * FROM t WHERE a = '${event.pathParameters.id}'`, callback); });",
            "Sql path.id :5",
        ),
        (
            "let x; try { x = event.pathParameters.id; } catch (e) { x = 0; }\nawait sql(`SELECT * FROM t WHERE a = ${x}`);",
            "Sql path.id :6",
        ),
        (
            "let x = 1; switch (event.resource) { case '/a': x = event.pathParameters.id; break; default: x = 2; }\nawait sql(`SELECT * FROM t WHERE a = ${x}`);",
            "Sql path.id :6",
        ),
        (
            "const m = new Map(); m.set('id', event.pathParameters.id);\nawait sql(`SELECT * FROM t WHERE a = ${m.get('id')}`);",
            "Sql path.id :6",
        ),
        ("await sql(mysql.format(`SELECT * FROM t WHERE b = ${event.pathParameters.id} AND a = ?`, [1]));", "Sql path.id :5"),
    ] {
        assert_eq!(found(body), [expected], "{body}");
    }
}

#[test]
fn other_sinks() {
    for (body, expected) in [
        ("require('child_process').execSync('ls ' + event.queryStringParameters.dir);", "Shell query.dir :5"),
        (
            "const { exec } = require('node:child_process'); const { promisify } = require('util');\nawait promisify(exec)(`ls ${event.body}`);",
            "Shell body :6",
        ),
        ("require('child_process').spawn('sh', ['-c', event.body]);", "Shell body :5"),
        ("return eval(JSON.parse(event.body).code);", "Eval body.code :5"),
        ("return new Function('a', event.body)(1);", "Eval body :5"),
        ("return require('node-serialize').unserialize(event.body);", "Deserialize body :5"),
        ("return require('fs').readFileSync('/tmp/' + event.pathParameters.name);", "File path.name :5"),
        (
            "const fs = require('fs/promises'); const path = require('path');\nreturn fs.readFile(path.join('/tmp', event.pathParameters.name));",
            "File path.name :6",
        ),
        ("return fetch(event.queryStringParameters.url);", "Url query.url :5"),
        ("const axios = require('axios');\nreturn axios.get('http://' + JSON.parse(event.body).host + '/x');", "Url body.host :6"),
        (
            "const { RDSDataClient, ExecuteStatementCommand } = require('@aws-sdk/client-rds-data');\nreturn new RDSDataClient({}).send(new ExecuteStatementCommand({ sql: `SELECT * FROM t WHERE a = ${event.pathParameters.id}` }));",
            "Sql path.id :6",
        ),
    ] {
        assert_eq!(found(body), [expected], "{body}");
    }
}

#[test]
fn nothing_is_found() {
    for body in [
        // Values of placeholders.
        "await sql('SELECT * FROM t WHERE a = ?', [event.pathParameters.id]);",
        "await pool.execute({ sql: 'SELECT ?', values: [event.pathParameters.id] });",
        // Numbers.
        "await sql(`SELECT * FROM t WHERE a = ${Number(event.pathParameters.id)}`);",
        "await sql(`SELECT * FROM t LIMIT ${parseInt(event.queryStringParameters.n, 10) || 10}`);",
        "await sql(`SELECT * FROM t WHERE a = ${+event.pathParameters.id}`);",
        "const id = event.pathParameters.id; if (!Number.isInteger(id)) throw new Error('no');\nawait sql(`SELECT * FROM t WHERE a = ${id}`);",
        "const id = event.pathParameters.id; if (isNaN(id)) return { statusCode: 400 };\nawait sql(`SELECT * FROM t WHERE a = ${id}`);",
        "const { n } = JSON.parse(event.body); if (typeof n !== 'number') return 1;\nawait sql(`SELECT * FROM t WHERE a = ${n}`);",
        // Escaped.
        "await sql('SELECT * FROM t WHERE a = ' + mysql.escape(event.pathParameters.id));",
        "await sql('SELECT * FROM t WHERE a = ' + pool.escape(event.pathParameters.id));",
        "await sql(mysql.format('SELECT * FROM t WHERE a = ?', [event.pathParameters.id]));",
        // Constants chosen by data.
        "let t; switch (event.resource) { case '/a': t = 'A'; break; case '/b': t = 'B'; break; }\nawait sql('SELECT * FROM ' + t);",
        "const T = { a: 'Aaa', b: 'Bbb' };\nawait sql('SELECT * FROM ' + T[event.pathParameters.t]);",
        "const dir = event.queryStringParameters.dir === 'desc' ? 'DESC' : 'ASC';\nawait sql('SELECT * FROM t ORDER BY a ' + dir);",
        // Allow lists.
        "const A = ['a', 'b']; const t = event.pathParameters.t; if (!A.includes(t)) return 1;\nawait sql('SELECT * FROM ' + t);",
        "const A = new Set(['a', 'b']); const t = event.pathParameters.t;\nif (A.has(t)) { await sql('SELECT * FROM ' + t); }",
        "const A = { a: 1 }; const t = event.pathParameters.t;\nif (!(t in A)) throw new Error();\nawait sql('SELECT * FROM ' + t);",
        "const t = event.pathParameters.t; if (t !== 'a' && t !== 'b') return 1;\nawait sql('SELECT * FROM ' + t);",
        "const t = event.pathParameters.t; switch (t) { case 'a': case 'b': await sql('SELECT * FROM ' + t); break; default: return 1; }",
        "const t = event.pathParameters.t; if (!/^[a-z_]+$/.test(t)) return 1;\nawait sql('SELECT * FROM ' + t);",
        "const check = x => { if (!/^\\d+$/.test(x)) throw new Error('bad'); };\nconst t = event.pathParameters.t; check(t); await sql('SELECT * FROM t WHERE a = ' + t);",
        "const valid = x => { if (!x) return false; return ['a', 'b'].includes(x); };\nconst t = event.pathParameters.t; if (!valid(t)) return 1;\nawait sql('SELECT * FROM ' + t);",
        "const t = event.pathParameters.t.replace(/[^a-z0-9]/g, '');\nawait sql('SELECT * FROM ' + t);",
        // Not the caller's.
        "await sql('SELECT * FROM t WHERE a = ' + event.requestContext.authorizer.CompanyID);",
        "const { authorizer } = event.requestContext; await sql(`SELECT * FROM t WHERE a = ${authorizer.claims.sub}`);",
        "await sql('SELECT * FROM ' + process.env.TABLE);",
        "const [rows] = await sql('SELECT a FROM t WHERE b = ?', [event.pathParameters.id]); await sql('SELECT * FROM t WHERE a = ' + rows[0].a);",
        "console.log('SELECT * FROM t WHERE a = ' + event.pathParameters.id);",
        "await sql('SELECT * FROM t WHERE a = ' + event.body.length);",
        "await sql(`SELECT * FROM t WHERE a = ${event.httpMethod}`);",
        // Methods of other things called alike.
        "const { query } = event.queryStringParameters; document.query(query);",
        // Paths and hosts that are fixed.
        "const path = require('path');\nreturn require('fs').readFileSync('/tmp/' + path.basename(event.pathParameters.name));",
        "const path = require('path'); const p = path.resolve('/tmp', event.pathParameters.name); if (!p.startsWith('/tmp/')) throw new Error();\nreturn require('fs').readFileSync(p);",
        "return fetch('https://api.example.com/items/' + event.pathParameters.id);",
        "return fetch(`${process.env.API}/items/${event.pathParameters.id}`);",
        "return require('child_process').execFileSync('/opt/tool', ['--name', event.pathParameters.name]);",
        "return require('fs').writeFileSync('/tmp/x', event.body);",
    ] {
        assert_eq!(found(body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_check_guards_only_what_it_dominates() {
    for (body, expected) in [
        (
            "const t = event.pathParameters.t; if (!['a'].includes(t)) { console.log('odd'); }\nawait sql('SELECT * FROM ' + t + ' WHERE 1 = 1');",
            "Sql path.t :6",
        ),
        (
            "const t = event.pathParameters.t; if (['a'].includes(t)) { await sql('SELECT * FROM ' + t + ' WHERE 1'); } else {\nawait sql('DELETE FROM ' + t + ' WHERE 1'); }",
            "Sql path.t :6",
        ),
        (
            "const t = event.pathParameters.t; const list = JSON.parse(event.body); if (!list.includes(t)) return 1;\nawait sql('SELECT * FROM ' + t + ' WHERE 1');",
            "Sql path.t :6",
        ),
        (
            "const t = event.pathParameters.t; if (!['a'].includes(t.trim())) return 1;\nawait sql('SELECT * FROM ' + t + ' WHERE 1');",
            "Sql path.t :6",
        ),
        (
            "const t = event.pathParameters.t; if (!/[a-z]+/.test(t)) return 1;\nawait sql('SELECT * FROM ' + t + ' WHERE 1');",
            "Sql path.t :6",
        ),
        (
            "const ok = x => { try { if (x.length > 9) return false; return true; } catch { return false; } };\nconst t = event.pathParameters.t; if (!ok(t)) return 1; await sql('SELECT * FROM ' + t + ' WHERE 1');",
            "Sql path.t :6",
        ),
    ] {
        assert_eq!(found(body), [expected], "{body}");
    }
}

#[test]
fn methods_of_the_branch() {
    for (body, expected) in [
        ("if (event.httpMethod === 'POST') { await sql('SELECT 1 FROM t WHERE a = ' + event.body); }", "Sql body :5 POST"),
        ("if (event.httpMethod !== 'DELETE') return 1;\nawait sql('SELECT 1 FROM t WHERE a = ' + event.body);", "Sql body :6 DELETE"),
        (
            "switch (event.requestContext.http.method) { case 'PUT': case 'PATCH': await sql('SELECT 1 FROM t WHERE a = ' + event.body); }",
            "Sql body :5 PATCH,PUT",
        ),
        (
            "const post = event.httpMethod === 'POST'; if (!post) return 1;\nawait sql('SELECT 1 FROM t WHERE a = ' + event.body);",
            "Sql body :6 POST",
        ),
        (
            "if (event.httpMethod === 'GET' || event.httpMethod === 'HEAD') { await sql('SELECT 1 FROM t WHERE a = ' + event.body); }",
            "Sql body :5 GET,HEAD",
        ),
        ("if (event.httpMethod === 'GET') { } else { await sql('SELECT 1 FROM t WHERE a = ' + event.body); }", "Sql body :5"),
    ] {
        assert_eq!(found(body), [expected], "{body}");
    }
}

const DATABASE: &str = "const mysql = require('mysql');
class Database {
  constructor(options) { this.connection = mysql.createConnection(options); }
  run(text, values) {
    return new Promise((resolve, reject) => {
      this.connection.query(text, values, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  }
}
class Horses extends Database {
  async add(name) { return this.run(`INSERT INTO horses (name) VALUES ('${name}')`); }
  async one(id) { return this.run('SELECT * FROM horses WHERE id = ?', [id]); }
}
module.exports = { Horses };
";

#[test]
fn classes_across_files() {
    let files = [
        ("lib/db/index.js", DATABASE),
        (
            "api.js",
            "const { Horses } = require('./lib/db');\nconst horses = new Horses({});\nmodule.exports.handler = async ({ body, pathParameters }) => {\n  const { name } = JSON.parse(body);\n  await horses.one(pathParameters.id);\n  return horses.add(name);\n};\n",
        ),
    ];
    let found = flows("api.handler", &files);
    assert_eq!(lines(&found), ["Sql body.name add lib/db/index.js:11"]);
    let says: Vec<String> = found[0].steps.iter().map(|s| format!("{}:{} {}", s.place.file, s.place.line, s.says)).collect();
    assert_eq!(
        says,
        [
            "api.js:4 `name` is read from the request's body",
            "api.js:6 it is passed to `add` as `name`",
            "lib/db/index.js:11 `name` becomes part of the text of an SQL statement",
            "lib/db/index.js:11 it is passed to `run` as `text`",
            "lib/db/index.js:6 mysql's query receives it",
        ]
    );
}

#[test]
fn typescript_and_esm() {
    let files = [
        (
            "src/db.ts",
            "import { Pool, type PoolClient } from 'pg';\nconst pool: Pool = new Pool();\nexport enum Table { Users = 'users' }\nexport const byName = async (name: string): Promise<unknown> => {\n  const client = (await pool.connect()) as PoolClient;\n  return client.query(`SELECT * FROM ${Table.Users} WHERE name = '${name!}'`);\n};\nexport default { byName };\n",
        ),
        (
            "src/app.ts",
            "import type { APIGatewayProxyEvent } from 'aws-lambda';\nimport db, { byName as find } from './db.js';\nexport const handler = async (event: APIGatewayProxyEvent) => {\n  if (event.httpMethod === 'GET') return find(event.queryStringParameters?.name as string);\n  return db.byName(JSON.parse(event.body ?? '{}').name);\n};\n",
        ),
    ];
    assert_eq!(lines(&flows("src/app.handler", &files)), ["Sql query.name byName src/db.ts:6 GET", "Sql body.name byName src/db.ts:6"]);
}

#[test]
fn behind_a_web_framework() {
    let files = [(
        "index.js",
        "const express = require('express'); const serverless = require('serverless-http'); const { Client } = require('pg');\nconst app = express();\nconst db = new Client();\napp.get('/x/:id', async (req, res) => {\n  res.json(await db.query('SELECT * FROM t WHERE id = ' + req.params.id));\n});\nmodule.exports.handler = serverless(app);\n",
    )];
    assert_eq!(lines(&flows("index.handler", &files)), ["Sql path.id index.js index.js:5 GET"]);
}
