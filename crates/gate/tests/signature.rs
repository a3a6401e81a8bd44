//! AWS Signature Version 4: AWS's own published example and test-suite cases, and every way to be refused.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::{HttpRequest, Identity, IssuedKey, Stop, Time};
use sekisho_gate::sigv4::{self, verify};
use stand::{Memory, session};

/// 2015-08-30T12:36:00Z, the time of AWS's test suite; its key, region and service.
const THEN: Time = Time(1_440_938_160_000);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn memory() -> Memory {
    let user = Identity::User { arn: "arn:aws:iam::123456789012:user/suite".into() };
    let long = IssuedKey { secret: SECRET.into(), session_token: None, identity: user, expires: None };
    let mut memory = Memory::default();
    memory.keys.insert("AKIDEXAMPLE".into(), long.clone());
    let token = Some("session-token".to_owned());
    let expires = Some(Time(THEN.0 + 60_000));
    memory.keys.insert("ASIAEXAMPLE".into(), IssuedKey { session_token: token, expires, identity: session(), ..long });
    memory
}

fn request(method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> HttpRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpRequest { method: method.into(), path: path.into(), query: query.into(), headers, body: body.as_bytes().to_vec() }
}

fn signed(request: HttpRequest, headers: &str, signature: &str) -> HttpRequest {
    let scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
    with_authorization(request, &format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={headers}, Signature={signature}"))
}

fn with_authorization(mut request: HttpRequest, value: &str) -> HttpRequest {
    request.headers.push(("Authorization".into(), value.into()));
    request
}

const HOST: (&str, &str) = ("Host", "example.amazonaws.com");
const DATE: (&str, &str) = ("X-Amz-Date", "20150830T123600Z");

/// The signatures published with AWS's Signature Version 4 test suite.
#[test]
fn the_test_suite() {
    let cases = [
        (
            "get-vanilla",
            request("GET", "/", "", &[HOST, DATE], ""),
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-key-case",
            request("GET", "/", "Param2=value2&Param1=value1", &[HOST, DATE], ""),
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "post-vanilla",
            request("POST", "/", "", &[HOST, DATE], ""),
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-x-www-form-urlencoded",
            request("POST", "/", "", &[("Content-Type", "application/x-www-form-urlencoded"), HOST, DATE], "Param1=value1"),
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            "get-header-value-trim",
            request("GET", "/", "", &[HOST, ("My-Header1", " value1"), ("My-Header2", " \"a   b   c\""), DATE], ""),
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
    ];
    for (name, request, headers, signature) in cases {
        let good = signed(request.clone(), headers, signature);
        assert!(verify(&good, "service", "us-east-1", THEN, &memory()).is_ok(), "{name}");
        let other = HttpRequest { method: "PUT".into(), ..good.clone() };
        assert_eq!(verify(&other, "service", "us-east-1", THEN, &memory()).unwrap_err().code, "InvalidSignatureException", "{name}");
    }
}

/// The signing key of AWS's documentation ("Deriving the signing key").
#[test]
fn the_documented_signing_key() {
    let key = sigv4::signing_key(SECRET, "20120215", "us-east-1", "iam");
    assert_eq!(sigv4::hex(&key), "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

#[test]
fn every_refusal_in_the_words_of_its_protocol() {
    let plain = || request("GET", "/", "", &[HOST, DATE], "");
    let scoped = |scope: &str, headers: &str, signature: &str| {
        with_authorization(plain(), &format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={headers}, Signature={signature}"))
    };
    let wrong = &"0".repeat(64);
    let refusal = |request: &HttpRequest, service: &str, now: Time| verify(request, service, "us-east-1", now, &memory()).unwrap_err();
    let both = |json: (u16, &str), query: (u16, &str), request: &dyn Fn(&str) -> HttpRequest, now: Time| {
        let stop = refusal(&request("secretsmanager"), "secretsmanager", now);
        assert_eq!((stop.status, stop.code.as_str()), json);
        let stop = refusal(&request("sts"), "sts", now);
        assert_eq!((stop.status, stop.code.as_str()), query);
        stop.message
    };
    let credential = |id: &str, service: &str| format!("{id}/20150830/us-east-1/{service}/aws4_request");
    let of = |id: &'static str| move |service: &str| scoped(&credential(id, service), "host;x-amz-date", &"0".repeat(64));
    both((400, "MissingAuthenticationTokenException"), (403, "MissingAuthenticationToken"), &|_| plain(), THEN);
    let says = both((400, "UnrecognizedClientException"), (403, "InvalidClientTokenId"), &of("AKIDNOBODY"), THEN);
    assert_eq!(says, "The security token included in the request is invalid.");
    let says = both((400, "InvalidSignatureException"), (403, "SignatureDoesNotMatch"), &of("AKIDEXAMPLE"), THEN);
    assert!(says.starts_with("The request signature we calculated does not match"));
    // A session's key without its token is nobody's; after its end it is expired.
    both((400, "UnrecognizedClientException"), (403, "InvalidClientTokenId"), &of("ASIAEXAMPLE"), THEN);
    both((400, "ExpiredTokenException"), (403, "ExpiredToken"), &of("ASIAEXAMPLE"), Time(THEN.0 + 60_000));
    let malformed = |_: &str| with_authorization(plain(), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE");
    both((400, "IncompleteSignatureException"), (400, "IncompleteSignature"), &malformed, THEN);
    both((400, "IncompleteSignatureException"), (400, "IncompleteSignature"), &|_| with_authorization(plain(), "Bearer x"), THEN);
    for (scope, headers, part) in [
        ("AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request", "host", "correct service"),
        ("AKIDEXAMPLE/20150830/eu-west-1/sts/aws4_request", "host", "valid region"),
        ("AKIDEXAMPLE/20150829/us-east-1/sts/aws4_request", "host", "Date in Credential scope"),
        ("AKIDEXAMPLE/20150830/us-east-1/sts/aws4", "host", "valid terminator"),
        ("AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request", "x-amz-date", "'Host'"),
    ] {
        let stop = refusal(&scoped(scope, headers, wrong), "sts", THEN);
        assert!(stop.code == "SignatureDoesNotMatch" && stop.message.contains(part), "{stop:?}");
    }
    let vanilla = signed(plain(), "host;x-amz-date", VANILLA);
    for (later, says) in [
        (300_000, None),
        (301_000, Some("Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)")),
        (-301_000, Some("Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)")),
    ] {
        let verdict = verify(&vanilla, "service", "us-east-1", Time(THEN.0 + later), &memory());
        assert_eq!(verdict.err().map(|stop: Stop| stop.message).as_deref(), says);
    }
    // What is not signed must not choose the operation.
    let mut target = vanilla;
    target.headers.push(("X-Amz-Target".into(), "DynamoDB_20120810.Scan".into()));
    assert_eq!(refusal(&target, "service", THEN).code, "InvalidSignatureException");
}

/// 2013-05-24T00:00:00Z, with the key of Amazon S3's examples.
const S3_THEN: Time = Time(1_369_353_600_000);

fn s3(request: &HttpRequest, now: Time) -> Result<Identity, String> {
    let mut memory = memory();
    let mut key = memory.keys["AKIDEXAMPLE"].clone();
    key.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into();
    memory.keys.insert("AKIAIOSFODNN7EXAMPLE".into(), key);
    verify(request, "s3", "us-east-1", now, &memory).map_err(|stop| format!("{} {}", stop.status, stop.code))
}

/// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters": the example of a presigned URL.
#[test]
fn a_presigned_url() {
    let presigned = |expires: &str, more: &str| {
        let query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404{more}"
        );
        request("GET", "/test.txt", &query, &[("Host", "examplebucket.s3.amazonaws.com")], "")
    };
    let good = presigned("86400", "");
    assert!(s3(&good, S3_THEN).is_ok());
    assert!(s3(&good, Time(S3_THEN.0 + 86_400_000)).is_ok());
    let day_after = Time(S3_THEN.0 + 86_400_001);
    for (case, request, now, refused) in [
        ("too late", good.clone(), day_after, "403 AccessDenied"),
        ("not yet", good.clone(), Time(S3_THEN.0 - 16 * 60_000), "403 AccessDenied"),
        ("lives longer than was signed", presigned("604800", ""), S3_THEN, "403 SignatureDoesNotMatch"),
        ("lives longer than it may", presigned("604801", ""), S3_THEN, "400 AuthorizationQueryParametersError"),
        ("one more parameter", presigned("86400", "&response-content-type=text%2Fhtml"), S3_THEN, "403 SignatureDoesNotMatch"),
        ("another method", HttpRequest { method: "PUT".into(), ..good.clone() }, S3_THEN, "403 SignatureDoesNotMatch"),
        ("another object", HttpRequest { path: "/other.txt".into(), ..good.clone() }, S3_THEN, "403 SignatureDoesNotMatch"),
        ("signed twice", with_authorization(good.clone(), "AWS4-HMAC-SHA256 Credential=x"), S3_THEN, "400 InvalidArgument"),
    ] {
        assert_eq!(s3(&request, now).unwrap_err(), refused, "{case}");
    }
    let mut with_header = good;
    with_header.headers.push(("x-amz-acl".into(), "public-read".into()));
    assert_eq!(s3(&with_header, S3_THEN).unwrap_err(), "403 AccessDenied", "a header of Amazon's that is not signed");
    // Other services take the header alone.
    assert_eq!(verify(&presigned("86400", ""), "sts", "us-east-1", S3_THEN, &memory()).unwrap_err().code, "MissingAuthenticationToken");
}

/// Amazon S3 API Reference, "Signature Calculations for the Authorization Header": the example `GET Object` with a range.
#[test]
fn an_object_by_the_header() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let headers = [
        ("Host", "examplebucket.s3.amazonaws.com"),
        ("Range", "bytes=0-9"),
        ("x-amz-content-sha256", empty),
        ("x-amz-date", "20130524T000000Z"),
    ];
    let signed = |body: &str| {
        with_authorization(
            request("GET", "/test.txt", "", &headers, body),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        )
    };
    assert!(s3(&signed(""), S3_THEN).is_ok());
    assert_eq!(s3(&signed("x"), S3_THEN).unwrap_err(), "400 XAmzContentSHA256Mismatch");
}
