//! Python: the same flows by the idioms of the language, and what must not be found.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{lines, python_handler};

/// A handler in one file around a body; `cur` is a cursor.
fn one(body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "import json, os, pymysql\nconn = pymysql.connect(host=os.environ['HOST'])\ncur = conn.cursor()\ndef handler(event, context):\n{body}"
    )
}

fn found(body: &str) -> Vec<String> {
    let handler = python_handler("index.handler", &[("index.py", &one(body))]);
    lines(&handler.flows).into_iter().map(|l| l.replace(" handler index.py:", " :")).collect()
}

#[test]
fn sources_reach_the_driver() {
    for (body, expected) in [
        ("cur.execute('SELECT * FROM t WHERE a = ' + event['pathParameters']['id'])", "Sql path.id :5"),
        ("q = event.get('queryStringParameters', {}).get('q')\ncur.execute(f\"SELECT * FROM t WHERE a = '{q}'\")", "Sql query.q :6"),
        ("body = json.loads(event['body'])\ncur.execute('SELECT * FROM t WHERE a = %s' % body['name'])", "Sql body.name :6"),
        (
            "body = json.loads(event['body'])\ncur.execute('SELECT * FROM t WHERE a = {} AND b = {b}'.format(1, b=body.get('name')))",
            "Sql body.name :6",
        ),
        (
            "for record in event['Records']:\n    m = json.loads(record['body'])\n    cur.execute('DELETE FROM t WHERE a = ' + m['id'])",
            "Sql Sqs.id :7",
        ),
        ("key = event['Records'][0]['s3']['object']['key']\ncur.execute(f'SELECT * FROM t WHERE k = \"{key}\"')", "Sql S3.key :6"),
        ("sql = 'SELECT * FROM t'\nsql += ' WHERE a = ' + event['headers']['X-User']\ncur.execute(sql)", "Sql header.X-User :6"),
        (
            "ids = ','.join([i['id'] for i in json.loads(event['body'])['items']])\ncur.execute('SELECT * FROM t WHERE a IN (' + ids + ')')",
            "Sql body.items.id :6",
        ),
        ("with conn.cursor() as c:\n    c.execute('SELECT * FROM t WHERE a = ' + event['detail']['id'])", "Sql EventBridge.id :6"),
        (
            "try:\n    x = event['pathParameters']['id']\nexcept KeyError:\n    x = '0'\ncur.execute(f'SELECT * FROM t WHERE a = {x}')",
            "Sql path.id :9",
        ),
        (
            "new = event['Records'][0]['dynamodb']['NewImage']\ncur.execute('SELECT * FROM t WHERE a = ' + new['name']['S'])",
            "Sql DynamoDb.name :6",
        ),
        ("cur.execute('SELECT * FROM t WHERE a = ' + event['arguments']['id'])", "Sql AppSync.id :5"),
        ("cur.execute('SELECT * FROM t WHERE a = ' + event['request']['userAttributes']['email'])", "Sql Cognito.userAttributes.email :5"),
        ("cur.execute('SELECT * FROM t WHERE a = ' + event['thing'])", "Sql field.thing :5"),
        (
            "def q(name, *, table='t'):\n    return f'SELECT * FROM {table} WHERE a = {name}'\ncur.execute(q(name=event['pathParameters']['id']))",
            "Sql path.id q index.py:6",
        ),
        ("def q(**kw):\n    return 'SELECT * FROM t WHERE a = ' + kw['name']\ncur.execute(q(name=event['body']))", "Sql body q index.py:6"),
        (
            "class Db:\n    def __init__(self, c):\n        self.c = c\n    def find(self, x):\n        return self.c.execute('SELECT * FROM t WHERE a = ' + x)\nDb(cur).find(event['pathParameters']['id'])",
            "Sql path.id find index.py:9",
        ),
    ] {
        assert_eq!(found(body), [expected], "{body}");
    }
}

#[test]
fn other_sinks() {
    for (body, expected) in [
        ("os.system('ls ' + event['queryStringParameters']['dir'])", "Shell query.dir :5"),
        ("import subprocess\nsubprocess.run(f\"ls {event['body']}\", shell=True)", "Shell body :6"),
        ("import subprocess\nsubprocess.check_output(['sh', '-c', event['body']])", "Shell body :6"),
        ("return eval(json.loads(event['body'])['code'])", "Eval body.code :5"),
        ("import pickle, base64\nreturn pickle.loads(base64.b64decode(event['body']))", "Deserialize body :6"),
        ("import yaml\nreturn yaml.load(event['body'])", "Deserialize body :6"),
        ("import jsonpickle\nreturn jsonpickle.decode(event['body'])", "Deserialize body :6"),
        ("from lxml import etree\nreturn etree.fromstring(event['body'])", "Xml body :6"),
        (
            "import io, xml.sax\nparser = xml.sax.make_parser()\nparser.setFeature(xml.sax.handler.feature_external_ges, True)\nparser.parse(io.StringIO(event['body']))",
            "Xml body :8",
        ),
        (
            "from xml.sax import make_parser\nfrom xml.sax.handler import feature_external_ges\nfrom xml.dom import pulldom\nparser = make_parser()\nparser.setFeature(feature_external_ges, 1)\nreturn pulldom.parseString(event['body'], parser)",
            "Xml body :10",
        ),
        ("from jinja2 import Template\nreturn Template('Hi ' + event['body']).render()", "Template body :6"),
        ("return open('/tmp/' + event['pathParameters']['name']).read()", "File path.name :5"),
        ("from pathlib import Path\nreturn (Path('/tmp') / event['pathParameters']['name']).read_text()", "File path.name :6"),
        ("import requests\nreturn requests.get(event['queryStringParameters']['url'])", "Url query.url :6"),
        ("import urllib.request\nreturn urllib.request.urlopen(event['queryStringParameters']['url'])", "Url query.url :6"),
        (
            "import boto3\nreturn boto3.client('rds-data').execute_statement(sql='SELECT * FROM t WHERE a = ' + event['body'])",
            "Sql body :6",
        ),
        (
            "import boto3\nreturn boto3.client('dynamodb').execute_statement(Statement=\"SELECT * FROM t WHERE a = '\" + event['body'])",
            "PartiQl body :6",
        ),
        (
            "import boto3\nt = boto3.resource('dynamodb').Table('T')\nreturn t.scan(FilterExpression='a = ' + event['body'])",
            "NoSql body :7",
        ),
        (
            "import boto3\nreturn boto3.client('s3').generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': event['body']})",
            "Presign body :6",
        ),
        (
            "import boto3\nfrom lxml import etree\ns3 = boto3.resource('s3')\nreturn etree.fromstring(s3.Object('b', event['Records'][0]['s3']['object']['key']).get()['Body'].read().decode('utf-8'))",
            "Xml S3.Body :8",
        ),
        (
            "import boto3\nb = json.loads(event['body'])\nreturn boto3.client('dynamodb').scan(TableName='T', ScanFilter={'a': {'ComparisonOperator': b['op']}})",
            "NoSql body.op :7",
        ),
        (
            "return {'statusCode': 200, 'headers': {'Content-Type': 'text/html'}, 'body': '<p>' + event['queryStringParameters']['n']}",
            "Html query.n :5",
        ),
    ] {
        let found = found(body);
        assert!(
            found.iter().any(|line| line == expected) && found.iter().all(|l| l == expected || l.starts_with("S3Key")),
            "{body}: {found:?}"
        );
    }
}

#[test]
fn what_is_clean() {
    for body in [
        "cur.execute('SELECT * FROM t WHERE a = %s', (event['pathParameters']['id'],))",
        "cur.execute('SELECT * FROM t WHERE a = %d' % int(event['pathParameters']['id']))",
        "cur.execute('SELECT * FROM t WHERE a = ' + str(int(event['pathParameters']['id'])))",
        "x = event['pathParameters']['id']\nif x not in ('a', 'b'):\n    raise ValueError()\ncur.execute('SELECT * FROM t ORDER BY ' + x)",
        "x = event['pathParameters']['id']\nif not x.isdigit():\n    return 1\ncur.execute('SELECT * FROM t WHERE a = ' + x)",
        "import re\nx = event['body']\nif re.fullmatch(r'[a-z0-9]+', x):\n    cur.execute('SELECT * FROM t WHERE a = ' + x)",
        "import subprocess\nsubprocess.run(['ls', event['body']])",
        "import xml.sax\nreturn xml.sax.parseString(event['body'], xml.sax.ContentHandler())",
        "from xml.dom import pulldom\nreturn pulldom.parseString(event['body'])",
        "import io, xml.sax\nparser = xml.sax.make_parser()\nparser.setFeature(xml.sax.handler.feature_external_ges, False)\nparser.parse(io.StringIO(event['body']))",
        "import shlex\nos.system('ls ' + shlex.quote(event['body']))",
        "import yaml\nreturn yaml.safe_load(event['body'])",
        "import yaml\nreturn yaml.load(event['body'], Loader=yaml.SafeLoader)",
        "return open('/tmp/' + os.path.basename(event['body']))",
        "import requests\nreturn requests.get('https://api.example.com/' + event['body'])",
        "from defusedxml import ElementTree\nreturn ElementTree.fromstring(event['body'])",
        "from lxml import etree\nreturn etree.fromstring(event['body'], etree.XMLParser(resolve_entities=False))",
        "cur.execute('SELECT * FROM t WHERE a = ' + event['requestContext']['authorizer']['CompanyID'])",
        "order = {'a': 'name', 'b': 'age'}.get(event['body'], 'id')\ncur.execute('SELECT * FROM t ORDER BY ' + order)",
        "import urllib.request\nreq = urllib.request.Request('https://api.example.com/', data=event['body'].encode())\nreturn urllib.request.urlopen(req)",
        "return open('/tmp/' + event['body'].split('/')[-1])",
        "names = {'a': event['body'], 'b': 1}\ncur.execute('SELECT ' + ','.join(k for k in names) + ' FROM t WHERE x = 1')",
        "import html\nreturn {'headers': {'Content-Type': 'text/html'}, 'body': html.escape(event['body'])}",
    ] {
        let found = found(body);
        assert!(found.is_empty(), "{body}: {found:?}");
    }
}

#[test]
fn modules_and_packages() {
    let files = [
        ("app/__init__.py", ""),
        (
            "app/api.py",
            "from . import db\nfrom .lib.build import *\nimport app.more as more\nfrom shared.util import clean as c\n\ndef handler(event, context):\n    db.run(build(event['pathParameters']['id']))\n    more.go(c(event))\n",
        ),
        (
            "app/db.py",
            "import psycopg2\nconn = psycopg2.connect('')\ndef run(sql):\n    with conn.cursor() as cur:\n        cur.execute(sql)\n",
        ),
        ("app/lib/build.py", "def build(x):\n    return 'SELECT * FROM t WHERE a = ' + x\n"),
        ("app/more.py", "import os\ndef go(x):\n    os.system('echo ' + x)\n"),
        ("shared/util.py", "def clean(event):\n    return event['queryStringParameters']['q']\n"),
    ];
    for name in ["app.api.handler", "app/api.handler"] {
        let handler = python_handler(name, &files);
        assert_eq!(lines(&handler.flows), ["Sql path.id build app/lib/build.py:2", "Shell query.q go app/more.py:3"]);
        assert_eq!(handler.packages, ["psycopg2"]);
        assert_eq!(handler.place.to_string(), "app/api.py:6:1");
    }
}

#[test]
fn frameworks() {
    for (text, expected) in [
        (
            "from aws_lambda_powertools.event_handler import APIGatewayRestResolver\nimport os\napp = APIGatewayRestResolver()\n@app.get('/x/<name>')\ndef get(name):\n    os.system('echo ' + name)\n    os.system('echo ' + app.current_event.get_query_string_value(name='q'))\ndef handler(event, context):\n    return app.resolve(event, context)\n",
            vec!["Shell path.name get index.py:6 GET", "Shell query.q get index.py:7 GET"],
        ),
        (
            "import os\nfrom flask import Flask, request\nimport serverless_wsgi\napp = Flask(__name__)\n@app.route('/x', methods=['POST'])\ndef post():\n    os.system(request.json['cmd'])\ndef handler(event, context):\n    return serverless_wsgi.handle_request(app, event, context)\n",
            vec!["Shell body.cmd post index.py:7 POST"],
        ),
        (
            "import os\nfrom fastapi import FastAPI\nfrom mangum import Mangum\napp = FastAPI()\n@app.get('/x/{name}')\nasync def get(name: str, q: str = ''):\n    os.system(name)\n    os.system(q)\nhandler = Mangum(app)\n",
            vec!["Shell path.name get index.py:7 GET", "Shell query.q get index.py:8 GET"],
        ),
        (
            "import os\nfrom chalice import Chalice\napp = Chalice(app_name='x')\n@app.route('/x/{name}', methods=['PUT'])\ndef put(name):\n    os.system(name)\n    os.system(app.current_request.json_body['cmd'])\nhandler = app\n",
            vec!["Shell path.name put index.py:6 PUT", "Shell body.cmd put index.py:7 PUT"],
        ),
        (
            "import os\nfrom json import loads\nfrom chalice import Chalice\napp = Chalice(app_name='x')\n@app.on_sns_message(topic='t')\ndef react(event):\n    os.system(loads(event.message)['cmd'])\n    os.system(event.subject)\nhandler = app\n",
            vec!["Shell Sns.cmd react index.py:7", "Shell Sns.Subject react index.py:8"],
        ),
        (
            "import os, functools\ndef deco(f):\n    @functools.wraps(f)\n    def wrapper(*args, **kwargs):\n        return f(*args, **kwargs)\n    return wrapper\n@deco\ndef handler(event, context):\n    os.system(event['body'])\n",
            vec!["Shell body handler index.py:9"],
        ),
        (
            "import os\nfrom aws_lambda_powertools.utilities.data_classes import event_source, SQSEvent\n@event_source(data_class=SQSEvent)\ndef handler(event, context):\n    for record in event.records:\n        os.system(record.json_body['x'])\n",
            vec!["Shell Sqs.x handler index.py:6"],
        ),
        (
            "import os\nclass Handler:\n    def __init__(self):\n        self.p = 'echo '\n    @property\n    def prefix(self):\n        return self.p\n    def run(self, event, context):\n        match event['httpMethod']:\n            case 'POST':\n                os.system(self.prefix + event['body'])\nhandler = Handler().run\n",
            vec!["Shell body run index.py:11 POST"],
        ),
    ] {
        let handler = python_handler("index.handler", &[("index.py", text)]);
        assert_eq!(lines(&handler.flows), expected, "{text}");
    }
}

#[test]
fn calls_of_the_sdk() {
    let text = "import boto3, os\ns3 = boto3.client('s3')\ntable = boto3.resource('dynamodb').Table(os.environ['TABLE'])\nq = boto3.session.Session().client('sqs')\ndef handler(event, context):\n    s3.put_object(Bucket=os.environ['BUCKET'], Key='k', Body=b'')\n    table.put_item(Item={})\n    q.send_message(QueueUrl=os.getenv('Q'), MessageBody='')\n    for page in s3.get_paginator('list_objects_v2').paginate(Bucket='b'):\n        pass\n    with table.batch_writer() as batch:\n        batch.put_item(Item={})\n    boto3.resource('s3').Object('b', 'k').get()['Body'].read()\n";
    let handler = python_handler("index.handler", &[("index.py", text)]);
    let calls: Vec<String> = handler
        .aws_calls
        .iter()
        .map(|c| {
            let operation = c.operation.as_deref().unwrap_or("?");
            format!("{}:{operation} {}", c.service, c.resource_from_environment.as_deref().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        calls,
        [
            "s3:PutObject BUCKET",
            "dynamodb:PutItem TABLE",
            "sqs:SendMessage Q",
            "s3:ListObjectsV2 -",
            "dynamodb:BatchWriteItem TABLE",
            "s3:GetObject -"
        ]
    );
}
