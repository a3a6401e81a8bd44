//! Real node processes in real sandboxes: handler styles, endings, and what a stranger's function can reach.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use model::aws::Function;
use model::{Place, ResourceId, Time};
use sekisho_up::functions::{Caller, Config, FunctionLog, Functions, Installed, Interpreters, InvokeError, Outside, Request};
use services::lambda::{Credentials, Outcome};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Knows one name, and answers every connection with who called and where to.
struct Echo;

impl Outside for Echo {
    fn resolve(&self, _: &ResourceId, name: &str) -> bool {
        name.ends_with(".amazonaws.com")
    }

    fn address(&self, _: &Function) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 3, 7)
    }

    fn arrived(&self, from: Caller, host: String, port: u16, mut stream: TcpStream) {
        tokio::spawn(async move {
            let mut hello = [0u8; 5];
            stream.read_exact(&mut hello).await.unwrap();
            let said = format!("{} {} {host}:{port} {}", from.function, from.address, String::from_utf8_lossy(&hello));
            stream.write_all(said.as_bytes()).await.unwrap();
        });
    }
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
    code: tempfile::TempDir,
    function: Function,
}

/// A function with these files, or `None` (said) when there is no node.
fn world(files: &[(&str, &str)]) -> Option<World> {
    let Ok(interpreters) = Interpreters::find(["nodejs20.x"]) else {
        eprintln!("node is not installed (sudo apt install nodejs npm): not tried");
        return None;
    };
    let config = Config { region: "us-east-1".into(), interpreters, ca: Vec::new(), idle: Duration::from_secs(60), concurrency: 3 };
    let (sender, lines) = mpsc::unbounded_channel();
    let log = Arc::new(Log(sender, Mutex::default()));
    let functions = Functions::new(config, Arc::new(Echo), Arc::clone(&log) as Arc<dyn FunctionLog>);
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
        runtime: "nodejs20.x".into(),
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
    Some(World { functions, lines, log, code, function })
}

impl World {
    async fn invoke(&self, payload: &str) -> Outcome {
        self.call(&self.function, payload).await.unwrap()
    }

    async fn call(&self, function: &Function, payload: &str) -> Result<Outcome, InvokeError> {
        let credentials = || Credentials { access_key_id: "ASIAX".into(), secret_access_key: "s".into(), session_token: "t".into() };
        let request =
            Request { payload: Bytes::copy_from_slice(payload.as_bytes()), id: "r-1".into(), trace_id: Some("Root=1-2-3".into()) };
        self.functions.invoke(function, credentials, request).await
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
const EVAL: &str = "exports.handler = (event, context, callback) => eval(event.run);";

fn run(script: &str) -> String {
    serde_json::json!({ "run": script }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_style_of_handler() {
    let Some(mut world) = world(&[
        ("index.js", EVAL),
        ("esm.mjs", "export const a = { b: async () => 'esm ' + import.meta.url };"),
        ("deep/er.cjs", "exports.handler = async () => __filename;"),
        ("mod/package.json", r#"{"type":"module"}"#),
        ("mod/index.js", "export const handler = async () => 'module';"),
    ]) else {
        return;
    };
    for (script, expected) in [
        ("Promise.resolve({a: 1})", r#"{"a":1}"#),
        ("callback(null, 'called')", r#""called""#),
        ("setTimeout(() => callback(null, 'later'), 5)", r#""later""#),
        ("context.succeed('old')", r#""old""#),
        ("setTimeout(() => context.done(null, 'done'), 5)", r#""done""#),
        ("undefined", "null"),
        ("callback(null, undefined)", "null"),
        // The answer waits for the loop to be empty, unless told not to.
        ("globalThis.t = 0; setTimeout(() => { t = 1 }, 20); callback(null, 1)", "1"),
        ("Promise.resolve(t)", "1"),
        ("context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000).unref(); callback(null, 2)", "2"),
        (
            "Promise.resolve([context.awsRequestId, context.functionName, context.memoryLimitInMB, context.getRemainingTimeInMillis() > 9000])",
            r#"["r-1","hello","256",true]"#,
        ),
        ("Promise.resolve(process.env._X_AMZN_TRACE_ID)", r#""Root=1-2-3""#),
        (
            "Promise.resolve([process.env.TABLE, process.env.AWS_ACCESS_KEY_ID, process.env.HOME, process.execPath, process.cwd()])",
            r#"["Partners","ASIAX",null,"/var/lang/bin/node","/var/task"]"#,
        ),
    ] {
        assert_eq!(world.invoke(&run(script)).await, Outcome::Success(expected.to_owned().into()), "{script}");
    }
    for (handler, expected) in [
        ("esm.a.b", r#""esm file:///var/task/esm.mjs""#),
        ("deep/er.handler", r#""/var/task/deep/er.cjs""#),
        ("mod/index.handler", r#""module""#),
    ] {
        let function = Function { handler: handler.into(), ..world.function.clone() };
        assert_eq!(text(&world.call(&function, "{}").await.unwrap()), expected, "{handler}");
    }
    let lines = world.log().await;
    assert!(lines[0].starts_with("INIT_START Runtime Version: nodejs:20"), "{lines:?}");
    assert_eq!(lines[1..3], ["START RequestId: r-1 Version: $LATEST", "END RequestId: r-1"]);
    assert!(lines[3].contains("\tMemory Size: 256 MB\t") && lines[3].contains("\tInit Duration: "), "{lines:?}");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_fail() {
    let Some(mut world) = world(&[
        ("index.js", EVAL),
        ("broken.js", "syntax error"),
        ("throws.js", "throw new TypeError('at load')"),
        ("needs.js", "require('not-installed')"),
        ("exits.js", "process.exit(3)"),
    ]) else {
        return;
    };
    for (script, kind, message) in [
        ("throw new RangeError('no')", "RangeError", "no"),
        ("Promise.reject(new Error('rejected'))", "Error", "rejected"),
        ("callback('text')", "string", "text"),
        ("context.fail('Unauthorized')", "string", "Unauthorized"),
        ("context.fail()", "string", "handled"),
        ("setTimeout(() => { throw new Error('later') }, 1)", "Error", "later"),
        ("Promise.reject(new Error('lost')); new Promise(() => setTimeout(() => {}, 1000))", "Error", "lost"),
        ("const a = {}; a.a = a; Promise.resolve(a)", "TypeError", "Converting circular"),
    ] {
        let outcome = world.invoke(&run(script)).await;
        let Outcome::FunctionError(payload) = &outcome else { panic!("{script}: {outcome:?}") };
        let error: serde_json::Value = serde_json::from_slice(payload).unwrap();
        let found = error["errorMessage"].as_str().unwrap();
        if script.contains("lost") {
            assert_eq!(error["errorType"], "Runtime.UnhandledPromiseRejection");
        } else {
            assert_eq!(error["errorType"], kind, "{script}");
        }
        assert!(found.contains(message), "{script}: {found}");
        assert!(error["trace"].is_array());
    }
    let lines = world.log().await;
    assert!(
        lines.iter().any(|line| line.contains("\tr-1\tERROR\tInvoke Error \t{\"errorType\":\"RangeError\",\"errorMessage\":\"no\"")),
        "{lines:?}"
    );
    for (handler, kind) in [
        ("broken.handler", "Runtime.UserCodeSyntaxError"),
        ("throws.handler", "TypeError"),
        ("needs.handler", "Runtime.ImportModuleError"),
        ("nothere.handler", "Runtime.ImportModuleError"),
        ("index.nothere", "Runtime.HandlerNotFound"),
        ("../index.handler", "Runtime.MalformedHandlerName"),
    ] {
        let function = Function { handler: handler.into(), ..world.function.clone() };
        let outcome = world.call(&function, "{}").await.unwrap();
        let error: serde_json::Value = serde_json::from_slice(outcome.payload()).unwrap();
        assert_eq!((error["errorType"].as_str(), outcome.function_error()), (Some(kind), Some("Unhandled")), "{handler}: {error}");
    }
    let function = Function { handler: "exits.handler".into(), ..world.function.clone() };
    let outcome = world.call(&function, "{}").await.unwrap();
    assert_eq!(
        text(&outcome),
        r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 3"}"#
    );
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_never_answers_crashes_or_takes_too_much() {
    let Some(mut world) = world(&[("index.js", EVAL)]) else { return };
    world.function.timeout = 1;
    for (script, outcome) in [
        ("new Promise(() => setInterval(() => {}, 1000))", "Task timed out after 1.00 seconds"),
        ("for (;;) {}", "Task timed out after 1.00 seconds"),
        ("process.exit(7)", "Runtime exited with error: exit status 7"),
        ("process.kill(process.pid, 'SIGKILL'); for (;;) {}", "Task timed out"),
        ("process.abort()", "Runtime exited with error: signal: "),
        ("const a = []; for (;;) a.push(Buffer.alloc(1 << 24, 1))", "\"Runtime.OutOfMemory\""),
    ] {
        // Filling memory takes its time on a busy machine.
        world.function.timeout = if outcome.contains("OutOfMemory") { 30 } else { 1 };
        let found = world.invoke(&run(script)).await;
        assert!(text(&found).contains(outcome), "{script}: {found:?}");
        assert!(!matches!(found, Outcome::Success(_)));
        // A new environment takes the next request.
        assert_eq!(text(&world.invoke(&run("Promise.resolve(process.uptime() < 5)")).await), "true", "{script}");
    }
    let timeout = world.log().await;
    assert!(timeout.last().unwrap().ends_with("\tStatus: timeout"), "{timeout:?}");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn printing_is_bounded_and_told() {
    let Some(mut world) = world(&[("index.js", EVAL)]) else { return };
    let script = "console.log('first\\nline'); process.stderr.write('err\\n'); const mb = ('x'.repeat(1023) + '\\n').repeat(1024); for (let i = 0; i < 99; i++) process.stdout.write(mb); process.stdout.write(mb, () => callback(null, 1)); undefined";
    assert_eq!(text(&world.invoke(&run(script)).await), "1");
    let lines = world.log().await;
    let kept: usize = lines.iter().map(String::len).sum();
    assert!(kept < 3 << 20, "{kept} bytes kept");
    assert!(lines.iter().any(|line| line.ends_with("\tr-1\tINFO\tfirst\rline")), "{:?}", &lines[..4]);
    assert!(lines.iter().any(|line| line == "err"));
    let notices = world.log.1.lock().unwrap().clone();
    assert!(notices.iter().any(|notice| notice.contains("app/Hello prints more than is kept")), "{notices:?}");
    // One line without an end, and none for the next request.
    assert_eq!(text(&world.invoke(&run("process.stdout.write('y'.repeat(1 << 22), () => callback(null, 2)); undefined")).await), "2");
    let lines = world.log().await;
    assert!(lines.iter().any(|line| line.len() == 256 * 1024), "{:?}", lines.iter().map(String::len).collect::<Vec<_>>());
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payloads_have_limits() {
    let Some(world) = world(&[("index.js", EVAL)]) else { return };
    assert_eq!(text(&world.invoke(&run("Promise.resolve('x'.repeat(6000000).length)")).await), "6000000");
    let big = world.invoke(&run("Promise.resolve('x'.repeat(7000000))")).await;
    assert_eq!(
        text(&big),
        r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size (7000002 bytes) exceeded maximum allowed payload size (6291556 bytes)."}"#
    );
    let large = format!("\"{}\"", "x".repeat(7_000_000));
    let refused = world.call(&world.function, &large).await.unwrap_err();
    assert_eq!(refused.aws(), (413, "RequestTooLargeException"));
    let event = serde_json::json!({"run": "Promise.resolve(event.a.length)", "a": "x".repeat(5_000_000)}).to_string();
    assert_eq!(text(&world.invoke(&event).await), "5000000");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_reaches_nothing() {
    let Some(world) = world(&[("index.js", EVAL)]) else { return };
    let secret = world.code.path().parent().unwrap().join("sekisho-test-secret");
    std::fs::write(&secret, "s3cret").unwrap();
    let own = format!("require('fs').readFileSync({:?}, 'utf8')", secret.display().to_string());
    for (script, expected) in [
        ("require('fs').readFileSync('/etc/shadow', 'utf8')", "ENOENT"),
        ("require('fs').readdirSync('/root')", "ENOENT"),
        ("require('fs').readdirSync('/home')", "ENOENT"),
        (own.as_str(), "ENOENT"),
        ("require('fs').writeFileSync('/var/task/x', '')", "EROFS"),
        ("require('fs').writeFileSync('/var/runtime/index.js', '')", "EROFS"),
        ("require('fs').readFileSync('/proc/1/environ', 'utf8').includes('ASIAX') || 'hidden'", "true"),
        ("require('fs').readdirSync('/proc').filter((name) => +name).length", "1"),
        ("require('child_process').execSync('sh -c \"id -u; ls /tmp | wc -l\"').toString()", "993\\n0\\n"),
        ("require('net').connect(80, '169.254.169.254').on('error', (e) => callback(null, e.code)); new Promise(() => {})", "ENETUNREACH"),
        ("require('net').connect(8080, '10.0.0.1').on('error', (e) => callback(null, e.code)); new Promise(() => {})", "ENETUNREACH"),
        ("require('dns').lookup('example.com', (e) => callback(null, e.code))", "ENOTFOUND"),
        ("require('dns').resolve4('example.com', (e) => callback(null, e.code))", "ENOTFOUND"),
        ("require('dns').lookup('metadata.google.internal', (e) => callback(null, e.code))", "ENOTFOUND"),
        (
            "require('net').connect(3306, '127.64.0.200').on('error', (e) => callback(null, e.code)).on('close', () => callback(null, 'closed'))",
            "closed",
        ),
    ] {
        let wrapped = format!(
            "try {{ const v = {script}; v === undefined || v && (v.then || v.on) ? undefined : Promise.resolve(v) }} catch (e) {{ Promise.resolve(e.code) }}"
        );
        let script = if script.contains("callback") { script.to_owned() } else { wrapped };
        let found = text(&world.invoke(&run(&script)).await);
        assert!(found.contains(expected), "{script}: {found}");
    }
    std::fs::remove_file(secret).unwrap();
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_lead_to_the_gate() {
    let Some(world) = world(&[("index.js", EVAL)]) else { return };
    for port in [443, 3306, 80] {
        let script = format!(
            "const s = require('net').connect({port}, 'sts.us-east-1.amazonaws.com', () => s.write('hello')); s.on('data', (d) => {{ callback(null, d.toString()); s.destroy() }}).on('error', callback)"
        );
        assert_eq!(text(&world.invoke(&run(&script)).await), format!("\"app/Hello 10.0.3.7 sts.us-east-1.amazonaws.com:{port} hello\""));
    }
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_bomb_is_bounded() {
    let Some(mut world) = world(&[("index.js", EVAL)]) else { return };
    world.function.timeout = 2;
    let bomb = "require('child_process').spawn('sh', ['-c', 'b() { b | b & b; }; b'], {stdio: 'ignore'}); new Promise(() => setInterval(() => {}, 1000))";
    let found = world.invoke(&run(bomb)).await;
    assert!(!matches!(found, Outcome::Success(_)), "{found:?}");
    assert_eq!(text(&world.invoke(&run("Promise.resolve(1)")).await), "1");
    world.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environments_are_reused_counted_and_renewed() {
    let Some(world) = world(&[(
        "index.js",
        "let n = 0; exports.handler = async (e) => { if (e.wait) await new Promise((r) => setTimeout(r, e.wait)); return [process.env.AWS_LAMBDA_LOG_STREAM_NAME, ++n] };",
    )]) else {
        return;
    };
    let parse = |outcome: Outcome| serde_json::from_slice::<(String, u32)>(outcome.payload()).unwrap();
    let (first, one) = parse(world.invoke("{}").await);
    let (again, two) = parse(world.invoke("{}").await);
    assert_eq!((one, two, first.as_str()), (1, 2, again.as_str()), "warm");
    let slow = r#"{"wait":400}"#;
    let (a, b, c) = tokio::join!(world.invoke(slow), world.invoke(slow), world.invoke(slow));
    let mut streams = [a, b, c].map(|outcome| parse(outcome).0);
    streams.sort();
    assert!(streams[0] != streams[1] && streams[1] != streams[2], "one request each: {streams:?}");
    let calls = (0..4).map(|_| world.call(&world.function, slow)).collect::<Vec<_>>();
    let mut results = Vec::new();
    for call in calls.into_iter().map(Box::pin) {
        results.push(call);
    }
    let (a, b, c, d) = {
        let mut it = results.into_iter();
        tokio::join!(it.next().unwrap(), it.next().unwrap(), it.next().unwrap(), it.next().unwrap())
    };
    let refused = [a, b, c, d].into_iter().filter(|result| matches!(result, Err(InvokeError::TooManyRequests))).count();
    assert_eq!(refused, 1, "three environments at most");
    let changed = Function { memory: 300, ..world.function.clone() };
    let (renewed, one) = parse(world.call(&changed, "{}").await.unwrap());
    assert!(!streams.contains(&renewed) && one == 1);
    world.functions.stop().await;
    assert!(matches!(world.call(&world.function, "{}").await, Err(InvokeError::Stopping)));
}
