//! TypeScript as people write functions in it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use sekisho_code::analyse;
use support::{Memory, flows, function, lines};

const SINK: &str = "import { execSync } from 'child_process';\nexport const run = (x: string): Buffer => execSync(`run ${x}`);\n";

#[test]
fn aliases_of_tsconfig() {
    let files = [
        ("tsconfig.json", "{ /* c */ \"compilerOptions\": { \"baseUrl\": \".\", \"paths\": { \"@lib/*\": [\"src/lib/*\"] } } }"),
        ("src/lib/run.ts", SINK),
        ("src/more.ts", "export const id = (e: any) => e.pathParameters.id;\n"),
        (
            "src/fn/index.ts",
            "import { run } from '@lib/run';\nimport { id } from 'src/more';\nexport const handler = async (event: any) => run(id(event));\n",
        ),
    ];
    let (code, troubles) = analyse(&[function("src/fn/index.handler", "")], &Memory::of(&files));
    assert_eq!(troubles, []);
    assert_eq!(lines(&code.handlers.values().next().unwrap().flows), ["Shell path.id run src/lib/run.ts:2"]);
}

#[test]
fn source_of_compiled_output() {
    let source = (
        "app/src/api.ts",
        "import { execSync } from 'child_process';\n\nexport const handler = async (event: any) => execSync(event.body);\n",
    );
    let compiled = ("app/dist/api.js", "const c = require('child_process'); exports.handler = async (event) => c.execSync(event.body);\n");
    for files in [vec![source], vec![source, compiled]] {
        let (code, _) = analyse(&[function("dist/api.handler", "app")], &Memory::of(&files));
        assert_eq!(lines(&code.handlers.values().next().unwrap().flows), ["Shell body handler app/src/api.ts:3"]);
    }
    let (code, _) = analyse(&[function("dist/api.handler", "app")], &Memory::of(&[compiled]));
    assert_eq!(lines(&code.handlers.values().next().unwrap().flows), ["Shell body handler app/dist/api.js:1"]);
}

#[test]
fn idioms() {
    for (text, expected) in [
        (
            "import middy from '@middy/core';\nimport json from '@middy/http-json-body-parser';\nimport { run } from './run';\nconst f = async (event: any) => run(event.body.cmd);\nexport const handler = middy(f).use(json()).use({ before: async () => {} });\n",
            "Shell body.cmd run run.ts:2",
        ),
        (
            "import middy from '@middy/core';\nimport { run } from './run';\nexport const handler = middy<any, any>().use({}).handler(async (event) => run(event.body));\n",
            "Shell body run run.ts:2",
        ),
        (
            "import { run } from './run';\nimport type { LambdaInterface } from '@aws-lambda-powertools/commons/types';\nclass Lambda implements LambdaInterface {\n  private prefix = 'x';\n  @tracer.captureLambdaHandler()\n  public async handler(event: any, _: unknown): Promise<void> { await this.go(event.pathParameters.id); }\n  private async go(id: string) { run(id); }\n}\nconst f = new Lambda();\nexport const handler = f.handler.bind(f);\n",
            "Shell path.id run run.ts:2",
        ),
        (
            "import { run } from './run';\nenum Kind { A = 'a' }\nnamespace N { export type T = string; }\nabstract class Base<T> { abstract go(x: T): void; handle(e: any) { this.go(e.body as T); } }\nclass Impl extends Base<string> { go(x: string) { run(x!); } }\nexport const handler = async (event: any) => new Impl().handle(event);\n",
            "Shell body run run.ts:2",
        ),
        (
            "import { Router } from '@aws-lambda-powertools/event-handler/http';\nimport { run } from './run';\nconst app = new Router();\napp.get('/x/:id', async ({ params: { id } }) => { run(id); });\nexport const handler = async (event: any, context: any) => app.resolve(event, context);\n",
            "Shell path.id run run.ts:2 GET",
        ),
        (
            "import { Hono } from 'hono';\nimport { handle } from 'hono/aws-lambda';\nimport { run } from './run';\nconst app = new Hono();\napp.post('/x', async (c) => { const b = await c.req.json(); run(b.cmd); });\nexport const handler = handle(app);\n",
            "Shell body.cmd run run.ts:2 POST",
        ),
    ] {
        assert_eq!(lines(&flows("index.handler", &[("index.ts", text), ("run.ts", SINK)])), [expected], "{text}");
    }
}
