//! Who, what, from where: the facts of one event in a few words. Values of quoted texts in SQL are left out,
//! since a statement may carry a password.

use model::{Event, LogKind};
use serde_json::Value;

/// The facts that name an event to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Principal's ARN, database user, or address.
    pub who: String,
    /// Address or calling service.
    pub whence: String,
    /// `dynamodb:Scan`, `GET /partners/{id}`, `CONNECT unicorn`.
    pub what: String,
    /// How it was refused, if it was.
    pub refused: Option<String>,
}

/// Longest quotation from a record.
const QUOTE: usize = 120;

/// The facts of an event.
pub fn facts(event: &Event) -> Facts {
    let text = |pointer: &str| event.record.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty() && *t != "-");
    let first = |pointers: &[&str]| pointers.iter().find_map(|p| text(p)).map(str::to_owned);
    let unknown = || "an unknown caller".to_owned();
    match event.log {
        LogKind::Cloudtrail => {
            let identity = ["/userIdentity/arn", "/userIdentity/userName", "/userIdentity/principalId", "/userIdentity/invokedBy"];
            let service = text("/eventSource").unwrap_or_default();
            let service = service.strip_suffix(".amazonaws.com").unwrap_or(service);
            Facts {
                who: first(&identity).or_else(|| first(&["/userIdentity/type", "/sourceIPAddress"])).unwrap_or_else(unknown),
                whence: first(&["/sourceIPAddress"]).unwrap_or_default(),
                what: format!("{service}:{}", text("/eventName").unwrap_or_default()),
                refused: first(&["/errorCode"]),
            }
        }
        LogKind::ApiGateway => {
            let ip = first(&["/ip", "/sourceIp", "/identity/sourceIp"]);
            let status = event.record.get("status").and_then(crate::field::scalar);
            Facts {
                who: first(&["/principalId", "/caller", "/user"]).or_else(|| ip.clone()).unwrap_or_else(unknown),
                whence: ip.unwrap_or_default(),
                what: [text("/httpMethod"), text("/path").or(text("/resourcePath")).or(text("/routeKey"))]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" "),
                refused: status.filter(|s| matches!(s.as_str(), "401" | "403" | "429")),
            }
        }
        LogKind::RdsAudit => {
            let code = text("/retcode").filter(|code| *code != "0").map(|code| format!("MySQL error {code}"));
            let object = match text("/operation") {
                Some("CONNECT" | "DISCONNECT" | "FAILED_CONNECT") => text("/database").map(str::to_owned),
                _ => text("/object").map(without_literals),
            };
            let operation = text("/operation").unwrap_or_default();
            Facts {
                who: first(&["/username"]).unwrap_or_else(unknown),
                whence: first(&["/host"]).unwrap_or_default(),
                what: object.map_or_else(|| operation.to_owned(), |object| format!("{operation} {}", short(&object))),
                refused: code,
            }
        }
        LogKind::Waf => Facts {
            who: first(&["/httpRequest/clientIp"]).unwrap_or_else(unknown),
            whence: first(&["/httpRequest/clientIp"]).unwrap_or_default(),
            what: [text("/httpRequest/httpMethod"), text("/httpRequest/uri")].into_iter().flatten().collect::<Vec<_>>().join(" "),
            refused: text("/action").filter(|action| *action == "BLOCK").map(str::to_owned),
        },
        LogKind::Vpcflow => Facts {
            who: first(&["/srcaddr"]).unwrap_or_else(unknown),
            whence: first(&["/srcaddr"]).unwrap_or_default(),
            what: format!("{}:{}", text("/dstaddr").unwrap_or_default(), text("/dstport").unwrap_or_default()),
            refused: text("/action").filter(|action| *action == "REJECT").map(str::to_owned),
        },
        LogKind::Lambda | LogKind::Xray => Facts {
            who: first(&["/@logStream", "/name"]).unwrap_or_else(|| event.place.file.to_string()),
            whence: String::new(),
            what: text("/@message").map(short).unwrap_or_default(),
            refused: None,
        },
    }
}

/// SQL with `'…'` for each quoted text.
fn without_literals(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars();
    while let Some(c) = chars.next() {
        out.push(c);
        if c != '\'' && c != '"' {
            continue;
        }
        let mut any = false;
        while let Some(inner) = chars.next() {
            match inner {
                '\\' => drop(chars.next()),
                _ if inner == c => break,
                _ => {}
            }
            any = true;
        }
        if any {
            out.push('…');
        }
        out.push(c);
    }
    out
}

/// One line of bounded length.
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTE) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::without_literals;

    #[test]
    fn quoted_texts_are_left_out() {
        for (sql, shown) in [
            ("SELECT * FROM t WHERE a='x' UNION SELECT 1", "SELECT * FROM t WHERE a='…' UNION SELECT 1"),
            (r#"SET PASSWORD = 'it\'s' , "b" "#, r#"SET PASSWORD = '…' , "…" "#),
            ("IDENTIFIED BY 'never closed", "IDENTIFIED BY '…'"),
            ("a=''", "a=''"),
        ] {
            assert_eq!(without_literals(sql), shown);
        }
    }
}
