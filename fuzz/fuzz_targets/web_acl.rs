//! Any JSON as a web ACL, any bytes as a request: reading never panics, what is read is judged, and the compiled program
//! answers as the rule-by-rule twin does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_model::{HttpRequest, Node, Place};
use sekisho_waf::engine::Scratch;
use sekisho_waf::managed;
use sekisho_waf::request::Request;
use sekisho_waf::wafv2::{At, Library, Program, ResourceType, WebAcl};
use std::sync::Arc;

fuzz_target!(|input: (&str, &str, &str, &[u8])| {
    let (text, uri, header, body) = input;
    let Ok(document) = serde_json::from_str(text) else { return };
    let place = Place::new("acl.json", 1, 1);
    let library = Library { managed: managed::groups(None), ..Library::default() };
    let Ok(acl) = WebAcl::from_aws_json(&Node::from_json(&document, &place), &library) else { return };
    acl.capacity();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let request = HttpRequest {
        method: "POST".into(),
        path: path.into(),
        query: query.into(),
        headers: vec![("content-type".into(), "application/json".into()), ("x-any".into(), header.into())],
        body: body.to_vec(),
    };
    let program = Program::compile(Arc::new(acl));
    let request = Request::of(&request);
    let quick = program.judge(&request, ResourceType::ApiGateway, &At(0), &mut Scratch::default());
    let slow = program.acl().judge(&request, ResourceType::ApiGateway, &At(0));
    assert_eq!(format!("{quick:?}"), format!("{slow:?}"));
});
