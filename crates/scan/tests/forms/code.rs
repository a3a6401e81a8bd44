//! The risks that are judged from code: forms in which each stands, in files, idioms and resources that no page shows, and well-built
//! twins on which they are silent.
use crate::support::{api, scan};

crate::tests!(
    stands_in_other_forms,
    is_silent_on_what_is_well_built,
    the_template_may_keep_it_from_harm,
    an_authorizer_that_no_function_names
);

/// Risks and lines found in one file behind that API.
fn found(name: &str, file: &str, text: &str) -> Vec<(&'static str, u32)> {
    let python = file.ends_with(".py");
    let stem = file.rsplit_once('.').unwrap().0;
    let runtime = if python { "python3.13" } else { "nodejs22.x" };
    let template = api(runtime, &format!("{stem}.main"));
    let mut all: Vec<_> = scan(name, &[("template.yaml", &template), (file, text)]).iter().map(|f| (f.risk, f.place.line)).collect();
    all.sort_unstable();
    all
}

fn stands_in_other_forms() {
    let js = |body: &str| format!("export const main = async (event, context) => {{\n{body}\n}};\n");
    let py = |body: &str| format!("def main(event, context):\n    {}\n", body.replace('\n', "\n    "));
    let mut missed = Vec::new();
    let (import, q) = ("import { exec } from 'node:child_process';\n", "event.queryStringParameters");
    for (risk, at, file, text) in [
        ("command-injection", 3, "deep/er/run.mjs", format!("{import}{}", js(&format!("exec('ls ' + {q}.dir, console.log);")))),
        (
            "command-injection",
            5,
            "a.py",
            format!(
                "import subprocess\n{}",
                py("p = event['pathParameters']\nid = p['id']\ncmd = 'id %s' % id\nsubprocess.run(cmd, shell=True)")
            )
            .replace("subprocess.run(cmd", "subprocess.run(cmd"),
        ),
        (
            "command-injection",
            2,
            "b.cjs",
            "exports.main = (event, _, done) => {\n  new Function('x', JSON.parse(event.body).formula)(1);\n  done(null, {});\n};\n".into(),
        ),
        ("command-injection", 3, "c.py", format!("import os\n{}", py("os.popen('dig ' + event['queryStringParameters']['host']).read()"))),
        ("xml-external-entity", 3, "x.py", format!("from lxml import etree as E\n{}", py("E.fromstring(event['body'].encode())"))),
        ("xml-external-entity", 3, "lib/y.py", format!("import lxml.etree\n{}", py("lxml.etree.XML(event['body'])"))),
        (
            "xml-external-entity",
            4,
            "z.py",
            format!("from lxml import etree\n{}", py("body = event['body']\nreturn etree.fromstring(body).text")),
        ),
        ("insecure-deserialization", 3, "p.py", format!("import pickle, base64\n{}", py("pickle.loads(base64.b64decode(event['body']))"))),
        ("insecure-deserialization", 3, "q.py", format!("import yaml\n{}", py("yaml.load(event['body'], Loader=yaml.UnsafeLoader)"))),
        (
            "insecure-deserialization",
            3,
            "r.mjs",
            format!("import s from 'node-serialize';\n{}", js("return s.unserialize(event.headers['x-profile']);")),
        ),
        (
            "sql-injection",
            3,
            "sql/one.mjs",
            format!("import pg from 'pg';\n{}", js(&format!("return new pg.Pool().query(`SELECT * FROM t WHERE id = '${{{q}.id}}'`);"))),
        ),
        (
            "sql-injection",
            4,
            "two.py",
            format!(
                "import psycopg2\n{}",
                py("cursor = psycopg2.connect(dsn='d').cursor()\ncursor.execute(f\"SELECT * FROM t WHERE name = '{event['pathParameters']['id']}'\")")
            ),
        ),
        (
            "sql-injection",
            4,
            "three.mjs",
            format!("import knex from 'knex';\nconst db = knex({{ client: 'mysql2' }});\n{}", js("return db.raw('SELECT * FROM t ORDER BY ' + JSON.parse(event.body).sort);")),
        ),
        (
            "sql-injection",
            3,
            "four.py",
            format!(
                "import boto3\n{}",
                py("sql = \"DELETE FROM t WHERE id = '%s'\" % event['headers']['x-id']\nboto3.client('rds-data').execute_statement(resourceArn='a', secretArn='b', sql=sql)")
            ),
        ),
        (
            "sql-injection",
            3,
            "five.cjs",
            "const { Sequelize } = require('sequelize');\nconst db = new Sequelize(process.env.URL);\nexports.main = async (event) => db.query(['UPDATE t SET a = 1 WHERE b =', event.pathParameters.id].join(' '));\n".into(),
        ),
        (
            "server-side-request-forgery",
            3,
            "f.py",
            format!("import urllib.request\n{}", py("return urllib.request.urlopen(event['queryStringParameters']['feed']).read()")),
        ),
        (
            "server-side-request-forgery",
            3,
            "g.mjs",
            format!("import axios from 'axios';\n{}", js("return axios({ method: 'get', url: JSON.parse(event.body).callback });")),
        ),
        (
            "server-side-request-forgery",
            3,
            "h.mjs",
            format!("import https from 'node:https';\n{}", js(&format!("https.get({{ host: {q}.host, path: '/' }}, () => {{}});"))),
        ),
        (
            "path-traversal",
            3,
            "i.mjs",
            format!("import fs from 'node:fs/promises';\n{}", js("return fs.readFile(`/tmp/${event.pathParameters.id}`);")),
        ),
        ("path-traversal", 2, "j.py", py("return open('/tmp/' + event['pathParameters']['id']).read()")),
        (
            "path-traversal",
            3,
            "k.py",
            format!("from pathlib import Path\n{}", py("return (Path('/tmp') / event['queryStringParameters']['f']).read_text()")),
        ),
        (
            "template-injection",
            3,
            "l.mjs",
            format!("import ejs from 'ejs';\n{}", js("return ejs.render('<p>' + JSON.parse(event.body).text + '</p>', {});")),
        ),
        (
            "template-injection",
            3,
            "m.py",
            format!("from jinja2 import Environment\n{}", py("return Environment().from_string(event['body']).render()")),
        ),
        (
            "template-injection",
            3,
            "n.mjs",
            format!("import Handlebars from 'handlebars';\n{}", js(&format!("return Handlebars.compile({q}.t)({{}});"))),
        ),
        (
            "cross-site-scripting",
            2,
            "o.mjs",
            js(&format!(
                "return {{ statusCode: 200, headers: {{ 'content-type': 'text/html; charset=utf-8' }}, body: '<b>' + {q}.name + '</b>' }};"
            )),
        ),
        (
            "cross-site-scripting",
            2,
            "oo.py",
            py(
                "return {'statusCode': 200, 'headers': {'Content-Type': 'text/html'}, 'body': f\"<h1>{event['pathParameters']['id']}</h1>\"}",
            ),
        ),
        (
            "cross-site-scripting",
            4,
            "ooo.mjs",
            js(
                "const html = { 'Content-Type': 'text/html' };\nconst word = event.headers.referer;\nreturn { statusCode: 404, headers: html, body: `no page ${word}` };",
            ),
        ),
        (
            "nosql-injection",
            4,
            "t.py",
            format!(
                "import boto3\n{}",
                py(
                    "db = boto3.client('dynamodb')\ndb.execute_statement(Statement=\"SELECT * FROM t WHERE id='\" + event['pathParameters']['id'] + \"'\")"
                )
            ),
        ),
        (
            "nosql-injection",
            3,
            "u.mjs",
            format!(
                "import {{ MongoClient }} from 'mongodb';\n{}",
                js("return new MongoClient('').db('d').collection('users').findOne(JSON.parse(event.body));")
            ),
        ),
        (
            "nosql-injection",
            3,
            "v.py",
            format!(
                "import boto3\n{}",
                py("boto3.resource('dynamodb').Table('t').scan(FilterExpression='a = ' + event['queryStringParameters']['a'])")
            ),
        ),
        (
            "s3-key-traversal",
            3,
            "w.py",
            format!("import boto3\n{}", py("boto3.client('s3').get_object(Bucket='b', Key=event['queryStringParameters']['key'])")),
        ),
        (
            "s3-key-traversal",
            3,
            "xx.mjs",
            format!(
                "import AWS from 'aws-sdk';\n{}",
                js("return new AWS.S3().getSignedUrl('getObject', { Bucket: 'b', Key: 'u/' + event.pathParameters.id });")
            ),
        ),
        (
            "s3-key-traversal",
            3,
            "yy.py",
            format!(
                "import boto3\n{}",
                py("return boto3.client('s3').generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': event['body']})")
            ),
        ),
        (
            "unsafe-post-policy",
            3,
            "aa.py",
            format!(
                "import boto3\n{}",
                py("return boto3.client('s3').generate_presigned_post('b', 'k', Conditions=[['starts-with', '$key', '']])")
            ),
        ),
        (
            "unsafe-post-policy",
            3,
            "bb.py",
            format!("import boto3\n{}", py("return boto3.client('s3').generate_presigned_post('b', 'uploads/x')")),
        ),
        (
            "unsafe-post-policy",
            3,
            "cc.py",
            format!(
                "import boto3\n{}",
                py("return boto3.client('s3').generate_presigned_post('b', event['body'], Conditions=[['content-length-range', 1, 9]])")
            ),
        ),
        ("sensitive-data-in-logs", 2, "dd.mjs", js("console.info(`got ${JSON.stringify(event)}`);")),
        ("sensitive-data-in-logs", 4, "ee.py", format!("import logging\nlog = logging.getLogger()\n{}", py("log.info(event['headers'])"))),
        ("sensitive-data-in-logs", 2, "ff.mjs", js("console.error('login', JSON.parse(event.body).password);")),
        (
            "verbose-error",
            3,
            "gg.py",
            format!(
                "import traceback\ndef main(event, context):\n    try:\n        return go(event)\n    except Exception:\n        return {}",
                "{'statusCode': 500, 'body': traceback.format_exc()}\n"
            )
            .replace("import traceback\n", "import traceback\n"),
        ),
        (
            "verbose-error",
            2,
            "hh.mjs",
            js("try { go(); } catch (e) { return { statusCode: 500, body: JSON.stringify({ error: e.message, trace: e.stack }) }; }"),
        ),
        ("verbose-error", 2, "ii.mjs", js("return { statusCode: 200, body: JSON.stringify(process.env) };")),
        (
            "substring-authorization",
            3,
            "jj.py",
            py(
                "claims = event['requestContext'].get('authorizer', {})\nif 'admin' in claims.get('scope', ''):\n    return {'statusCode': 200}",
            ),
        ),
        (
            "substring-authorization",
            2,
            "kk.mjs",
            js("if (event.requestContext.authorizer?.scope.indexOf('write') >= 0) return { statusCode: 204 };"),
        ),
        (
            "substring-authorization",
            3,
            "ll.mjs",
            js(
                "const { claims } = event.requestContext.authorizer ?? {};\nif (claims?.['cognito:groups'].includes('admin')) return { statusCode: 204 };",
            ),
        ),
        (
            "tenant-override",
            3,
            "mm.py",
            py(
                "who = event['requestContext'].get('authorizer', {}).get('tenantId')\nwho = event['queryStringParameters'].get('tenantId') or who\nreturn {'statusCode': 200, 'body': who}",
            ),
        ),
        (
            "tenant-override",
            4,
            "nn.mjs",
            js(
                "let org = event.requestContext.authorizer?.org;\nconst b = JSON.parse(event.body);\nif ('org' in b) org = b.org;\nreturn { statusCode: 200, body: org };",
            ),
        ),
        (
            "tenant-override",
            3,
            "pp.py",
            format!(
                "import boto3\n{}",
                py("return boto3.resource('dynamodb').Table('t').get_item(Key={'pk': event['headers']['x-tenant-id']})")
            ),
        ),
        (
            "weak-token-check",
            3,
            "qq.mjs",
            format!(
                "import jwt from 'jsonwebtoken';\n{}",
                js("return { statusCode: 200, body: jwt.decode(event.headers.Authorization).sub };")
            ),
        ),
        (
            "weak-token-check",
            3,
            "rr.py",
            format!(
                "import jwt\n{}",
                py(
                    "return {'statusCode': 200, 'body': jwt.decode(event['headers']['Authorization'], options={'verify_signature': False})['sub']}"
                )
            ),
        ),
        (
            "weak-token-check",
            3,
            "ss.mjs",
            format!(
                "import jwt from 'jsonwebtoken';\n{}",
                js("const c = jwt.verify(event.headers.Authorization, process.env.KEY);\nreturn { statusCode: 200, body: c.sub };")
            ),
        ),
        ("unguarded-identity", 2, "tt.mjs", js("return { statusCode: 200, body: event.requestContext.authorizer.principalId };")),
        ("unguarded-identity", 2, "uu.py", py("return {'statusCode': 200, 'body': event['requestContext']['authorizer']['principalId']}")),
        (
            "unguarded-identity",
            3,
            "vv.mjs",
            js("const { requestContext } = event;\nreturn { statusCode: 200, body: requestContext.authorizer.claims.email };"),
        ),
        (
            "writable-attribute-authorization",
            2,
            "ww.mjs",
            js("if (event.requestContext.authorizer?.claims['custom:plan'] === 'gold') return { statusCode: 200 };"),
        ),
        (
            "writable-attribute-authorization",
            3,
            "zz.py",
            py(
                "c = event['requestContext'].get('authorizer', {}).get('claims', {})\nif c.get('custom:tenant') == 'root':\n    return {'statusCode': 200}",
            ),
        ),
        (
            "writable-attribute-authorization",
            3,
            "ab.mjs",
            js(
                "const claims = event.requestContext.authorizer?.jwt?.claims;\nreturn claims?.['custom:admin'] !== 'yes' ? { statusCode: 403 } : { statusCode: 200 };",
            ),
        ),
    ] {
        let all = found(file, file, &text);
        let Some(line) = all.iter().filter(|(r, _)| *r == risk).map(|(_, line)| *line).min() else {
            missed.push(format!("{risk} in {file}: {all:?}\n{text}"));
            continue;
        };
        // Where a value and what is done with it stand on different lines, either may be pointed at.
        if line.abs_diff(at) > 3 {
            missed.push(format!("{risk} in {file}: line {line}, not {at}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

fn is_silent_on_what_is_well_built() {
    let js = |body: &str| format!("export const main = async (event, context) => {{\n{body}\n}};\n");
    let py = |body: &str| format!("def main(event, context):\n    {}\n", body.replace('\n', "\n    "));
    let mut wrong = Vec::new();
    for (file, text) in [
        (
            "1.mjs",
            format!(
                "import {{ execFile }} from 'node:child_process';\n{}",
                js("execFile('file', ['--', event.queryStringParameters.name]);")
            ),
        ),
        ("2.py", format!("import subprocess\n{}", py("subprocess.run(['file', '--', event['queryStringParameters']['name']])"))),
        ("3.py", format!("import shlex, os\n{}", py("os.system('file ' + shlex.quote(event['queryStringParameters']['name']))"))),
        ("4.py", format!("from lxml import etree\n{}", py("etree.fromstring(event['body'], etree.XMLParser(resolve_entities=False))"))),
        ("5.py", format!("import yaml\n{}", py("yaml.safe_load(event['body'])"))),
        ("6.mjs", js("return fetch('https://api.example.com/items/' + encodeURIComponent(event.pathParameters.id));")),
        (
            "7.mjs",
            format!(
                "import fs from 'node:fs';\nimport path from 'node:path';\n{}",
                js("return fs.readFileSync('/tmp/' + path.basename(event.pathParameters.id));")
            ),
        ),
        (
            "8.mjs",
            format!("import Handlebars from 'handlebars';\n{}", js("return Handlebars.compile('Hi {{name}}')({ name: event.body });")),
        ),
        (
            "9.mjs",
            js(
                "return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ q: event.queryStringParameters.q }) };",
            ),
        ),
        (
            "10.py",
            format!("import boto3\n{}", py("boto3.resource('dynamodb').Table('t').get_item(Key={'id': event['pathParameters']['id']})")),
        ),
        ("11.mjs", js("console.log('order', event.pathParameters.id);")),
        ("12.mjs", js("try { go(); } catch (e) { console.error(e); return { statusCode: 500, body: 'failed' }; }")),
        ("13.mjs", js("if ((event.requestContext.authorizer?.scope ?? '').split(' ').includes('write')) return { statusCode: 204 };")),
        ("14.mjs", js("return { statusCode: 200, body: event.requestContext.authorizer?.tenantId ?? 'none' };")),
        (
            "15.mjs",
            js(
                "if (!event.requestContext.authorizer) return { statusCode: 401 };\nreturn { statusCode: 200, body: event.requestContext.authorizer.principalId };",
            ),
        ),
        (
            "16.py",
            format!(
                "import boto3\n{}",
                py("return boto3.client('s3').generate_presigned_post('b', 'k', Conditions=[['content-length-range', 1, 9]])")
            ),
        ),
        (
            "17.py",
            format!(
                "import jwt\n{}",
                py(
                    "c = jwt.decode(event['headers']['Authorization'], 'k', algorithms=['RS256'], audience='a', issuer='i')\nreturn {'statusCode': 200, 'body': c['sub']}"
                )
            ),
        ),
    ] {
        let all = found(file, file, &text);
        if !all.is_empty() {
            wrong.push(format!("{all:?}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands in the way of the risk elsewhere than in the code: the pool, the authorizer, the cache.
fn the_template_may_keep_it_from_harm() {
    let code = "exports.main = async (event) => {\n  if (event.requestContext.authorizer?.claims['custom:role'] === 'admin') return { statusCode: 200 };\n};\n";
    let pool = |client: &str, mutable: &str| {
        format!(
            "{}  Users:\n    Type: AWS::Cognito::UserPool\n    Properties: {{Schema: [{{Name: role, AttributeDataType: String, Mutable: {mutable}}}]}}\n  Web:\n    Type: AWS::Cognito::UserPoolClient\n    Properties: {{UserPoolId: !Ref Users{client}}}\n",
            api("nodejs22.x", "a.main")
        )
    };
    let count = |name: &str, template: String| scan(name, &[("template.yaml", &template), ("a.js", code)]).len();
    assert_eq!(count("pool open", pool("", "true")), 1);
    assert_eq!(count("pool names it", pool(", WriteAttributes: [email, 'custom:role']", "true")), 1);
    assert_eq!(count("pool leaves it out", pool(", WriteAttributes: [email]", "true")), 0);
    assert_eq!(count("pool keeps it", pool("", "false")), 0);

    let decode = "const jwt = require('jsonwebtoken');\nexports.main = async (event) => ({ statusCode: 200, body: jwt.decode(event.headers.Authorization).sub });\n";
    let guarded = |auth: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Users: {{Type: AWS::Cognito::UserPool}}
  Shop:
    Type: AWS::Serverless::Api
    Properties: {{StageName: prod{auth}}}
  Handle:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: a.main
      CodeUri: .
      Events:
        Call: {{Type: Api, Properties: {{RestApiId: !Ref Shop, Path: /things, Method: get}}}}
"
        )
    };
    let cognito = ", Auth: {DefaultAuthorizer: A, Authorizers: {A: {UserPoolArn: !GetAtt Users.Arn}}}";
    let count = |name: &str, template: String| scan(name, &[("template.yaml", &template), ("a.js", decode)]).len();
    assert_eq!(count("token unverified", guarded("")), 1);
    assert_eq!(count("token verified before", guarded(cognito)), 0);
}

/// An authorizer that stands beside the functions is read before anything trusts it.
fn an_authorizer_that_no_function_names() {
    let authorizer = "import jwt from 'jsonwebtoken';
export const handler = (event, context, done) => {
  console.log('event', JSON.stringify(event));
  jwt.verify(event.authorizationToken, process.env.PEM, { issuer: 'i', audience: 'a' }, (error, claims) => {
    const allowed = !error && claims.scope.includes('shop/write');
    done(null, { principalId: 'x', policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: allowed ? 'Allow' : 'Deny', Resource: event.methodArn }] } });
  });
};
";
    let template = api("nodejs22.x", "index.main").replace("CodeUri: .", "CodeUri: app/");
    let files = [
        ("template.yaml", template.as_str()),
        ("app/index.js", "exports.main = async () => ({ statusCode: 204 });\n"),
        ("guard/door.mjs", authorizer),
    ];
    let mut found: Vec<_> =
        scan("unnamed authorizer", &files).iter().map(|f| (f.risk, f.resource.clone(), f.place.line, f.fix.is_some())).collect();
    found.sort_unstable();
    let at = |risk, line| (risk, "guard/door.mjs".to_owned(), line, true);
    assert_eq!(found, [at("sensitive-data-in-logs", 3), at("substring-authorization", 5), at("weak-token-check", 4)]);
}
