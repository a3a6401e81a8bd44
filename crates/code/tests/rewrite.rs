//! Statements rewritten with placeholders: the text after the edits, and that no flow is left in it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{apply, flows};

/// Rewrites, checks that nothing is found any more and that the result parses; gives the last file.
fn rewritten(files: &[(&str, &str)]) -> String {
    let found = flows("index.handler", files);
    assert!(!found.is_empty());
    assert!(found.iter().all(|f| f.rewrite.is_some()), "{:?}", support::lines(&found));
    let after = apply(files, &found);
    let again: Vec<(&str, &str)> = after.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (code, troubles) = support::facts("index.handler", &again);
    assert_eq!(troubles, []);
    assert_eq!(support::lines(&code.handlers.values().next().unwrap().flows), Vec::<String>::new());
    after[files.last().unwrap().0].clone()
}

fn body(statements: &str) -> String {
    let text = format!(
        "const pool = require('mysql2/promise').createPool({{}});\nconst TABLE = 'horses';\nexports.handler = async (event) => {{\n  const {{ id, name }} = event.pathParameters;\n{statements}\n}};\n"
    );
    let out = rewritten(&[("index.js", &text)]);
    out.lines().skip(4).take_while(|l| *l != "};").collect::<Vec<_>>().join("\n")
}

#[test]
fn one_function() {
    for (from, to) in [
        (
            "  return pool.query(`SELECT * FROM ${process.env.T} WHERE id = ${id}`);",
            "  return pool.query(`SELECT * FROM ${process.env.T} WHERE id = ?`, [id]);",
        ),
        ("  return pool.query('SELECT * FROM t WHERE id = ' + id);", "  return pool.query('SELECT * FROM t WHERE id = ?', [id]);"),
        (
            "  return pool.query(`SELECT * FROM ${TABLE} WHERE id = ${id} AND name = '${name}'`);",
            "  return pool.query(`SELECT * FROM ${TABLE} WHERE id = ? AND name = ?`, [id, name]);",
        ),
        (
            "  const q = \"SELECT * FROM \" + TABLE + \" WHERE name LIKE '%\" + name + \"%'\";\n  return pool.execute(q);",
            "  const q = \"SELECT * FROM \" + TABLE + \" WHERE name LIKE ?\";\n  return pool.execute(q, [`%${name}%`]);",
        ),
        (
            "  let q = `SELECT * FROM t WHERE id = ${id}`;\n  if (name) q += ` AND name = '${name}'`;\n  q += ' LIMIT 10';\n  return pool.query(q);",
            "  let q = `SELECT * FROM t WHERE id = ?`;\n  const values = [id];\n  if (name) { q += ` AND name = ?`; values.push(name); }\n  q += ' LIMIT 10';\n  return pool.query(q, values);",
        ),
        (
            "  let q = 'SELECT * FROM t';\n  if (name) {\n    q += ' WHERE name = ' + name;\n  }\n  return pool.query(q);",
            "  let q = 'SELECT * FROM t';\n  const values = [];\n  if (name) {\n    q += ' WHERE name = ?';\n    values.push(name);\n  }\n  return pool.query(q, values);",
        ),
        (
            "  return pool.query('SELECT * FROM t WHERE id = ' + id, (error, rows) => rows);",
            "  return pool.query('SELECT * FROM t WHERE id = ?', [id], (error, rows) => rows);",
        ),
    ] {
        assert_eq!(body(from), to, "{from}");
    }
}

const INDEX: &str = "const db = require('./db');\nexports.handler = async (event) => db.find(event.pathParameters.id);\n";

#[test]
fn through_functions() {
    for (from, to) in [
        // The wrapper already takes values.
        (
            "const c = require('mysql').createConnection({});\nfunction run(text, values) { return c.query(text, values); }\nexports.find = (id) => run('SELECT * FROM t WHERE a = ' + id);\n",
            "const c = require('mysql').createConnection({});\nfunction run(text, values) { return c.query(text, values); }\nexports.find = (id) => run('SELECT * FROM t WHERE a = ?', [id]);\n",
        ),
        // The wrappers have to learn it.
        (
            "const c = require('mysql').createConnection({});\nconst run = text => new Promise((resolve, reject) => c.query(text, (e, r) => (e ? reject(e) : resolve(r))));\nconst outer = (text) => run(text);\nexports.find = (id) => outer('SELECT * FROM t WHERE a = ' + id);\n",
            "const c = require('mysql').createConnection({});\nconst run = (text, values) => new Promise((resolve, reject) => c.query(text, values, (e, r) => (e ? reject(e) : resolve(r))));\nconst outer = (text, values) => run(text, values);\nexports.find = (id) => outer('SELECT * FROM t WHERE a = ?', [id]);\n",
        ),
        // A bound function in a chain of promises.
        (
            "const mysql = require('mysql');\nclass Db {\n  query(sql, connection, args) { return new Promise((ok) => connection.query(sql, args, ok)); }\n  connect() { return Promise.resolve(mysql.createConnection({})); }\n}\nfunction run(query) {\n  const db = new Db();\n  return db.connect().then(db.query.bind(this, query));\n}\nexports.find = (id) => {\n  const query = 'SELECT * FROM t WHERE a = ' + id;\n  console.log('query: ' + query);\n  return run(query);\n};\n",
            "const mysql = require('mysql');\nclass Db {\n  query(sql, connection, args) { return new Promise((ok) => connection.query(sql, args, ok)); }\n  connect() { return Promise.resolve(mysql.createConnection({})); }\n}\nfunction run(query, values) {\n  const db = new Db();\n  return db.connect().then(connection => db.query(query, connection, values));\n}\nexports.find = (id) => {\n  const query = 'SELECT * FROM t WHERE a = ?';\n  console.log('query: ' + query);\n  return run(query, [id]);\n};\n",
        ),
        // PostgreSQL numbers its placeholders.
        (
            "const { Pool } = require('pg');\nconst pool = new Pool();\nexports.find = async (id) => (await pool.query(`SELECT * FROM t WHERE a = ${id} OR b = '${id}'`)).rows;\n",
            "const { Pool } = require('pg');\nconst pool = new Pool();\nexports.find = async (id) => (await pool.query(`SELECT * FROM t WHERE a = $1 OR b = $2`, [id, id])).rows;\n",
        ),
    ] {
        assert_eq!(rewritten(&[("index.js", INDEX), ("db.js", from)]), to, "{from}");
    }
}

#[test]
fn not_rewritten() {
    for text in [
        // The text comes back from a function and goes elsewhere.
        "const c = require('mysql').createConnection({});\nconst text = (id) => 'SELECT * FROM t WHERE a = ' + id;\nexports.find = (id) => c.query(text(id));\n",
        // A name, not a value.
        "const c = require('mysql').createConnection({});\nexports.find = (id) => c.query('SELECT * FROM ' + id);\n",
        // A list.
        "const c = require('mysql').createConnection({});\nexports.find = (id) => c.query('SELECT * FROM t WHERE a IN (' + id.split(',').join(',') + ')');\n",
        // Values are handed over already.
        "const c = require('mysql').createConnection({});\nexports.find = (id) => c.query('SELECT * FROM t WHERE b = ? AND a = ' + id, [1]);\n",
        // The text is used twice.
        "const c = require('mysql').createConnection({});\nexports.find = (id) => { const q = 'SELECT * FROM t WHERE a = ' + id; c.query(q); return c.query(q); };\n",
        // The text is replaced.
        "const c = require('mysql').createConnection({});\nexports.find = (id) => { let q = 'SELECT * FROM t WHERE a = ' + id; if (!id) q = 'SELECT 1'; return c.query(q); };\n",
        // A driver whose placeholders are not known.
        "const sql = require('mssql');\nexports.find = async (id) => sql.query('SELECT * FROM t WHERE a = ' + id);\n",
        // Part of the statement is chosen inside.
        "const c = require('mysql').createConnection({});\nexports.find = (id) => c.query('SELECT * FROM t' + (id ? ' WHERE a = ' + id : ''));\n",
    ] {
        let found = flows("index.handler", &[("index.js", INDEX), ("db.js", text)]);
        assert!(!found.is_empty() && found.iter().all(|f| f.rewrite.is_none()), "{text}");
    }
}
