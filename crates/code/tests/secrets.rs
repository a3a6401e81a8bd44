//! Secrets: what is one, what is not, and what a fix needs to know of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use model::code::Secret;

fn secrets(text: &str) -> Vec<Secret> {
    support::facts("a.h", &[("a.js", text)]).0.secrets
}

fn shown(text: &str) -> Vec<String> {
    secrets(text).iter().map(|s| format!("{} {} {}:{}", s.kind, s.name, s.place.line, s.place.column)).collect()
}

#[test]
fn found() {
    for (text, expected) in [
        ("mysql.createConnection({ host: h, user: 'admin', password: 'Corp123!' });", "database password password 1:60"),
        ("const PASSWORD = 'Corp123!';\nconnect({ host: h, password: PASSWORD });", "database password password 1:18"),
        ("const config = { host: h, password: process.env.PASSWORD || 'Corp123!' };", "database password password 1:61"),
        ("config.dbPassword = 'aB3!xyzzy';", "password dbPassword 1:21"),
        ("jwt.sign(payload, 'k9!d0-Secre7');", "secret secret 1:19"),
        ("crypto.createHmac('sha256', 'k9!d0-Secre7');", "secret secret 1:29"),
        ("new Sequelize('db', 'root', 'k9!d0-Pass7', {});", "password password 1:29"),
        ("const c = new S3({ accessKeyId: 'AKIAQ3EGRJVYTU7ZXKLM' });", "AWS access key AWS access key 1:33"),
        ("const c = { secretAccessKey: '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' };", "AWS secret access key secretAccessKey 1:30"),
        ("const url = 'postgres://app:hunter2!x@db.internal:5432/app';", "database password database password 1:13"),
        ("function f(token = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789') {}", "token token 1:20"),
        ("class A { apiKey = 'a8s7d6f5-99aa'; }", "API key apiKey 1:20"),
    ] {
        assert_eq!(shown(text), [expected], "{text}");
    }
}

#[test]
fn not_secrets() {
    for text in [
        "connect({ host: h, user: 'admin', password: process.env.PASSWORD });",
        "connect({ host: h, user: 'admin', password: '' });",
        "connect({ host: h, user: 'admin', password: 'xxxxxxx' });",
        "connect({ host: h, user: 'admin', password: '<password>' });",
        "connect({ host: h, user: 'admin', password: secret.password });",
        "const messages = { password: 'password is required', token: 'Token expired' };",
        "const i18n = { password: 'Mot de passe', apiKey: 'Clé' };",
        "const Field = { PASSWORD: 'password', API_KEY: 'api-key', TOKEN: 'x-auth-token' };",
        "const headers = { 'x-api-key': process.env.KEY };",
        "const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3';",
        "const params = { Name: '/prod/db/password', WithDecryption: true };",
        "const SECRET = '/prod/db/password-1';",
        "const passwordPattern = '^(?=.*[a-z]).{8,}$'; const password = /^.{8,}$/;",
        "const tokenUrl = 'https://auth.example.com/oauth2/token';",
        "if (password === 'Corp123!') {}",
        "const token = `Bearer ${value}`;",
        "const passwordField = 'user1-password2';",
        "const nextToken = 'abc123DEF!';",
        "const k = '-----BEGIN PUBLIC KEY-----\\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAabcdefghijklmnopqrstuvwxyz';",
        "const id = 'AKIAIOSFODNN7EXAMPLE';",
    ] {
        assert_eq!(shown(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_a_fix_needs() {
    let text = "class Db {\n  options() {\n    return new Promise((resolve) => {\n      resolve({ host: 'h', user: 'admin', password: 'Corp123!' });\n    });\n  }\n}\n";
    let found = secrets(text);
    let secret = found.first().unwrap();
    let cut = |place: &model::Place| &text[place.span.start as usize..place.span.end as usize];
    assert_eq!(secret.value, "Corp123!");
    assert_eq!(secret.user.as_deref(), Some("admin"));
    assert_eq!(cut(&secret.place), "'Corp123!'");
    assert_eq!(cut(secret.object.as_ref().unwrap()), "{ host: 'h', user: 'admin', password: 'Corp123!' }");
    assert!(cut(secret.function.as_ref().unwrap()).starts_with("() {\n    return new Promise"));
    assert_eq!(secret.masked(), "8 characters, not shown");
}

#[test]
fn files_beside_the_handler_and_tests() {
    let files = [
        ("a.js", "exports.h = () => 1;"),
        ("scripts/seed.js", "connect({ host: 'h', user: 'root', password: 'Seed-99x!' });"),
        ("tests/a.test.js", "connect({ host: 'h', user: 'root', password: 'Test-99x!' });\nconst key = 'AKIAQ3EGRJVYTU7ZXKLM';"),
    ];
    let (code, _) = support::facts("a.h", &files);
    let found: Vec<String> = code.secrets.iter().map(|s| format!("{} {}", s.place.file, s.kind)).collect();
    assert_eq!(found, ["scripts/seed.js database password", "tests/a.test.js AWS access key"]);
}

/// The secrets of a text file: line and name.
fn in_text(path: &str, text: &str) -> Vec<(u32, String)> {
    sekisho_code::secrets_in(path, text.as_bytes()).unwrap().into_iter().map(|s| (s.place.line, s.name)).collect()
}

#[test]
fn in_files_that_are_not_code() {
    let named = |line: u32, name: &str| vec![(line, name.to_owned())];
    for (path, text, expected) in [
        ("t.yaml", "Parameters:\n  DBPassword:\n    Type: String\n    Default: Corp123!\n", named(4, "DBPassword")),
        ("t.yaml", "Properties:\n  MasterUserPassword: Corp123!\n", named(2, "MasterUserPassword")),
        ("t.yaml", "Environment:\n  Variables:\n    API_KEY: \"f3kQ9zL2mN8pR4tV\"\n", named(3, "API_KEY")),
        ("t.json", "{\n  \"Default\": 1,\n  \"clientSecret\": \"9aK2-mQ7x-Lp03\",\n}", named(3, "clientSecret")),
        ("t.yaml", "Env:\n  - Name: DB_PASSWORD\n    Value: Tr0ub4dor&3\n", named(3, "DB_PASSWORD")),
        (".env", "HOST=db\nDB_PASSWORD=hunter\n", named(2, "DB_PASSWORD")),
        (".env", "export STRIPE=sk_live_abcdefghijklmnop1234\n", named(1, "API key")),
        ("app.properties", "spring.datasource.password=s3cret99\n", named(1, "password")),
        ("config.yml", "url: mysql://admin:Corp123!@db.internal/app\n", named(1, "database password")),
        (
            "key.pem",
            &format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", "Ab3/".repeat(40)),
            named(1, "private key"),
        ),
        ("notes.md", "use AKIAQ3EGRJVYTU7ZXKLM for now\n", named(1, "AWS access key")),
        ("a.py", "import pymysql\nc = pymysql.connect(host='h', user='u', password='Corp123!')\n", named(2, "password")),
    ] {
        assert_eq!(in_text(path, text), expected, "{text}");
    }
}

#[test]
fn text_that_holds_none() {
    for (path, text) in [
        ("t.yaml", "Parameters:\n  DBPassword:\n    Type: String\n    NoEcho: true\n"),
        ("t.yaml", "MasterUserPassword: !Ref DBPassword\n"),
        ("t.yaml", "MasterUserPassword: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:password}}'\n"),
        ("t.yaml", "MasterUserPassword: '{{resolve:secretsmanager:x}}'\n"),
        ("t.yaml", "SecretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:x\n"),
        ("t.yaml", "# password: Corp123!\n"),
        ("t.yaml", "Password:\n  type: string\n  description: The password of the user\n"),
        ("t.yaml", "PasswordPolicy:\n  MinimumLength: 8\n"),
        ("openapi.json", "\"password\": { \"type\": \"string\" },\n"),
        ("i18n.json", "\"password\": \"Passwort\",\n"),
        (".env", "DB_PASSWORD=\nDB_PASSWORD=${DB_PASSWORD}\nDB_PASSWORD=<password>\n"),
        (".env.example", "DB_PASSWORD=hunter2\n"),
        ("package-lock.json", "\"token\": \"sk_live_abcdefghijklmnop1234\"\n"),
        ("doc.md", "https://user:<password>@host/ AKIAIOSFODNN7EXAMPLE\n"),
    ] {
        assert_eq!(in_text(path, text), [], "{text}");
    }
    assert_eq!(sekisho_code::secrets_in("a.bin", &[0, 159, 146, 150]).unwrap(), []);
    // A text too large to be searched is not passed over in silence.
    let large = format!("PASSWORD=kestrel-42-Harbour\n{}", "x\n".repeat(1 << 20));
    let trouble = sekisho_code::secrets_in("a.env", large.as_bytes()).unwrap_err();
    assert!(trouble.says.starts_with("not assessed: a.env"), "{}", trouble.says);
}
