//! The service as a client sees it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::expression::{self, Placeholders};
use super::value::{Item, item_from_json, item_json};
use super::*;
use crate::testing::{self, Memory};
use proptest::prelude::*;
use serde_json::json;

const ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders";

fn app() -> App {
    let orders = json!({
        "AttributeDefinitions": [
            { "AttributeName": "company", "AttributeType": "S" },
            { "AttributeName": "at", "AttributeType": "N" },
            { "AttributeName": "state", "AttributeType": "S" },
        ],
        "KeySchema": [{ "AttributeName": "company", "KeyType": "HASH" }, { "AttributeName": "at", "KeyType": "RANGE" }],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-state",
            "KeySchema": [{ "AttributeName": "state", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    testing::app([testing::resource("Orders", table::KIND, "Orders", Some(ARN), orders)])
}

struct Client {
    app: App,
    service: DynamoDb,
    world: Memory,
}

impl Client {
    fn new() -> Self {
        Self { app: app(), service: DynamoDb::default(), world: Memory::default() }
    }

    fn ask(&self, operation: &str, parameters: Value) -> Result<Asked, ServiceError> {
        self.service.asks(&self.app, &testing::json_request(&format!("DynamoDB_20120810.{operation}"), &parameters))
    }

    fn call(&self, operation: &str, parameters: Value) -> Result<Value, ServiceError> {
        let request = testing::json_request(&format!("DynamoDB_20120810.{operation}"), &parameters);
        testing::call(&self.service, &self.app, &self.world, &request).map(|(_, done)| testing::body(&done))
    }

    fn with_orders() -> Self {
        let client = Self::new();
        for (company, at, state, price) in [("a", 1, "open", "10"), ("a", 10, "done", "7.5"), ("a", 9, "open", "3"), ("b", 1, "open", "1")]
        {
            let item = json!({ "company": {"S": company}, "at": {"N": at.to_string()}, "state": {"S": state}, "price": {"N": price} });
            client.call("PutItem", json!({ "TableName": "Orders", "Item": item })).unwrap();
        }
        client
    }
}

fn key(company: &str, at: u32) -> Value {
    json!({ "company": {"S": company}, "at": {"N": at.to_string()} })
}

#[test]
fn an_item_is_put_read_and_deleted() {
    let client = Client::with_orders();
    let get = json!({ "TableName": "Orders", "Key": key("a", 10) });
    assert_eq!(client.call("GetItem", get.clone()).unwrap()["Item"]["price"], json!({"N": "7.5"}));
    let projected =
        json!({ "TableName": ARN, "Key": key("a", 10), "ProjectionExpression": "#s", "ExpressionAttributeNames": {"#s": "state"} });
    assert_eq!(client.call("GetItem", projected).unwrap(), json!({ "Item": { "state": {"S": "done"} } }));
    let gone = client.call("DeleteItem", json!({ "TableName": "Orders", "Key": key("a", 10), "ReturnValues": "ALL_OLD" })).unwrap();
    assert_eq!(gone["Attributes"]["state"], json!({"S": "done"}));
    assert_eq!(client.call("GetItem", get).unwrap(), json!({}));
}

#[test]
fn errors_are_dynamodbs() {
    let client = Client::with_orders();
    let cases = [
        ("GetItem", json!({ "TableName": "Nowhere", "Key": key("a", 1) }), "ResourceNotFoundException", "Requested resource not found"),
        (
            "DescribeTable",
            json!({ "TableName": "Nowhere" }),
            "ResourceNotFoundException",
            "Requested resource not found: Table: Nowhere not found",
        ),
        (
            "GetItem",
            json!({ "TableName": "Orders", "Key": {"company": {"S": "a"}} }),
            "ValidationException",
            "The provided key element does not match the schema",
        ),
        (
            "GetItem",
            json!({ "Key": {} }),
            "ValidationException",
            "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "PutItem",
            json!({ "TableName": "Orders", "Item": {"company": {"S": "a"}} }),
            "ValidationException",
            "One or more parameter values were invalid: Missing the key at in the item",
        ),
        (
            "PutItem",
            json!({ "TableName": "Orders", "Item": {"company": {"S": "a"}, "at": {"S": "1"}} }),
            "ValidationException",
            "One or more parameter values were invalid: Type mismatch for key at expected: N actual: S",
        ),
        (
            "PutItem",
            json!({ "TableName": "Orders", "Item": {"company": {"S": ""}, "at": {"N": "1"}} }),
            "ValidationException",
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: company",
        ),
        (
            "PutItem",
            json!({ "TableName": "Orders", "Item": key("a", 1), "ConditionExpression": "attribute_not_exists(company)" }),
            "ConditionalCheckFailedException",
            "The conditional request failed",
        ),
        (
            "PutItem",
            json!({ "TableName": "Orders", "Item": key("a", 1), "Expected": {} }),
            "ValidationException",
            "The legacy parameter Expected is not supported here; use an expression",
        ),
        (
            "UpdateItem",
            json!({ "TableName": "Orders", "Key": key("a", 1), "UpdateExpression": "SET company = :c", "ExpressionAttributeValues": {":c": {"S": "x"}} }),
            "ValidationException",
            "One or more parameter values were invalid: Cannot update attribute company. This attribute is part of the key",
        ),
        ("Frobnicate", json!({}), "UnknownOperationException", ""),
        (
            "Query",
            json!({ "TableName": "Orders", "KeyConditionExpression": "price = :p", "ExpressionAttributeValues": {":p": {"N": "1"}} }),
            "ValidationException",
            "Query condition missed key schema element: company",
        ),
    ];
    for (operation, parameters, code, message) in cases {
        let error = client.call(operation, parameters).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, message), "{operation}");
        assert_eq!(error.status, 400);
    }
}

#[test]
fn a_query_reads_a_partition_in_number_order_and_in_pages() {
    let client = Client::with_orders();
    let ats =
        |answer: &Value| answer["Items"].as_array().unwrap().iter().map(|i| i["at"]["N"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let query = json!({ "TableName": "Orders", "KeyConditionExpression": "company = :c", "ExpressionAttributeValues": {":c": {"S": "a"}} });
    let all = client.call("Query", query.clone()).unwrap();
    assert_eq!((ats(&all), all["Count"].clone()), (vec!["1".into(), "9".into(), "10".into()], json!(3)));
    let mut seen = Vec::new();
    let mut page = query.clone();
    page["Limit"] = json!(2);
    page["ScanIndexForward"] = json!(false);
    loop {
        let answer = client.call("Query", page.clone()).unwrap();
        seen.extend(ats(&answer));
        match answer.get("LastEvaluatedKey") {
            Some(last) => page["ExclusiveStartKey"] = last.clone(),
            None => break,
        }
    }
    assert_eq!(seen, ["10", "9", "1"]);
    let ranged = json!({
        "TableName": "Orders",
        "KeyConditionExpression": "company = :c AND #at BETWEEN :low AND :high",
        "FilterExpression": "price > :p",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {":c": {"S": "a"}, ":low": {"N": "2"}, ":high": {"N": "10"}, ":p": {"N": "5"}},
    });
    let answer = client.call("Query", ranged).unwrap();
    assert_eq!((ats(&answer), answer["ScannedCount"].clone()), (vec!["10".to_owned()], json!(2)));
    let index = json!({
        "TableName": "Orders", "IndexName": "by-state", "KeyConditionExpression": "#s = :s",
        "ExpressionAttributeNames": {"#s": "state"}, "ExpressionAttributeValues": {":s": {"S": "open"}},
    });
    let answer = client.call("Query", index).unwrap();
    assert_eq!(answer["Count"], json!(3));
    assert_eq!(answer["Items"][0].as_object().unwrap().len(), 3, "keys only");
}

#[test]
fn a_scan_filters_and_splits_into_segments() {
    let client = Client::with_orders();
    let filtered = json!({
        "TableName": "Orders",
        "FilterExpression": "contains(#s, :o) AND NOT (price < :p)",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":o": {"S": "pe"}, ":p": {"N": "3"}},
    });
    assert_eq!(client.call("Scan", filtered).unwrap()["Count"], json!(2));
    let segment = |n: u32| {
        client.call("Scan", json!({ "TableName": "Orders", "Segment": n, "TotalSegments": 3 })).unwrap()["Count"].as_u64().unwrap()
    };
    assert_eq!(segment(0) + segment(1) + segment(2), 4);
}

#[test]
fn updates() {
    let client = Client::with_orders();
    let update = json!({
        "TableName": "Orders", "Key": key("a", 1), "ReturnValues": "ALL_NEW",
        "UpdateExpression": "SET price = price + :one, tags = list_append(if_not_exists(tags, :none), :tag), m = :m REMOVE #s ADD n :one, s :set",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":none": {"L": []}, ":tag": {"L": [{"S": "x"}]}, ":m": {"M": {}}, ":set": {"SS": ["p", "q"]}},
    });
    let new = client.call("UpdateItem", update).unwrap()["Attributes"].clone();
    assert_eq!(
        new,
        json!({
            "at": {"N": "1"}, "company": {"S": "a"}, "m": {"M": {}}, "n": {"N": "1"}, "price": {"N": "11"},
            "s": {"SS": ["p", "q"]}, "tags": {"L": [{"S": "x"}]},
        })
    );
    let update = json!({
        "TableName": "Orders", "Key": key("a", 1), "ReturnValues": "UPDATED_NEW",
        "UpdateExpression": "SET m.deep = :v DELETE s :set",
        "ExpressionAttributeValues": {":v": {"BOOL": true}, ":set": {"SS": ["p", "q"]}},
    });
    assert_eq!(client.call("UpdateItem", update).unwrap()["Attributes"], json!({ "m": {"M": {"deep": {"BOOL": true}}} }));
    let upsert = json!({ "TableName": "Orders", "Key": key("new", 5), "UpdateExpression": "ADD hits :n", "ExpressionAttributeValues": {":n": {"N": "2"}} });
    client.call("UpdateItem", upsert.clone()).unwrap();
    client.call("UpdateItem", upsert).unwrap();
    assert_eq!(client.call("GetItem", json!({ "TableName": "Orders", "Key": key("new", 5) })).unwrap()["Item"]["hits"], json!({"N": "4"}));
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let client = Client::with_orders();
    let transaction = |condition: &str| {
        json!({ "TransactItems": [
            { "Put": { "TableName": "Orders", "Item": key("t", 1) } },
            { "ConditionCheck": { "TableName": "Orders", "Key": key("a", 1), "ConditionExpression": condition } },
            { "Delete": { "TableName": "Orders", "Key": key("b", 1) } },
        ] })
    };
    let error = client.call("TransactWriteItems", transaction("attribute_not_exists(company)")).unwrap_err();
    assert_eq!(error.code, "TransactionCanceledException");
    assert!(error.message.ends_with("[None, ConditionalCheckFailed, None]"));
    assert_eq!(error.members["CancellationReasons"][1]["Code"], "ConditionalCheckFailed");
    let read = json!({ "TransactItems": [{ "Get": { "TableName": "Orders", "Key": key("t", 1) } }, { "Get": { "TableName": "Orders", "Key": key("b", 1) } }] });
    assert_eq!(client.call("TransactGetItems", read.clone()).unwrap()["Responses"][0], json!({}));
    client.call("TransactWriteItems", transaction("attribute_exists(company)")).unwrap();
    let after = client.call("TransactGetItems", read).unwrap();
    assert_eq!((after["Responses"][0]["Item"].clone(), after["Responses"][1].clone()), (key("t", 1), json!({})));
}

#[test]
fn batches() {
    let client = Client::new();
    let requests = json!({ "RequestItems": { "Orders": [
        { "PutRequest": { "Item": key("x", 1) } }, { "PutRequest": { "Item": key("x", 2) } }, { "DeleteRequest": { "Key": key("x", 3) } },
    ] } });
    assert_eq!(client.call("BatchWriteItem", requests).unwrap(), json!({ "UnprocessedItems": {} }));
    let read = client.call("BatchGetItem", json!({ "RequestItems": { "Orders": { "Keys": [key("x", 2), key("x", 9)] } } })).unwrap();
    assert_eq!(read, json!({ "Responses": { "Orders": [key("x", 2)] }, "UnprocessedKeys": {} }));
}

#[test]
fn what_is_asked_names_action_resource_and_condition_keys() {
    let client = Client::with_orders();
    let put = client
        .ask("PutItem", json!({ "TableName": "Orders", "Item": { "company": {"S": "a"}, "at": {"N": "1"}, "card": {"S": "4111"} } }))
        .unwrap();
    assert_eq!((put.needs[0].action.as_str(), put.needs[0].resource.as_str()), ("dynamodb:PutItem", ARN));
    assert_eq!(put.needs[0].context["dynamodb:LeadingKeys"], ["a"]);
    assert_eq!(put.needs[0].context["dynamodb:Attributes"], ["at", "card", "company"]);
    assert!(put.data_event && !put.read_only && !put.public);
    assert!(!put.logged_parameters.to_string().contains("4111"), "CloudTrail gets no attribute values");
    assert_eq!(put.logged_parameters["key"], json!({ "at": "1", "company": "a" }));
    let query = json!({
        "TableName": "Orders", "IndexName": "by-state", "KeyConditionExpression": ":s = #s",
        "ExpressionAttributeNames": {"#s": "state"}, "ExpressionAttributeValues": {":s": {"S": "open"}},
    });
    let query = client.ask("Query", query).unwrap();
    assert_eq!(query.needs[0].resource, format!("{ARN}/index/by-state"));
    assert_eq!(query.needs[0].context["dynamodb:LeadingKeys"], ["open"]);
    assert_eq!(query.needs[0].context["dynamodb:Select"], ["ALL_PROJECTED_ATTRIBUTES"]);
    let scan = client.ask("Scan", json!({ "TableName": "Orders" })).unwrap();
    assert!(!scan.needs[0].context.contains_key("dynamodb:LeadingKeys"));
    let batch = client.ask("BatchGetItem", json!({ "RequestItems": { "Orders": { "Keys": [key("b", 2), key("a", 9)] } } })).unwrap();
    assert_eq!(batch.needs[0].context["dynamodb:LeadingKeys"], ["a", "b"]);
    let transaction = json!({ "TransactItems": [{ "Put": { "TableName": "Orders", "Item": key("t", 1) } }, { "Delete": { "TableName": "Orders", "Key": key("u", 1) } }] });
    let transaction = client.ask("TransactWriteItems", transaction).unwrap();
    let actions: Vec<&str> = transaction.needs.iter().map(|call| call.action.as_str()).collect();
    assert_eq!(actions, ["dynamodb:PutItem", "dynamodb:DeleteItem"]);
    assert_eq!(transaction.needs[1].context["dynamodb:EnclosingOperation"], ["TransactWriteItems"]);
}

#[test]
fn a_table_is_made_and_removed_as_a_change_of_the_app() {
    let client = Client::new();
    let parameters = json!({
        "TableName": "Made", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }], "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
    });
    let request = testing::json_request("DynamoDB_20120810.CreateTable", &parameters);
    let (_, done) = testing::call(&client.service, &client.app, &client.world, &request).unwrap();
    let app = client.app.apply(&done.changes[0]).unwrap();
    let client = Client { app, ..client };
    assert_eq!(client.call("ListTables", json!({})).unwrap()["TableNames"], json!(["Made", "Orders"]));
    assert_eq!(client.call("DescribeTable", json!({ "TableName": "Made" })).unwrap()["Table"]["TableStatus"], "ACTIVE");
    let again = client.call("CreateTable", parameters).unwrap_err();
    assert_eq!((again.code.as_str(), again.message.as_str()), ("ResourceInUseException", "Table already exists: Made"));
}

#[test]
fn expressions_that_are_wrong_are_refused_in_dynamodbs_words() {
    let placeholders = || {
        let given = json!({ "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":n": {"N": "1"}, ":s": {"S": "x"}} });
        Placeholders::read(given.as_object().unwrap()).unwrap()
    };
    let conditions = [
        ("", "The expression can not be empty;"),
        ("a =", "Syntax error; token: \"<EOF>\", near: \"=\""),
        ("a = = :n", "Syntax error; token: \"=\", near: \"= = :n\""),
        ("status = :s", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("#b = :s", "An expression attribute name used in the document path is not defined; attribute name: #b"),
        ("a = :t", "An expression attribute value used in expression is not defined; attribute value: :t"),
        ("frob(a)", "Invalid function name; function: frob"),
        ("attribute_exists(:s)", "Operator or function requires a document path; operator or function: attribute_exists"),
        (
            "begins_with(a)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
        ),
        ("begins_with(a, :n)", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"),
        ("a = contains(b, :s)", "The function is not allowed to be used this way in an expression; function: contains"),
        ("a = :s OR", "Syntax error; token: \"<EOF>\", near: \"OR\""),
        (
            "a BETWEEN :n AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}",
        ),
        ("a = \"x\"", "Syntax error; token: \"\"\", near: \"= \"x\"\""),
    ];
    for (text, says) in conditions {
        let error = expression::condition("ConditionExpression", text, &placeholders()).unwrap_err();
        assert_eq!(error, format!("Invalid ConditionExpression: {says}"), "{text}");
    }
    let updates = [
        ("SET a = :n SET b = :n", "The \"SET\" section can only be used once in an update expression;"),
        (
            "SET a = :n, a.b = :n",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
        ),
        (
            "SET a[0] = :n, a.b = :n",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, [0]], path two: [a, b]",
        ),
        ("ADD a :s", "Incorrect operand type for operator or function; operator: ADD, operand type: STRING"),
        ("SET a = :s + :n", "Incorrect operand type for operator or function; operator or function: +, operand type: S"),
        ("INSERT a", "Syntax error; token: \"INSERT\", near: \"INSERT a\""),
    ];
    for (text, says) in updates {
        assert_eq!(expression::update(text, &placeholders()).unwrap_err(), format!("Invalid UpdateExpression: {says}"), "{text}");
    }
    let unused = placeholders();
    expression::condition("ConditionExpression", "#a = :n", &unused).unwrap();
    assert_eq!(unused.all_used().unwrap_err(), "Value provided in ExpressionAttributeValues unused in expressions: keys: {:s}");
    assert!(
        expression::condition("ConditionExpression", &"(".repeat(4000), &placeholders()).is_err(),
        "no stack is long enough for everything"
    );
}

fn an_item(text: &str) -> Item {
    item_from_json(serde_json::from_str::<Value>(text).unwrap().as_object().unwrap()).unwrap()
}

/// Conditions made of known parts, with what they mean for the item below.
fn condition_text() -> impl Strategy<Value = (String, bool)> {
    let leaf = prop_oneof![
        Just(("a = :one".to_owned(), true)),
        Just(("a <> :one".to_owned(), false)),
        Just(("a < :two".to_owned(), true)),
        Just(("nowhere = :one".to_owned(), false)),
        Just(("attribute_exists(m.x)".to_owned(), true)),
        Just(("attribute_not_exists(m.x)".to_owned(), false)),
        Just(("begins_with(t, :he)".to_owned(), true)),
        Just(("size(t) = :two".to_owned(), false)),
        Just(("a IN (:two, :one)".to_owned(), true)),
        Just(("a BETWEEN :one AND :two".to_owned(), true)),
        Just(("l[1] = :two".to_owned(), true)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| (format!("({a}) AND ({b})"), x && y)),
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| (format!("({a})OR({b})"), x || y)),
            inner.prop_map(|(a, x)| (format!("NOT ({a})"), !x)),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_means_what_its_parts_mean((text, meaning) in condition_text()) {
        let given = json!({ "ExpressionAttributeValues": {":one": {"N": "1"}, ":two": {"N": "2"}, ":he": {"S": "he"}} });
        let placeholders = Placeholders::read(given.as_object().unwrap()).unwrap();
        let item = an_item(r#"{"a":{"N":"1"},"t":{"S":"hello"},"m":{"M":{"x":{"NULL":true}}},"l":{"L":[{"N":"1"},{"N":"2"}]}}"#);
        let condition = expression::condition("FilterExpression", &text, &placeholders).unwrap();
        prop_assert_eq!(expression::holds(&condition, &item), meaning);
    }

    #[test]
    fn no_text_makes_the_parser_fall_over(text in "\\PC{0,60}", words in proptest::collection::vec("(SET|REMOVE|ADD|a|#a|:n|\\(|\\)|,|\\.|\\[|0|\\]|=|<|AND|OR|NOT|size|\\+| )", 0..40)) {
        let given = json!({ "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":n": {"N": "1"}} });
        let placeholders = Placeholders::read(given.as_object().unwrap()).unwrap();
        for text in [text, words.concat()] {
            let _ = expression::condition("ConditionExpression", &text, &placeholders);
            let _ = expression::projection(&text, &placeholders);
            if let Ok(update) = expression::update(&text, &placeholders) {
                let _ = expression::apply(&update, &an_item(r#"{"a":{"L":[{"N":"1"}]}}"#));
            }
        }
    }

    #[test]
    fn setting_then_reading_gives_the_value(name in "[a-z]{1,8}", number in -1000_i64..1000) {
        let given = json!({ "ExpressionAttributeNames": {"#n": name}, "ExpressionAttributeValues": {":v": {"N": number.to_string()}} });
        let placeholders = Placeholders::read(given.as_object().unwrap()).unwrap();
        let update = expression::update("SET #n = :v", &placeholders).unwrap();
        let item = expression::apply(&update, &Item::new()).unwrap();
        prop_assert_eq!(item_json(&item), json!({ name: {"N": number.to_string()} }));
    }
}
