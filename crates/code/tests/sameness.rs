//! What does not change what a handler does does not change its flows: the module system, one more function around a sink, the names
//! of variables, the place of a file, the language.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use model::code::Flow;
use proptest::prelude::*;
use sekisho_code::analyse;
use support::{Memory, function, python};

/// The flows without their places.
fn set(flows: &[Flow]) -> Vec<String> {
    let mut all: Vec<String> = flows.iter().map(|f| format!("{:?} {:?} {:?}", f.sink, f.source, f.methods)).collect();
    all.sort();
    all.dedup();
    all
}

/// How a program is written; what it does is in `reads` and `sinks`.
#[derive(Clone, Debug)]
struct Style {
    esm: bool,
    layers: usize,
    name: String,
    folder: &'static str,
    split: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let name = prop::sample::select(vec!["a", "value", "$x", "input_1", "данные"]).prop_map(str::to_owned);
    let folder = prop::sample::select(vec!["", "lib/", "src/deep/er/"]);
    (any::<bool>(), 0usize..5, name, folder, any::<bool>()).prop_map(|(esm, layers, name, folder, split)| Style {
        esm,
        layers,
        name,
        folder,
        split,
    })
}

const READS: [&str; 5] = [
    "event.pathParameters.id",
    "JSON.parse(event.body).user.name",
    "event.queryStringParameters['q']",
    "event.Records[0].s3.object.key",
    "process.env.SAFE",
];
const SINKS: [&str; 4] =
    ["child.execSync('run ' + V)", "eval(V)", "files.readFileSync('/tmp/' + V)", "db.query('SELECT * FROM t WHERE a = ' + V, cb)"];

fn javascript(read: usize, sink: usize, style: &Style) -> Vec<Flow> {
    let name = &style.name;
    let mut lib = String::new();
    let import = |what: &str, from: &str| {
        if style.esm { format!("import {what} from '{from}';\n") } else { format!("const {what} = require('{from}');\n") }
    };
    lib.push_str(&import("child", "child_process"));
    lib.push_str(&import("files", "fs"));
    lib.push_str(&import("mysql", "mysql"));
    lib.push_str("const db = mysql.createConnection({});\nconst cb = () => {};\n");
    lib.push_str(&format!("function go0({name}) {{ return {}; }}\n", SINKS[sink].replace('V', name)));
    for layer in 0..style.layers {
        lib.push_str(&format!("const go{} = ({name}) => {{ const inner = {name}; return go{layer}(inner); }};\n", layer + 1));
    }
    let last = format!("go{}", style.layers);
    let mut main = String::new();
    let handler = format!("async (event) => {{ const {name} = {}; return {last}({name}); }}", READS[read]);
    if style.split {
        lib.push_str(&if style.esm { format!("export {{ {last} }};\n") } else { format!("module.exports = {{ {last} }};\n") });
        main.push_str(&import(&format!("{{ {last} }}"), &format!("./{}lib.js", style.folder)));
    } else {
        main.push_str(&lib);
    }
    main.push_str(&if style.esm { format!("export const handler = {handler};\n") } else { format!("exports.handler = {handler};\n") });
    let files = [(format!("{}lib.js", style.folder), lib), ("index.js".to_owned(), main)];
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let (code, troubles) = analyse(&[function("index.handler", "")], &Memory::of(&files));
    code.handlers.into_values().next().unwrap_or_else(|| panic!("{troubles:?}")).flows
}

const PYTHON_READS: [&str; 5] = [
    "event['pathParameters']['id']",
    "json.loads(event['body'])['user']['name']",
    "event.get('queryStringParameters', {}).get('q')",
    "event['Records'][0]['s3']['object']['key']",
    "os.environ['SAFE']",
];
const PYTHON_SINKS: [&str; 4] = ["os.system('run ' + V)", "eval(V)", "open('/tmp/' + V)", "cur.execute(f'SELECT * FROM t WHERE a = {V}')"];

fn in_python(read: usize, sink: usize, style: &Style) -> Vec<Flow> {
    let name = style.name.replace('$', "s_");
    let head = "import json, os, pymysql\ncur = pymysql.connect().cursor()\n";
    let mut lib = head.to_owned();
    lib.push_str(&format!("def go0({name}):\n    return {}\n", PYTHON_SINKS[sink].replace('V', &name)));
    for layer in 0..style.layers {
        lib.push_str(&format!("def go{}({name}):\n    inner = {name}\n    return go{layer}({name}=inner)\n", layer + 1));
    }
    let last = format!("go{}", style.layers);
    let handler = format!("def handler(event, context):\n    {name} = {}\n    return {last}({name})\n", PYTHON_READS[read]);
    let module = format!("{}lib", style.folder.replace('/', "."));
    let mut files = Vec::new();
    if style.split {
        let import =
            if style.esm { format!("from {module} import {last}\n") } else { format!("import {module} as lib\n{last} = lib.{last}\n") };
        files.push((format!("{}lib.py", style.folder), lib));
        files.push(("index.py".to_owned(), format!("{head}{import}{handler}")));
    } else {
        files.push(("index.py".to_owned(), format!("{lib}{handler}")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let (code, troubles) = analyse(&[python("index.handler", "")], &Memory::of(&files));
    code.handlers.into_values().next().unwrap_or_else(|| panic!("{troubles:?}")).flows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn style_is_not_substance(read in 0usize..5, sink in 0usize..4, a in style(), b in style()) {
        let plain = set(&javascript(read, sink, &a));
        prop_assert_eq!(plain.len(), usize::from(read < 4));
        prop_assert_eq!(&plain, &set(&javascript(read, sink, &b)));
        prop_assert_eq!(&plain, &set(&in_python(read, sink, &a)));
        prop_assert_eq!(&plain, &set(&in_python(read, sink, &b)));
    }
}
