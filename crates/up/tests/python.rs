//! Real Python processes in real sandboxes: what AWS's runtime interface client gives a handler, answers and logs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use model::aws::Function;
use model::{Place, ResourceId, Time};
use sekisho_up::functions::{Caller, Config, FunctionLog, Functions, Installed, Interpreters, Outside, Request};
use services::lambda::{Credentials, Outcome};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

struct Nobody;

impl Outside for Nobody {
    fn resolve(&self, _: &ResourceId, _: &str) -> bool {
        false
    }
    fn address(&self, _: &Function) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 3, 7)
    }
    fn arrived(&self, _: Caller, _: String, _: u16, _: TcpStream) {}
}

struct Log(mpsc::UnboundedSender<String>, Mutex<Vec<String>>);

impl FunctionLog for Log {
    fn line(&self, _: &Function, _: &str, _: Time, message: &str) {
        let _ = self.0.send(message.to_owned());
    }
    fn notice(&self, text: String) {
        self.1.lock().unwrap().push(text);
    }
}

struct World {
    functions: Functions,
    lines: mpsc::UnboundedReceiver<String>,
    log: Arc<Log>,
    _code: tempfile::TempDir,
    function: Function,
}

/// A function with these files, or `None` (said) when there is no Python.
fn world(files: &[(&str, &str)]) -> Option<World> {
    let Ok(interpreters) = Interpreters::find(["python3.13"]) else {
        eprintln!("python3 is not installed (sudo apt install python3): not tried");
        return None;
    };
    let config = Config { region: "us-east-1".into(), interpreters, ca: Vec::new(), idle: Duration::from_secs(60), concurrency: 3 };
    let (sender, lines) = mpsc::unbounded_channel();
    let log = Arc::new(Log(sender, Mutex::default()));
    let functions = Functions::new(config, Arc::new(Nobody), Arc::clone(&log) as Arc<dyn FunctionLog>);
    let code = tempfile::tempdir().unwrap();
    std::fs::set_permissions(code.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for (name, text) in files {
        let path = code.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let function = Function {
        id: ResourceId::new("app", "Hello"),
        name: "hello".into(),
        arn: "arn:aws:lambda:us-east-1:123456789012:function:hello".into(),
        place: Place::new("template.yaml", 1, 1),
        runtime: "python3.8".into(),
        handler: "index.handler".into(),
        code: Some("src".into()),
        role_arn: None,
        role_place: None,
        environment: BTreeMap::from([("TABLE".to_owned(), "Partners".to_owned())]),
        unknown_environment: BTreeMap::new(),
        timeout: 10,
        memory: 256,
        security_groups: Vec::new(),
        subnets: Vec::new(),
        layers: Vec::new(),
        tracing: None,
    };
    functions.install(function.id.clone(), Installed { code: code.path().into(), modules: None, runtime_modules: None });
    Some(World { functions, lines, log, _code: code, function })
}

impl World {
    async fn eval(&self, expression: &str) -> Outcome {
        self.call(&self.function, &serde_json::json!({ "run": expression }).to_string()).await
    }

    async fn call(&self, function: &Function, payload: &str) -> Outcome {
        let credentials = || Credentials { access_key_id: "ASIAX".into(), secret_access_key: "s".into(), session_token: "t".into() };
        let request =
            Request { payload: Bytes::copy_from_slice(payload.as_bytes()), id: "r-1".into(), trace_id: Some("Root=1-2-3".into()) };
        self.functions.invoke(function, credentials, request).await.unwrap()
    }

    fn with_handler(&self, handler: &str) -> Function {
        Function { handler: handler.into(), ..self.function.clone() }
    }

    /// Log lines up to the next REPORT.
    async fn log(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.lines.recv().await.unwrap();
            let last = line.starts_with("REPORT");
            lines.push(line);
            if last {
                return lines;
            }
        }
    }
}

fn text(outcome: &Outcome) -> String {
    String::from_utf8_lossy(outcome.payload()).into_owned()
}

/// A handler that evaluates its event, so that one environment serves many cases.
const EVAL: &str = "
import collections, datetime, decimal, logging, os, subprocess, sys
def fail(error):
    raise error
def handler(event, context):
    return eval(event['run'])
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_handler_sees_and_answers() {
    let Some(mut world) = world(&[
        ("index.py", EVAL),
        ("pkg/__init__.py", ""),
        ("pkg/mod.py", "def handler(event, context): return __name__ + ' ' + __file__"),
        ("plain/mod.py", "import index\nhandler = lambda event, context: __name__"),
    ]) else {
        return;
    };
    for (expression, expected) in [
        ("{'a': 1, 'b': [True, None, 1.5]}", r#"{"a": 1, "b": [true, null, 1.5]}"#),
        ("None", "null"),
        // What simplejson writes.
        (r"'\u00e9'", r#""\u00e9""#),
        ("{'body': b'text'}", r#"{"body": "text"}"#),
        ("[decimal.Decimal('1.10'), decimal.Decimal(3)]", "[1.10, 3]"),
        ("b'raw'", "raw"),
        ("[context.aws_request_id, context.function_name, context.function_version]", r#"["r-1", "hello", "$LATEST"]"#),
        ("[context.memory_limit_in_mb, context.log_group_name]", r#"["256", "/aws/lambda/hello"]"#),
        ("'[$LATEST]' in context.log_stream_name", "true"),
        ("context.invoked_function_arn", r#""arn:aws:lambda:us-east-1:123456789012:function:hello""#),
        ("9000 < context.get_remaining_time_in_millis() <= 10000", "true"),
        ("[context.client_context, context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id]", "[null, null, null]"),
        (
            "[os.environ.get(name) for name in ('TABLE', '_HANDLER', 'AWS_EXECUTION_ENV', '_X_AMZN_TRACE_ID', 'HOME', 'NODE_PATH', 'PYTHONPATH')]",
            r#"["Partners", "index.handler", "AWS_Lambda_python3.8", "Root=1-2-3", null, null, "/var/runtime"]"#,
        ),
        ("[os.getcwd(), os.path.dirname(sys.executable)]", r#"["/var/task", "/var/lang/bin"]"#),
        ("[sys.path[0], sys.path.index('/opt/python') < sys.path.index('/var/runtime')]", r#"["/var/task", true]"#),
        // None of the machine's packages but those that Lambda has.
        ("[path for path in sys.path if path.endswith(('site-packages', 'dist-packages')) and not path.startswith('/opt/')]", "[]"),
        ("subprocess.check_output('echo hi', shell=True).decode()", r#""hi\n""#),
        ("[sys.stdout.encoding, exit.name]", r#"["utf-8", "exit"]"#),
    ] {
        assert_eq!(world.eval(expression).await, Outcome::Success(expected.to_owned().into()), "{expression}");
    }
    for (handler, expected) in [
        ("pkg/mod.handler", r#""pkg.mod /var/task/pkg/mod.py""#),
        ("pkg.mod.handler", r#""pkg.mod /var/task/pkg/mod.py""#),
        ("plain/mod.handler", r#""plain.mod""#),
    ] {
        assert_eq!(text(&world.call(&world.with_handler(handler), "{}").await), expected, "{handler}");
    }
    let layered = Function { layers: vec!["arn:aws:lambda:us-east-1:123456789012:layer:tools:3".into()], ..world.function.clone() };
    world.call(&layered, r#"{"run": "1"}"#).await;
    let newer = Function { runtime: "python3.12".into(), ..world.function.clone() };
    assert_eq!(text(&world.call(&newer, r#"{"run": "'\u00e9'"}"#).await), "\"é\"", "from python3.12 on text stands as it is");
    let lines = world.log().await;
    assert!(lines[0].starts_with("INIT_START Runtime Version: python:3.8.local"), "{lines:?}");
    assert_eq!(lines[1..3], ["START RequestId: r-1 Version: $LATEST", "END RequestId: r-1"]);
    assert!(lines[3].contains("\tMemory Size: 256 MB\t") && lines[3].contains("\tInit Duration: "), "{lines:?}");
    let notices = world.log.1.lock().unwrap().clone();
    assert!(notices.iter().any(|notice| notice.starts_with("python3.8 is run by the installed Python 3.")), "{notices:?}");
    let layers = "function app/Hello runs without its layers, which are not mounted: arn:aws:lambda:us-east-1:123456789012:layer:tools:3";
    assert!(notices.iter().any(|notice| notice == layers), "{notices:?}");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged() {
    let Some(mut world) = world(&[("index.py", EVAL)]) else { return };
    world.eval("[print('two\\nlines'), logging.warning('careful\\nhere'), logging.info('not shown'), print('err', file=sys.stderr)]").await;
    let lines = world.log().await;
    let said = &lines[2..lines.len() - 2];
    assert_eq!(said[..2], ["two", "lines"], "{lines:?}");
    assert!(said.contains(&"err".to_owned()) && !lines.iter().any(|line| line.contains("not shown")), "{lines:?}");
    let logged = said.iter().find(|line| line.starts_with("[WARNING]\t20")).unwrap();
    assert!(logged.ends_with("Z\tr-1\tcareful\rhere"), "{logged}");
    world.eval("fail(KeyError('x'))").await;
    let lines = world.log().await;
    let failed = lines.iter().find(|line| line.starts_with("[ERROR] KeyError: 'x'\rTraceback (most recent call last):\r")).unwrap();
    assert!(failed.contains("\r\u{a0}\u{a0}File \"/var/task/index.py\", line 6, in handler\r"), "{failed}");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_fail() {
    let Some(mut world) = world(&[
        ("index.py", EVAL),
        ("broken.py", "def handler(:"),
        ("throws.py", "raise TypeError('at load')"),
        ("needs.py", "import not_installed"),
        ("exits.py", "import sys; sys.exit(3)"),
    ]) else {
        return;
    };
    for (expression, kind, message) in [
        ("fail(ValueError('no'))", "ValueError", "no"),
        ("fail(KeyError('x'))", "KeyError", "'x'"),
        ("fail(Exception())", "Exception", ""),
        ("{1, 2}", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
        (
            "datetime.datetime(2026, 1, 1)",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type datetime is not JSON serializable",
        ),
    ] {
        let outcome = world.eval(expression).await;
        let Outcome::FunctionError(payload) = &outcome else { panic!("{expression}: {outcome:?}") };
        let error: serde_json::Value = serde_json::from_slice(payload).unwrap();
        assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some(kind), Some(message)), "{expression}");
        assert_eq!(error["requestId"], "r-1");
        let trace = error["stackTrace"].as_array().unwrap();
        let frame = trace.first().map(|frame| frame.as_str().unwrap());
        match kind.starts_with("Runtime.") {
            true => assert_eq!(frame, None, "{expression}"),
            false => assert!(frame.unwrap().starts_with("  File \"/var/task/index.py\", line 6, in handler\n"), "{trace:?}"),
        }
    }
    for (handler, kind, message) in [
        ("broken.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'broken': invalid syntax (broken.py, line 1)"),
        ("throws.handler", "TypeError", "at load"),
        ("needs.handler", "Runtime.ImportModuleError", "Unable to import module 'needs': No module named 'not_installed'"),
        ("nothere.handler", "Runtime.ImportModuleError", "Unable to import module 'nothere': No module named 'nothere'"),
        ("index.nothere", "Runtime.HandlerNotFound", "Handler 'nothere' missing on module 'index'"),
        ("index", "Runtime.MalformedHandlerName", "Bad handler 'index': not enough values to unpack (expected 2, got 1)"),
        ("sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
    ] {
        let outcome = world.call(&world.with_handler(handler), "{}").await;
        let error: serde_json::Value = serde_json::from_slice(outcome.payload()).unwrap();
        assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some(kind), Some(message)), "{handler}");
        assert_eq!(outcome.function_error(), Some("Unhandled"));
    }
    let outcome = world.call(&world.with_handler("exits.handler"), "{}").await;
    assert_eq!(
        text(&outcome),
        r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 3"}"#
    );
    world.function.timeout = 1;
    for (expression, expected) in [
        ("all(True for _ in iter(int, 1))", "Task timed out after 1.00 seconds"),
        ("__import__('time').sleep(60)", "Task timed out after 1.00 seconds"),
        ("os._exit(7)", "Runtime exited with error: exit status 7"),
        ("sys.exit(8)", "Runtime exited with error: exit status 8"),
        ("os.abort()", "Runtime exited with error: signal: "),
    ] {
        let found = world.eval(expression).await;
        assert!(text(&found).contains(expected) && !matches!(found, Outcome::Success(_)), "{expression}: {found:?}");
    }
    // A new environment takes the next request.
    world.function.timeout = 10;
    assert_eq!(text(&world.eval("1").await), "1");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_reaches_nothing() {
    let Some(world) = world(&[("index.py", EVAL)]) else { return };
    for (expression, expected) in [
        ("open('/etc/shadow').read()", "FileNotFoundError"),
        ("os.listdir('/root')", "FileNotFoundError"),
        ("os.listdir('/home')", "FileNotFoundError"),
        ("open('/var/task/x', 'w')", "OSError"),
        ("open('/var/runtime/bootstrap.py', 'w')", "OSError"),
        ("__import__('socket').create_connection(('169.254.169.254', 80), 2)", "OSError"),
        ("__import__('socket').gethostbyname('example.com')", "gaierror"),
        ("[name for name in os.listdir('/proc') if name.isdigit()] == [str(os.getpid())]", "true"),
        ("os.getuid()", "993"),
    ] {
        let found = world.eval(expression).await;
        assert!(text(&found).contains(expected), "{expression}: {found:?}");
    }
    world.functions.stop().await;
}
