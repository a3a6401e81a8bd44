//! Code that a template itself holds is read as code, and told at the template's own lines.
#![allow(clippy::unwrap_used)]

mod support;

use model::Finding;
use support::{folder, scan};

const PYTHON: &str = "import os\nimport json\n\ndef handler(event, context):\n    dir = event['queryStringParameters']['dir']\n    os.system('ls ' + dir)\n    return {'statusCode': 200}\n";
const JAVASCRIPT: &str = "const { exec } = require('child_process');\nexports.handler = async (event) => {\n  const q = event.queryStringParameters;\n  exec(`ls ${q.dir}`);\n  return { statusCode: 200 };\n};\n";

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{}{line}\n", " ".repeat(by)) }).collect()
}

fn sam(runtime: &str, code: &str) -> String {
    let events = "      Events:\n        Call: {Type: Api, Properties: {Path: /things, Method: get}}\n";
    let head = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Handle:\n    Type: AWS::Serverless::Function\n    Properties:\n";
    format!("{head}      Runtime: {runtime}\n      Handler: index.handler\n{events}{code}")
}

/// The one command injection of a template; it stands where its line says `found`.
fn one(name: &str, file: &str, template: &str, marked: &str) -> Finding {
    let found: Vec<Finding> = scan(name, &[(file, template)]).into_iter().filter(|f| f.risk == "command-injection").collect();
    assert_eq!(found.len(), 1, "{name}: {found:#?}");
    let line = template.lines().position(|line| line.contains(marked)).unwrap() + 1;
    assert_eq!((&*found[0].place.file, found[0].place.line as usize), (file, line), "{name}");
    found[0].clone()
}

#[test]
fn at_the_lines_of_the_template() {
    for (name, runtime, code, marked) in
        [("inline py", "python3.13", PYTHON, "os.system"), ("inline js", "nodejs22.x", JAVASCRIPT, "exec(")]
    {
        let block = sam(runtime, &format!("      InlineCode: |\n{}", indented(code, 10)));
        let found = one(name, "template.yaml", &block, marked);
        // The place covers what is handed over, in the template's bytes.
        let covered = &block[found.place.span.start as usize..found.place.span.end as usize];
        assert!(["'ls ' + dir", "`ls ${q.dir}`"].contains(&covered), "{covered}");
        let column = block.lines().nth(found.place.line as usize - 1).unwrap().find(covered).unwrap() + 1;
        assert_eq!(found.place.column as usize, column);
        assert!(found.path.iter().all(|step| &*step.place.file == "template.yaml"), "{:#?}", found.path);
        // No edit is made of text that knows nothing of its indentation.
        assert_eq!(found.fix, None);
        let sub = sam(
            runtime,
            &format!("      InlineCode: !Sub |\n{}", indented(&code.replace("${", "${!"), 8).replace("ls ", "ls ${AWS::Region} ")),
        );
        one(&format!("{name} sub"), "template.yaml", &sub, marked);
        let windows = block.replace('\n', "\r\n");
        one(&format!("{name} crlf"), "template.yaml", &windows, marked);
    }
}

/// JSON, as templates were written for years, and as the CDK synthesises it.
#[test]
fn in_json() {
    let items: Vec<String> = JAVASCRIPT.lines().map(|line| format!("  {}", serde_json::to_string(line).unwrap())).collect();
    let template = |code: String| {
        format!(
            "{{\"Resources\": {{\n\"Url\": {{\"Type\": \"AWS::Lambda::Url\", \"Properties\": {{\"AuthType\": \"NONE\", \"TargetFunctionArn\": {{\"Ref\": \"F\"}}}}}},\n\"F\": {{\"Type\": \"AWS::Lambda::Function\", \"Properties\": {{\"Runtime\": \"nodejs22.x\", \"Handler\": \"index.handler\",\n\"Role\": \"arn:aws:iam::123456789012:role/r\",\n\"Code\": {{\"ZipFile\": {code}}}\n}}}}}}}}\n"
        )
    };
    let joined = template(format!("{{\"Fn::Join\": [\"\\n\", [\n{}\n]]}}", items.join(",\n")));
    one("inline join", "template.json", &joined, "exec(`");
    let glued = template(serde_json::to_string(JAVASCRIPT).unwrap());
    one("inline text", "template.json", &glued, "ZipFile");
}

/// What cannot be read is said at its line.
#[test]
fn what_is_not_read_is_said() {
    let broken = sam("python3.13", "      InlineCode: |\n        import os\n        def handler(event, context)\n          pass\n");
    scan("inline broken", &[("template.yaml", &broken)]);
    let app = read::application(&folder("inline broken"), &read::Options::default());
    let at = |says: &str| app.troubles.iter().find(|trouble| trouble.says.contains(says)).map(|trouble| trouble.place.to_string());
    assert_eq!(at("syntax error"), Some("template.yaml:12:9".to_owned()), "{:#?}", app.troubles);
    let unknown =
        sam("python3.13", "      InlineCode: !Ref Code\n").replace("Resources:", "Parameters: {Code: {Type: String}}\nResources:");
    scan("inline unknown", &[("template.yaml", &unknown)]);
    let app = read::application(&folder("inline unknown"), &read::Options::default());
    assert!(app.troubles.iter().any(|trouble| trouble.says.contains("made of values that are not known")), "{:#?}", app.troubles);
    let named = sam("python3.13", "      InlineCode: pass\n").replace("index.handler", "app.handler");
    scan("inline named", &[("template.yaml", &named)]);
    let app = read::application(&folder("inline named"), &read::Options::default());
    let trouble = app.troubles.iter().find(|trouble| trouble.says.contains("is not in its inline code")).unwrap();
    assert_eq!(trouble.place.to_string(), "template.yaml:10:19");
}
