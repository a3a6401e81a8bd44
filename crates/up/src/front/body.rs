//! Bodies as they arrive. A web ACL judges as soon as all that it inspects is there: what it stops is not kept any further,
//! what it lets pass is collected, bounded, for those behind it, who need it whole.

use super::Peer;
use crate::engine::Engine;
use bytes::Bytes;
use gate::web_acl::Arriving;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use model::{HttpRequest, HttpResponse};
use std::sync::Arc;

/// Bytes of a request's body (API Gateway Developer Guide, "Quotas for configuring and running a REST API": payload 10 MB).
const MOST: usize = 10 * 1024 * 1024;
/// Bytes of a request to Amazon S3. There an object of 5 GB may come in one request; here what is larger comes in parts.
const MOST_OF_OBJECTS: usize = 64 * 1024 * 1024;
/// No web ACL inspects less of a body; shorter ones are always there whole.
const LEAST: u64 = 8192;

/// Reads the body and has the request answered.
///
/// # Errors
/// The connection broke before the body was whole.
pub(super) async fn answer(
    engine: &Arc<Engine>,
    mut request: HttpRequest,
    mut body: Incoming,
    peer: &Peer,
) -> Result<HttpResponse, hyper::Error> {
    let short = body.size_hint().upper().is_some_and(|most| most <= LEAST);
    let limit = if short { None } else { engine.inspected_body(&request) };
    let most = if limit.is_none() && engine.is_object(&request) { MOST_OF_OBJECTS } else { MOST };
    let mut arriving = Arriving::new(limit.unwrap_or(most));
    let mut rest = Bytes::new();
    while !arriving.is_beyond() {
        let Some(piece) = next(&mut body).await? else {
            request.body = arriving.into_kept();
            return Ok(engine.answer(request, peer).await);
        };
        let stays = arriving.push(&piece);
        rest = piece.slice(stays..);
    }
    if limit.is_none() {
        return Ok(if most == MOST { too_long() } else { engine.object_too_large() });
    }
    request.body = arriving.into_kept();
    if let Some(refusal) = engine.refused_by_beginning(&request, rest.len(), peer) {
        // The client must have said everything before it listens.
        let mut beyond = rest.len();
        while let (true, Some(piece)) = (request.body.len() + beyond <= MOST, next(&mut body).await?) {
            beyond += piece.len();
        }
        return Ok(engine.refuse(refusal, beyond));
    }
    request.body.extend_from_slice(&rest);
    while let Some(piece) = next(&mut body).await? {
        if request.body.len() + piece.len() > MOST {
            return Ok(too_long());
        }
        request.body.extend_from_slice(&piece);
    }
    Ok(engine.answer(request, peer).await)
}

/// The next piece of the body; trailers are none.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, hyper::Error> {
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame?.into_data() {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

fn too_long() -> HttpResponse {
    HttpResponse::json(413, &serde_json::json!({ "message": "Request Too Long" }))
}
